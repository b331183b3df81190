//! worker/list: who is there, with what.

use baton_core::{LeaseLength, Shard};
use baton_store::Error;
use baton_store::calls::worker::{Directive, OneWorker, Worker, Workers};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, Life, with_store};

use crate::hand::{tick, unchanged};

async fn check(at: &Fixture, first: u64, limit: u64) -> Workers {
    unchanged(at, at.store.workers(Shard::FIRST, first, limit)).await.expect("an answer")
}

#[tokio::test]
async fn an_empty_shard_has_none() {
    with_store(async |at| {
        let workers = check(at, 0, 100).await;
        assert_eq!((workers.total, workers.workers, workers.now_ms), (0, vec![], START_MS));
    })
    .await;
}

#[tokio::test]
async fn a_worker_is_shown_with_all_that_is_known_of_it() {
    with_store(async |at| {
        at.submit_many(2).await;
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        at.claim(&life, 2).await;
        at.store.direct(Shard::FIRST, &life.worker, Some(Directive::Quiet), None).await.unwrap();
        let mut shown = check(at, 0, 1).await.workers.remove(0);
        let expected = Worker {
            id: life.worker.clone(),
            boot: Some(life.boot.clone()),
            lease: LeaseLength::default(),
            lease_until_ms: Some(START_MS + 30_000),
            registered_ms: START_MS,
            holds: 2,
            directive: Some(Directive::Quiet),
            about: [("kind".to_owned(), "test".to_owned())].into(),
        };
        assert_eq!(shown, expected);

        at.pass_ms(30_000);
        tick(at).await;
        shown = check(at, 0, 1).await.workers.remove(0);
        assert_eq!((shown.boot, shown.lease_until_ms, shown.holds), (expected.boot, None, 0));
        at.store.deregister(Shard::FIRST, &life.worker, &life.boot).await.unwrap();
        shown = check(at, 0, 1).await.workers.remove(0);
        assert_eq!((shown.boot, shown.lease_until_ms), (None, None));
    })
    .await;
}

#[tokio::test]
async fn pages_go_by_registration_and_are_bounded() {
    with_store(async |at| {
        for number in [3, 1, 2] {
            at.register(&Life::new(number, 1), None).await;
            at.pass_ms(1);
        }
        let ids = |page: Workers| page.workers.iter().map(|worker| worker.id.to_string()).collect::<Vec<_>>();
        assert_eq!(ids(check(at, 0, 2).await), ["worker-003-test", "worker-001-test"]);
        assert_eq!(ids(check(at, 2, 2).await), ["worker-002-test"]);
        assert_eq!(ids(check(at, 3, 100).await), [""; 0]);
        for (first, limit) in [(0, 101), (0, 0), (u64::MAX, 10)] {
            let answer = at.store.workers(Shard::FIRST, first, limit).await;
            assert!(matches!(answer, Err(Error::Invalid { .. })), "{first} {limit}: {answer:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn one_worker_is_asked_for_by_its_id() {
    with_store(async |at| {
        for number in [1, 2] {
            at.register(&Life::new(number, 1), None).await;
        }
        at.submit_many(1).await;
        at.claim(&Life::new(2, 1), 1).await;
        let one = async |number| {
            let id = Life::new(number, 1).worker;
            unchanged(at, at.store.worker(Shard::FIRST, &id)).await.expect("an answer")
        };
        for expected in check(at, 0, 2).await.workers {
            let number = if expected.holds == 1 { 2 } else { 1 };
            assert_eq!(one(number).await, OneWorker { now_ms: START_MS, worker: Some(expected) });
        }
        assert_eq!(one(3).await, OneWorker { now_ms: START_MS, worker: None });
    })
    .await;
}
