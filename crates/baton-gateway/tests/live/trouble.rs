//! What a gateway says of a fleet that needs somebody: in `/health`, in its metrics, and once in its log.

use std::fs::File;

use baton_api::health::{Health, HealthStatus};
use baton_api::pool::PoolState;
use baton_core::{PoolName, Shard, SupervisorId};
use baton_store::calls::pool::{Attend, SetPool};
use baton_store::calls::worker::Register;
use baton_store::{Options, Store};
use baton_testkit::{Life, PrivateRedis};

use crate::program::Program;
use crate::support::{World, get, submit, until};

/// Waits until the metrics have all of these lines.
async fn metrics_with(program: &Program, wanted: &[&str]) {
    until(&format!("{wanted:?}"), async || {
        let (_, text) = get(program.address, "/metrics").await;
        wanted.iter().all(|line| text.lines().any(|told| told == *line)).then_some(())
    })
    .await;
}

async fn health(program: &Program) -> Health {
    serde_json::from_str(&get(program.address, "/health").await.1).unwrap()
}

/// Waits until the fleet was read three times more: a task has waited for so many seconds longer.
async fn three_readings(program: &Program) {
    let oldest = async || -> f64 {
        let (_, text) = get(program.address, "/metrics").await;
        let line = text.lines().find_map(|line| {
            line.strip_prefix("baton_fleet_queue_oldest_pending_seconds{queue=\"default\"} ")
        });
        line.unwrap().parse().unwrap()
    };
    let before = oldest().await;
    until("three readings", async || (oldest().await >= before + 3.0).then_some(())).await;
}

async fn attend(store: &Store, pool: &PoolName, supervisor: &SupervisorId, report: &[(&str, &str)]) {
    let report: Vec<(&str, String)> =
        report.iter().map(|(field, value)| (*field, (*value).to_owned())).collect();
    let attend = Attend { pool, supervisor, first: false, count: 1, auto_start: true, report: &report };
    store.attend(&attend).await.unwrap();
}

#[tokio::test]
async fn work_without_workers_is_told_everywhere_and_logged_once() {
    let redis = PrivateRedis::start().await;
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("trouble.log");
    let program = Program::logging(&redis.url(), File::create(&path).unwrap()).await;
    let logged = |words: &str| {
        let text = std::fs::read_to_string(&path).unwrap();
        text.lines().filter(|line| line.contains(words)).count()
    };
    let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.unwrap();
    submit(&store, Shard::FIRST, 2).await.unwrap();
    let pool = PoolName::default();
    store.set_pool(&SetPool { pool: &pool, desired: Some(1), running: None, by: None }).await.unwrap();
    let told = [
        "baton_fleet_queue_unattended{queue=\"default\"} 1",
        "baton_fleet_pool_desired{pool=\"default\"} 1",
        "baton_fleet_pool_degraded{pool=\"default\"} 1",
    ];
    metrics_with(&program, &told).await;
    let health_now = health(&program).await;
    assert_eq!(
        (health_now.status, &health_now.unattended[..]),
        (HealthStatus::Degraded, &["default".to_owned()][..])
    );
    let [of_pool, of_queue] = &health_now.reasons[..] else { panic!("{health_now:?}") };
    assert!(of_pool.starts_with("the pool default is unattended: no supervisor attends"), "{of_pool}");
    assert!(
        of_queue.contains("2 pending tasks and no live worker: start one that claims from it"),
        "{of_queue}"
    );
    three_readings(&program).await;
    let times =
        ["the queue default has", "the pool default is unattended", "no longer in trouble"].map(logged);
    assert_eq!(times, [1, 1, 0]);

    // Somebody comes.
    let life = Life::new(1, 1);
    let about = [("pool", "default"), ("queues", "default")];
    let (worker, boot) = (&life.worker, &life.boot);
    let register = Register { worker, boot, expects: None, lease: Default::default(), about: &about };
    store.register(Shard::FIRST, &register).await.unwrap();
    let supervisor = SupervisorId::new("host-a-1").unwrap();
    let steady = [("state", "steady"), ("most", "8"), ("live", "1"), ("restarts", "3")];
    attend(&store, &pool, &supervisor, &steady).await;
    let told = [
        "baton_fleet_queue_unattended{queue=\"default\"} 0",
        "baton_fleet_workers{pool=\"default\",state=\"idle\"} 1",
        "baton_fleet_workers{pool=\"none\",state=\"idle\"} 0",
        "baton_fleet_pool_degraded{pool=\"default\"} 0",
        "baton_fleet_pool_restarts{pool=\"default\"} 3",
    ];
    metrics_with(&program, &told).await;
    assert_eq!(
        (logged("no longer in trouble: queue default"), logged("no longer in trouble: pool default")),
        (1, 1)
    );
    let health_now = health(&program).await;
    assert_eq!((health_now.status, health_now.reasons.len()), (HealthStatus::Healthy, 0), "{health_now:?}");
    let [shown] = &health_now.pools[..] else { panic!("{health_now:?}") };
    assert_eq!(
        (shown.name.as_str(), shown.state, shown.desired, shown.live),
        ("default", PoolState::Steady, 1, 1)
    );

    // A pool that is forgotten does not leave its last numbers behind.
    store.leave_pool(&pool, &supervisor).await.unwrap();
    store.remove_pool(&pool, None).await.unwrap();
    metrics_with(
        &program,
        &["baton_fleet_pool_desired{pool=\"default\"} 0", "baton_fleet_pool_restarts{pool=\"default\"} 0"],
    )
    .await;
}

#[tokio::test]
async fn what_happens_to_pools_is_heard_with_the_workers() {
    let world = World::new().await;
    let mut events = world.gateway.listen("topics=workers", None).await;
    let (pool, supervisor) = (PoolName::default(), SupervisorId::new("host-a-1").unwrap());
    let set = async |desired, running| {
        world.store.set_pool(&SetPool { pool: &pool, desired, running, by: None }).await.unwrap();
    };
    set(Some(3), None).await;
    set(None, Some(false)).await;
    set(None, Some(true)).await;
    attend(&world.store, &pool, &supervisor, &[]).await;
    world.store.leave_pool(&pool, &supervisor).await.unwrap();
    world.store.remove_pool(&pool, None).await.unwrap();
    let expected = [
        ("scale", Some("3")),
        ("halt", None),
        ("start", None),
        ("attend", Some("host-a-1")),
        ("part", Some("host-a-1")),
        ("remove", None),
    ];
    for (word, why) in expected {
        let got = events.next().await.unwrap();
        let event = got.event();
        assert_eq!(
            (got.topic.as_str(), event.event.as_str(), event.pool.as_deref(), event.why.as_deref()),
            ("worker", word, Some("default"), why)
        );
    }
}
