//! `task/read`: all that is known of some tasks, in the order in which they were asked for.

use baton_core::{Shard, Status, Tag, TaskId, limits};
use baton_store::calls::task::{NewTask, Outcome};
use baton_store::{Error, State, Task};
use baton_testkit::{Fixture, Life, with_store};

use super::task_support::*;

async fn try_read(at: &Fixture, tasks: &[TaskId], values: bool) -> Result<Vec<Option<Task>>, Error> {
    refuses_unchanged(at, async || at.store.read_tasks(Shard::FIRST, tasks, values).await).await
}

async fn read(at: &Fixture, tasks: &[TaskId], values: bool) -> Vec<Option<Task>> {
    try_read(at, tasks, values).await.expect("an answer")
}

fn ids_of(found: &[Option<Task>]) -> Vec<Option<TaskId>> {
    found.iter().map(|task| task.as_ref().map(|task| task.id)).collect()
}

#[tokio::test]
async fn tasks_come_in_the_order_asked_for_with_none_where_there_is_none() {
    with_store(async |at| {
        let made = at.submit_many(2).await;
        let ghost = at.store.draw(Shard::FIRST);
        let asked = [made[1], ghost, made[0], made[1]];
        let expected = [Some(made[1]), None, Some(made[0]), Some(made[1])];
        let found = read(at, &asked, false).await;
        assert_eq!(ids_of(&found), expected);
        // With their values they come in smaller pieces, the same one twice too.
        let piece = limits::READ_VALUES_MAX as usize;
        for (asked, expected) in asked.chunks(piece).zip(expected.chunks(piece)) {
            assert_eq!(ids_of(&read(at, asked, true).await), expected);
        }
        let twice = vec![made[0]; piece];
        assert_eq!(ids_of(&read(at, &twice, true).await), vec![Some(made[0]); piece]);
        for values in [false, true] {
            assert!(read(at, &[], values).await.is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn every_status_is_read_with_what_belongs_to_it() {
    with_store(async |at| {
        for status in Status::ALL {
            let id = one_in(at, *status).await;
            let task = read(at, &[id], false).await.remove(0).expect("a task");
            assert_eq!(task.status(), *status);
            let ran =
                !matches!(status, Status::Scheduled | Status::Blocked | Status::Pending | Status::Cancelled);
            assert_eq!(task.run.is_some(), ran, "{status}");
        }
    })
    .await;
}

#[tokio::test]
async fn long_values_are_read_where_they_are_asked_for() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let (payload, result) = (vec![0; 65], vec![0xff; 1_000]);
        let tag = |number| Tag::new(&format!("a-tag-of-some-length-{number}")).expect("a tag");
        let tags: Vec<Tag> = (0..5).map(tag).collect();
        let task = NewTask { payload: payload.clone(), tags: tags.clone(), ..at.new_task("noop") };
        let id = at.submit(&[task]).await[0];
        let grant = at.claim(&life, 1).await.remove(0);
        settle(at, &life, &grant, done_with(&result)).await;
        let whole = read(at, &[id], true).await.remove(0).expect("a task");
        assert_eq!((whole.payload, &whole.tags), (Some(payload), &tags));
        let State::Completed { result: found, .. } = whole.state else {
            panic!("not completed");
        };
        assert_eq!(found, Some(result));
        let short = read(at, &[id], false).await.remove(0).expect("a task");
        assert_eq!((short.payload, &short.tags), (None, &tags));
        assert!(matches!(short.state, State::Completed { result: None, .. }));
    })
    .await;
}

#[tokio::test]
async fn errors_and_reasons_are_always_read() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let id = at.submit_many(1).await[0];
        let grant = at.claim(&life, 1).await.remove(0);
        let outcome = Outcome::FailForGood {
            error: vec![0xfe; limits::ERROR_BYTES_MAX as usize],
            reason: "r".repeat(limits::REASON_BYTES_MAX as usize),
        };
        settle(at, &life, &grant, outcome).await;
        let task = read(at, &[id], false).await.remove(0).expect("a task");
        assert_eq!(task.error.map(|error| error.len() as u64), Some(limits::ERROR_BYTES_MAX));
        assert_eq!(task.reason.map(|reason| reason.len() as u64), Some(limits::REASON_BYTES_MAX));
    })
    .await;
}

#[tokio::test]
async fn a_call_reads_a_page_at_most_and_fewer_with_their_values() {
    with_store(async |at| {
        let made = submit_in_calls(at, limits::PAGE_MAX).await;
        for (max, values) in [(limits::PAGE_MAX, false), (limits::READ_VALUES_MAX, true)] {
            let mut asked = made[..max as usize].to_vec();
            let found = read(at, &asked, values).await;
            assert!(found.len() as u64 == max && found.iter().all(Option::is_some));
            asked.push(at.store.draw(Shard::FIRST));
            invalid(try_read(at, &asked, values).await);
        }
    })
    .await;
}

#[tokio::test]
async fn an_empty_payload_is_read_as_one_where_values_are_asked_for() {
    with_store(async |at| {
        let id = at.submit(&[NewTask { payload: Vec::new(), ..at.new_task("noop") }]).await[0];
        let whole = read(at, &[id], true).await.remove(0).expect("a task");
        assert_eq!(whole.payload, Some(Vec::new()));
        let short = read(at, &[id], false).await.remove(0).expect("a task");
        assert_eq!(short.payload, None);
        // A task that is not there has none.
        assert_eq!(read(at, &[at.store.draw(Shard::FIRST)], true).await, [None]);
    })
    .await;
}

#[tokio::test]
async fn as_many_tasks_as_a_call_reads_are_read_with_the_largest_values() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let payload = vec![0xff; limits::PAYLOAD_BYTES_MAX as usize];
        let result = vec![0xfe; limits::RESULT_BYTES_MAX as usize];
        let mut made = Vec::new();
        for _ in 0..limits::READ_VALUES_MAX {
            let task = NewTask { payload: payload.clone(), ..at.new_task("noop") };
            made.extend(at.submit(&[task]).await);
            let grant = at.claim(&life, 1).await.remove(0);
            settle(at, &life, &grant, done_with(&result)).await;
        }
        let found = read(at, &made, true).await;
        assert_eq!(found.len(), made.len());
        for task in found {
            let task = task.expect("a task");
            assert!(task.payload.as_ref() == Some(&payload), "a payload came back otherwise");
            let State::Completed { result: Some(found), .. } = task.state else {
                panic!("no result");
            };
            assert!(found == result, "a result came back otherwise");
        }
    })
    .await;
}
