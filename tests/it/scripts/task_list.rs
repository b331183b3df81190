//! `task/list`: pages that stay good while tasks come and go.

use baton_core::{QueueName, Shard, Status, Tag, TaskId, limits};
use baton_store::calls::task::{After, AfterRunning, Index, List, Listed, NewTask, Order, Outcome, Start};
use baton_store::{Error, State, Task};
use baton_testkit::{Fixture, Life, queue, with_store};

use super::task_support::*;

async fn page(at: &Fixture, index: Index<'_>, order: Order, after: Option<After>, limit: u64) -> Listed {
    try_page(at, index, order, after, limit).await.expect("a page")
}

async fn try_page(
    at: &Fixture,
    index: Index<'_>,
    order: Order,
    after: Option<After>,
    limit: u64,
) -> Result<Listed, Error> {
    let list = List { index, order, start: after.into(), limit };
    refuses_unchanged(at, async || at.store.list(Shard::FIRST, &list).await).await
}

fn ids_of(listed: &Listed) -> Vec<TaskId> {
    listed.tasks.iter().map(|task| task.id).collect()
}

/// All of an index, page by page.
async fn all(at: &Fixture, index: Index<'_>, order: Order, limit: u64) -> Vec<TaskId> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let listed = page(at, index.clone(), order, after, limit).await;
        found.extend(ids_of(&listed));
        after = listed.next;
        if after.is_none() {
            return found;
        }
        assert!(!listed.tasks.is_empty(), "an empty page, and yet more to come");
    }
}

fn default_queue() -> QueueName {
    QueueName::default()
}

#[tokio::test]
async fn both_orders_give_every_task_once_whatever_the_page() {
    with_store(async |at| {
        // Ties of equal score within a moment, and several priorities.
        let mut made = Vec::new();
        for level in [5, 5, 9, 0] {
            for _ in 0..4 {
                let task = NewTask { priority: priority(level), ..at.new_task("noop") };
                made.push((9 - level, at.submit(&[task]).await[0]));
            }
            at.pass_ms(1);
        }
        made.sort_by_key(|(band, _)| *band);
        let up: Vec<TaskId> = made.iter().map(|(_, id)| *id).collect();
        let down: Vec<TaskId> = up.iter().rev().copied().collect();
        let queue = default_queue();
        let index = Index::Queue(&queue, Status::Pending);
        for limit in [1, 2, 3, 7, 15, 16, 17, limits::PAGE_MAX] {
            assert_eq!(all(at, index.clone(), Order::Up, limit).await, up, "{limit}");
            assert_eq!(all(at, index.clone(), Order::Down, limit).await, down, "{limit}");
        }
        assert_eq!(page(at, index, Order::Up, None, 3).await.total, 16);
    })
    .await;
}

#[tokio::test]
async fn a_page_that_ends_with_the_index_says_so() {
    with_store(async |at| {
        at.submit_many(5).await;
        let queue = default_queue();
        let index = || Index::Queue(&queue, Status::Pending);
        assert!(page(at, index(), Order::Up, None, 5).await.next.is_none());
        assert!(page(at, index(), Order::Up, None, 4).await.next.is_some());
        let last = page(at, index(), Order::Down, None, 4).await.next;
        assert!(page(at, index(), Order::Down, last, 1).await.next.is_none());
        let empty = page(at, Index::Queue(&queue, Status::Failed), Order::Down, None, 5).await;
        assert_eq!((empty.total, empty.tasks.len(), empty.next), (0, 0, None));
    })
    .await;
}

#[tokio::test]
async fn a_cursor_stays_good_while_tasks_come_and_go() {
    with_store(async |at| {
        let made = at.submit_many(10).await;
        let queue = default_queue();
        let index = || Index::Queue(&queue, Status::Pending);
        for order in [Order::Up, Order::Down] {
            let expected: Vec<TaskId> = match order {
                Order::Up => made.clone(),
                Order::Down => made.iter().rev().copied().collect(),
            };
            let first = page(at, index(), order, None, 4).await;
            assert_eq!(ids_of(&first), expected[..4]);
            // The one at which the page ended goes, with one before and one behind it; others come at both ends.
            cancel(at, &[expected[3], expected[1], expected[5]]).await;
            let newcomer = |level| NewTask { priority: priority(level), ..at.new_task("noop") };
            let came = at.submit(&[newcomer(9), newcomer(0)]).await;
            let rest = page(at, index(), order, first.next, 10).await;
            let mut left = vec![expected[4]];
            left.extend(&expected[6..]);
            left.push(match order {
                Order::Up => came[1],
                Order::Down => came[0],
            });
            assert_eq!(ids_of(&rest), left, "{order:?}");
            cancel(at, &came).await;
            rerun(at, &[expected[3], expected[1], expected[5]]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_beyond_either_end_is_no_fault() {
    with_store(async |at| {
        let made = at.submit_many(3).await;
        let queue = default_queue();
        let index = || Index::Queue(&queue, Status::Pending);
        let far = |score| Some(After { score, id: made[0] });
        // A score of 0 is that of those that wait because of their group: behind all others.
        for score in [0, (1 << 53) + 1, u64::MAX] {
            assert!(page(at, index(), Order::Up, far(score), 5).await.tasks.is_empty());
            assert_eq!(page(at, index(), Order::Down, far(score), 5).await.tasks.len(), 3);
        }
        assert_eq!(page(at, index(), Order::Up, far(1), 5).await.tasks.len(), 3);
        assert!(page(at, index(), Order::Down, far(1), 5).await.tasks.is_empty());
    })
    .await;
}

#[tokio::test]
async fn cursors_read_back_and_nothing_else_is_taken_for_one() {
    with_store(async |at| {
        let after = After { score: 19_292_186_044_416, id: at.store.draw(Shard::FIRST) };
        assert_eq!(after.to_string().parse::<After>().expect("a cursor"), after);
        for wrong in ["", ":", "1:", "x:y", "-1:0", "1e3:0", "18446744073709551616:0", "5"] {
            assert!(wrong.parse::<After>().is_err(), "{wrong}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_status_with_an_index_is_listed_and_the_others_are_refused() {
    with_store(async |at| {
        let queue = default_queue();
        // The blocked one has a parent, which is scheduled as well.
        let mut scheduled = 0;
        for status in Status::ALL {
            let id = one_in(at, *status).await;
            scheduled += usize::from(matches!(status, Status::Scheduled | Status::Blocked));
            let index = Index::Queue(&queue, *status);
            match status {
                Status::Running | Status::Scheduled => {
                    invalid(try_page(at, index, Order::Up, None, 5).await);
                }
                _ => {
                    let listed = page(at, index, Order::Up, None, 5).await;
                    assert_eq!(ids_of(&listed), [id]);
                    assert_eq!(listed.tasks[0].status(), *status);
                }
            }
        }
        for (index, size) in [(Index::Scheduled(None), scheduled), (Index::Queue(&queue, Status::Pending), 1)]
        {
            for order in [Order::Up, Order::Down] {
                for limit in [0, limits::PAGE_MAX + 1, u64::MAX] {
                    invalid(try_page(at, index.clone(), order, None, limit).await);
                }
                assert_eq!(page(at, index.clone(), order, None, limits::PAGE_MAX).await.tasks.len(), size);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_scheduled_is_listed_of_all_queues_or_of_one() {
    with_store(async |at| {
        let (a, b) = (queue("a"), queue("b"));
        let mut of_a = Vec::new();
        for number in 0..60 {
            let name = if number % 20 == 7 { &a } else { &b };
            let task = NewTask {
                queue: name.clone(),
                run_at_ms: Some(at.now_ms() + 1_000 - number / 2),
                ..at.new_task("noop")
            };
            let id = at.submit(&[task]).await[0];
            if *name == a {
                of_a.insert(0, id);
            }
        }
        assert_eq!(all(at, Index::Scheduled(Some(&a)), Order::Up, 2).await, of_a);
        of_a.reverse();
        assert_eq!(all(at, Index::Scheduled(Some(&a)), Order::Down, 2).await, of_a);
        let every = page(at, Index::Scheduled(None), Order::Up, None, 100).await;
        assert_eq!((every.total, every.tasks.len()), (60, 60));
        let due: Vec<u64> = every
            .tasks
            .iter()
            .map(|task| match task.state {
                State::Scheduled { run_at_ms } => run_at_ms,
                _ => panic!("not scheduled: {task:?}"),
            })
            .collect();
        assert!(due.is_sorted());
    })
    .await;
}

#[tokio::test]
async fn a_filter_looks_at_a_bounded_number_and_goes_on_from_there() {
    with_store(async |at| {
        let rare = queue("rare");
        for round in 0..3 {
            let plain: Vec<NewTask> = (0..200)
                .map(|_| NewTask { run_at_ms: Some(at.now_ms() + 1_000 + round), ..at.new_task("noop") })
                .collect();
            at.submit(&plain).await;
        }
        let task =
            NewTask { queue: rare.clone(), run_at_ms: Some(at.now_ms() + 5_000), ..at.new_task("noop") };
        let id = at.submit(&[task]).await[0];
        let first = page(at, Index::Scheduled(Some(&rare)), Order::Up, None, 5).await;
        assert!(first.tasks.is_empty() && first.next.is_some());
        let second = page(at, Index::Scheduled(Some(&rare)), Order::Up, first.next, 5).await;
        assert_eq!((ids_of(&second), second.next), (vec![id], None));
    })
    .await;
}

#[tokio::test]
async fn finished_tasks_are_listed_by_when_they_ended() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(3).await;
        let grants = at.claim(&life, 3).await;
        let mut ended = Vec::new();
        for turn in [1, 2, 0] {
            at.pass_ms(1);
            settle(at, &life, &grants[turn], done_with(b"")).await;
            ended.push(grants[turn].task);
        }
        let queue = default_queue();
        let index = Index::Queue(&queue, Status::Completed);
        assert_eq!(all(at, index, Order::Up, 2).await, ended);
    })
    .await;
}

#[tokio::test]
async fn a_list_shows_long_tags_and_reasons_and_no_values() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let name = queue("media");
        let tag = |number| Tag::new(&format!("a-tag-of-some-length-{number}")).expect("a tag");
        let tags: Vec<Tag> = (0..limits::TAGS_MAX).map(tag).collect();
        let long = "r".repeat(limits::REASON_BYTES_MAX as usize);
        let payload = vec![b'p'; limits::INLINE_BYTES as usize + 1];
        let task = || NewTask {
            queue: name.clone(),
            payload: payload.clone(),
            max_attempts: 2,
            ..at.new_task("noop")
        };
        // One with long words, between two with short ones.
        let made = at.submit(&[task(), NewTask { tags: tags.clone(), ..task() }, task()]).await;
        let check = |listed: &[Task], reasons: [Option<&str>; 3]| {
            for (at, (task, reason)) in listed.iter().zip(reasons).enumerate() {
                let tags = if at == 1 { &tags[..] } else { &[] };
                assert_eq!((task.id, &task.tags[..], task.reason.as_deref()), (made[at], tags, reason));
                assert_eq!((&task.queue, &task.payload), (&name, &None));
            }
            assert_eq!(listed.len(), made.len());
        };
        let listed = async |index| page(at, index, Order::Up, None, 5).await.tasks;
        let running = async || {
            let start = AfterRunning::default();
            at.store.list_running(Shard::FIRST, Some(&name), start, 5).await.expect("a page").tasks
        };
        let ask = Ask::new(&life, 3).queues(std::slice::from_ref(&name));
        let fail_all = async || {
            for (at_turn, grant) in ask.send(at).await.tasks.iter().enumerate() {
                let reason = if at_turn == 1 { long.clone() } else { "short".to_owned() };
                let outcome = Outcome::Fail { error: Vec::new(), reason, retry_in_ms: Some(1) };
                settle(at, &life, grant, outcome).await;
            }
        };
        let reasons = [Some("short"), Some(&*long), Some("short")];
        check(&listed(Index::Queue(&name, Status::Pending)).await, [None; 3]);
        fail_all().await;
        check(&listed(Index::Scheduled(None)).await, reasons);
        check(&listed(Index::Scheduled(Some(&name))).await, reasons);
        at.pass_ms(1);
        tick(at).await;
        check(&listed(Index::Queue(&name, Status::Pending)).await, reasons);
        ask.send(at).await;
        check(&running().await, reasons);
        fail_all().await;
        check(&listed(Index::Queue(&name, Status::Failed)).await, reasons);
    })
    .await;
}

#[tokio::test]
async fn a_page_may_begin_at_a_rank_of_either_order() {
    with_store(async |at| {
        let made = at.submit_many(20).await;
        let queue = default_queue();
        let from = async |order, rank, limit| {
            let index = Index::Queue(&queue, Status::Pending);
            let list = List { index, order, start: Start::Rank(rank), limit };
            refuses_unchanged(at, async || at.store.list(Shard::FIRST, &list).await).await
        };
        for order in [Order::Up, Order::Down] {
            let mut expected = made.clone();
            if order == Order::Down {
                expected.reverse();
            }
            for (rank, limit) in [(0, 7), (7, 7), (14, 7), (13, 7), (19, 100), (20, 5), (5_000, 5)] {
                let listed = from(order, rank, limit).await.expect("a page");
                let first = expected.len().min(rank as usize);
                let last = expected.len().min(first + limit as usize);
                assert_eq!(ids_of(&listed), expected[first..last], "{order:?} {rank} {limit}");
                assert_eq!(listed.next.is_some(), last < expected.len(), "{order:?} {rank} {limit}");
                assert_eq!(listed.total, 20);
            }
            // From there on it goes by cursor.
            let next = from(order, 7, 7).await.expect("a page").next;
            assert_eq!(
                ids_of(&page(at, Index::Queue(&queue, Status::Pending), order, next, 9).await),
                expected[14..]
            );
            invalid(from(order, u64::MAX, 5).await);
        }
    })
    .await;
}

#[tokio::test]
async fn a_rank_counts_the_scheduled_of_every_queue() {
    with_store(async |at| {
        let names = [queue("a"), queue("b")];
        let mut made = Vec::new();
        for number in 0..10 {
            let run_at_ms = Some(at.now_ms() + 1_000 + number as u64);
            made.push(NewTask { queue: names[number % 2].clone(), run_at_ms, ..at.new_task("noop") });
        }
        let made = at.submit(&made).await;
        let index = Index::Scheduled(Some(&names[1]));
        let list = List { index, order: Order::Up, start: Start::Rank(4), limit: 2 };
        let listed = at.store.list(Shard::FIRST, &list).await.expect("a page");
        assert_eq!(ids_of(&listed), [made[5], made[7]]);
    })
    .await;
}

#[tokio::test]
async fn those_that_wait_because_of_their_group_stand_behind_the_others() {
    with_store(async |at| {
        let name = default_queue();
        let rules = baton_core::queue::QueueRules { group_concurrency: Some(1), ..Default::default() };
        super::queue_set::allow(at, &name, &rules).await;
        let of = |group: &str| NewTask {
            group: Some(baton_core::GroupName::new(group).expect("a name")),
            ..at.new_task("noop")
        };
        let running = at.submit(&[of("a"), of("b")]).await;
        assert_eq!(at.claim(&Life::new(1, 1), 5).await.len(), 2);
        let aside = at.submit(&[of("b"), of("a"), of("a")]).await;
        let others = at.submit(&[of("c"), of("c"), of("d")]).await;
        let expected = [&others[..], &aside[1..], &aside[..1]].concat();
        for limit in 1..=7 {
            let index = Index::Queue(&name, Status::Pending);
            assert_eq!(all(at, index.clone(), Order::Up, limit).await, expected, "{limit}");
            let mut down = all(at, index, Order::Down, limit).await;
            down.reverse();
            assert_eq!(down, expected, "{limit}");
        }
        let page_of =
            async |order, limit| page(at, Index::Queue(&name, Status::Pending), order, None, limit).await;
        let (last, first) = (page_of(Order::Up, 5).await.next, page_of(Order::Down, 1).await.next);
        let total = page_of(Order::Up, 1).await.total;
        assert_eq!((total, running.len()), (6, 2));
        // When nobody stands there any more, a page behind one of them is the end, or the beginning.
        cancel(at, &aside).await;
        let index = Index::Queue(&name, Status::Pending);
        assert_eq!(ids_of(&page(at, index.clone(), Order::Up, last, 9).await), []);
        let mut down = ids_of(&page(at, index, Order::Down, first, 9).await);
        down.reverse();
        assert_eq!(down, others);
    })
    .await;
}
