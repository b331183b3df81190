//! Figures, time series, and failures in groups: over HTTP, and as far as a credential may see them.

use baton_core::Shard;
use baton_store::behind::Step;
use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::Gateway;

async fn write_behind(gateway: &Gateway) {
    for shard in gateway.app.store.shards().all() {
        while let Step::Wrote { more: true, .. } = gateway.app.store.write_behind(shard, false).await.unwrap()
        {
        }
    }
}

/// A task of each queue fails, and one completes in the first.
async fn at_work(gateway: &Gateway) -> Vec<String> {
    let worker = gateway.worker(1).await;
    let mut failed = Vec::new();
    for (number, queue) in ["a", "b"].into_iter().enumerate() {
        let id = gateway.submit_with(json!({ "kind": "mail", "queue": queue })).await;
        let error =
            json!({ "error": format!("mailbox {number} is full"), "reason": "smtp", "permanent": true });
        gateway.end(&worker, &id, "fail", error).await;
        failed.push(id);
    }
    let id = gateway.submit_with(json!({ "kind": "mail", "queue": "a" })).await;
    gateway.complete(&worker, &id, json!(1)).await;
    write_behind(gateway).await;
    failed
}

fn total(series: &Value) -> u64 {
    series["points"].as_array().unwrap().iter().map(|point| point["count"].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn what_happened_lately_is_in_the_figures() {
    let gateway = Gateway::with_shards(2).await;
    at_work(&gateway).await;
    let stats = gateway.get("/api/v1/tasks/stats").await.json();
    let recent = &stats["recent"];
    assert_eq!((&recent["counts"]["submitted"], &recent["counts"]["failed"]), (&json!(3), &json!(2)));
    assert!((recent["success_rate"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-9, "{stats}");
    assert!(recent["run"]["p95_ms"].is_u64() && recent["wait"]["average_ms"].is_u64(), "{stats}");
    assert!(stats["rates"]["1m"]["completed"].as_f64().unwrap() > 0.0, "{stats}");
    assert_eq!((&stats["workers"]["worker-001-test"], &stats["behind_ms"]), (&json!(0), &json!(0)));
    let of_b = gateway.get("/api/v1/tasks/stats?queue=b&last=90d").await.json();
    assert_eq!((&of_b["recent"]["counts"]["submitted"], &of_b["tasks"]["failed"]), (&json!(1), &json!(1)));
    assert_eq!((of_b["queues"].as_object().unwrap().len(), &of_b["workers"]), (1, &Value::Null));
    let none = gateway.get("/api/v1/tasks/stats?queue=none").await;
    assert_eq!(none.problem(), (404, "unknown_queue".to_owned()));
    for last in ["1s", "91d", "soon"] {
        let answer = gateway.get(&format!("/api/v1/tasks/stats?last={last}")).await;
        assert_eq!((answer.status.as_u16(), answer.pointers()), (422, vec!["last".to_owned()]), "{last}");
    }
}

#[tokio::test]
async fn figures_say_how_far_they_are_behind() {
    let gateway = Gateway::start().await;
    gateway.submit("noop").await;
    crate::support::until(async || {
        gateway.get("/api/v1/series").await.json()["behind_ms"].as_u64().unwrap() > 0
    })
    .await;
    write_behind(&gateway).await;
    assert_eq!(gateway.get("/api/v1/series").await.json()["behind_ms"], json!(0));
}

#[tokio::test]
async fn a_series_has_a_point_for_each_step() {
    let gateway = Gateway::with_shards(2).await;
    at_work(&gateway).await;
    let hour = gateway.get("/api/v1/series").await.json();
    assert_eq!((&hour["step_ms"], hour["series"].as_array().unwrap().len()), (&json!(10_000), 10));
    assert!(hour["series"].as_array().unwrap().iter().all(|one| {
        let points = one["points"].as_array().unwrap().len();
        (360..=362).contains(&points)
    }));
    let shown = gateway.get("/api/v1/series?metric=submitted,run&queue=a&last=24h&step=1h").await.json();
    assert_eq!((&shown["queue"], &shown["step_ms"]), (&json!("a"), &json!(3_600_000)));
    let (submitted, run) = (&shown["series"][0], &shown["series"][1]);
    assert_eq!((&submitted["metric"], total(submitted), total(run)), (&json!("submitted"), 2, 2));
    let measured = run["points"].as_array().unwrap().iter().find(|point| point["count"] != json!(0)).unwrap();
    assert!(measured["p50_ms"].as_u64() <= measured["p99_ms"].as_u64(), "{measured}");
    let twice = gateway.get("/api/v1/series?metric=run,failed,run&metric=failed&step=1h").await.json();
    let named: Vec<&Value> = twice["series"].as_array().unwrap().iter().map(|one| &one["metric"]).collect();
    assert_eq!(named, [&json!("run"), &json!("failed")]);
    for span in ["1h", "24h", "7d", "90d"] {
        let shown = gateway.get(&format!("/api/v1/series?metric=failed&last={span}")).await.json();
        assert_eq!(total(&shown["series"][0]), 2, "{span}");
        assert!(shown["series"][0]["points"].as_array().unwrap().len() <= 402, "{span}");
    }
}

#[tokio::test]
async fn a_series_that_cannot_be_shown_says_why() {
    let gateway = Gateway::start().await;
    for (query, pointers) in [
        ("metric=bananas", "metric"),
        ("last=1h&from=2026-01-01T00:00:00Z", "last"),
        ("last=91d", "last"),
        ("from=2020-01-01T00:00:00Z", "from"),
        ("from=2100-01-01T00:00:00Z", "from"),
        ("step=7s", "step"),
        ("last=1d&step=10s", "step"),
        ("last=8d&step=5m", "step"),
        ("step=36500d", "step"),
        ("x=1", "x"),
    ] {
        let answer = gateway.get(&format!("/api/v1/series?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.pointers()), (422, vec![pointers.to_owned()]), "{query}");
    }
    let unknown = gateway.get("/api/v1/series?queue=none").await;
    assert_eq!(unknown.problem(), (404, "unknown_queue".to_owned()));
}

#[tokio::test]
async fn a_queue_tells_how_deep_it_was() {
    let gateway = Gateway::with_shards(2).await;
    at_work(&gateway).await;
    for _ in 0..5 {
        gateway.submit_with(json!({ "kind": "mail", "queue": "a" })).await;
    }
    gateway.submit_with(json!({ "kind": "mail", "queue": "a", "delay_ms": 86_400_000 })).await;
    write_behind(&gateway).await;
    for span in ["1h", "24h", "7d", "90d"] {
        let path = format!("/api/v1/series?queue=a&metric=pending,scheduled,running&last={span}");
        let shown = gateway.get(&path).await.json();
        let now: Vec<&Value> = shown["series"].as_array().unwrap().iter().map(|one| &one["points"]).collect();
        let now: Vec<&Value> =
            now.iter().map(|points| &points.as_array().unwrap().last().unwrap()["count"]).collect();
        assert_eq!(now, [&json!(5), &json!(1), &json!(0)], "{span}: {shown}");
    }
    // Nobody knows how it was before anybody looked.
    let points = gateway.get("/api/v1/series?queue=a&metric=pending").await.json();
    assert!(points["series"][0]["points"].as_array().unwrap().len() <= 2, "{points}");
    let all = gateway.get("/api/v1/series?queue=a").await.json();
    assert_eq!(all["series"].as_array().unwrap().len(), 14);
    let none = gateway.get("/api/v1/series?metric=failed,pending").await;
    assert_eq!((none.status.as_u16(), none.pointers()), (422, vec!["queue".to_owned()]), "{}", none.text());
}

#[tokio::test]
async fn failures_come_in_groups_with_their_tasks() {
    let gateway = Gateway::with_shards(2).await;
    let failed = at_work(&gateway).await;
    let list = gateway.get("/api/v1/errors").await.json();
    let group = &list["errors"][0];
    assert_eq!((&list["total"], &group["count"]), (&json!(1), &json!(2)));
    assert_eq!((&group["message"], &group["reason"]), (&json!("mailbox <n> is full"), &json!("smtp")));
    assert_eq!(
        (&group["queues"], &group["workers"]),
        (&json!({ "a": 1, "b": 1 }), &json!({ "worker-001-test": 2 }))
    );
    let path = format!("/api/v1/errors/{}", group["fingerprint"].as_str().unwrap());
    let one = gateway.get(&path).await.json();
    let tasks: Vec<&str> =
        one["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap()).collect();
    assert_eq!(tasks.len(), 2);
    assert!(failed.iter().all(|id| tasks.contains(&id.as_str())));
    let first = gateway.get(&format!("{path}?limit=1")).await.json();
    assert_eq!(first["tasks"].as_array().unwrap().len(), 1);
    for (query, count) in [("queue=a", 1), ("queue=c", 0), ("kind=mail", 1), ("kind=x&queue=a", 0)] {
        let found = gateway.get(&format!("/api/v1/errors?{query}")).await.json();
        assert_eq!(found["errors"].as_array().unwrap().len(), count, "{query}");
    }
    for path in ["/api/v1/errors/0000000000000000", "/api/v1/errors/x"] {
        assert_eq!(gateway.get(path).await.problem(), (404, "unknown_error_group".to_owned()), "{path}");
    }
    assert_eq!(gateway.get("/api/v1/errors?limit=501").await.pointers(), ["limit"]);
}

#[tokio::test]
async fn case_97_figures_are_of_the_queues_that_a_credential_reads() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let failed = at_work(&gateway).await;
    let key = door.key(&["tasks:read@b"], None).await;
    let get = async |path: &str| door.get(&key, path).await;
    let stats = get("/api/v1/tasks/stats").await.json();
    assert_eq!((&stats["recent"]["counts"]["submitted"], &stats["workers"]), (&json!(1), &Value::Null));
    let shown = get("/api/v1/series?metric=submitted").await.json();
    assert_eq!(total(&shown["series"][0]), 1);
    for path in
        ["/api/v1/series?queue=a", "/api/v1/series?queue=a&metric=pending", "/api/v1/tasks/stats?queue=a"]
    {
        assert_eq!(get(path).await.problem(), (404, "unknown_queue".to_owned()), "{path}");
    }
    let group = &get("/api/v1/errors").await.json()["errors"][0];
    assert_eq!((&group["count"], &group["queues"]), (&json!(1), &json!({ "b": 1 })));
    assert_eq!(group["workers"], Value::Null);
    let path = format!("/api/v1/errors/{}", group["fingerprint"].as_str().unwrap());
    let one = get(&path).await.json();
    assert_eq!((one["tasks"].as_array().unwrap().len(), &one["tasks"][0]["id"]), (1, &json!(failed[1])));
    // A group that was only seen elsewhere is not there, and its message as it was is for those who read its queue.
    let other = door.key(&["tasks:read@c"], None).await;
    assert_eq!(door.get(&other, "/api/v1/errors").await.json()["total"], json!(0));
    assert_eq!(door.get(&other, &path).await.problem(), (404, "unknown_error_group".to_owned()));
    let of_a = door.key(&["tasks:read@a"], None).await;
    let hidden = door.get(&of_a, &path).await.json();
    assert_eq!((&hidden["message"], &hidden["sample"]), (&json!("mailbox <n> is full"), &Value::Null));
    assert_eq!(gateway.app.store.lag(Shard::FIRST).await.unwrap().lag_ms, 0);
}

#[tokio::test]
async fn a_credential_for_many_queues_is_shown_counts_but_no_series_of_all() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let mut scopes = Vec::new();
    for number in 0..21 {
        gateway.submit_with(json!({ "kind": "k", "queue": format!("q{number}") })).await;
        scopes.push(format!("tasks:read@q{number}"));
    }
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    let key = door.key(&scopes, None).await;
    let stats = door.get(&key, "/api/v1/tasks/stats").await.json();
    assert_eq!((&stats["tasks"]["pending"], &stats["recent"]["counts"]), (&json!(21), &json!({})), "{stats}");
    assert_eq!(door.get(&key, "/api/v1/series").await.pointers(), ["queue"]);
    assert_eq!(door.get(&key, "/api/v1/series?queue=q1").await.status, 200);
}
