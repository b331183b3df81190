//! pool/leave: a supervisor attends no more.

use baton_core::{PoolName, Refusal, SupervisorId};
use baton_store::calls::pool::{Attend, Left};
use baton_testkit::{Fixture, with_store};

use crate::hand::{changes, events, make_schema_too_new, refused, unchanged};

async fn attend(at: &Fixture, id: &SupervisorId) {
    let pool = PoolName::default();
    let attend = Attend { pool: &pool, supervisor: id, first: true, count: 2, auto_start: true, report: &[] };
    at.store.attend(&attend).await.unwrap();
}

async fn check(at: &Fixture, id: &SupervisorId) -> Left {
    at.store.leave_pool(&PoolName::default(), id).await.expect("an answer")
}

#[tokio::test]
async fn nothing_of_it_is_left_and_the_pool_stays() {
    with_store(async |at| {
        let id = SupervisorId::new("host-a").unwrap();
        attend(at, &id).await;
        let (left, changed) = changes(at, check(at, &id)).await;
        assert_eq!(left, Left::Done { attended: true });
        assert_eq!(
            changed,
            "- baton:{0}:meta events \"2\"\n\
             + baton:{0}:meta events \"3\"\n\
             - baton:{0}:pool:default:supervisors (zset)\n\
             - baton:{0}:pool:default:supervisors \"host-a\" 1700000010000\n\
             - baton:{0}:supervisor:host-a (hash)\n\
             - baton:{0}:supervisor:host-a joined_ms \"1700000000000\"\n\
             - baton:{0}:supervisor:host-a pool \"default\"\n\
             - baton:{0}:supervisor:host-a seen_ms \"1700000000000\"\n"
        );
        let last = events(at).await.pop().unwrap();
        assert_eq!((last.event.as_str(), last.subject.as_deref()), ("part", Some("default host-a")));
        assert_eq!(unchanged(at, check(at, &id)).await, Left::Done { attended: false });
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_stops_it() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        let answer = unchanged(at, check(at, &SupervisorId::new("a").unwrap())).await;
        assert_eq!(answer, Left::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
