//! Groups of failures: looked for, run once more, walked through; and acts on what a search finds.

use baton_store::behind::Step;
use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::{Gateway, post};

const ACTIONS: &str = "/api/v1/actions";

pub(crate) async fn write_behind(gateway: &Gateway) {
    for shard in gateway.app.store.shards().all() {
        while let Step::Wrote { more: true, .. } = gateway.app.store.write_behind(shard, false).await.unwrap()
        {
        }
    }
}

pub(crate) async fn failed(gateway: &Gateway, queue: &str, error: &str) -> String {
    let worker = gateway.worker(1).await;
    let id = gateway.submit_with(json!({ "kind": "mail", "queue": queue, "payload": { "n": 1 } })).await;
    let error = json!({ "error": error, "reason": "smtp", "permanent": true });
    gateway.end(&worker, &id, "fail", error).await;
    id
}

/// Two tasks whose mailboxes are full, in queues of their own, and one whose relay is away; and the name of the first group.
async fn fleet() -> (Gateway, [String; 3], String) {
    let gateway = Gateway::with_shards(2).await;
    let full =
        [failed(&gateway, "a", "mailbox 7 is full").await, failed(&gateway, "b", "mailbox 12 is full").await];
    let away = failed(&gateway, "a", "the relay is away").await;
    write_behind(&gateway).await;
    let groups = gateway.get("/api/v1/errors").await.json()["errors"].as_array().unwrap().clone();
    let group = groups.iter().find(|group| group["message"] == "mailbox <n> is full").expect("a group");
    let name = group["fingerprint"].as_str().unwrap().to_owned();
    let [one, other] = full;
    (gateway, [one, other, away], name)
}

async fn found(gateway: &Gateway, query: &str) -> Vec<String> {
    let query = query.replace(' ', "%20").replace('"', "%22").replace('>', "%3E");
    let answer = gateway.get(&format!("/api/v1/tasks?q={query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    let mut ids = ids(&answer.json()["tasks"]);
    ids.sort();
    ids
}

fn ids(tasks: &Value) -> Vec<String> {
    tasks.as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect()
}

fn sorted(ids: &[&String]) -> Vec<String> {
    let mut ids: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
    ids.sort();
    ids
}

async fn status(gateway: &Gateway, id: &str) -> String {
    gateway.task(id).await["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_fingerprint_finds_the_tasks_whose_last_failure_it_is() {
    let (gateway, [one, other, away], group) = fleet().await;
    assert_eq!(found(&gateway, &format!("error:{group}")).await, sorted(&[&one, &other]));
    assert_eq!(found(&gateway, &format!("-error:{group} kind:mail")).await, sorted(&[&away]));
    assert_eq!(found(&gateway, &format!("error:{group},relay")).await, sorted(&[&one, &other, &away]));
    // In quotes it is a text, and none of them has that in its message.
    assert_eq!(found(&gateway, &format!("error:\"{group}\"")).await, [""; 0]);
    // One that has done well since is not in it any more.
    gateway.post(&format!("/api/v1/tasks/{one}/rerun"), json!({})).await;
    gateway.complete("worker-001-test", &one, json!(1)).await;
    assert_eq!(found(&gateway, &format!("error:{group}")).await, [other]);
    let order = gateway.get(&format!("/api/v1/tasks?q=error:{group}&status=failed&sort=created_at")).await;
    assert_eq!(order.pointers(), ["sort"]);
}

#[tokio::test]
async fn a_group_is_run_once_more_and_nothing_else_is() {
    let (gateway, [one, other, away], group) = fleet().await;
    let path = format!("/api/v1/errors/{group}/rerun");
    let before = gateway.shard().await;
    let dry = gateway.post(&path, json!({ "dry_run": true })).await.json();
    assert_eq!((&dry["matched"], &dry["truncated"]), (&json!(2), &json!(false)), "{dry}");
    assert_eq!(sorted(&ids(&dry["sample"]).iter().collect::<Vec<_>>()), sorted(&[&one, &other]));
    assert_eq!(gateway.shard().await, before);
    // One of them is of another group by now.
    gateway.post(&format!("/api/v1/tasks/{other}/rerun"), json!({})).await;
    let error = json!({ "error": "the relay is away", "reason": "smtp", "permanent": true });
    gateway.end("worker-001-test", &other, "fail", error).await;
    let done = gateway.post(&path, json!({ "reason": "larger now" })).await.json();
    assert_eq!((&done["state"], &done["done"]), (&json!("ended"), &json!(1)), "{done}");
    assert_eq!(done["filter"]["q"], json!(format!("error:{group}")));
    let each = [status(&gateway, &one).await, status(&gateway, &other).await, status(&gateway, &away).await];
    assert_eq!(each, ["pending", "failed", "failed"]);
    let trail = gateway.get("/api/v1/audit").await.text();
    assert!(trail.contains("rerun_error") && trail.contains(&group), "{trail}");
    let unknown = gateway.post("/api/v1/errors/0000000000000000/rerun", json!({})).await;
    assert_eq!(unknown.problem(), (404, "unknown_error_group".to_owned()));
    let wrong = gateway.post(&path, json!({ "dry": true })).await;
    assert_eq!(wrong.pointers(), ["/dry"]);
}

/// Longer than what is written behind of one end, and than both: its last line tells, as of all traces of Python.
fn trace(frames: usize, last: &str) -> String {
    let frame = "  File \"/srv/mail/send.py\", line 31, in deliver\n    relay(post)\n";
    format!("Traceback (most recent call last):\n{}{last}", frame.repeat(frames))
}

#[tokio::test]
async fn a_group_of_long_traces_is_found_and_run_once_more() {
    let gateway = Gateway::with_shards(2).await;
    let mut full = Vec::new();
    for (frames, queue) in [(3, "a"), (20, "a"), (40, "b"), (50, "b")] {
        let error = trace(frames, &format!("OSError: mailbox {frames} is full"));
        full.push(failed(&gateway, queue, &error).await);
    }
    let away = failed(&gateway, "a", &trace(40, "OSError: the relay is away")).await;
    write_behind(&gateway).await;
    let groups = gateway.get("/api/v1/errors").await.json()["errors"].as_array().unwrap().clone();
    let messages: Vec<_> = groups.iter().map(|group| group["message"].as_str().unwrap()).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    let group =
        groups.iter().find(|group| group["message"] == "OSError: mailbox <n> is full").expect("a group");
    let name = group["fingerprint"].as_str().unwrap();
    assert_eq!(found(&gateway, &format!("error:{name}")).await, sorted(&full.iter().collect::<Vec<_>>()));
    let done = gateway.post(&format!("/api/v1/errors/{name}/rerun"), json!({})).await.json();
    assert_eq!((&done["state"], &done["done"]), (&json!("ended"), &json!(4)), "{done}");
    for id in &full {
        assert_eq!(status(&gateway, id).await, "pending");
    }
    assert_eq!(status(&gateway, &away).await, "failed");
}

#[tokio::test]
async fn case_97_a_group_is_run_once_more_where_the_credential_may() {
    let (gateway, [one, other, _], group) = fleet().await;
    let door = Guarded::beside(&gateway).await;
    let path = format!("/api/v1/errors/{group}/rerun");
    let before = gateway.shard().await;
    for (scopes, status, code) in [
        (&["tasks:read@a"][..], 403, "insufficient_scope"),
        (&["tasks:write@a"], 403, "insufficient_scope"),
        (&["tasks:read@a", "tasks:write@b"], 403, "insufficient_scope"),
        (&["tasks:read@c", "tasks:write@c"], 404, "unknown_error_group"),
    ] {
        let key = door.key(scopes, None).await;
        let refused = door.post(&key, &path, json!({})).await;
        assert_eq!(refused.problem(), (status, code.to_owned()), "{scopes:?}");
    }
    assert_eq!(gateway.shard().await, before);
    let key = door.key(&["tasks:read@a", "tasks:write@a", "tasks:read@b"], None).await;
    let done = door.post(&key, &path, json!({})).await;
    assert_eq!(done.json()["done"], 1, "{}", done.text());
    assert_eq!([status(&gateway, &one).await, status(&gateway, &other).await], ["pending", "failed"]);
}

#[tokio::test]
async fn a_repeat_is_the_same_also_where_the_group_came_to_another_queue() {
    let (gateway, [one, other, _], group) = fleet().await;
    let door = Guarded::beside(&gateway).await;
    let key = door.key(&["tasks:read@a", "tasks:write@a", "tasks:read@c", "tasks:write@c"], None).await;
    let (path, body) = (format!("/api/v1/errors/{group}/rerun"), json!({}));
    let ask = || door.ask(post(&path, &body).with_key(&key).with("idempotency-key", "once"));
    let first = ask().await;
    assert_eq!(first.json()["done"], 1, "{}", first.text());
    let late = failed(&gateway, "c", "mailbox 3 is full").await;
    write_behind(&gateway).await;
    let again = ask().await;
    assert_eq!(again.header("idempotency-replayed"), "true", "{}", again.text());
    assert_eq!(again.json()["id"], first.json()["id"]);
    let each = [status(&gateway, &one).await, status(&gateway, &other).await, status(&gateway, &late).await];
    assert_eq!(each, ["pending", "failed", "failed"]);
}

#[tokio::test]
async fn groups_are_walked_from_the_last_one_seen_on() {
    let gateway = Gateway::with_shards(2).await;
    for error in ["alpha", "beta", "gamma", "delta", "epsilon"] {
        failed(&gateway, "a", error).await;
    }
    write_behind(&gateway).await;
    let all = gateway.get("/api/v1/errors").await.json();
    assert_eq!((all["errors"].as_array().unwrap().len(), all.get("next_cursor")), (5, None));
    let (mut path, mut walked) = ("/api/v1/errors?queue=a&limit=2".to_owned(), Vec::new());
    loop {
        let page = gateway.get(&path).await;
        let (link, page) = (page.headers.get("link").cloned(), page.json());
        walked.extend(page["errors"].as_array().unwrap().clone());
        assert_eq!(page["total"], 5);
        assert_eq!(link.is_some(), page["next_cursor"].is_string());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/errors?queue=a&limit=2&cursor={cursor}");
    }
    assert_eq!(json!(walked), all["errors"]);
    for wrong in ["cursor=x", "cursor=MTp4", "limit=501"] {
        let refused = gateway.get(&format!("/api/v1/errors?{wrong}")).await;
        assert_eq!(refused.problem(), (422, "validation".to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn what_a_search_finds_is_acted_on() {
    let gateway = Gateway::with_shards(2).await;
    let mut wanted = Vec::new();
    for number in 0..130 {
        let tags = if number % 2 == 0 { json!(["keep"]) } else { json!([]) };
        let payload = json!({ "to": format!("u{}", number % 5), "pad": "x".repeat(80) });
        let id = gateway.submit_with(json!({ "kind": "mail", "tags": tags, "payload": payload })).await;
        if number % 2 == 1 && number % 5 == 3 {
            wanted.push(id);
        }
    }
    let filter = json!({ "q": "kind:mail payload.to:u3 -tag:keep created:>1h" });
    let dry = json!({ "action": "cancel", "filter": filter, "dry_run": true });
    let dry = gateway.post(ACTIONS, dry).await.json();
    assert_eq!((&dry["matched"], &dry["scanned"]), (&json!(13), &json!(130)), "{dry}");
    assert_eq!(dry["truncated"], false);
    let done = gateway.post(ACTIONS, json!({ "action": "cancel", "filter": filter })).await.json();
    assert_eq!((&done["state"], &done["done"], &done["matched"]), (&json!("ended"), &json!(13), &json!(13)));
    for id in &wanted {
        assert_eq!(status(&gateway, id).await, "cancelled");
    }
    let stats = gateway.get("/api/v1/tasks/stats").await.json();
    assert_eq!((&stats["tasks"]["pending"], &stats["tasks"]["cancelled"]), (&json!(117), &json!(13)));
    // Statuses, queues and a flow that the search names are those that are looked at.
    let narrow = json!({ "q": "status:completed queue:default kind:mail" });
    let none = gateway.post(ACTIONS, json!({ "action": "rerun", "filter": narrow, "dry_run": true })).await;
    assert_eq!((&none.json()["matched"], &none.json()["scanned"]), (&json!(0), &json!(0)));
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn how_much_a_dry_run_looks_at_is_bounded_and_told() {
    let gateway = Gateway::start().await;
    let task = json!({ "kind": "mail", "payload": { "to": "ada" } });
    for _ in 0..3 {
        let batch = json!({ "tasks": vec![task.clone(); 800] });
        assert!(gateway.post("/api/v1/tasks/batch", batch).await.status.is_success());
    }
    let asked = |q: &str| json!({ "action": "cancel", "filter": { "q": q }, "dry_run": true });
    let looked = gateway.post(ACTIONS, asked("payload.to:ada")).await.json();
    assert_eq!((&looked["matched"], &looked["truncated"]), (&json!(2_000), &json!(true)), "{looked}");
    let looked = gateway.post(ACTIONS, asked("kind:mail")).await.json();
    assert_eq!((&looked["matched"], &looked["truncated"]), (&json!(2_400), &json!(false)), "{looked}");
}

#[tokio::test]
async fn a_search_that_cannot_be_acted_on_is_refused_with_its_place() {
    let gateway = Gateway::start().await;
    gateway.submit("k").await;
    let before = gateway.shard().await;
    for (action, filter, pointer, words) in [
        ("cancel", json!({ "q": "kind:" }), "/filter/q", "a value of kind is missing"),
        ("cancel", json!({ "q": "colour:red" }), "/filter/q", "there is no term"),
        ("cancel", json!({ "q": "x".repeat(1_025) }), "/filter/q", "1025 bytes"),
        ("cancel", json!({ "q": "kind:k status:pending,failed" }), "/filter/q", "not for failed ones"),
        ("rerun", json!({ "q": "kind:k status:running" }), "/filter/q", "failed, timeout"),
        ("promote", json!({ "q": "kind:k finished:>1h" }), "/filter/q", "finished never holds"),
        ("cancel", json!({ "q": "" }), "/filter", "\"all\": true"),
        ("cancel", json!({ "q": "status:pending" }), "/filter", "\"all\": true"),
        ("cancel", json!({ "q": "-kind:k" }), "/filter", "\"all\": true"),
    ] {
        let refused = gateway.post(ACTIONS, json!({ "action": action, "filter": filter })).await;
        assert_eq!(refused.problem(), (422, "validation".to_owned()), "{filter}: {}", refused.text());
        let error = refused.json()["errors"][0].clone();
        assert!(error["message"].as_str().unwrap().contains(words), "{filter}: {error}");
        assert_eq!(error["pointer"], pointer, "{error}");
    }
    assert_eq!(gateway.shard().await, before);
    let all = json!({ "action": "cancel", "filter": { "q": "-kind:x", "all": true } });
    assert_eq!(gateway.post(ACTIONS, all).await.json()["done"], 1);
}

#[tokio::test]
async fn case_97_a_search_names_queues_and_takes_the_right_to_read_them() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    for queue in ["a", "b"] {
        gateway.submit_with(json!({ "kind": "k", "queue": queue, "payload": "secret" })).await;
    }
    let blind = door.key(&["tasks:cancel@a"], None).await;
    let key = door.key(&["tasks:cancel@a", "tasks:read@a"], None).await;
    let ask = async |key: &str, q: &str| {
        let body = json!({ "action": "cancel", "filter": { "q": q }, "dry_run": true });
        door.ask(post(ACTIONS, &body).with_key(key)).await
    };
    for (key, q, scope, pointer) in [
        (&blind, "queue:a secret", "tasks:read", "/filter/q"),
        (&key, "queue:a,b secret", "tasks:cancel", "/filter/q"),
        (&key, "-queue:b secret", "tasks:cancel", "/filter/queue"),
    ] {
        let refused = ask(key, q).await;
        assert_eq!((refused.problem().0, refused.pointers()), (403, vec![pointer.to_owned()]), "{q}");
        assert!(refused.header("www-authenticate").contains(&format!("scope=\"{scope}\"")), "{q}");
    }
    let found = ask(&key, "queue:a secret").await.json();
    assert_eq!(found["matched"], 1, "{found}");
}

#[tokio::test]
async fn nothing_is_done_to_tasks_of_which_it_cannot_be_told_whether_they_fit() {
    let gateway = Gateway::start().await;
    let task =
        |length: usize| json!({ "kind": "mail", "payload": { "keep": true, "text": "y".repeat(length) } });
    let small = gateway.submit_with(json!({ "kind": "mail", "payload": { "keep": false } })).await;
    gateway.submit_with(task(10)).await;
    gateway.submit_with(task(17_000)).await;
    let ask = |dry_run: bool| json!({ "action": "cancel", "filter": { "q": "kind:mail -payload.keep:true" }, "dry_run": dry_run });
    let seen = gateway.post("/api/v1/actions", ask(true)).await.json();
    assert_eq!((&seen["matched"], &seen["unread"]), (&json!(1), &json!(1)));
    let done = gateway.post("/api/v1/actions", ask(false)).await.json();
    assert_eq!((&done["done"], &done["unread"]), (&json!(1), &json!(1)), "{done}");
    assert_eq!(gateway.task(&small).await["status"], "cancelled");
    let left = gateway.get("/api/v1/tasks?status=pending").await.json();
    assert_eq!(left["tasks"].as_array().unwrap().len(), 2);
}
