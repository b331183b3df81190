//! The form that submits a task: what it makes, what it refuses, and how it is filled from another task.

use serde_json::json;

use crate::support::Gateway;
use crate::ui_pages::HOSTILE;
use crate::ui_support::{assert_safe, page};

const PATH: &str = "/ui/submit";

fn once(text: &str) -> String {
    text.split("name=\"once\" value=\"")
        .nth(1)
        .expect("a name")
        .split('"')
        .next()
        .expect("its end")
        .to_owned()
}

#[tokio::test]
async fn a_double_click_submits_once() {
    let gateway = Gateway::start().await;
    gateway.submit_with(json!({ "kind": "echo", "queue": "emails" })).await;
    let form = gateway.page(PATH).await.text();
    assert!(form.contains("<option value=\"emails\">"), "known queues are offered: {form}");
    let once = once(&form);
    let payload = "{\r\n  \"n\": 12345678901234567890\r\n}";
    let sent = [
        ("once", once.as_str()),
        ("kind", "report.build"),
        ("queue", "reports"),
        ("payload", payload),
        ("priority", "7"),
        ("delay", "1d"),
        ("timeout", "90s"),
        ("attempts", "4"),
        ("key", "k-1"),
        ("tags", "a, b"),
    ];
    let made = gateway.send(PATH, "", &sent).await;
    let twice = gateway.send(PATH, "", &sent).await;
    assert_eq!(
        (made.status.as_u16(), made.header("location")),
        (303, twice.header("location")),
        "{}",
        made.text()
    );
    let id = made.header("location").trim_start_matches("/ui/tasks/").to_owned();
    let task = gateway.task(&id).await;
    for (member, value) in [
        ("kind", json!("report.build")),
        ("queue", json!("reports")),
        ("priority", json!(7)),
        ("status", json!("scheduled")),
        ("timeout_ms", json!(90_000)),
        ("max_attempts", json!(4)),
        ("key", json!("k-1")),
        ("tags", json!(["a", "b"])),
    ] {
        assert_eq!(task[member], value, "{member}");
    }
    let raw = gateway.get(&format!("/api/v1/tasks/{id}")).await.text();
    assert!(raw.contains("12345678901234567890"), "{raw}");
    // What was changed after it went is another wish, and is said to be.
    let other: Vec<_> =
        sent.iter().map(|(name, value)| (*name, if *name == "priority" { "1" } else { *value })).collect();
    let mismatch = gateway.send(PATH, "", &other).await;
    assert_eq!(mismatch.status, 422, "{}", mismatch.text());
    assert!(mismatch.text().contains("This form was sent before, with something else in it"));
    assert!(!mismatch.text().contains("idempotency"), "nobody saw a key: {}", mismatch.text());
    assert_ne!(super::ui_submit::once(&mismatch.text()), once, "the next try has a name of its own");
}

#[tokio::test]
async fn mistakes_point_at_their_place() {
    let gateway = Gateway::start().await;
    for (field, value, said) in [
        ("payload", "{\"a\": [1,\n 2,]}", "line 2 column 4"),
        ("kind", "", "kind"),
        ("kind", "not a kind", "kind"),
        ("queue", "a b", "queue"),
        ("priority", "12", "12"),
        ("priority", "1.5", "whole number"),
        ("delay", "tomorrow", "as a length of time"),
        ("timeout", "1ms", "1"),
        ("tags", "ok, not ok", "tag"),
    ] {
        let mut sent = vec![("kind", "echo"), ("queue", "emails"), ("key", "typed-by-me"), ("payload", "1")];
        sent.retain(|(name, _)| *name != field);
        sent.push((field, value));
        let refused = gateway.send(PATH, "", &sent).await;
        assert_eq!(refused.status, 422, "{field} {value}: {}", refused.text());
        assert_safe(&refused, "");
        let text = refused.text();
        let at = text.split(&format!("id=\"{field}-wrong\">")).nth(1);
        let at = at.unwrap_or_else(|| panic!("nothing at {field}: {text}")).split("</p>").next().unwrap();
        assert!(at.contains(said), "{field}: {at}");
        assert!(text.contains("value=\"typed-by-me\""), "what was typed stays: {text}");
    }
    assert_eq!(gateway.get("/api/v1/tasks").await.json()["tasks"], json!([]));
    // A payload that is too long for one form is a sentence, too.
    let long = format!("\"{}\"", "x".repeat(1_100_000));
    let refused = gateway.send(PATH, "", &[("kind", "echo"), ("queue", "default"), ("payload", &long)]).await;
    assert_eq!(refused.status, 413);
}

/// Nobody types it twice because Redis was full; and if it was done after all, the same wish does it no second time.
#[tokio::test]
async fn a_fleet_that_is_full_keeps_what_was_typed() {
    let gateway = Gateway::start().await;
    let once = once(&gateway.page(PATH).await.text());
    let sent = [
        ("once", once.as_str()),
        ("kind", "echo"),
        ("queue", "emails"),
        ("key", "typed-by-me"),
        ("payload", "{\"typed\": 1}"),
    ];
    gateway.redis.say::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let full = gateway.send(PATH, "", &sent).await;
    gateway.redis.say::<()>(&["CONFIG", "SET", "maxmemory", "0"]).await;
    let text = full.text();
    assert_eq!(full.status, 507, "{text}");
    assert!(text.contains("role=\"alert\"") && text.contains("value=\"typed-by-me\""), "{text}");
    assert!(text.contains("{&#34;typed&#34;: 1}"), "{text}");
    assert_eq!(super::ui_submit::once(&text), once);
    assert_eq!(gateway.send(PATH, "", &sent).await.status, 303);
}

#[tokio::test]
async fn a_clone_is_filled_from_its_task() {
    let gateway = Gateway::start().await;
    let body = json!({
        "kind": "report.build", "queue": "reports", "payload": { HOSTILE[0]: HOSTILE[3] }, "priority": 3,
        "timeout_ms": 90_000, "max_attempts": 4, "key": "k-1", "tags": ["a", "b"],
    });
    let id = gateway.submit_with(body).await;
    let path = format!("{PATH}?from={id}");
    assert!(gateway.page(&format!("/ui/tasks/{id}")).await.text().contains(&format!("href=\"{path}\"")));
    let form = gateway.page(&path).await.text();
    for part in [
        "value=\"report.build\"",
        "value=\"reports\"",
        "value=\"3\"",
        "value=\"90s\"",
        "value=\"4\"",
        "value=\"a, b\"",
    ] {
        assert!(form.contains(part), "{part} in {form}");
    }
    assert!(!form.contains("k-1"), "a key is one task's own: {form}");
    assert!(
        !form.contains("<script>alert") && !form.contains('\u{202e}') && form.contains("\\u202etxt"),
        "{form}"
    );
    assert_eq!(
        gateway.ask(page(&format!("{PATH}?from=01936a5c-2b4e-7abc-8def-001122334000"))).await.status,
        404
    );
    let said = gateway.page(&format!("{PATH}?kind=echo&queue=emails")).await.text();
    assert!(said.contains("value=\"echo\"") && said.contains("value=\"emails\""), "{said}");
}

#[tokio::test]
async fn viewers_submit_nothing() {
    let gateway = Gateway::secured().await;
    let viewer = gateway.jar_of("bob").await;
    assert!(!gateway.page_with("/ui/tasks", &viewer).await.text().contains(PATH));
    assert_eq!(gateway.ask(page(PATH).with("cookie", &viewer)).await.status, 403);
    assert_eq!(gateway.send(PATH, &viewer, &[("kind", "echo"), ("queue", "default")]).await.status, 403);
    // Whoever may write in one queue only is told so at the queue.
    let alice = gateway.log_in("alice").await;
    let (key, _) = gateway
        .key(&alice.access, json!({ "name": "one", "scopes": ["tasks:read@emails", "tasks:write@emails"] }))
        .await;
    let sent = crate::ui_support::filled(PATH, &[("kind", "echo"), ("queue", "salaries")])
        .with("authorization", format!("Bearer {key}"));
    let refused = gateway.ask(sent).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("id=\"queue-wrong\""), "{}", refused.text());
}

#[tokio::test]
async fn a_task_of_the_kind_says_how_a_payload_looks() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    gateway.submit_with(json!({ "kind": "report.build", "payload": { "untried": true } })).await;
    let task =
        json!({ "kind": "report.build", "queue": "other", "payload": { "n": [HOSTILE[0], HOSTILE[3]] } });
    let done = gateway.submit_with(task).await;
    gateway.complete(&worker, &done, json!(1)).await;
    gateway.submit_with(json!({ "kind": "echo", "payload": "only one" })).await;
    let ask = async |kind: &str| {
        let typed = [
            ("kind", kind),
            ("queue", "emails"),
            ("key", "typed-by-me"),
            ("payload", "1"),
            ("do", "example"),
        ];
        let answer = gateway.send(PATH, "", &typed).await;
        assert_safe(&answer, "");
        (answer.status.as_u16(), answer.text())
    };
    let (status, text) = ask("report.build").await;
    assert_eq!(status, 200, "{text}");
    assert!(
        text.contains("&#34;n&#34;") && text.contains("\\u202etxt") && !text.contains("<script>alert"),
        "{text}"
    );
    assert!(text.contains("value=\"typed-by-me\"") && !text.contains("untried"), "{text}");
    assert!(ask("echo").await.1.contains("only one"));
    let (status, text) = ask("nobody.knows").await;
    assert!(status == 422 && text.contains("id=\"payload-wrong\""), "{text}");
    assert!(ask("not a kind").await.1.contains("id=\"kind-wrong\""));
    assert_eq!(gateway.get("/api/v1/tasks").await.json()["tasks"].as_array().unwrap().len(), 3);
}
