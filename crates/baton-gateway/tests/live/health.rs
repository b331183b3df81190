//! What a gateway says of itself.

use baton_api::health::{Health, HealthStatus, Ready};
use baton_core::Shard;
use baton_store::calls::worker::Register;
use baton_testkit::{Launch, Life};

use crate::support::{World, until};

async fn health(world: &World) -> Health {
    let (status, body) = world.gateway.get("/health").await;
    assert_eq!(status, 200);
    serde_json::from_str(&body).unwrap()
}

async fn health_that(world: &World, what: &str, is: impl Fn(&Health) -> bool) -> Health {
    until(what, async || Some(health(world).await).filter(&is)).await
}

async fn ready(world: &World) -> (u16, Ready) {
    let (status, body) = world.gateway.get("/ready").await;
    (status, serde_json::from_str(&body).unwrap())
}

fn failing(ready: &Ready) -> Vec<&str> {
    ready.checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect()
}

#[tokio::test]
async fn health_says_how_the_fleet_does() {
    let world = World::new().await;
    let health = health_that(&world, "it is healthy", |health| health.status == HealthStatus::Healthy).await;
    let redis = health.redis.unwrap();
    assert!(redis.connected && redis.latency_ms.is_some() && health.reasons.is_empty());
    assert_eq!((health.auth.as_str(), health.version.as_str()), ("none", env!("CARGO_PKG_VERSION")));

    world.submit(3).await;
    let health = health_that(&world, "the queue is unattended", |health| !health.unattended.is_empty()).await;
    assert_eq!(
        (health.status, &health.unattended[..]),
        (HealthStatus::Degraded, &["default".to_owned()][..])
    );
    let [reason] = &health.reasons[..] else { panic!("{health:?}") };
    assert!(
        reason.starts_with("the queue default has 3 pending tasks and no live worker: start one"),
        "{reason}"
    );
    assert_eq!(health.tasks["pending"], 3);

    let life = Life::new(1, 1);
    let about = [("queues", "default"), ("slots", "4")];
    let register = Register {
        worker: &life.worker,
        boot: &life.boot,
        expects: None,
        lease: Default::default(),
        about: &about,
    };
    world.store.register(Shard::FIRST, &register).await.unwrap();
    let health =
        health_that(&world, "a worker came", |health| health.workers.as_ref().unwrap().idle == 1).await;
    assert_eq!((health.status, health.workers.unwrap().total), (HealthStatus::Healthy, 1));
}

#[tokio::test]
async fn health_never_waits_for_redis_and_ready_says_no() {
    let mut world = World::with(Launch::default().durable(), 1).await;
    let (status, answer) = ready(&world).await;
    assert_eq!((status, answer.ready, failing(&answer)), (200, true, Vec::new()));
    let names: Vec<&str> = answer.checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names, ["redis", "server", "scripts", "namespace", "logins", "draining"]);
    health_that(&world, "it is healthy", |health| health.status == HealthStatus::Healthy).await;

    world.redis.freeze();
    let health =
        health_that(&world, "it is unhealthy", |health| health.status == HealthStatus::Unhealthy).await;
    assert!(!health.redis.as_ref().unwrap().connected, "{health:?}");
    assert!(health.reasons[0].contains("no answer from Redis"), "{health:?}");
    let (status, answer) = ready(&world).await;
    assert_eq!((status, answer.ready), (503, false));
    assert!(failing(&answer).contains(&"redis") && !failing(&answer).contains(&"draining"), "{answer:?}");
    world.redis.thaw();
    health_that(&world, "it recovers", |health| health.status == HealthStatus::Healthy).await;
    until("it is ready again", async || (ready(&world).await.0 == 200).then_some(())).await;

    world.redis.kill();
    health_that(&world, "it is unhealthy", |health| health.status == HealthStatus::Unhealthy).await;
    assert_eq!(ready(&world).await.0, 503);
    world.redis.restart().await;
    until("it is ready again", async || (ready(&world).await.0 == 200).then_some(())).await;
}

#[tokio::test]
async fn a_redis_that_is_full_is_told() {
    let world = World::new().await;
    world.redis.say::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let health = health_that(&world, "it is degraded", |health| {
        health.redis.as_ref().is_some_and(|redis| redis.full) && health.status == HealthStatus::Degraded
    })
    .await;
    assert!(health.reasons.iter().any(|reason| reason.starts_with("Redis is full")), "{health:?}");
    world.redis.say::<()>(&["CONFIG", "SET", "maxmemory", "0"]).await;
    health_that(&world, "it recovers", |health| health.status == HealthStatus::Healthy).await;
}

#[tokio::test]
async fn ready_compares_the_namespace_with_what_was_opened() {
    let world = World::new().await;
    let _: u64 = world.redis.say(&["HSET", "baton:meta", "shards", "7"]).await;
    let (status, answer) = ready(&world).await;
    assert_eq!((status, failing(&answer)), (503, vec!["namespace"]));
}

/// From then on leases and tasks may vanish: no work should be sent here.
#[tokio::test]
async fn a_server_that_begins_to_throw_keys_away_gets_no_more_work() {
    let world = World::new().await;
    let policy =
        async |policy| -> String { world.redis.say(&["CONFIG", "SET", "maxmemory-policy", policy]).await };
    policy("allkeys-lru").await;
    let (status, answer) = ready(&world).await;
    assert_eq!((status, failing(&answer)), (503, vec!["server"]));
    let said = &answer.checks.iter().find(|check| !check.ok).unwrap().detail;
    assert!(said.contains("maxmemory-policy is allkeys-lru") && said.contains("noeviction"), "{said}");
    policy("noeviction").await;
    assert_eq!(ready(&world).await.0, 200);
}

#[tokio::test]
async fn scripts_that_were_thrown_away_are_loaded_again() {
    let world = World::new().await;
    let _: String = world.redis.say(&["SCRIPT", "FLUSH"]).await;
    until("the scripts are back", async || (ready(&world).await.0 == 200).then_some(())).await;
}
