//! `task/running`: what runs, holder by holder.

use baton_core::{Shard, Status, TaskId, limits};
use baton_store::calls::task::{AfterRunning, ListedRunning, NewTask};
use baton_testkit::{Fixture, Life, queue, with_store};

use super::task_support::*;

async fn page(at: &Fixture, name: Option<&str>, after: AfterRunning, limit: u64) -> ListedRunning {
    let name = name.map(queue);
    let read = async || at.store.list_running(Shard::FIRST, name.as_ref(), after, limit).await;
    refuses_unchanged(at, read).await.expect("a page")
}

/// All of it, page by page.
async fn all(at: &Fixture, name: Option<&str>, limit: u64) -> Vec<TaskId> {
    let (mut found, mut after) = (Vec::new(), AfterRunning::default());
    loop {
        let listed = page(at, name, after, limit).await;
        found.extend(listed.tasks.iter().map(|task| task.id));
        match listed.next {
            Some(next) => {
                assert_ne!(next, after, "a page that leads nowhere");
                after = next;
            }
            None => return found,
        }
    }
}

#[tokio::test]
async fn every_running_task_is_listed_once_whatever_the_page() {
    with_store(async |at| {
        assert!(all(at, None, 5).await.is_empty());
        let other = |_| NewTask { queue: queue("other"), ..at.new_task("noop") };
        let of_other: Vec<NewTask> = (0..4).map(other).collect();
        let of_other = at.submit(&of_other).await;
        at.submit_many(8).await;
        let mut held = Vec::new();
        for (number, max) in [(1, 3), (2, 0), (3, 4), (4, 1)] {
            let life = Life::new(number, 1);
            let both = [queue("default"), queue("other")];
            let ask = Ask::new(&life, max).queues(&both[..1]);
            held.extend(ids(&ask.send(at).await.tasks));
        }
        let fifth = Ask::new(&Life::new(5, 1), 9).queues(&[queue("other")]);
        held.extend(ids(&fifth.send(at).await.tasks));
        for limit in [1, 2, 3, 4, 5, 7, 11, 12, 13, 100] {
            assert_eq!(all(at, None, limit).await, held, "{limit}");
            assert_eq!(all(at, Some("other"), limit).await, of_other, "{limit}");
        }
        assert!(all(at, Some("nobody"), 3).await.is_empty());
        let listed = page(at, None, AfterRunning::default(), 100).await;
        assert!(listed.tasks.iter().all(|task| task.status() == Status::Running));
    })
    .await;
}

#[tokio::test]
async fn a_page_that_ends_with_the_last_task_says_so() {
    with_store(async |at| {
        at.submit_many(3).await;
        at.claim(&Life::new(1, 1), 3).await;
        let start = AfterRunning::default();
        assert_eq!(page(at, None, start, 4).await.next, None);
        assert!(page(at, None, start, 2).await.next.is_some());
        assert_eq!(page(at, None, start, 3).await.next, None);
    })
    .await;
}

#[tokio::test]
async fn what_ended_or_changed_hands_is_where_it_should_be() {
    with_store(async |at| {
        at.submit_many(3).await;
        let (old, new) = (Life::new(1, 1), Life::new(1, 2));
        let grants = at.claim(&old, 3).await;
        settle(at, &old, &grants[0], done_with(b"")).await;
        cancel(at, &[grants[1].task]).await;
        at.register(&new, Some(&old.boot)).await;
        assert_eq!(all(at, None, 5).await, [grants[2].task]);
        let listed = page(at, None, AfterRunning::default(), 5).await;
        let run = listed.tasks[0].run.as_ref().expect("a run");
        assert_eq!(run.boot, new.boot);
    })
    .await;
}

#[tokio::test]
async fn more_workers_than_one_call_looks_at_are_passed_page_by_page() {
    with_store(async |at| {
        for number in 0..=limits::SWEEP_HOLDERS_MAX {
            at.claim(&Life::new(number as u32, 1), 0).await;
        }
        at.submit_many(1).await;
        let last = at.claim(&Life::new(900, 1), 1).await;
        let first = page(at, None, AfterRunning::default(), 5).await;
        assert!(first.tasks.is_empty() && first.next.is_some());
        assert_eq!(all(at, None, 5).await, ids(&last));
    })
    .await;
}

#[tokio::test]
async fn pages_have_a_bound() {
    with_store(async |at| {
        let read = async |after, limit| at.store.list_running(Shard::FIRST, None, after, limit).await;
        invalid(read(AfterRunning::default(), limits::PAGE_MAX + 1).await);
        invalid(read(AfterRunning::default(), u64::MAX).await);
        invalid(read(AfterRunning::default(), 0).await);
        assert!(read(AfterRunning::default(), limits::PAGE_MAX).await.is_ok());
        for (worker_rank, task_rank) in [(1 << 53, 0), (u64::MAX, 0), (0, u64::MAX), (u64::MAX, u64::MAX)] {
            let far = AfterRunning { worker_rank, task_rank, skip: 0 };
            match read(far, 5).await {
                Ok(listed) => assert!(listed.tasks.is_empty()),
                refused => drop(invalid(refused)),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_page_may_begin_behind_a_number_of_tasks() {
    with_store(async |at| {
        at.submit_many(9).await;
        for (number, max) in [(1, 3), (2, 0), (3, 4), (4, 2)] {
            Ask::new(&Life::new(number, 1), max).send(at).await;
        }
        let held = all(at, None, 100).await;
        for skip in 0..12 {
            let listed = page(at, None, AfterRunning { skip, ..Default::default() }, 3).await;
            let first = held.len().min(skip as usize);
            let found: Vec<TaskId> = listed.tasks.iter().map(|task| task.id).collect();
            assert_eq!(found, held[first..held.len().min(first + 3)], "{skip}");
            if let Some(next) = listed.next {
                assert_eq!(next.skip, 0);
                assert_eq!(page(at, None, next, 1).await.tasks[0].id, held[first + 3], "{skip}");
            }
        }
        let one_queue = AfterRunning { skip: 1, ..Default::default() };
        let read = async || at.store.list_running(Shard::FIRST, Some(&queue("default")), one_queue, 3).await;
        invalid(refuses_unchanged(at, read).await);
    })
    .await;
}

/// More holders than one call looks at: what is left to pass over comes back.
#[tokio::test]
async fn what_is_left_to_pass_over_comes_back() {
    with_store(async |at| {
        let holders = limits::SWEEP_HOLDERS_MAX as u32 + 2;
        submit_in_calls(at, u64::from(holders)).await;
        for number in 1..=holders {
            assert_eq!(at.claim(&Life::new(number, 1), 1).await.len(), 1);
        }
        let held = all(at, None, 100).await;
        let skip = u64::from(holders) - 1;
        let first = page(at, None, AfterRunning { skip, ..Default::default() }, 5).await;
        assert!(first.tasks.is_empty());
        let next = first.next.expect("more");
        assert_eq!(next, AfterRunning { worker_rank: limits::SWEEP_HOLDERS_MAX, task_rank: 0, skip: 1 });
        let rest = page(at, None, next, 5).await;
        assert_eq!(rest.tasks.iter().map(|task| task.id).collect::<Vec<_>>(), held[skip as usize..]);
    })
    .await;
}
