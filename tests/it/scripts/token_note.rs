//! `token/note`: refresh tokens that came once more.

use baton_core::limits;
use baton_store::calls::token::{Came, Note, Noted};
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

fn note(came: Came, generation: u64) -> Note<'static> {
    Note { tag: TAG, sid: sid(1), came, generation, ip: "p-1" }
}

async fn tell(at: &Fixture, came: Came, generation: u64) {
    at.store.note_token(&note(came, generation)).await.expect("an answer");
}

async fn notes(at: &Fixture) -> Vec<Noted> {
    unchanged(at, at.store.token_notes(TAG)).await.expect("an answer")
}

async fn alarms(at: &Fixture) -> Vec<Noted> {
    unchanged(at, at.store.alarms()).await.expect("an answer")
}

#[tokio::test]
async fn what_harms_nobody_is_noted_of_its_user_for_a_while() {
    with_store(async |at| {
        make_user(at).await;
        assert_eq!(notes(at).await, []);
        for (came, generation) in [(Came::Superseded, 3), (Came::Replayed, 4), (Came::Healed, 9)] {
            tell(at, came, generation).await;
        }
        let found: Vec<_> = notes(at).await.into_iter().map(|noted| (noted.came, noted.generation)).collect();
        assert_eq!(found, [(Came::Superseded, 3), (Came::Replayed, 4), (Came::Healed, 9)]);
        assert_eq!((notes(at).await[0].sid, notes(at).await[0].ip.as_str()), (sid(1), "p-1"));
        assert_eq!(alarms(at).await, []);
        let left: u64 = by_hand(at, &format!("PTTL {T}notes")).await;
        assert!((1..=limits::NOTES_RETENTION_MS).contains(&left), "{left}");
    })
    .await;
}

#[tokio::test]
async fn a_session_that_two_may_hold_is_noted_of_all_with_its_user() {
    with_store(async |at| {
        make_user(at).await;
        tell(at, Came::Reused, 2).await;
        let found = alarms(at).await;
        assert_eq!((found.len(), found[0].user.clone(), found[0].generation), (1, Some(alice()), 2));
        assert_eq!(notes(at).await, []);
    })
    .await;
}

/// Nobody fills Redis with them, and nobody pushes away those that matter by those that do not.
#[tokio::test]
async fn there_is_a_limit_to_each() {
    with_store(async |at| {
        make_user(at).await;
        tell(at, Came::Reused, 1).await;
        for generation in 1..=limits::NOTES_MAX + 5 {
            tell(at, Came::Superseded, generation).await;
        }
        let kept = notes(at).await;
        assert_eq!((kept.len() as u64, kept[0].generation), (limits::NOTES_MAX, 6));
        assert_eq!(alarms(at).await.len(), 1);
        for generation in 1..=limits::ALARMS_MAX {
            tell(at, Came::Reused, 1 + generation).await;
        }
        let kept = alarms(at).await;
        assert_eq!((kept.len() as u64, kept[0].generation), (limits::ALARMS_MAX, 2));
    })
    .await;
}
