//! kind/remove: what is said of a kind is forgotten, but not what somebody said since.

use baton_core::Refusal;
use baton_store::calls::kind::{KindPut, KindRemoved};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, kind, with_store};

use super::kind_put::{attempts, put, read};
use crate::hand::{by_hand, make_schema_too_new, refused, unchanged};

async fn remove(at: &Fixture, version: u64) -> KindRemoved {
    at.store.remove_kind(&kind("mail"), version, None).await.expect("an answer")
}

#[tokio::test]
async fn nothing_of_it_is_left() {
    with_store(async |at| {
        put(at, "mail", &attempts(2)).await;
        put(at, "other", &attempts(3)).await;
        assert_eq!(remove(at, START_MS).await, KindRemoved::Done);
        assert_eq!(read(at, "mail").await, None);
        assert_eq!(by_hand::<u64>(at, "EXISTS baton:{0}:kind:mail").await, 0);
        assert_eq!(by_hand::<Vec<String>>(at, "ZRANGE baton:{0}:kinds:declared 0 -1").await, ["other"]);
        let again = unchanged(at, remove(at, START_MS)).await;
        assert_eq!(again, KindRemoved::Refused(refused(Refusal::UnknownKind, "")));
        let told: Vec<String> = crate::hand::events(at).await.into_iter().map(|entry| entry.event).collect();
        assert_eq!(told, ["kind_put", "kind_put", "kind_remove"]);
    })
    .await;
}

#[tokio::test]
async fn what_was_said_since_stays_and_a_kind_said_anew_has_a_later_version() {
    with_store(async |at| {
        put(at, "mail", &attempts(2)).await;
        at.pass_ms(3);
        put(at, "mail", &attempts(3)).await;
        let late = unchanged(at, remove(at, START_MS)).await;
        assert_eq!(late, KindRemoved::Stale { version: START_MS + 3 });
        assert_eq!(remove(at, START_MS + 3).await, KindRemoved::Done);
        at.pass_ms(4);
        assert_eq!(put(at, "mail", &attempts(2)).await, KindPut::Created { version: START_MS + 7 });
    })
    .await;
}

#[tokio::test]
async fn a_newer_release_is_left_alone() {
    with_store(async |at| {
        put(at, "mail", &attempts(2)).await;
        make_schema_too_new(at).await;
        let answer = unchanged(at, remove(at, START_MS)).await;
        assert_eq!(answer, KindRemoved::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
