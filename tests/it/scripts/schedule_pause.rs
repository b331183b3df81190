//! schedule/pause: a schedule rests, and goes on.

use baton_core::Refusal;
use baton_store::calls::schedule::{PauseSchedule, SchedulePaused};
use baton_store::ticker::Fires;
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use super::schedule_support::{EVERY_S, Wish, ada, every, fire_due, name, read, told};
use crate::hand::{make_schema_too_new, refused, score, unchanged};

async fn check(at: &Fixture, version: u64, pause: bool, next_ms: Option<u64>) -> SchedulePaused {
    let (name, by) = (name("nightly"), ada());
    let pause = PauseSchedule { name: &name, version, pause, next_ms, by: Some(&by) };
    at.store.pause_schedule(&pause).await.expect("an answer")
}

#[tokio::test]
async fn what_comes_while_it_rests_is_not_made_up_for() {
    with_store(async |at| {
        Wish::new("nightly", EVERY_S).put(at).await;
        assert_eq!(check(at, 1, true, None).await, SchedulePaused::Done { version: 2 });
        let resting = read(at, "nightly").await;
        assert_eq!((resting.next_ms, resting.paused_ms), (None, Some(START_MS)));
        at.pass_ms(500_500);
        assert_eq!(fire_due(at).await, Fires::default());
        let next_ms = resting.timing.next_after(at.now_ms());
        assert_eq!(next_ms, Some(START_MS + 501_000));
        assert_eq!(check(at, 2, false, next_ms).await, SchedulePaused::Done { version: 3 });
        at.pass_ms(500);
        assert_eq!(fire_due(at).await, Fires { made: 1, ..Fires::default() });
        assert_eq!(
            told(at).await[..3],
            [
                "schedule_put nightly default",
                "schedule_pause nightly default",
                "schedule_resume nightly default"
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn who_says_it_again_changes_nothing() {
    with_store(async |at| {
        Wish::new("nightly", EVERY_S).put(at).await;
        let running = SchedulePaused::Done { version: 1 };
        assert_eq!(unchanged(at, check(at, 1, false, Some(5))).await, running);
        check(at, 1, true, None).await;
        assert_eq!(unchanged(at, check(at, 1, true, None)).await, SchedulePaused::Done { version: 2 });
    })
    .await;
}

#[tokio::test]
async fn a_change_while_it_rests_lets_it_rest() {
    with_store(async |at| {
        Wish::new("nightly", EVERY_S).put(at).await;
        check(at, 1, true, None).await;
        Wish { version: Some(2), ..Wish::new("nightly", every(7_000)) }.put(at).await;
        assert_eq!(score(at, "schedules:due", "nightly").await, None);
        assert_eq!(read(at, "nightly").await.next_ms, None);
        // Whoever resumes it knows its times of before.
        assert_eq!(unchanged(at, check(at, 2, false, Some(9))).await, SchedulePaused::Stale { version: 3 });
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_cannot_rest() {
    with_store(async |at| {
        let unknown = SchedulePaused::Refused(refused(Refusal::UnknownSchedule, ""));
        assert_eq!(unchanged(at, check(at, 1, true, None)).await, unknown);
        Wish::new("nightly", EVERY_S).put(at).await;
        make_schema_too_new(at).await;
        let answer = unchanged(at, check(at, 1, true, None)).await;
        assert_eq!(answer, SchedulePaused::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
