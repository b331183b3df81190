//! What stands on pages.

use serde_json::{Value, json};

use crate::support::{Gateway, get};
use crate::ui_support::{assert_safe, filled, page};

/// Texts that would do something if they were anything but text.
pub(crate) const HOSTILE: [&str; 5] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "\u{202e}txt.exe\u{2066}",
    "nul \u{0} esc \u{1b}[31m",
];

#[tokio::test]
async fn the_overview_of_nothing_says_what_to_do_next() {
    let gateway = Gateway::start().await;
    let text = gateway.page("/").await.text();
    assert!(text.contains("baton task submit echo"), "{text}");
    assert!(
        text.contains("A queue begins with its first task") && text.contains("No attempt has failed.<"),
        "{text}"
    );
    for last in ["1h", "24h", "7d", "90d", "nonsense"] {
        gateway.page(&format!("/?last={last}")).await;
    }
}

#[tokio::test]
async fn the_overview_shows_queues_counts_and_missing_workers() {
    let gateway = Gateway::start().await;
    for _ in 0..3 {
        gateway.submit_with(json!({ "kind": "echo", "queue": "emails" })).await;
    }
    let text = gateway.page("/").await.text();
    assert!(text.contains("id=\"queue-emails\""), "{text}");
    assert!(text.contains("<span class=\"badge bad\">no worker</span>"), "{text}");
    assert!(text.contains("data-count=\"pending\">3<"), "{text}");
    assert!(!text.contains("baton task submit echo"), "{text}");
}

#[tokio::test]
async fn lists_of_nothing_say_what_belongs_there() {
    let gateway = Gateway::start().await;
    for (path, hint) in [
        ("/ui/tasks", "baton task submit echo"),
        ("/ui/tasks?status=failed", "No task is failed"),
        ("/ui/tasks?kind=x", "No task fits"),
        ("/ui/queues", "baton task submit echo --queue"),
        ("/ui/workers", "baton worker run"),
    ] {
        let text = gateway.page(path).await.text();
        assert!(text.contains(hint), "{path}: {text}");
    }
}

#[tokio::test]
async fn a_list_has_tabs_filters_and_a_way_on() {
    let gateway = Gateway::start().await;
    for _ in 0..51 {
        gateway.submit_with(json!({ "kind": "echo", "queue": "emails", "tags": ["a-b"] })).await;
    }
    let text = gateway.page("/ui/tasks?queue=emails&status=pending").await.text();
    assert_eq!(text.matches("<tr id=\"task-").count(), 50);
    assert!(text.contains("href=\"/ui/tasks?status=failed&#38;queue=emails\""), "{text}");
    let next = text.split("rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&");
    let rest = gateway.page(&next).await.text();
    assert_eq!(rest.matches("<tr id=\"task-").count(), 1, "{next}");
    // What is looked for stands in its field, and how far was looked below the list.
    let found = gateway.page("/ui/tasks?q=tag%3Aa-b%20%22%3C%26%22&queue=emails").await.text();
    assert!(
        found.contains("value=\"tag:a-b &#34;&#60;&#38;&#34;\"") && found.contains("Looked at"),
        "{found}"
    );
    // A mistake in a search is a page that says where it is.
    let wrong = gateway.ask(page("/ui/tasks?q=status%3Anonsense")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("nonsense"), "{}", wrong.text());
    assert_safe(&wrong, "");
}

/// One of each thing, with harmful names wherever a name may be anything.
async fn hostile(gateway: &Gateway) -> Vec<String> {
    let worker = gateway.worker(1).await;
    let mut paths = vec!["/".to_owned(), "/ui/tasks".to_owned(), "/ui/workers".to_owned()];
    paths.push(format!("/ui/workers/{worker}"));
    for text in HOSTILE {
        let body = json!({ "kind": "echo", "payload": { text: text }, "max_attempts": 1 });
        let id = gateway.submit_with(body).await;
        let held = gateway.take(&worker, &id).await;
        let lease = json!({ "worker": worker, "fence": held["fence"] });
        let with = |name: &str, value: Value| {
            let mut body = lease.clone();
            body[name] = value;
            body
        };
        let lines = json!([{ "level": "error", "text": text }]);
        let logged = gateway.post(&format!("/api/v1/leases/{id}/logs"), with("logs", lines)).await;
        assert_eq!(logged.status, 204, "{}", logged.text());
        let failed = gateway.post(&format!("/api/v1/leases/{id}/fail"), with("error", json!(text))).await;
        assert_eq!(failed.status, 200, "{}", failed.text());
        paths.push(format!("/ui/tasks/{id}"));
        let query: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        paths.push(format!("/ui/login?next={query}"));
    }
    paths.extend(hostile_words(gateway).await);
    paths
}

/// Names have an alphabet of their own. What a worker says of its progress, and why somebody cancels, are a line of any text.
async fn hostile_words(gateway: &Gateway) -> Vec<String> {
    let mut paths = Vec::new();
    let lines = HOSTILE.into_iter().filter(|text| !text.chars().any(char::is_control));
    for (number, text) in (2..).zip(lines) {
        let worker = gateway.worker(number).await;
        let running = gateway.submit("echo").await;
        let fence = gateway.take(&worker, &running).await["fence"].clone();
        let note =
            json!({ "worker": &worker, "fence": fence, "progress": { "fraction": 0.5, "text": text } });
        let noted = gateway.post(&format!("/api/v1/leases/{running}/progress"), note).await;
        assert_eq!(noted.status, 204, "{}", noted.text());
        let cancelled = gateway.submit("echo").await;
        let path = format!("/api/v1/tasks/{cancelled}/cancel");
        let done = gateway.post(&path, json!({ "reason": text })).await;
        assert_eq!(done.status, 200, "{}", done.text());
        paths.extend([format!("/ui/tasks/{running}"), format!("/ui/tasks/{cancelled}")]);
    }
    paths
}

#[tokio::test]
async fn hostile_texts_are_texts() {
    let gateway = Gateway::start().await;
    for path in hostile(&gateway).await {
        let text = gateway.page(&path).await.text();
        for wrong in ["<script>alert", "<img", "' onmouseover='", "\u{202e}", "\u{2066}", "\u{0}", "\u{1b}"] {
            assert!(!text.contains(wrong), "{wrong:?} in {path}: {text}");
        }
    }
}

#[tokio::test]
async fn hostile_paths_and_searches_are_answered_as_such() {
    let gateway = Gateway::start().await;
    for text in HOSTILE {
        let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in [
            "/ui/tasks/",
            "/ui/queues/",
            "/ui/workers/",
            "/ui/operations/",
            "/ui/tasks?q=",
            "/ui/tasks?queue=",
            "/?last=",
        ] {
            let answer = gateway.ask(page(&format!("{path}{escaped}"))).await;
            assert!(answer.status.as_u16() < 500, "{path}{escaped}: {}", answer.text());
            assert_safe(&answer, "");
            assert!(
                !answer.text().contains("<img") && !answer.text().contains("<script>"),
                "{}",
                answer.text()
            );
        }
        let deed = gateway.ask(page(&format!("/ui/queues/{escaped}/purge"))).await;
        assert!(!deed.text().contains("<img") && !deed.text().contains("<script>"), "{}", deed.text());
    }
}

#[tokio::test]
async fn a_task_shows_its_life_and_why_it_is_where_it_is() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit_with(json!({ "kind": "echo", "payload": 12345678901234567890_u64 })).await;
    let path = format!("/ui/tasks/{id}");
    let waiting = gateway.page(&path).await.text();
    assert!(
        waiting.contains("Why is it not running?") && waiting.contains("No worker has had it yet"),
        "{waiting}"
    );
    assert!(waiting.contains(">12345678901234567890</pre>"), "{waiting}");
    gateway.take(&worker, &id).await;
    let running = gateway.page(&path).await.text();
    assert!(
        running.contains("no report under an older one counts") && running.contains("Lease ends"),
        "{running}"
    );
    assert!(running.contains(&format!("HGETALL &#39;baton:{{0}}:task:{id}&#39;")), "{running}");
    let gone = gateway.ask(page("/ui/tasks/01936a5c-2b4e-7abc-8def-001122334000")).await;
    assert_eq!(gone.status, 404);
    assert!(gone.text().contains("<h1>Unknown task</h1>"), "{}", gone.text());
}

#[tokio::test]
async fn a_log_is_read_to_its_end_page_by_page() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit("echo").await;
    let fence = gateway.take(&worker, &id).await["fence"].clone();
    let lines = |level: &str, texts: Vec<String>| {
        let lines: Vec<Value> =
            texts.into_iter().map(|text| json!({ "level": level, "text": text })).collect();
        json!({ "worker": &worker, "fence": &fence, "logs": lines })
    };
    let place = format!("/api/v1/leases/{id}/logs");
    for hundred in 0..5 {
        let texts = (0..100).map(|line| format!("line {hundred}.{line}")).collect();
        assert_eq!(gateway.post(&place, lines("info", texts)).await.status, 204);
    }
    let path = format!("/ui/tasks/{id}");
    let whole = gateway.page(&path).await.text();
    assert_eq!(whole.matches("<li id=\"line-").count(), 500);
    assert!(!whole.contains("Further lines"), "there are no more");
    let last = lines("error", vec!["the last words".to_owned()]);
    assert_eq!(gateway.post(&place, last).await.status, 204);
    let first = gateway.page(&format!("{path}?level=error")).await.text();
    assert!(first.contains("None of the lines here is of this level"), "{first}");
    let next = first.split("\" rel=\"next\">Further lines").next().unwrap().rsplit("href=\"").next().unwrap();
    let next = next.replace("&#38;", "&");
    assert!(next.starts_with(&format!("{path}?level=error&after=")), "{next}");
    let last = gateway.page(&next).await.text();
    assert!(last.contains("the last words") && last.contains("From the start"), "{last}");
    assert!(!last.contains("Further lines"), "{last}");
    // What is no place is the beginning.
    assert_eq!(gateway.page(&format!("{path}?after=x")).await.text().matches("<li id=\"line-").count(), 500);
}

/// A page that a browser loads anew would forget what was typed or ticked.
#[tokio::test]
async fn without_script_only_pages_that_are_read_refresh_themselves() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit_with(json!({ "kind": "echo", "queue": "emails" })).await;
    let (task, host) = (format!("/ui/tasks/{id}"), format!("/ui/workers/{worker}"));
    let (cancel, many) = (format!("{task}/cancel"), format!("/ui/actions?action=cancel&id={id}"));
    for (path, refreshes) in [
        ("/", true),
        ("/ui/queues", true),
        ("/ui/queues/emails", true),
        ("/ui/workers", true),
        (host.as_str(), true),
        (task.as_str(), true),
        ("/ui/tasks", false),
        (cancel.as_str(), false),
        ("/ui/queues/emails/purge", false),
        (many.as_str(), false),
        ("/ui/login", false),
        ("/ui/sessions", false),
        ("/ui/keys", false),
        ("/ui/events", false),
        ("/ui/audit", false),
        ("/ui/flows", false),
    ] {
        let text = gateway.page(path).await.text();
        assert_eq!(text.contains("http-equiv=\"refresh\""), refreshes, "{path}");
    }
    let list = gateway.page("/ui/tasks?status=pending").await.text();
    assert!(list.contains("<a href=\"/ui/tasks?status=pending\">Refresh</a>"), "{list}");
}

#[tokio::test]
async fn parents_and_children_are_a_click_away() {
    let gateway = Gateway::start().await;
    let flow = json!({ "tasks": [{ "ref": "one", "kind": "noop" }, { "ref": "two", "kind": "noop", "parents": ["one"] }] });
    let (_, refs) = gateway.submit_flow(flow).await;
    let child = gateway.page(&format!("/ui/tasks/{}", refs["two"])).await.text();
    assert!(child.contains("Waits for") && child.contains(&format!("/ui/tasks/{}", refs["one"])), "{child}");
    let parent = gateway.page(&format!("/ui/tasks/{}", refs["one"])).await.text();
    assert!(
        parent.contains("Waited for by") && parent.contains(&format!("/ui/tasks/{}", refs["two"])),
        "{parent}"
    );
}

#[tokio::test]
async fn a_deed_is_asked_for_and_then_done() {
    let gateway = Gateway::start().await;
    let id = gateway.submit_with(json!({ "kind": "echo", "queue": "emails" })).await;
    let path = format!("/ui/tasks/{id}/cancel");
    let asked = gateway.page(&path).await.text();
    assert!(asked.contains(&format!("action=\"{path}\"")), "{asked}");
    assert_eq!(gateway.task(&id).await["status"], "pending", "asking changes nothing");
    let done = gateway.send(&path, "", &[("reason", "no longer wanted")]).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, format!("/ui/tasks/{id}").as_str()));
    assert_eq!(gateway.task(&id).await["reason"], "no longer wanted");
    // Once more it is refused, and a page says why.
    let again = gateway.send(&path, "", &[]).await;
    assert_eq!(again.status, 409);
    assert_safe(&again, "");
    assert!(again.text().contains("The task is cancelled"), "{}", again.text());
    for (deed, paused) in [("pause", true), ("resume", false), ("drain", true)] {
        let done = gateway.send(&format!("/ui/queues/emails/{deed}"), "", &[]).await;
        assert_eq!((done.status.as_u16(), done.header("location")), (303, "/ui/queues/emails"));
        assert_eq!(gateway.get("/api/v1/queues/emails").await.json()["paused"], paused);
    }
    assert_eq!(gateway.ask(page("/ui/queues/emails/burn")).await.status, 404);
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_purge_takes_the_name_of_the_queue() {
    let gateway = Gateway::start().await;
    let id = gateway.submit_with(json!({ "kind": "echo", "queue": "emails" })).await;
    for wrong in ["", "email", "EMAILS"] {
        let refused = gateway.send("/ui/queues/emails/purge", "", &[("confirm", wrong)]).await;
        assert_eq!(refused.status, 422, "{wrong}");
        let text = refused.text();
        assert!(
            text.contains("Say the name of the queue once more: emails.") && !text.contains("/confirm"),
            "{text}"
        );
        assert_eq!(gateway.task(&id).await["status"], "pending");
    }
    assert_eq!(gateway.send("/ui/queues/emails/purge", "", &[("confirm", "emails")]).await.status, 303);
    assert_eq!(gateway.task(&id).await["status"], "cancelled");
}

/// A first run is not the zeroth.
#[tokio::test]
async fn a_task_says_which_run_it_is() {
    let gateway = Gateway::start().await;
    let id = gateway.submit_with(json!({ "kind": "echo", "max_attempts": 5 })).await;
    let path = format!("/ui/tasks/{id}");
    assert!(gateway.page(&path).await.text().contains("<dt>Attempt</dt><dd>0 of 5"));
    let worker = gateway.worker(1).await;
    let fence = gateway.take(&worker, &id).await["fence"].clone();
    assert!(gateway.page(&path).await.text().contains("<dt>Attempt</dt><dd>1 of 5"));
    let list = gateway.page("/ui/tasks").await.text();
    assert!(list.contains("1<i>/5</i>") && list.contains(">Note</th>"), "{list}");
    let done = json!({ "worker": worker, "fence": fence, "result": 1 });
    assert_eq!(gateway.post(&format!("/api/v1/leases/{id}/complete"), done).await.status, 200);
    assert!(gateway.page(&path).await.text().contains("<dt>Attempt</dt><dd>1 of 5"));
}

/// What is wrong with a search is said once.
#[tokio::test]
async fn a_search_that_is_too_long_is_told_once() {
    let gateway = Gateway::start().await;
    let text = gateway.ask(page(&format!("/ui/tasks?q={}", "a".repeat(5_000)))).await.text();
    let said = text.split("<p>").nth(1).and_then(|rest| rest.split("</p>").next()).unwrap_or_default();
    let told = said.rsplit(": ").next().unwrap_or_default().trim_end_matches('.');
    assert_eq!((told.is_empty(), text.matches(told).count()), (false, 1), "{text}");
}

#[tokio::test]
async fn many_are_counted_first_and_their_operation_is_shown() {
    let gateway = Gateway::start().await;
    let (one, other) = (gateway.submit("echo").await, gateway.submit("echo").await);
    let asked = gateway.page(&format!("/ui/actions?action=cancel&id={one}&id={other}")).await.text();
    assert!(asked.contains("Cancel 2 tasks?"), "{asked}");
    assert_eq!(gateway.task(&one).await["status"], "pending");
    let done = gateway.send("/ui/actions", "", &[("action", "cancel"), ("id", &one), ("id", &other)]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let shown = gateway.page(done.header("location")).await.text();
    assert!(shown.contains("2 of 2"), "{shown}");
    assert_eq!(gateway.task(&other).await["status"], "cancelled");
    assert_eq!(gateway.ask(page("/ui/actions?action=cancel")).await.status, 400);
    let none = gateway.page(&format!("/ui/actions?action=cancel&id={one}")).await.text();
    assert!(none.contains("in another status by now"), "{none}");
}

#[tokio::test]
async fn workers_stand_on_a_map_and_can_be_told() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let text = gateway.page("/ui/workers").await.text();
    assert!(text.contains(&format!("id=\"worker-{worker}\"")) && text.contains("cell free"), "{text}");
    assert_eq!(gateway.send(&format!("/ui/workers/{worker}/quiet"), "", &[]).await.status, 303);
    let one = gateway.page(&format!("/ui/workers/{worker}")).await.text();
    assert!(one.contains(&format!("/ui/workers/{worker}/resume")), "{one}");
}

#[tokio::test]
async fn viewers_get_no_buttons_and_are_refused_all_the_same() {
    let gateway = Gateway::secured().await;
    let alice = gateway.log_in("alice").await;
    let made =
        gateway.post_as("/api/v1/tasks", &alice.access, json!({ "kind": "echo", "queue": "emails" })).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let (admin, viewer) = (gateway.jar_of("alice").await, gateway.jar_of("bob").await);
    for path in ["/", "/ui/tasks", &format!("/ui/tasks/{id}"), "/ui/queues/emails", "/ui/workers"] {
        let text = gateway.page_with(path, &viewer).await.text();
        let forms: Vec<&str> = text.split("<form method=\"post\"").skip(1).collect();
        let ways: Vec<&str> =
            forms.iter().filter_map(|form| form.split("action=\"").nth(1)?.split('"').next()).collect();
        assert_eq!(ways, ["/ui/theme", "/ui/logout"], "{path}");
        for deed in ["/cancel", "/rerun", "/pause", "/purge", "name=\"action\""] {
            assert!(
                !text.contains(&format!("{deed}\"")) && !text.contains("name=\"action\""),
                "{deed} on {path}"
            );
        }
    }
    assert!(
        gateway
            .page_with(&format!("/ui/tasks/{id}"), &admin)
            .await
            .text()
            .contains(&format!("/ui/tasks/{id}/cancel\""))
    );
    for (path, pairs) in [
        (format!("/ui/tasks/{id}/cancel"), vec![]),
        ("/ui/queues/emails/purge".to_owned(), vec![("confirm", "emails")]),
        ("/ui/actions".to_owned(), vec![("action", "cancel"), ("id", id.as_str())]),
    ] {
        let refused = gateway.send(&path, &viewer, &pairs).await;
        assert_eq!(refused.status, 403, "{path}");
        assert_safe(&refused, "");
    }
    // He is not asked for what he would then be refused.
    let many = format!("/ui/actions?action=cancel&id={id}");
    for path in ["/ui/queues/emails/purge", &format!("/ui/tasks/{id}/cancel"), &many] {
        let refused = gateway.ask(page(path).with("cookie", &viewer)).await;
        assert_eq!(refused.status, 403, "{path}");
        let text = refused.text();
        assert!(text.contains("This takes the scope ") && !text.contains("WWW-Authenticate"), "{text}");
        assert!(!refused.text().contains("name=\"confirm\"") && !refused.text().contains("name=\"reason\""));
        assert_eq!(gateway.ask(page(path).with("cookie", &admin)).await.status, 200, "{path}");
    }
    assert_eq!(
        gateway.get_as(&format!("/api/v1/tasks/{id}"), &alice.access).await.json()["status"],
        "pending"
    );
    // The cookie of an admin does not help a page of another site.
    let path = format!("/ui/tasks/{id}/cancel");
    let other = filled(&path, &[])
        .without("sec-fetch-site")
        .with("sec-fetch-site", "cross-site")
        .with("cookie", &admin);
    assert_eq!(gateway.ask(other).await.status, 403);
    assert_eq!(gateway.send(&path, &admin, &[]).await.status, 303);
    assert_eq!(gateway.send("/ui/queues/emails/pause", &admin, &[]).await.status, 303);
    let trail = gateway.get_as("/api/v1/audit", &alice.access).await.text();
    assert!(trail.contains("alice"), "{trail}");
}

#[tokio::test]
async fn who_reads_one_queue_sees_no_other() {
    let gateway = Gateway::secured().await;
    let alice = gateway.log_in("alice").await;
    for queue in ["emails", "salaries"] {
        gateway.post_as("/api/v1/tasks", &alice.access, json!({ "kind": "echo", "queue": queue })).await;
    }
    let (key, _) =
        gateway.key(&alice.access, json!({ "name": "one", "scopes": ["tasks:read@emails"] })).await;
    let bearing = |path: &'static str| page(path).with("authorization", format!("Bearer {key}"));
    for path in ["/", "/ui/tasks", "/ui/queues"] {
        let text = gateway.ask(bearing(path)).await.text();
        assert!(text.contains("emails") && !text.contains("salaries"), "{path}: {text}");
        // Nor are those counted that it cannot see.
        assert!(text.contains("<b data-count=\"pending\">1</b>"), "{path}: {text}");
    }
    assert_eq!(gateway.ask(bearing("/ui/queues/salaries")).await.status, 404);
    assert_eq!(gateway.ask(get("/ui/queues").with("authorization", "Bearer btk_wrong")).await.status, 303);
}
