//! error/silence: a group draws no attention for a time or until that is taken back; and only so many do.

use baton_core::{Fingerprint, Refusal, limits};
use baton_store::calls::Refused;
use baton_store::calls::error::{SilenceError, Silenced, Unsilenced};
use baton_testkit::{Fixture, kind, with_store};

use crate::hand::{by_hand, make_schema_too_new, unchanged};

pub(super) fn group(number: u64) -> Fingerprint {
    Fingerprint::of(&kind("mail"), "smtp", &format!("message {}", "x".repeat(number as usize)))
}

pub(super) async fn silence(at: &Fixture, number: u64, for_ms: Option<u64>) -> Silenced {
    let by = "user:ann".parse().unwrap();
    let wish = SilenceError { fingerprint: group(number), for_ms, by: Some(&by), reason: "known: #7" };
    at.store.silence_error(&wish).await.unwrap()
}

async fn known(at: &Fixture) -> Vec<Fingerprint> {
    at.store.silences().await.unwrap().into_keys().collect()
}

#[tokio::test]
async fn a_silence_ends_by_its_time_or_is_taken_back() {
    with_store(async |at| {
        assert_eq!(silence(at, 1, Some(60_000)).await, Silenced::Done);
        assert_eq!(silence(at, 2, None).await, Silenced::Done);
        assert_eq!(known(at).await.len(), 2);
        at.pass_ms(60_000);
        assert_eq!(known(at).await, [group(2)]);
        // One that is over makes room at the next word about any of them.
        assert_eq!(at.store.unsilence_error(group(1)).await.unwrap(), Unsilenced::Same);
        let left: Vec<String> = by_hand(at, "HKEYS baton:{0}:errors:silenced").await;
        assert_eq!(left, [group(2).to_string()]);
        // It can be made longer or shorter.
        assert_eq!(silence(at, 2, Some(60_000)).await, Silenced::Done);
        assert_eq!(at.store.unsilence_error(group(2)).await.unwrap(), Unsilenced::Done);
        assert_eq!(at.store.unsilence_error(group(2)).await.unwrap(), Unsilenced::Same);
        assert!(known(at).await.is_empty());
        at.assert_invariants().await;
    })
    .await;
}

#[tokio::test]
async fn there_are_so_many_at_most_the_oldest_gives_way_and_those_that_are_over_do_not_count() {
    with_store(async |at| {
        for number in 0..limits::SILENCES_MAX {
            assert_eq!(silence(at, number, Some(60_000)).await, Silenced::Done);
            at.pass_ms(1);
        }
        // One that is there already takes no place, and is the newest now.
        assert_eq!(silence(at, 0, Some(70_000)).await, Silenced::Done);
        assert_eq!(known(at).await.len() as u64, limits::SILENCES_MAX);
        assert_eq!(silence(at, limits::SILENCES_MAX, None).await, Silenced::Done);
        let left = known(at).await;
        assert_eq!(left.len() as u64, limits::SILENCES_MAX);
        assert!(!left.contains(&group(1)) && left.contains(&group(0)));
        at.pass_ms(60_000);
        assert_eq!(silence(at, limits::SILENCES_MAX + 1, None).await, Silenced::Done);
        assert_eq!(known(at).await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn what_is_too_long_is_refused_and_a_newer_release_is_left_alone() {
    with_store(async |at| {
        for (for_ms, reason) in [
            (Some(0), String::new()),
            (Some(limits::SILENCE_MS_MAX + 1), String::new()),
            (None, "x".repeat(limits::REASON_BYTES_MAX as usize + 1)),
        ] {
            let wish = SilenceError { fingerprint: group(1), for_ms, by: None, reason: &reason };
            assert!(unchanged(at, at.store.silence_error(&wish)).await.is_err());
        }
        make_schema_too_new(at).await;
        let new = unchanged(at, silence(at, 1, None)).await;
        assert!(matches!(new, Silenced::Refused(Refused { refusal: Refusal::SchemaTooNew, .. })));
        let back = unchanged(at, at.store.unsilence_error(group(1))).await.unwrap();
        assert!(matches!(back, Unsilenced::Refused(Refused { refusal: Refusal::SchemaTooNew, .. })));
    })
    .await;
}
