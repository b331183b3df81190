//! pool/remove: forget a pool to which nobody attends.

use baton_core::{PoolName, Principal, Refusal, SupervisorId, limits};
use baton_store::calls::pool::{Attend, Removed, SetPool};
use baton_testkit::{Fixture, with_store};

use crate::hand::{by_hand, changes, events, make_schema_too_new, refused, unchanged};

async fn check(at: &Fixture) -> Removed {
    let by = Principal::new("ada").unwrap();
    at.store.remove_pool(&PoolName::default(), Some(&by)).await.expect("an answer")
}

async fn attend(at: &Fixture) {
    let (pool, id) = (PoolName::default(), SupervisorId::new("host-a").unwrap());
    let attend =
        Attend { pool: &pool, supervisor: &id, first: true, count: 2, auto_start: true, report: &[] };
    at.store.attend(&attend).await.unwrap();
}

#[tokio::test]
async fn nothing_of_it_is_left() {
    with_store(async |at| {
        let pool = PoolName::default();
        let set = SetPool { pool: &pool, desired: Some(1), running: None, by: None };
        at.store.set_pool(&set).await.unwrap();
        let (removed, changed) = changes(at, check(at)).await;
        assert_eq!(removed, Removed::Done);
        assert!(!changed.lines().any(|line| line.starts_with('+') && line.contains("pool")), "{changed}");
        assert_eq!(by_hand::<Vec<String>>(at, "KEYS baton:{0}:pool*").await, Vec::<String>::new());
        let last = events(at).await.pop().unwrap();
        assert_eq!((last.event.as_str(), last.subject.as_deref()), ("remove", Some("default")));
        assert_eq!(unchanged(at, check(at)).await, Removed::Refused(refused(Refusal::UnknownPool, "")));
    })
    .await;
}

#[tokio::test]
async fn one_that_is_attended_to_stays() {
    with_store(async |at| {
        attend(at).await;
        assert_eq!(unchanged(at, check(at)).await, Removed::Refused(refused(Refusal::Conflict, "1")));
        at.pass_ms(limits::SUPERVISOR_LEASE_MS as i64);
        assert_eq!(check(at).await, Removed::Done);
        assert_eq!(by_hand::<Vec<String>>(at, "KEYS baton:{0}:*supervisor*").await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_stops_it() {
    with_store(async |at| {
        attend(at).await;
        at.pass_ms(limits::SUPERVISOR_LEASE_MS as i64);
        make_schema_too_new(at).await;
        assert_eq!(unchanged(at, check(at)).await, Removed::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
