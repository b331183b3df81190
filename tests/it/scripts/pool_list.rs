//! pool/list: pools, and what their supervisors reported.

use baton_core::{PoolName, SupervisorId};
use baton_store::Error;
use baton_store::calls::pool::{Attend, Pool, Pools, SetPool, Supervisor};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use crate::hand::{by_hand, unchanged};

async fn set(at: &Fixture, name: &str, desired: u64) {
    let pool = PoolName::new(name).unwrap();
    let set = SetPool { pool: &pool, desired: Some(desired), running: None, by: None };
    at.store.set_pool(&set).await.unwrap();
}

async fn check(at: &Fixture, first: u64, limit: u64) -> Result<Pools, Error> {
    unchanged(at, at.store.pools(first, limit)).await
}

#[tokio::test]
async fn an_empty_namespace_has_none() {
    with_store(async |at| {
        let pools = check(at, 0, 10).await.unwrap();
        assert_eq!((pools.now_ms, pools.total, pools.pools), (START_MS, 0, vec![]));
        let one = unchanged(at, at.store.pool(&PoolName::default())).await.unwrap();
        assert_eq!(one.pool, None);
    })
    .await;
}

#[tokio::test]
async fn a_pool_is_shown_with_all_that_is_known_of_it() {
    with_store(async |at| {
        let (pool, id) = (PoolName::new("media").unwrap(), SupervisorId::new("host-a").unwrap());
        let report = [("live", "2".to_owned()), ("host", "a".to_owned())];
        let attend = Attend {
            pool: &pool,
            supervisor: &id,
            first: true,
            count: 2,
            auto_start: false,
            report: &report,
        };
        at.store.attend(&attend).await.unwrap();
        let shown = check(at, 0, 1).await.unwrap().pools;
        let supervisor = Supervisor {
            id,
            deadline_ms: START_MS + 10_000,
            joined_ms: START_MS,
            report: report.into_iter().map(|(field, value)| (field.to_owned(), value)).collect(),
        };
        let expected = Pool {
            name: pool.clone(),
            desired: 2,
            running: false,
            generation: 0,
            configured: true,
            created_ms: START_MS,
            changed_ms: None,
            changed_by: None,
            supervisors: vec![supervisor],
        };
        assert_eq!(shown, std::slice::from_ref(&expected));
        assert_eq!(at.store.pool(&pool).await.unwrap().pool, Some(expected));
    })
    .await;
}

#[tokio::test]
async fn of_more_supervisors_than_can_be_shown_the_living_are() {
    with_store(async |at| {
        let (pool, id) = (PoolName::default(), SupervisorId::new("alive").unwrap());
        let attend =
            Attend { pool: &pool, supervisor: &id, first: true, count: 2, auto_start: true, report: &[] };
        at.store.attend(&attend).await.unwrap();
        let gone: Vec<String> =
            (0..300).map(|number| format!("{} gone-{number}", START_MS - 20_000)).collect();
        let words = gone.join(" ");
        let added: u64 = by_hand(at, &format!("ZADD baton:{{0}}:pool:default:supervisors {words}")).await;
        assert_eq!(added, 300);
        let shown = at.store.pool(&pool).await.unwrap().pool.unwrap().supervisors;
        assert!(shown.len() == 256 && shown.iter().any(|one| one.id == id));
        by_hand::<u64>(at, "ZREMRANGEBYSCORE baton:{0}:pool:default:supervisors -inf 1699999999999").await;
    })
    .await;
}

#[tokio::test]
async fn pages_go_by_age_and_are_bounded() {
    with_store(async |at| {
        for (number, name) in ["c", "a", "b"].into_iter().enumerate() {
            set(at, name, number as u64).await;
            at.pass_ms(1);
        }
        let names = |pools: Pools| pools.pools.iter().map(|pool| pool.name.to_string()).collect::<Vec<_>>();
        assert_eq!(names(check(at, 0, 2).await.unwrap()), ["c", "a"]);
        assert_eq!(names(check(at, 2, 2).await.unwrap()), ["b"]);
        assert!(check(at, 0, 0).await.is_err() && check(at, 0, 10_000).await.is_err());
    })
    .await;
}
