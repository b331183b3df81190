//! What is done to many tasks: those that fit, with a count before it; other columns of the list; another priority.

use serde_json::{Value, json};

use crate::support::Gateway;
use crate::ui_pages::HOSTILE;
use crate::ui_support::{assert_safe, page};

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).unwrap_or_else(|| panic!("no {from} in {text}")).1;
    rest.split_once(to).unwrap_or_else(|| panic!("no {to} behind {from}")).0
}

async fn fleet(gateway: &Gateway) -> (Vec<String>, Vec<String>) {
    let mut mails = Vec::new();
    for _ in 0..3 {
        mails.push(gateway.submit_with(json!({ "kind": "echo", "queue": "emails", "tags": ["a"] })).await);
    }
    let others = vec![gateway.submit_with(json!({ "kind": "echo", "queue": "default" })).await];
    (mails, others)
}

#[tokio::test]
async fn all_that_fit_are_counted_and_nothing_else_is_touched() {
    let gateway = Gateway::start().await;
    let (mails, others) = fleet(&gateway).await;
    let list = gateway.page("/ui/tasks?status=pending&queue=emails").await.text();
    assert!(list.contains("name=\"all\" value=\"cancel\">Cancel 3</button>"), "{list}");
    assert!(!list.contains("name=\"all\" value=\"rerun\""), "nothing that waits is run again: {list}");
    let asked = gateway.page("/ui/actions?all=cancel&status=pending&queue=emails").await.text();
    assert!(asked.contains("<h1>Cancel 3 tasks?</h1>") && asked.contains("All that fit:"), "{asked}");
    assert_eq!(gateway.task(&mails[0]).await["status"], "pending", "asking changes nothing");
    let once = between(&asked, "name=\"once\" value=\"", "\"");
    let sent =
        [("once", once), ("all", "cancel"), ("status", "pending"), ("queue", "emails"), ("reason", "stale")];
    let done = gateway.send("/ui/actions", "", &sent).await;
    let twice = gateway.send("/ui/actions", "", &sent).await;
    assert_eq!(
        (done.status.as_u16(), done.header("location")),
        (303, twice.header("location")),
        "{}",
        done.text()
    );
    let shown = gateway.page(done.header("location")).await.text();
    for part in ["3 of 3", "stale", "&#34;queue&#34;:[&#34;emails&#34;]"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    for id in &mails {
        assert_eq!(gateway.task(id).await["status"], "cancelled");
    }
    assert_eq!(gateway.task(&others[0]).await["status"], "pending");
    let none = gateway.page("/ui/actions?all=cancel&status=pending&queue=emails").await.text();
    assert!(none.contains("None of those that fit takes it now"), "{none}");
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn what_is_searched_for_is_what_is_acted_on() {
    let gateway = Gateway::start().await;
    let (mails, others) = fleet(&gateway).await;
    let asked = gateway.page("/ui/actions?all=reprioritise&q=tag%3Aa%20kind%3Aecho&priority=2").await.text();
    assert!(
        asked.contains("Reprioritise 3 tasks?") && asked.contains("<option value=\"2\" selected>"),
        "{asked}"
    );
    assert!(asked.contains("name=\"q\" value=\"tag:a kind:echo\""), "{asked}");
    let sent = [("all", "reprioritise"), ("q", "tag:a kind:echo"), ("priority", "2")];
    assert_eq!(gateway.send("/ui/actions", "", &sent).await.status, 303);
    assert_eq!(gateway.task(&mails[2]).await["priority"], 2);
    assert_eq!(gateway.task(&others[0]).await["priority"], 5);
    // The whole fleet takes no more than a look at the count.
    let all = gateway.page("/ui/actions?all=cancel").await.text();
    assert!(all.contains("Cancel 4 tasks?") && all.contains("All that there are, in every queue."), "{all}");
    for (wrong, said) in [
        ("/ui/actions?all=cancel&q=status%3Anonsense", "nonsense"),
        ("/ui/actions?all=promote&status=failed", "promote is for tasks"),
        ("/ui/actions?all=burn", "burn"),
        ("/ui/actions?all=reprioritise&priority=77&queue=emails", "77"),
    ] {
        let refused = gateway.ask(page(wrong)).await;
        assert_eq!(refused.status, 422, "{wrong}");
        assert_safe(&refused, "");
        assert!(refused.text().contains(said), "{wrong}: {}", refused.text());
    }
}

#[tokio::test]
async fn a_refused_act_keeps_what_was_typed() {
    let gateway = Gateway::start().await;
    fleet(&gateway).await;
    let long = "because ".repeat(40);
    let refused =
        gateway.send("/ui/actions", "", &[("all", "cancel"), ("queue", "emails"), ("reason", &long)]).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert_safe(&refused, "");
    let text = refused.text();
    assert!(
        text.contains("role=\"alert\"") && text.contains(&long) && text.contains("Cancel 3 tasks"),
        "{text}"
    );
}

#[tokio::test]
async fn one_task_takes_another_priority() {
    let gateway = Gateway::start().await;
    let id = gateway.submit("echo").await;
    let path = format!("/ui/tasks/{id}/reprioritise");
    assert!(gateway.page(&format!("/ui/tasks/{id}")).await.text().contains(&format!("{path}\"")));
    assert!(gateway.page(&path).await.text().contains("<option value=\"9\" selected>"));
    for wrong in ["", "high", "77"] {
        let refused = gateway.send(&path, "", &[("priority", wrong)]).await;
        assert_eq!(refused.status, 422, "{wrong}");
        assert!(refused.text().contains("role=\"alert\""), "{}", refused.text());
    }
    assert_eq!(gateway.send(&path, "", &[("priority", "7")]).await.status, 303);
    assert_eq!(gateway.task(&id).await["priority"], 7);
}

#[tokio::test]
async fn columns_are_chosen_in_the_address() {
    let gateway = Gateway::start().await;
    fleet(&gateway).await;
    let usual = gateway.page("/ui/tasks").await.text();
    assert!(usual.contains(">Waited</th>") && !usual.contains(">Tags</th>"), "{usual}");
    for asked in ["columns=tags,priority", "columns=tags&columns=priority&columns=%3Cscript%3E"] {
        let text = gateway.page(&format!("/ui/tasks?{asked}&queue=emails")).await.text();
        assert!(
            text.contains(">Tags</th>") && text.contains(">Priority</th>") && !text.contains(">Waited</th>")
        );
        assert!(text.contains("columns=priority%2Ctags&#38;status=failed&#38;queue=emails"), "{text}");
        assert!(text.contains("name=\"columns\" value=\"tags\" checked"), "{text}");
        assert_eq!(text.matches("<td>").count() + text.matches("<td class").count(), 3 * 5, "{text}");
    }
    let dead = gateway.page("/ui/tasks?status=failed%2Ctimeout").await.text();
    assert!(dead.contains("No task is failed or timeout"), "{dead}");
}

/// More tasks than are done with before the answer; nobody goes on with them here.
async fn begun(gateway: &Gateway, count: usize) -> (String, Value) {
    let task = json!({ "kind": "echo", "queue": "emails" });
    for _ in 0..count / 100 {
        let batch = gateway.post("/api/v1/tasks/batch", json!({ "tasks": vec![task.clone(); 100] })).await;
        assert!(batch.status.is_success(), "{}", batch.text());
    }
    let sent = gateway.send("/ui/actions", "", &[("all", "cancel"), ("queue", "emails")]).await;
    let path = sent.header("location").to_owned();
    let operation = gateway.get(&path.replace("/ui/", "/api/v1/")).await.json();
    (path, operation)
}

#[tokio::test]
async fn an_operation_that_goes_on_is_called_off_and_says_what_it_left() {
    let gateway = Gateway::start().await;
    let (path, operation) = begun(&gateway, 1_500).await;
    assert_eq!(
        (&operation["state"], &operation["expected"]),
        (&json!("running"), &json!(1_500)),
        "{operation}"
    );
    let left = operation["left"].as_u64().unwrap();
    assert!(left >= 300, "{operation}");
    assert!(gateway.page(&path).await.text().contains(&format!("href=\"{path}/cancel\"")));
    let asked = gateway.page(&format!("{path}/cancel")).await.text().replace('\u{202f}', "");
    assert!(asked.contains(&format!("{left} of its 1500 tasks.")), "{asked}");
    assert!(asked.contains(&format!("Call it off: {left} tasks</button>")), "{asked}");
    assert_eq!(gateway.send(&format!("{path}/cancel"), "", &[]).await.status, 303);
    let running = tokio::spawn(baton_gateway::bulk::run(gateway.app.clone()));
    let api = path.replace("/ui/", "/api/v1/");
    crate::support::until(async || gateway.get(&api).await.json()["state"] == "cancelled").await;
    running.abort();
    let over = gateway.get(&api).await.json();
    let done = over["done"].as_u64().unwrap();
    let text = gateway.page(&path).await.text().replace('\u{202f}', "");
    let undone = 1_500 - done;
    assert!(
        undone > 0 && text.contains(&format!("<dt>Not done</dt><dd>{undone}: it was called off")),
        "{text}"
    );
    assert!(!text.contains("Call it off"), "{text}");
    let stats = gateway.get("/api/v1/queues/emails").await.json();
    assert_eq!((&stats["tasks"]["pending"], &stats["tasks"]["cancelled"]), (&json!(undone), &json!(done)));
}

#[tokio::test]
async fn an_operation_that_is_over_is_not_called_off() {
    let gateway = Gateway::start().await;
    fleet(&gateway).await;
    let done = gateway.send("/ui/actions", "", &[("all", "cancel"), ("queue", "emails")]).await;
    let path = done.header("location").to_owned();
    assert!(!gateway.page(&path).await.text().contains("Call it off"));
    let late = gateway.send(&format!("{path}/cancel"), "", &[]).await;
    assert_eq!(late.status, 409);
    assert!(late.text().contains("there is nothing left to cancel"), "{}", late.text());
}

#[tokio::test]
async fn hostile_filters_are_text() {
    let gateway = Gateway::start().await;
    for text in HOSTILE {
        let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in [
            format!("/ui/actions?all=cancel&q={escaped}"),
            format!("/ui/actions?all=cancel&queue={escaped}"),
            format!("/ui/actions?all={escaped}"),
            format!("/ui/tasks?columns={escaped}&status={escaped}"),
        ] {
            let answer = gateway.ask(page(&path)).await;
            assert!(answer.status.as_u16() < 500, "{path}: {}", answer.text());
            assert_safe(&answer, "");
            assert!(!answer.text().contains("<script>alert") && !answer.text().contains("<img"), "{path}");
        }
    }
}

#[tokio::test]
async fn viewers_act_on_nothing() {
    let gateway = Gateway::secured().await;
    let viewer = gateway.jar_of("bob").await;
    for path in ["/ui/tasks", "/ui/tasks?status=failed%2Ctimeout"] {
        assert!(!gateway.page_with(path, &viewer).await.text().contains("name=\"all\""), "{path}");
    }
    let asked = gateway.ask(page("/ui/actions?all=cancel").with("cookie", &viewer)).await;
    assert_eq!(asked.status, 403);
    assert_eq!(gateway.send("/ui/actions", &viewer, &[("all", "cancel")]).await.status, 403);
}
