//! The pages of failures: groups, one group, and running all of its tasks again.

use serde_json::json;

use crate::groups::{failed, write_behind};
use crate::support::Gateway;
use crate::ui_pages::HOSTILE;
use crate::ui_support::{assert_safe, page};

async fn group(gateway: &Gateway) -> String {
    let groups = gateway.get("/api/v1/errors").await.json();
    groups["errors"][0]["fingerprint"].as_str().expect("a group").to_owned()
}

#[tokio::test]
async fn groups_are_listed_narrowed_and_opened() {
    let gateway = Gateway::start().await;
    let none = gateway.page("/ui/errors").await.text();
    assert!(
        none.contains("No attempt has failed") && none.contains("baton task ls --status failed"),
        "{none}"
    );
    let one = failed(&gateway, "a", "mailbox 7 is full").await;
    let other = failed(&gateway, "b", "mailbox 12 is full").await;
    write_behind(&gateway).await;
    let name = group(&gateway).await;
    let list = gateway.page("/ui/errors").await.text();
    assert!(
        list.contains(&format!("id=\"error-{name}\"")) && list.contains("mailbox &#60;n&#62; is full"),
        "{list}"
    );
    assert!(list.contains("aria-label=\"In a day: 2 failed\""), "{list}");
    assert!(gateway.page("/ui/errors?queue=a&kind=mail").await.text().contains("Without this filter"));
    assert!(gateway.page("/ui/errors?queue=c").await.text().contains("No group fits"));
    let text = gateway.page(&format!("/ui/errors/{name}")).await.text();
    for part in [
        &one,
        &other,
        "worker-001-test",
        "/ui/queues/a",
        "/rerun\"",
        "Newest task</a>",
        "<figure class=\"chart\" id=\"chart-failures\">",
        "failed <b>2</b>",
        "<th>Version now</th>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // Its dead letters, and all of them, are lists of tasks.
    let dead = gateway.page(&format!("/ui/tasks?status=failed%2Ctimeout&q=error%3A{name}")).await.text();
    assert!(dead.contains(&format!("id=\"task-{one}\"")), "{dead}");
    assert!(gateway.page("/").await.text().contains(&format!("/ui/errors/{name}\"")));
    for gone in ["/ui/errors/0000000000000000", "/ui/errors/x"] {
        assert_eq!(gateway.ask(page(gone)).await.status, 404, "{gone}");
    }
}

#[tokio::test]
async fn further_groups_are_behind_a_link() {
    let gateway = Gateway::start().await;
    for number in 0_u8..51 {
        let word: String =
            [number / 26, number % 26].map(|part| char::from(b'a' + part)).into_iter().collect();
        failed(&gateway, "default", &format!("broken {word}x")).await;
    }
    write_behind(&gateway).await;
    let first = gateway.page("/ui/errors").await.text();
    assert_eq!(first.matches("<tr id=\"error-").count(), 50);
    let next = first.split("\" rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let rest = gateway.page(&next.replace("&#38;", "&")).await.text();
    assert_eq!(rest.matches("<tr id=\"error-").count(), 1, "{next}");
    assert!(rest.contains("From the start"));
}

#[tokio::test]
async fn all_of_a_group_are_counted_and_then_run_again_once() {
    let gateway = Gateway::start().await;
    let one = failed(&gateway, "a", "mailbox 7 is full").await;
    let other = failed(&gateway, "b", "mailbox 12 is full").await;
    write_behind(&gateway).await;
    let path = format!("/ui/errors/{}/rerun", group(&gateway).await);
    let asked = gateway.page(&path).await.text();
    assert!(asked.contains("Rerun 2 tasks?") && asked.contains(&one[..8]), "{asked}");
    assert_eq!(gateway.task(&one).await["status"], "failed", "asking changes nothing");
    let once = asked.split("name=\"once\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let long = "x".repeat(300);
    let refused = gateway.send(&path, "", &[("once", once), ("reason", &long)]).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert_safe(&refused, "");
    assert!(
        refused.text().contains("role=\"alert\"") && refused.text().contains(&long),
        "{}",
        refused.text()
    );
    let begun = gateway.send(&path, "", &[("once", once), ("reason", "the relay is back")]).await;
    let twice = gateway.send(&path, "", &[("once", once), ("reason", "the relay is back")]).await;
    assert_eq!((begun.status.as_u16(), begun.header("location")), (303, twice.header("location")));
    let shown = gateway.page(begun.header("location")).await.text();
    assert!(shown.contains("2 of 2") && shown.contains("the relay is back"), "{shown}");
    for id in [&one, &other] {
        assert_eq!(gateway.task(id).await["status"], "pending");
    }
    assert!(gateway.page(&path).await.text().contains("None of its tasks is failed or timed out now"));
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn hostile_messages_are_text_in_groups_too() {
    let gateway = Gateway::start().await;
    for text in HOSTILE {
        failed(&gateway, "default", text).await;
    }
    write_behind(&gateway).await;
    let groups = gateway.get("/api/v1/errors").await.json();
    let mut paths = vec!["/ui/errors".to_owned()];
    for group in groups["errors"].as_array().unwrap() {
        let path = format!("/ui/errors/{}", group["fingerprint"].as_str().unwrap());
        paths.extend([format!("{path}/rerun"), path]);
    }
    assert_eq!(paths.len(), 2 * HOSTILE.len() + 1);
    for path in paths {
        let text = gateway.page(&path).await.text();
        for wrong in ["<script>alert", "<img", "' onmouseover='", "\u{202e}", "\u{2066}", "\u{0}", "\u{1b}"] {
            assert!(!text.contains(wrong), "{wrong:?} in {path}: {text}");
        }
    }
}

#[tokio::test]
async fn viewers_see_groups_and_run_none_again() {
    let gateway = Gateway::secured().await;
    let alice = gateway.log_in("alice").await;
    let (admin, viewer) = (gateway.jar_of("alice").await, gateway.jar_of("bob").await);
    let bound =
        json!({ "name": "w", "scopes": ["workers:register", "tasks:claim"], "worker": "worker-001-test" });
    let (key, _) = gateway.key(&alice.access, bound).await;
    let body = json!({ "worker_id": "worker-001-test", "boot": "b1", "queues": ["default"], "slots": 4 });
    let joined = gateway.post_as("/api/v1/workers/register", &key, body).await;
    assert!(joined.status.is_success(), "{}", joined.text());
    let made = gateway.post_as("/api/v1/tasks", &alice.access, json!({ "kind": "mail" })).await.json();
    let id = made["id"].as_str().unwrap();
    let worker = json!({ "worker": "worker-001-test" });
    let held = gateway.post_as(&format!("/api/v1/tasks/{id}/claim"), &key, worker).await.json();
    let end =
        json!({ "worker": "worker-001-test", "fence": held["fence"], "error": "boom", "permanent": true });
    let ended = gateway.post_as(&format!("/api/v1/leases/{id}/fail"), &key, end).await;
    assert_eq!(ended.status, 200, "{}", ended.text());
    write_behind(&gateway).await;
    let groups = gateway.get_as("/api/v1/errors", &alice.access).await.json();
    let path = format!("/ui/errors/{}", groups["errors"][0]["fingerprint"].as_str().unwrap());
    let rerun = format!("{path}/rerun");
    assert!(!gateway.page_with(&path, &viewer).await.text().contains("/rerun"));
    assert!(gateway.page_with(&path, &admin).await.text().contains("/rerun\""));
    assert_eq!(gateway.ask(page(&rerun).with("cookie", &viewer)).await.status, 403);
    assert_eq!(gateway.send(&rerun, &viewer, &[]).await.status, 403);
    let task = gateway.get_as(&format!("/api/v1/tasks/{id}"), &alice.access).await.json();
    assert_eq!(task["status"], "failed");
}

#[tokio::test]
async fn a_group_is_silenced_and_taken_back_by_hand() {
    let gateway = Gateway::start().await;
    failed(&gateway, "a", "mailbox 7 is full").await;
    write_behind(&gateway).await;
    let place = format!("/ui/errors/{}", group(&gateway).await);
    let (silence, back) = (format!("{place}/silence"), format!("{place}/unsilence"));
    let form = gateway.ask(page(&silence)).await;
    assert_safe(&form, "");
    assert!(form.text().contains("<option value=\"604800000\" selected>a week</option>"), "{}", form.text());
    let reason = HOSTILE[0];
    for (for_ms, said) in [("60", "not between"), ("soon", "for_ms")] {
        let again = gateway.send(&silence, "", &[("for_ms", for_ms), ("reason", reason)]).await;
        assert_eq!(again.status, 422, "{for_ms}");
        assert!(again.text().contains(said), "{for_ms}: {}", again.text());
        assert_safe(&again, "");
    }
    let sent = gateway.send(&silence, "", &[("for_ms", "604800000"), ("reason", reason)]).await;
    assert_eq!((sent.status.as_u16(), sent.header("location")), (303, &*place));
    let shown = gateway.ask(page(&place)).await;
    assert_safe(&shown, "");
    for part in ["<span class=\"badge\">silenced</span> until ", "local-dev", "Unsilence</a>"] {
        assert!(shown.text().contains(part), "{part} in {}", shown.text());
    }
    let list = gateway.page("/ui/errors").await.text();
    assert!(
        list.contains("<span class=\"badge\">silenced</span>") && list.contains("?silenced=false"),
        "{list}"
    );
    assert!(!gateway.page("/ui/errors?silenced=false").await.text().contains("<tr id=\"error-"));
    let overview = gateway.page("/").await.text();
    assert!(!overview.contains("<tr id=\"error-") && overview.contains("but for those that are silenced"));
    assert!(gateway.page(&back).await.text().contains("Unsilence: <bdi>mailbox &#60;n&#62; is full"));
    let sent = gateway.send(&back, "", &[]).await;
    assert_eq!((sent.status.as_u16(), sent.header("location")), (303, &*place));
    assert!(gateway.page("/").await.text().contains("<tr id=\"error-"));
}
