//! schedule/trigger: a task now, whatever the time.

use baton_core::schedule::Overlap;
use baton_core::{OpId, Refusal};
use baton_store::calls::schedule::{Trigger, Triggered};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use super::schedule_support::{Wish, ada, every, made, name, read, told};
use crate::hand::{make_schema_too_new, refused, unchanged};

async fn check(at: &Fixture, op: Option<&OpId>) -> Triggered {
    let trigger = Trigger { name: &name("nightly"), by: Some(&ada()), op };
    at.store.trigger_schedule(&trigger).await.expect("an answer")
}

#[tokio::test]
async fn a_task_is_made_and_the_next_time_stays() {
    with_store(async |at| {
        Wish::new("nightly", every(5_000)).put(at).await;
        let Triggered::Made { task, replayed: false } = check(at, None).await else {
            panic!("none was made")
        };
        assert_eq!(made(at).await, [task]);
        let found = read(at, "nightly").await;
        assert_eq!((found.fired, found.last_task, found.version), (1, Some(task), 1));
        assert_eq!((found.next_ms, found.last_due_ms), (Some(START_MS + 5_000), None));
        assert_eq!(told(at).await[1], format!("schedule_trigger nightly default task={task}"));
        let Triggered::Made { task: other, .. } = check(at, None).await else { panic!("none was made") };
        assert_ne!(task, other);
    })
    .await;
}

#[tokio::test]
async fn an_idempotency_key_makes_one() {
    with_store(async |at| {
        Wish::new("nightly", every(5_000)).put(at).await;
        let op = OpId::new("ada:1").unwrap();
        let Triggered::Made { task, .. } = check(at, Some(&op)).await else { panic!("none was made") };
        let again = unchanged(at, check(at, Some(&op))).await;
        assert_eq!(again, Triggered::Made { task, replayed: true });
        let other = Wish::new("weekly", every(5_000));
        other.put(at).await;
        let trigger = Trigger { name: &other.name, by: None, op: Some(&op) };
        let mismatch = Triggered::Refused(refused(Refusal::IdempotencyMismatch, ""));
        assert_eq!(unchanged(at, at.store.trigger_schedule(&trigger)).await.unwrap(), mismatch);
    })
    .await;
}

#[tokio::test]
async fn one_that_must_not_overlap_names_the_task_before() {
    with_store(async |at| {
        Wish { overlap: Overlap::Skip, ..Wish::new("nightly", every(5_000)) }.put(at).await;
        let Triggered::Made { task, .. } = check(at, None).await else { panic!("none was made") };
        let answer = unchanged(at, check(at, None)).await;
        assert_eq!(answer, Triggered::Refused(refused(Refusal::Conflict, &task.to_string())));
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_makes_none() {
    with_store(async |at| {
        let unknown = Triggered::Refused(refused(Refusal::UnknownSchedule, ""));
        assert_eq!(unchanged(at, check(at, None)).await, unknown);
        Wish::new("nightly", every(5_000)).put(at).await;
        make_schema_too_new(at).await;
        let answer = unchanged(at, check(at, None)).await;
        assert_eq!(answer, Triggered::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
