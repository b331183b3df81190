//! worker/deregister: a worker leaves.

use baton_core::{Refusal, Shard, limits};
use baton_store::calls::worker::{Deregistered, Registered};
use baton_testkit::{Fixture, Life, with_store};

use crate::hand::{changes, events, hold, make_schema_too_new, refused, tick, unchanged};

async fn check(at: &Fixture, life: &Life) -> Deregistered {
    at.store.deregister(Shard::FIRST, &life.worker, &life.boot).await.expect("an answer")
}

fn no(refusal: Refusal, detail: &str) -> Deregistered {
    Deregistered::Refused(refused(refusal, detail))
}

#[tokio::test]
async fn its_boot_is_past_and_its_lease_gone() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        let (answer, changed) = changes(at, check(at, &life)).await;
        assert_eq!(answer, Deregistered::Left);
        assert_eq!(
            changed,
            "- baton:{0}:leases (zset)\n\
             - baton:{0}:leases \"worker-001-test:b1\" 1700000030000\n\
             - baton:{0}:meta events \"1\"\n\
             + baton:{0}:meta events \"2\"\n\
             - baton:{0}:worker:worker-001-test boot \"b1\"\n\
             + baton:{0}:worker:worker-001-test boot \"\"\n\
             + baton:{0}:worker:worker-001-test past \"b1@1700000000000\"\n\
             + baton:{0}:worker:worker-001-test seen_ms \"1700000000000\"\n"
        );
        let told: Vec<String> = events(at).await.into_iter().map(|entry| entry.event).collect();
        assert_eq!(told, ["register", "deregister"]);
        // The same again, and a late register: it is over.
        assert_eq!(unchanged(at, check(at, &life)).await, no(Refusal::Superseded, ""));
        let late = unchanged(at, at.register(&life, None)).await;
        assert_eq!(late, Registered::Refused(refused(Refusal::Superseded, "")));
    })
    .await;
}

#[tokio::test]
async fn the_next_boot_follows_nobody() {
    with_store(async |at| {
        let [first, second, third] = [1, 2, 3].map(|boot| Life::new(1, boot));
        at.register(&first, None).await;
        check(at, &first).await;
        let late = unchanged(at, at.register(&second, Some(&first.boot))).await;
        assert_eq!(late, Registered::Refused(refused(Refusal::Conflict, "")));
        let next = at.register(&second, None).await;
        assert!(matches!(next, Registered::Current { taken_over: 0, .. }), "{next:?}");
        assert_eq!(unchanged(at, check(at, &third)).await, no(Refusal::Conflict, "b2"));
        assert_eq!(unchanged(at, check(at, &first)).await, no(Refusal::Superseded, ""));
    })
    .await;
}

#[tokio::test]
async fn nobody_leaves_with_tasks_in_hand() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let count = limits::REAP_TASKS_MAX + 1;
        hold(at, &life, count).await;
        assert_eq!(unchanged(at, check(at, &life)).await, no(Refusal::Conflict, &count.to_string()));
        at.pass_ms(30_000);
        tick(at).await;
        assert_eq!(unchanged(at, check(at, &life)).await, no(Refusal::Conflict, "1"));
        at.pass_ms(1);
        tick(at).await;
        assert_eq!(check(at, &life).await, Deregistered::Left);
    })
    .await;
}

#[tokio::test]
async fn strangers_and_older_releases_are_refused() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        assert_eq!(unchanged(at, check(at, &life)).await, no(Refusal::UnknownWorker, ""));
        at.register(&life, None).await;
        make_schema_too_new(at).await;
        assert_eq!(unchanged(at, check(at, &life)).await, no(Refusal::SchemaTooNew, ""));
    })
    .await;
}
