//! Queues in numbers; pause and resume.

use axum::http::Method;
use serde_json::json;

use crate::support::{Ask, Gateway, post, raw};

fn patch<'a>(path: &'a str, body: &serde_json::Value) -> Ask<'a> {
    post(path, body).by(Method::PATCH)
}

#[tokio::test]
async fn a_queue_is_counted_and_says_that_nobody_works_on_it() {
    let gateway = Gateway::start().await;
    gateway.submit("a").await;
    gateway.submit("b").await;
    let queue = gateway.get("/api/v1/queues/default").await.json();
    assert_eq!(
        (&queue["tasks"]["pending"], &queue["workers"], &queue["unattended"]),
        (&json!(2), &json!(0), &json!(true))
    );
    let worker = gateway.worker(1).await;
    gateway.claim(&worker).await;
    let queue = gateway.get("/api/v1/queues/default").await.json();
    assert_eq!(
        (&queue["tasks"]["running"], &queue["workers"], &queue["unattended"]),
        (&json!(1), &json!(1), &json!(false))
    );
    let backlog = gateway.get("/api/v1/queues/default/backlog").await.json();
    assert_eq!((&backlog["backlog"], &backlog["load"]), (&json!(1), &json!(2)));
    assert_eq!((&backlog["workers"], &backlog["slots"]), (&json!(1), &json!(4)));
}

#[tokio::test]
async fn a_paused_queue_gives_nothing_until_it_is_resumed() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit("noop").await;
    let paused = gateway.post("/api/v1/queues/default/pause", json!({})).await.json();
    assert!(paused["paused"].as_bool().unwrap() && paused["paused_at"].is_string());
    let path = format!("/api/v1/workers/{worker}/claim");
    assert_eq!(gateway.post(&path, json!({})).await.status, 204);
    assert_eq!(gateway.post("/api/v1/queues/default/resume", json!({})).await.json()["paused"], false);
    assert_eq!(gateway.claim(&worker).await["id"], json!(id));
}

#[tokio::test]
async fn queues_are_listed_by_name() {
    let gateway = Gateway::start().await;
    for queue in ["mail", "cpu", "media"] {
        gateway.submit_with(json!({ "kind": "noop", "queue": queue })).await;
    }
    let names = |page: &serde_json::Value| -> Vec<String> {
        page["queues"]
            .as_array()
            .unwrap()
            .iter()
            .map(|queue| queue["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = gateway.get("/api/v1/queues?limit=2").await.json();
    assert_eq!(names(&first), ["cpu", "mail"]);
    let next = format!("/api/v1/queues?limit=2&cursor={}", first["next_cursor"].as_str().unwrap());
    assert_eq!(names(&gateway.get(&next).await.json()), ["media"]);
    let page = gateway.get("/api/v1/queues?page=2&page_size=1").await.json();
    assert_eq!((names(&page), &page["total"]), (vec!["mail".to_owned()], &json!(3)));
    let stats = gateway.get("/api/v1/tasks/stats").await.json();
    assert_eq!((&stats["tasks"]["pending"], &stats["queues"]["cpu"]["pending"]), (&json!(3), &json!(1)));
}

#[tokio::test]
async fn a_queue_that_nobody_used_is_unknown() {
    let gateway = Gateway::start().await;
    for path in
        ["/api/v1/queues/none", "/api/v1/queues/none/backlog", "/api/v1/queues/a%20b", "/api/v1/queues/%ff"]
    {
        assert_eq!(gateway.get(path).await.problem(), (404, "unknown_queue".to_owned()), "{path}");
    }
    let resumed = gateway.post("/api/v1/queues/none/resume", json!({})).await;
    assert_eq!(resumed.problem(), (404, "unknown_queue".to_owned()));
    let odd = gateway.ask(raw("/api/v1/queues/none/pause", "{}").without("content-type")).await;
    assert_eq!(odd.problem(), (415, "unsupported_media_type".to_owned()));
    assert_eq!(gateway.post("/api/v1/queues/none/pause", json!({ "x": 1 })).await.pointers(), ["/x"]);
    // But it may be paused before its first task.
    assert_eq!(gateway.post("/api/v1/queues/none/pause", json!({})).await.status, 200);
}

/// Autoscalers read this by path and name: what stands in the example for KEDA is what the route answers.
#[tokio::test]
async fn the_autoscaler_in_the_example_finds_its_number() {
    let example = include_str!("../../../../deploy/keda/scaledobject.yaml");
    let value = |name: &str| {
        let line = example.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().trim_matches('"').to_owned()
    };
    let gateway = Gateway::start().await;
    let unknown = value("url").split_once(":8000").unwrap().1.to_owned();
    assert_eq!(gateway.get(&unknown).await.problem(), (404, "unknown_queue".to_owned()));
    gateway.submit("a").await;
    gateway.submit("b").await;
    let worker = gateway.worker(1).await;
    gateway.claim(&worker).await;
    let mut backlog = gateway.get(&unknown).await.json();
    assert_eq!(backlog[value("valueLocation")], json!(2));
    assert!(value("targetValue").parse::<u64>().is_ok_and(|target| target > 0));
    assert!(backlog["oldest_age_ms"].take().is_u64());
    let expected = json!({ "backlog": 1, "load": 2, "oldest_age_ms": null, "workers": 1, "slots": 4 });
    assert_eq!(backlog, expected);
}

#[tokio::test]
async fn limits_are_set_shown_kept_and_taken_away() {
    let gateway = Gateway::start().await;
    let path = "/api/v1/queues/default";
    let patch = async |body: serde_json::Value| gateway.ask(patch(path, &body)).await;
    let set = json!({ "concurrency": 1, "rate": { "count": 5, "per_ms": 60_000 }, "retention": { "failed": "forever" } });
    let answer = patch(set).await;
    assert_eq!((answer.status.as_u16(), answer.header("etag")), (200, "\"1\""));
    let queue = answer.json();
    assert_eq!(
        queue["limits"],
        json!({ "concurrency": 1, "rate": { "count": 5, "per_ms": 60_000 }, "fair": false })
    );
    assert_eq!(queue["retention"], json!({ "failed": "forever" }));
    let worker = gateway.worker(1).await;
    let (first, second) = (gateway.submit("noop").await, gateway.submit("noop").await);
    assert_eq!(gateway.claim(&worker).await["id"], json!(first));
    let said = gateway.get(&format!("/api/v1/tasks/{second}/explain")).await.json();
    assert_eq!(
        (&said["code"], &said["action"]),
        (&json!("limit_reached"), &json!("baton queue set default --concurrency 2"))
    );
    let body = json!({ "worker": worker });
    let refused = gateway.post(&format!("/api/v1/tasks/{second}/claim"), body).await;
    assert_eq!(refused.problem(), (409, "limit_reached".to_owned()));
    // What is left out stays; null takes away.
    let queue = patch(json!({ "concurrency": null })).await.json();
    assert_eq!(queue["limits"], json!({ "rate": { "count": 5, "per_ms": 60_000 }, "fair": false }));
    let another = gateway.worker(2).await;
    assert_eq!(gateway.claim(&another).await["id"], json!(second));
}

#[tokio::test]
async fn limits_that_cannot_be_kept_and_stale_editors_are_refused() {
    let gateway = Gateway::start().await;
    let path = "/api/v1/queues/media";
    let patch = async |body: serde_json::Value| gateway.ask(patch(path, &body)).await;
    for (body, pointer) in [
        (json!({ "concurrency": 0 }), "/concurrency"),
        (json!({ "concurrency": -1 }), "/concurrency"),
        (json!({ "concurrency": 1e300 }), "/concurrency"),
        (json!({ "rate": { "count": 1, "per_ms": 0 } }), "/rate/per_ms"),
        (json!({ "rate": { "count": 1_000_000, "per_ms": 1 } }), "/rate/count"),
        (json!({ "fair": true, "aging_ms": 5 }), "/aging_ms"),
        (json!({ "retention": { "completed": "never" } }), "/retention/completed"),
        (json!({ "retention": { "failed": 400_000_000_000_000_u64 } }), "/retention"),
        (json!({ "concurency": 5 }), "/concurency"),
        (json!({}), ""),
    ] {
        let refused = patch(body.clone()).await;
        assert_eq!(refused.problem(), (422, "validation".to_owned()), "{body}");
        assert_eq!(refused.json()["errors"][0]["pointer"], json!(pointer), "{body}");
    }
    assert_eq!(gateway.get(path).await.problem().1, "unknown_queue", "nothing was written");
    patch(json!({ "concurrency": 5 })).await;
    let stale = gateway
        .ask(post(path, &json!({ "concurrency": 6 })).by(Method::PATCH).with("if-match", "\"0\""))
        .await;
    assert_eq!(stale.problem(), (412, "stale_version".to_owned()));
    let read = gateway.get(path).await;
    let tag = read.header("etag");
    let ask = || post(path, &json!({ "concurrency": 6 })).by(Method::PATCH).with("if-match", tag);
    let set = gateway.ask(ask()).await;
    assert_eq!((set.status.as_u16(), set.header("etag") == tag), (200, false));
    assert_eq!(gateway.get(path).await.header("etag"), set.header("etag"));
    assert_eq!(gateway.ask(ask()).await.problem(), (412, "stale_version".to_owned()));
}
