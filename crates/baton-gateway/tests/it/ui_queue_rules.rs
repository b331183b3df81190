//! The form of what a queue allows; and the small charts of queues.

use serde_json::json;

use crate::groups::write_behind;
use crate::support::Gateway;
use crate::ui_pages::HOSTILE;
use crate::ui_support::{assert_safe, page};

const PATH: &str = "/ui/queues/emails/limits";

async fn start() -> Gateway {
    let gateway = Gateway::start().await;
    gateway.submit_with(json!({ "kind": "echo", "queue": "emails" })).await;
    gateway
}

#[tokio::test]
async fn limits_are_set_changed_and_taken_away() {
    let gateway = start().await;
    assert!(gateway.page("/ui/queues/emails").await.text().contains(&format!("href=\"{PATH}\"")));
    assert!(gateway.page(PATH).await.text().contains("name=\"version\" value=\"0\""));
    let sent = [
        ("version", "0"),
        ("concurrency", "10"),
        ("rate_count", "100"),
        ("rate_per", "1m"),
        ("group_concurrency", "2"),
        ("fair", "on"),
        ("keep", "3d"),
        ("failed", "forever"),
    ];
    let set = gateway.send(PATH, "", &sent).await;
    assert_eq!((set.status.as_u16(), set.header("location")), (303, "/ui/queues/emails"), "{}", set.text());
    let queue = gateway.get("/api/v1/queues/emails").await.json();
    let limits = json!({ "concurrency": 10, "rate": { "count": 100, "per_ms": 60_000 }, "group_concurrency": 2, "fair": true });
    assert_eq!(queue["limits"], limits);
    assert_eq!(queue["retention"], json!({ "default": 259_200_000, "failed": "forever" }));
    let form = gateway.page(PATH).await.text();
    for part in ["value=\"1m\"", "value=\"3d\"", "value=\"forever\"", "value=\"on\" checked"] {
        assert!(form.contains(part), "{part} in {form}");
    }
    let version = queue["version"].to_string();
    let less = [("version", version.as_str()), ("concurrency", "10"), ("keep", "3d"), ("aging", "10m")];
    assert_eq!(gateway.send(PATH, "", &less).await.status, 303);
    let queue = gateway.get("/api/v1/queues/emails").await.json();
    assert_eq!(queue["limits"], json!({ "concurrency": 10, "fair": false, "aging_ms": 600_000 }));
    assert_eq!(queue["retention"], json!({ "default": 259_200_000 }));
    let same = [("version", "0"), ("concurrency", "10"), ("keep", "3d"), ("aging", "10m")];
    assert_eq!(gateway.send(PATH, "", &same).await.status, 303, "nothing is otherwise");
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn mistakes_stand_beside_their_fields_and_somebody_faster_is_told_of() {
    let gateway = start().await;
    for (field, sent, said) in [
        ("concurrency", vec![("concurrency", "many")], "whole number"),
        ("concurrency", vec![("concurrency", "0")], "0"),
        ("rate_per", vec![("rate_count", "5")], "say in which time"),
        ("rate_count", vec![("rate_per", "1m")], "say how many"),
        ("rate_per", vec![("rate_count", "5"), ("rate_per", "often")], "as a length of time"),
        ("failed", vec![("failed", "always")], "as a length of time"),
    ] {
        let sent: Vec<_> = sent.into_iter().chain([("version", "0"), ("cancelled", "77d")]).collect();
        let refused = gateway.send(PATH, "", &sent).await;
        assert_eq!(refused.status, 422, "{field}: {}", refused.text());
        assert_safe(&refused, "");
        let text = refused.text();
        let at = text.split(&format!("id=\"{field}-wrong\">")).nth(1);
        let at = at.unwrap_or_else(|| panic!("nothing at {field}: {text}")).split("</p>").next().unwrap();
        assert!(at.contains(said) && text.contains("value=\"77d\""), "{field}: {at}");
    }
    for text in HOSTILE {
        let refused = gateway.send(PATH, "", &[("version", text), ("concurrency", text)]).await;
        assert_eq!(refused.status, 422);
        assert_safe(&refused, "");
        assert!(!refused.text().contains("<script>alert") && !refused.text().contains("<img"));
    }
    assert_eq!(gateway.send(PATH, "", &[("version", "0"), ("concurrency", "10")]).await.status, 303);
    let stale = gateway.send(PATH, "", &[("version", "0"), ("concurrency", "20")]).await;
    assert_eq!(stale.status, 412);
    let text = stale.text();
    let version = gateway.get("/api/v1/queues/emails").await.json()["version"].to_string();
    assert!(
        text.contains(&format!("has version {version} by now")) && text.contains("value=\"20\""),
        "{text}"
    );
    assert!(text.contains(&format!("name=\"version\" value=\"{version}\"")), "{text}");
    assert_eq!(gateway.send(PATH, "", &[("version", &version), ("concurrency", "20")]).await.status, 303);
    assert_eq!(gateway.get("/api/v1/queues/emails").await.json()["limits"]["concurrency"], 20);
}

#[tokio::test]
async fn what_somebody_faster_changed_is_not_undone_by_the_next_try() {
    let gateway = start().await;
    assert!(gateway.page(PATH).await.text().contains("name=\"was-aging\" value=\"\""));
    let first = [("version", "0"), ("concurrency", "10"), ("aging", "10m")];
    assert_eq!(gateway.send(PATH, "", &first).await.status, 303);
    let late = gateway.send(PATH, "", &[("version", "0"), ("concurrency", "20")]).await;
    assert_eq!(late.status, 412);
    let text = late.text();
    assert!(text.contains("name=\"aging\" value=\"10m\""), "{text}");
    assert!(text.contains("value=\"20\"") && text.contains("it is 10 by now"), "{text}");
}

#[tokio::test]
async fn each_queue_has_a_small_chart_that_a_live_page_keeps() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit("echo").await;
    gateway.complete(&worker, &id, json!(1)).await;
    write_behind(&gateway).await;
    let text = gateway.page("/ui/queues").await.text();
    assert!(text.contains("id=\"spark-default\" data-keep><svg class=\"spark\""), "{text}");
    assert!(text.contains("1 completed, 0 failed"), "{text}");
    let live = gateway.ask(page("/ui/queues").with("x-baton-live", "1")).await.text();
    assert!(live.contains("id=\"spark-default\" data-keep></td>"), "{live}");
    assert!(gateway.page("/").await.text().contains("id=\"spark-default\" data-keep><svg"));
}

#[tokio::test]
async fn viewers_set_nothing() {
    let gateway = Gateway::secured().await;
    let alice = gateway.log_in("alice").await;
    gateway.post_as("/api/v1/tasks", &alice.access, json!({ "kind": "echo", "queue": "emails" })).await;
    let (admin, viewer) = (gateway.jar_of("alice").await, gateway.jar_of("bob").await);
    assert!(!gateway.page_with("/ui/queues/emails", &viewer).await.text().contains(PATH));
    assert_eq!(gateway.ask(page(PATH).with("cookie", &viewer)).await.status, 403);
    assert_eq!(gateway.send(PATH, &viewer, &[("version", "0"), ("concurrency", "1")]).await.status, 403);
    assert_eq!(gateway.send(PATH, &admin, &[("version", "0"), ("concurrency", "1")]).await.status, 303);
}
