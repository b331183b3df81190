//! What happened and what operators did, read back: page by page, filtered, as lines, and on pages.

use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::{Answer, Gateway, get};
use crate::ui_pages::HOSTILE;

const HISTORY: &str = "/api/v1/events/history";

fn words(answer: &Answer) -> Vec<String> {
    let events = answer.json()["events"].as_array().expect("events").clone();
    events.iter().map(|event| event["event"].as_str().expect("a word").to_owned()).collect()
}

/// From page to page, as the header says.
async fn all(gateway: &Gateway, path: &str) -> Vec<Value> {
    let (mut found, mut path) = (Vec::new(), path.to_owned());
    loop {
        let page = gateway.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.text());
        found.extend(page.json()["events"].as_array().expect("events").clone());
        match page.header("link").strip_prefix('<').and_then(|link| link.split('>').next()) {
            Some(next) => path = next.to_owned(),
            None => return found,
        }
    }
}

#[tokio::test]
async fn it_is_read_back_the_latest_first() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit("k").await;
    gateway.take(&worker, &id).await;
    gateway.post("/api/v1/queues/mail/pause", json!({})).await;
    let page = gateway.get(HISTORY).await;
    assert_eq!(words(&page), ["pause", "claim", "submit", "register"]);
    let first = page.json()["events"][0].clone();
    assert_eq!((&first["queue"], &first["by"]), (&json!("mail"), &json!("local-dev")));
    assert_eq!((&page.json()["next_cursor"], &page.json()["looked_at"]), (&Value::Null, &json!(4)));
    for (query, expected) in [
        ("topics=tasks", &["claim", "submit"][..]),
        ("topics=queues", &["pause"]),
        ("event=claim,register", &["claim", "register"]),
        ("queue=mail", &["pause"]),
        ("kind=k&event=submit", &["submit"]),
        ("by=nobody", &[]),
        ("by=local-dev&topics=queues,workers", &["pause"]),
    ] {
        assert_eq!(words(&gateway.get(&format!("{HISTORY}?{query}")).await), expected, "{query}");
    }
    let of_task = format!("{HISTORY}?task={id}");
    assert_eq!(words(&gateway.get(&of_task).await).len(), 2);
    for wrong in ["topics=x", "cursor=x", "cursor=1-1,2-2", "limit=0", "format=xml", "unknown=1"] {
        let status = gateway.get(&format!("{HISTORY}?{wrong}")).await.status;
        assert!(status.is_client_error(), "{wrong}: {status}");
    }
}

/// Across shards, and while more comes: each once, in order.
#[tokio::test]
async fn pages_have_no_gap_and_no_double() {
    let gateway = Gateway::with_shards(3).await;
    let mut made = Vec::new();
    for _ in 0..30 {
        made.push(gateway.submit("k").await);
    }
    let first = gateway.get(&format!("{HISTORY}?limit=7")).await.json();
    gateway.submit("later").await;
    let rest =
        all(&gateway, &format!("{HISTORY}?limit=7&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    let events: Vec<Value> = first["events"].as_array().unwrap().iter().cloned().chain(rest).collect();
    let submits = events.iter().filter(|event| event["event"] == "submit");
    let mut told: Vec<String> = submits.map(|event| event["task"].as_str().unwrap().to_owned()).collect();
    let times: Vec<&str> = events.iter().map(|event| event["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
    told.sort_unstable();
    made.sort_unstable();
    assert_eq!(told, made);
}

#[tokio::test]
async fn it_can_be_had_line_by_line() {
    let gateway = Gateway::start().await;
    for _ in 0..3 {
        gateway.submit("k").await;
    }
    for ask in [
        get("/api/v1/events/history?limit=2&format=ndjson"),
        get("/api/v1/events/history?limit=2").with("accept", "application/x-ndjson"),
    ] {
        let lines = gateway.ask(ask).await;
        assert_eq!(lines.header("content-type"), "application/x-ndjson");
        let events: Vec<Value> =
            lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((events.len(), &events[0]["event"]), (2, &json!("submit")));
        assert!(lines.header("link").contains("cursor="), "{}", lines.header("link"));
    }
    gateway.post("/api/v1/queues/mail/pause", json!({})).await;
    let lines = gateway.get("/api/v1/audit?format=ndjson").await;
    let entry: Value = serde_json::from_str(lines.text().lines().next().unwrap()).unwrap();
    assert_eq!(
        (&entry["action"], lines.header("content-type")),
        (&json!("pause_queue"), "application/x-ndjson")
    );
}

#[tokio::test]
async fn what_is_in_queues_of_others_is_not_told() {
    let gateway = Gateway::start().await;
    gateway.submit_with(json!({ "kind": "k", "queue": "a" })).await;
    gateway.submit_with(json!({ "kind": "k", "queue": "b" })).await;
    gateway.worker(1).await;
    let guarded = Guarded::beside(&gateway).await;
    let key = guarded.key(&["tasks:read@a"], None).await;
    let page = guarded.ask(get(HISTORY).with("authorization", format!("Bearer {key}"))).await;
    let events = page.json()["events"].clone();
    assert_eq!((events.as_array().unwrap().len(), &events[0]["queue"]), (1, &json!("a")));
    let none = guarded.key(&["workers:read"], None).await;
    let page = guarded.ask(get(HISTORY).with("authorization", format!("Bearer {none}"))).await;
    assert_eq!(page.status, 403);
}

#[tokio::test]
async fn the_trail_is_filtered() {
    let gateway = Gateway::start().await;
    for queue in ["a", "b"] {
        gateway.post(&format!("/api/v1/queues/{queue}/pause"), json!({})).await;
    }
    gateway.post("/api/v1/queues/a/resume", json!({})).await;
    for (query, many) in [
        ("action=pause_queue", 2),
        ("subject=a", 2),
        ("subject=a&action=resume_queue", 1),
        ("by=local-dev", 3),
        ("by=x", 0),
        ("address=127.0.0.1", 3),
    ] {
        let found = gateway.get(&format!("/api/v1/audit?{query}")).await.json();
        assert_eq!(found["entries"].as_array().unwrap().len(), many, "{query}");
    }
}

#[tokio::test]
async fn pages_show_both_with_their_filters_in_the_address() {
    let gateway = Gateway::start().await;
    assert!(gateway.page("/ui/events").await.text().contains("Nothing has happened yet"));
    assert!(gateway.page("/ui/audit").await.text().contains("baton queue set default --concurrency 10"));
    let id = gateway.submit("k").await;
    gateway.post("/api/v1/queues/mail/pause", json!({})).await;
    let text = gateway.page("/ui/events").await.text();
    assert!(
        text.contains(&format!("href=\"/ui/tasks/{id}\""))
            && text.contains("data-topics=\"tasks,queues,workers\""),
        "{text}"
    );
    assert!(text.contains("format=ndjson"), "{text}");
    let text = gateway.page("/ui/events?queue=mail&topics=queues").await.text();
    assert!(text.contains("value=\"mail\"") && !text.contains(&id), "{text}");
    assert!(text.contains("data-topics=\"\"") && text.contains("when you press"), "{text}");
    let text_of_queues = gateway.page("/ui/events?topics=queues").await.text();
    assert!(text_of_queues.contains("data-topics=\"queues\""), "{text_of_queues}");
    assert!(
        text.contains("/api/v1/events/history?limit=500&#38;format=ndjson&#38;topics=queues&#38;queue=mail"),
        "{text}"
    );
    let text = gateway.page("/ui/events?by=nobody").await.text();
    assert!(text.contains("Nothing that fits"), "{text}");
    let text = gateway.page("/ui/audit").await.text();
    assert!(
        text.contains("pause queue") && text.contains("local-dev") && text.contains("127.0.0.1"),
        "{text}"
    );
    // What was done to many says why.
    let many = json!({ "action": "cancel", "filter": { "all": true }, "reason": "the <i>relay</i> is away" });
    assert!(gateway.post("/api/v1/actions", many).await.status.is_success());
    let text = gateway.page("/ui/audit").await.text();
    assert!(text.contains("the &#60;i&#62;relay&#60;/i&#62; is away"), "{text}");
    assert!(text.contains("data-topics=\"tasks,queues,workers\""), "{text}");
    assert!(gateway.page("/ui/audit?action=x").await.text().contains("Nothing that fits"));
    for _ in 0..100 {
        gateway.submit("k").await;
    }
    let text = gateway.page("/ui/events").await.text();
    assert_eq!(text.matches("<tr id=\"event-").count(), 100);
    assert!(text.contains("rel=\"next\""), "{text}");
}

#[tokio::test]
async fn whoever_may_not_see_the_trail_is_told_what_it_takes() {
    let gateway = Gateway::secured().await;
    let jar = gateway.jar_of("bob").await;
    let text = gateway.page_with("/ui/audit", &jar).await.text();
    assert!(text.contains("takes the scope <code>admin</code>"), "{text}");
    gateway.page_with("/ui/events", &jar).await;
}

/// Reasons, and what stands in an address, are anybody's text.
#[tokio::test]
async fn hostile_reasons_and_filters_are_text() {
    let gateway = Gateway::start().await;
    for text in HOSTILE.into_iter().filter(|text| !text.chars().any(char::is_control)) {
        let id = gateway.submit("k").await;
        gateway.post(&format!("/api/v1/tasks/{id}/cancel"), json!({ "reason": text })).await;
        let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in [
            "/ui/events".to_owned(),
            format!("/ui/events?by={escaped}&event={escaped}"),
            format!("/ui/audit?subject={escaped}"),
        ] {
            let shown = gateway.page(&path).await.text();
            assert!(
                !shown.contains("<img") && !shown.contains("<script>") && !shown.contains('\u{202e}'),
                "{path}: {shown}"
            );
        }
    }
}
