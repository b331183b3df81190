//! Lists of tasks: their order, filters, cursors and pages.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::Gateway;

fn ids(page: &Value) -> Vec<String> {
    page["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect()
}

fn statuses(page: &Value) -> Vec<&str> {
    page["tasks"].as_array().unwrap().iter().map(|task| task["status"].as_str().unwrap()).collect()
}

/// A few tasks in every status that can be had at once.
async fn mixed(gateway: &Gateway) {
    let worker = gateway.worker(1).await;
    for _ in 0..2 {
        let id = gateway.submit("done").await;
        let fence = gateway.claim(&worker).await["fence"].clone();
        let done = json!({ "worker": worker, "fence": fence, "result": { "large": "x".repeat(100) } });
        gateway.post(&format!("/api/v1/leases/{id}/complete"), done).await;
    }
    let id = gateway.submit("bad").await;
    let fence = gateway.claim(&worker).await["fence"].clone();
    gateway
        .post(
            &format!("/api/v1/leases/{id}/fail"),
            json!({ "worker": worker, "fence": fence, "permanent": true }),
        )
        .await;
    gateway.submit("runs").await;
    gateway.claim(&worker).await;
    gateway.submit_with(json!({ "kind": "later", "delay_ms": 60_000 })).await;
    let id = gateway.submit("gone").await;
    gateway.post(&format!("/api/v1/tasks/{id}/cancel"), json!({})).await;
    gateway.submit_with(json!({ "kind": "waits", "queue": "media", "tags": ["red"] })).await;
    gateway.submit_with(json!({ "kind": "waits", "payload": { "large": "x".repeat(100) } })).await;
}

#[tokio::test]
async fn tasks_stand_in_the_order_of_what_matters() {
    let gateway = Gateway::start().await;
    mixed(&gateway).await;
    let page = gateway.get("/api/v1/tasks").await.json();
    let order =
        ["running", "pending", "pending", "scheduled", "failed", "cancelled", "completed", "completed"];
    assert_eq!(statuses(&page), order);
    assert!(
        page["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|task| task.get("payload").is_none() && task.get("result").is_none())
    );
    assert!(page.get("next_cursor").is_none());
    // Small steps come to the same.
    let (mut path, mut seen) = ("/api/v1/tasks?limit=3".to_owned(), Vec::new());
    loop {
        let answer = gateway.get(&path).await;
        seen.extend(ids(&answer.json()));
        match answer.header("link").strip_prefix('<').and_then(|link| link.split_once('>')) {
            Some((next, _)) => path = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, ids(&page));
    let pages = [1, 2, 3].map(|page| format!("/api/v1/tasks?page={page}&page_size=3"));
    let mut paged = Vec::new();
    for path in pages {
        let page = gateway.get(&path).await.json();
        assert_eq!((&page["total"], &page["page_size"]), (&json!(8), &json!(3)));
        paged.extend(ids(&page));
    }
    assert_eq!(paged, ids(&page));
}

#[tokio::test]
async fn filters_narrow_a_list() {
    let gateway = Gateway::start().await;
    mixed(&gateway).await;
    for (query, count) in [
        ("status=pending", 2),
        ("status=pending,running", 3),
        ("status=pending&status=completed", 4),
        ("queue=media", 1),
        ("queue=media&status=running", 0),
        ("kind=waits", 2),
        ("kind=waits&queue=default", 1),
        ("kind=waits,runs", 3),
        ("worker=worker-001-test", 4),
        ("tag=red", 1),
        ("key=none", 0),
        ("created_after=2020-01-01T00:00:00Z", 8),
        ("created_before=2020-01-01T00:00:00Z", 0),
    ] {
        let page = gateway.get(&format!("/api/v1/tasks?{query}")).await.json();
        assert_eq!(ids(&page).len(), count, "{query}: {page}");
        let paged = gateway.get(&format!("/api/v1/tasks?{query}&page=1&page_size=100")).await.json();
        assert_eq!((ids(&paged), paged["total"].as_u64()), (ids(&page), Some(count as u64)), "{query}");
    }
    let scanned = gateway.get("/api/v1/tasks?kind=waits&limit=1").await.json();
    assert_eq!((ids(&scanned).len(), &scanned["truncated"]), (1, &json!(false)));
    let next =
        format!("/api/v1/tasks?kind=waits&limit=1&cursor={}", scanned["next_cursor"].as_str().unwrap());
    let second = gateway.get(&next).await.json();
    assert_eq!(ids(&second).len(), 1);
    assert_ne!(ids(&second), ids(&scanned));
    let history = gateway.get("/api/v1/tasks?status=failed&include=history").await.json();
    assert_eq!(history["tasks"][0]["history_count"], 3);
}

#[tokio::test]
async fn a_search_without_an_index_has_a_budget_and_says_so() {
    let gateway = Gateway::start().await;
    for _ in 0..3 {
        let body = json!({ "tasks": vec![json!({ "kind": "hay" }); 1_000] });
        gateway.post("/api/v1/tasks/batch", body).await;
    }
    let needle = gateway.submit_with(json!({ "kind": "needle", "priority": 0 })).await;
    let first = gateway.get("/api/v1/tasks?kind=needle").await.json();
    assert_eq!((ids(&first).len(), &first["scanned"], &first["truncated"]), (0, &json!(2_000), &json!(true)));
    let next = format!("/api/v1/tasks?kind=needle&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = gateway.get(&next).await.json();
    assert_eq!((ids(&second), &second["truncated"]), (vec![needle], &json!(false)));
    let paged = gateway.get("/api/v1/tasks?kind=needle&page=1").await.json();
    assert_eq!((&paged["total"], &paged["truncated"]), (&json!(0), &json!(true)));
    let last = gateway.get("/api/v1/tasks?page=31&page_size=100").await.json();
    assert_eq!((ids(&last).len(), &last["total"]), (1, &json!(3_001)));
}

#[tokio::test]
async fn a_walk_during_inserts_sees_each_old_task_once() {
    let gateway = Gateway::start().await;
    let mut old = Vec::new();
    for number in 0..60 {
        let queue = ["default", "media"][number % 2];
        old.push(
            gateway.submit_with(json!({ "kind": "old", "queue": queue, "priority": number % 10 })).await,
        );
    }
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut path = "/api/v1/tasks?limit=7".to_owned();
    loop {
        let page = gateway.get(&path).await.json();
        ids(&page).into_iter().for_each(|id| *seen.entry(id).or_default() += 1);
        for priority in [0, 5, 9] {
            gateway.submit_with(json!({ "kind": "new", "priority": priority })).await;
        }
        match page["next_cursor"].as_str() {
            Some(cursor) if seen.len() < 500 => path = format!("/api/v1/tasks?limit=7&cursor={cursor}"),
            _ => break,
        }
    }
    assert!(old.iter().all(|id| seen.get(id) == Some(&1)));
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_named() {
    let gateway = Gateway::start().await;
    gateway.submit("noop").await;
    for (query, pointer) in [
        ("statuss=pending", "statuss"),
        ("status=ready", "status"),
        ("queue=a%20b", "queue"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("page=0", "page"),
        ("page_size=101", "page_size"),
        ("page=1&limit=5", "page"),
        ("page=1&cursor=x", "page"),
        ("cursor=x", "cursor"),
        ("cursor=", "cursor"),
        ("created_after=yesterday", "created_after"),
        ("sort=-created_at", "sort"),
        ("sort=-created_at&kind=noop", "sort"),
        ("sort=priority", "sort"),
        ("q=statsu:failed", "q"),
        ("q=%22open", "q"),
        ("include=everything", "include"),
        ("include=history&limit=200", "limit"),
        ("worker=me", "worker"),
    ] {
        let answer = gateway.get(&format!("/api/v1/tasks?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.pointers()), (422, vec![pointer.to_owned()]), "{query}");
    }
    let hint = gateway.get("/api/v1/tasks?statuss=pending").await.json();
    assert!(hint["errors"][0]["message"].as_str().unwrap().contains("did you mean status?"));
    // All mistakes at once.
    assert_eq!(gateway.get("/api/v1/tasks?limit=0&status=x").await.pointers().len(), 2);
    // A cursor of another list does not fit this one.
    for _ in 0..3 {
        gateway.submit_with(json!({ "kind": "noop", "queue": "media" })).await;
    }
    let cursor = gateway.get("/api/v1/tasks?queue=media&limit=1").await.json()["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let foreign = gateway.get(&format!("/api/v1/tasks?status=failed&cursor={cursor}")).await;
    assert_eq!(foreign.pointers(), ["cursor"]);
    // Routes without parameters take none.
    assert_eq!(gateway.get("/api/v1/tasks/stats?x=1").await.pointers(), ["x"]);
}
