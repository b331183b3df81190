//! schedule/remove: a schedule is forgotten, its tasks are not.

use baton_core::Refusal;
use baton_store::calls::schedule::{ScheduleRemoved, Template};
use baton_testkit::{Fixture, kind, with_store};

use super::schedule_support::{EVERY_S, Wish, ada, fire_due, made, name, told};
use crate::hand::{by_hand, make_schema_too_new, refused, unchanged};

async fn check(at: &Fixture, version: Option<u64>) -> ScheduleRemoved {
    at.store.remove_schedule(&name("nightly"), version, Some(&ada())).await.expect("an answer")
}

#[tokio::test]
async fn nothing_of_it_is_left_but_its_tasks() {
    with_store(async |at| {
        let task = Template::new(kind("report"), vec![b'7'; 100]);
        Wish { task, ..Wish::new("nightly", EVERY_S) }.put(at).await;
        at.pass_ms(1_000);
        fire_due(at).await;
        assert_eq!(check(at, Some(1)).await, ScheduleRemoved::Done);
        let left: Vec<String> = by_hand(at, "KEYS baton:{0}:schedule*").await;
        assert_eq!(left, [""; 0]);
        at.read(made(at).await[0]).await;
        assert_eq!(told(at).await[2], "schedule_remove nightly default");
        let unknown = ScheduleRemoved::Refused(refused(Refusal::UnknownSchedule, ""));
        assert_eq!(unchanged(at, check(at, None)).await, unknown);
    })
    .await;
}

#[tokio::test]
async fn one_that_was_changed_meanwhile_stays() {
    with_store(async |at| {
        Wish::new("nightly", EVERY_S).put(at).await;
        assert_eq!(unchanged(at, check(at, Some(7))).await, ScheduleRemoved::Stale { version: 1 });
        make_schema_too_new(at).await;
        let answer = unchanged(at, check(at, None)).await;
        assert_eq!(answer, ScheduleRemoved::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
