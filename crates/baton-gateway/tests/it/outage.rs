//! Trouble with Redis is never the client's fault.

use baton_gateway::Settings;
use baton_store::{Options, Store, Timeouts};
use baton_testkit::{Launch, PrivateRedis};
use serde_json::json;
use std::time::Duration;

use crate::support::Gateway;

#[tokio::test]
async fn without_redis_every_route_says_503_and_goes_on_afterwards() {
    let redis = Launch::default().durable().start().await;
    let mut options = Options::new(redis.url().parse().unwrap());
    options.timeouts = Timeouts {
        connect: Duration::from_millis(200),
        response: Duration::from_millis(200),
        ..Timeouts::default()
    };
    let (store, _) = Store::open(options).await.unwrap();
    let mut gateway = Gateway::over(redis, store, Settings::default());
    let id = gateway.submit("noop").await;
    gateway.redis.kill();
    for path in [
        "/api/v1/tasks",
        "/api/v1/tasks/stats",
        &format!("/api/v1/tasks/{id}"),
        "/api/v1/workers",
        "/api/v1/queues",
    ] {
        assert_eq!(gateway.get(path).await.problem(), (503, "redis_unavailable".to_owned()), "{path}");
    }
    let submit = gateway.post("/api/v1/tasks", json!({ "kind": "a" })).await;
    assert_eq!(
        (submit.problem(), submit.header("retry-after")),
        ((503, "redis_unavailable".to_owned()), "1")
    );
    gateway.redis.restart().await;
    crate::support::until(async || gateway.get(&format!("/api/v1/tasks/{id}")).await.status == 200).await;
}

#[tokio::test]
async fn a_full_redis_takes_no_new_tasks() {
    let redis: PrivateRedis =
        Launch::default().with("maxmemory", "64mb").with("maxmemory-policy", "noeviction").start().await;
    let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.unwrap();
    let gateway = Gateway::over(redis, store, Settings::default());
    let worker = gateway.worker(1).await;
    let id = gateway.submit("noop").await;
    let fence = gateway.claim(&worker).await["fence"].clone();
    let filled: String = gateway.redis.say(&["CONFIG", "SET", "maxmemory", "1"]).await;
    assert_eq!(filled, "OK");
    let full = gateway.post("/api/v1/tasks", json!({ "kind": "a" })).await;
    assert_eq!(full.problem(), (507, "storage_full".to_owned()));
    // What runs can still finish.
    let done = json!({ "worker": worker, "fence": fence });
    assert_eq!(gateway.post(&format!("/api/v1/leases/{id}/complete"), done).await.status, 200);
}
