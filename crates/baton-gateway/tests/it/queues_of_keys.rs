//! Keys for the queue `a`, in a fleet that has a queue `b`: what they see of it, and what they may do in it.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Request;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::keys::Guarded;
use crate::support::{Gateway, LONG, post, until};

const WORKER: &str = "worker-001-test";
const TASKS: &str = "/api/v1/tasks";

/// Everything that there is, in the queue `a` only.
const ONLY_A: [&str; 6] =
    ["tasks:read@a", "tasks:write@a", "tasks:cancel@a", "tasks:claim@a", "queues:admin@a", "workers:read"];

struct Fleet {
    gateway: Gateway,
    door: Guarded,
    key: String,
    /// A task of each queue.
    a: String,
    b: String,
}

impl Fleet {
    async fn new() -> Fleet {
        let gateway = Gateway::start().await;
        let door = Guarded::beside(&gateway).await;
        let key = door.key(&ONLY_A, Some(WORKER)).await;
        let a = gateway.submit_with(json!({ "kind": "k", "queue": "a", "payload": "of a" })).await;
        let b = gateway.submit_with(json!({ "kind": "k", "queue": "b", "payload": "of b" })).await;
        let worker = json!({ "worker_id": WORKER, "boot": "b1", "queues": ["a", "b"], "slots": 4 });
        assert_eq!(gateway.post("/api/v1/workers/register", worker).await.status, 201);
        Fleet { gateway, door, key, a, b }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.door.get(&self.key, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self.door.post(&self.key, path, body).await;
        let json = serde_json::from_slice(&answer.body).unwrap_or_default();
        (answer.status.as_u16(), json)
    }

    /// It is refused for want of this scope, and changes nothing.
    async fn refused(&self, path: &str, body: Value, scope: &str) -> Vec<String> {
        let before = self.gateway.shard().await;
        let answer = self.door.post(&self.key, path, body).await;
        assert_eq!(answer.problem(), (403, "insufficient_scope".to_owned()), "{path}: {}", answer.text());
        assert!(answer.header("www-authenticate").contains(&format!("scope=\"{scope}\"")), "{path}");
        assert_eq!(self.gateway.shard().await, before, "{path}");
        answer.pointers()
    }

    async fn unknown(&self, path: &str, code: &str) {
        assert_eq!(self.door.get(&self.key, path).await.problem(), (404, code.to_owned()), "{path}");
    }
}

fn ids(page: &Value, list: &str) -> Vec<String> {
    page[list].as_array().unwrap().iter().map(|each| each["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn case_97_a_task_of_another_queue_is_not_there() {
    let fleet = Fleet::new().await;
    for what in ["", "?wait=1", "/history", "/logs", "/explain", "/graph", "/result"] {
        fleet.unknown(&format!("{TASKS}/{}{what}", fleet.b), "unknown_task").await;
        let own = fleet.door.get(&fleet.key, &format!("{TASKS}/{}{what}", fleet.a)).await;
        assert_eq!(own.status, if what == "/result" { 409 } else { 200 }, "{what}: {}", own.text());
    }
}

#[tokio::test]
async fn case_97_a_task_of_another_queue_is_not_changed() {
    let fleet = Fleet::new().await;
    let (a, b) = (fleet.a.as_str(), fleet.b.as_str());
    for (what, scope, body) in [
        ("cancel", "tasks:cancel", json!({})),
        ("rerun", "tasks:write", json!({})),
        ("promote", "tasks:write", json!({})),
        ("reprioritise", "tasks:write", json!({ "priority": 9 })),
        ("link", "tasks:write", json!({ "parent": a })),
        ("unlink", "tasks:write", json!({ "parent": a })),
        ("claim", "tasks:claim", json!({ "worker": WORKER })),
    ] {
        fleet.refused(&format!("{TASKS}/{b}/{what}"), body, scope).await;
    }
    for what in ["reprioritise", "cancel"] {
        let (status, task) = fleet.post(&format!("{TASKS}/{a}/{what}"), json!({ "priority": 3 })).await;
        let status = if what == "cancel" {
            fleet.post(&format!("{TASKS}/{a}/{what}"), json!({})).await.0
        } else {
            status
        };
        assert_eq!(status, 200, "{what}: {task}");
    }
}

#[tokio::test]
async fn case_97_parents_are_known_by_those_who_read_them() {
    let fleet = Fleet::new().await;
    let (a, b) = (fleet.a.as_str(), fleet.b.as_str());
    let nobody = "01a1fc29-8a56-7000-8a14-c38b1cfc4000";
    for parent in [b, nobody] {
        for (path, body) in [
            (TASKS.to_owned(), json!({ "kind": "k", "queue": "a", "parents": [parent] })),
            (format!("{TASKS}/{a}/link"), json!({ "parent": parent })),
        ] {
            let (status, problem) = fleet.post(&path, body).await;
            assert_eq!(problem["code"], "dependency_missing", "{path}, {parent}: {status} {problem}");
        }
        let tasks = json!({ "tasks": [
            { "kind": "k", "queue": "a" }, { "kind": "k", "queue": "a", "parents": [a, parent] },
        ] });
        let (status, items) = fleet.post(&format!("{TASKS}/batch"), tasks).await;
        assert_eq!((status, &items["created"]), (200, &json!(1)), "{items}");
        assert_eq!(items["tasks"][1]["problem"]["code"], "dependency_missing");
    }
    let (status, task) = fleet.post(TASKS, json!({ "kind": "k", "queue": "a", "parents": [a] })).await;
    assert_eq!((status, &task["parents"]), (201, &json!(1)), "{task}");
}

#[tokio::test]
async fn case_97_tasks_come_into_own_queues_all_or_none() {
    let fleet = Fleet::new().await;
    assert_eq!(fleet.refused(TASKS, json!({ "kind": "k", "queue": "b" }), "tasks:write").await, ["/queue"]);
    assert_eq!(fleet.refused(TASKS, json!({ "kind": "k" }), "tasks:write").await, ["/queue"]);
    let tasks = json!([{ "kind": "k", "queue": "a" }, { "kind": "k", "queue": "b" }, { "kind": "k" }]);
    for path in [&format!("{TASKS}/batch"), "/api/v1/flows"] {
        let pointers = fleet.refused(path, json!({ "tasks": tasks }), "tasks:write").await;
        assert_eq!(pointers, ["/tasks/1/queue", "/tasks/2/queue"], "{path}");
    }
    assert_eq!(fleet.post(TASKS, json!({ "kind": "k", "queue": "a" })).await.0, 201);
    let own = json!({ "tasks": [{ "kind": "k", "queue": "a" }] });
    assert_eq!(fleet.post(&format!("{TASKS}/batch"), own.clone()).await.0, 200);
    assert_eq!(fleet.post("/api/v1/flows", own).await.0, 201);
}

#[tokio::test]
async fn case_97_lists_and_numbers_are_of_own_queues() {
    let fleet = Fleet::new().await;
    for query in
        ["", "?status=pending", "?queue=a,b", "?page=1", "?kind=k", "?kind=k&page=1", "?include=history"]
    {
        let page = fleet.get(&format!("{TASKS}{query}")).await;
        assert_eq!(ids(&page, "tasks"), [fleet.a.as_str()], "{query}");
        assert!(page.get("total").is_none_or(|total| total == 1), "{query}: {page}");
    }
    assert_eq!(ids(&fleet.get(&format!("{TASKS}?queue=b")).await, "tasks"), Vec::<String>::new());
    // Running and scheduled tasks of all queues lie in one index.
    fleet.gateway.take(WORKER, &fleet.b).await;
    for _ in 0..2 {
        fleet.gateway.submit_with(json!({ "kind": "k", "queue": "b", "delay_ms": 600_000 })).await;
    }
    for status in ["running", "scheduled"] {
        for paging in ["", "&page=1"] {
            let page = fleet.get(&format!("{TASKS}?status={status}{paging}")).await;
            assert_eq!(ids(&page, "tasks"), Vec::<String>::new(), "{status}{paging}");
        }
    }
    let open = fleet.gateway.get(&format!("{TASKS}?status=scheduled&limit=1")).await.json();
    let foreign = open["next_cursor"].as_str().unwrap();
    let answer = fleet.door.get(&fleet.key, &format!("{TASKS}?status=scheduled&cursor={foreign}")).await;
    assert_eq!(answer.problem().0, 422, "{}", answer.text());
    let stats = fleet.get(&format!("{TASKS}/stats")).await;
    assert_eq!((&stats["tasks"]["pending"], &stats["tasks"]["running"]), (&json!(1), &json!(0)));
    assert_eq!(stats["queues"].as_object().unwrap().keys().collect::<Vec<_>>(), ["a"]);
    let queues = fleet.get("/api/v1/queues?page=1").await;
    assert_eq!((queues["queues"].as_array().unwrap().len(), &queues["total"]), (1, &json!(1)));
}

#[tokio::test]
async fn case_97_other_queues_are_not_there_and_are_not_paused() {
    let fleet = Fleet::new().await;
    for what in ["", "/backlog"] {
        fleet.unknown(&format!("/api/v1/queues/b{what}"), "unknown_queue").await;
        fleet.get(&format!("/api/v1/queues/a{what}")).await;
    }
    for what in ["pause", "resume"] {
        fleet.refused(&format!("/api/v1/queues/b/{what}"), json!({}), "queues:admin").await;
        assert_eq!(fleet.post(&format!("/api/v1/queues/a/{what}"), json!({})).await.0, 200, "{what}");
    }
}

#[tokio::test]
async fn case_97_claims_bring_what_is_in_own_queues() {
    let fleet = Fleet::new().await;
    let claim = format!("/api/v1/workers/{WORKER}/claim");
    let pointers = fleet.refused(&claim, json!({ "queues": ["a", "b"], "max": 5 }), "tasks:claim").await;
    assert_eq!(pointers, ["/queues/1"]);
    // It is registered with both queues.
    let (status, claimed) = fleet.post(&claim, json!({ "max": 5 })).await;
    assert_eq!((status, ids(&claimed, "tasks")), (200, vec![fleet.a.clone()]), "{claimed}");
    assert_eq!(fleet.gateway.task(&fleet.b).await["status"], "pending");
    let other = fleet.door.key(&["tasks:claim@c", "tasks:claim@img-*"], Some(WORKER)).await;
    let answer = fleet.door.post(&other, &claim, json!({ "max": 5 })).await;
    assert_eq!(answer.problem(), (403, "insufficient_scope".to_owned()));
    // What the worker holds out of another queue comes again, but not to this key.
    let holding = json!([{ "task": fleet.a, "fence": claimed["tasks"][0]["fence"] }]);
    let take = json!({ "worker": WORKER, "holding": holding });
    let taken = fleet.gateway.post(&format!("{TASKS}/{}/claim", fleet.b), take).await.json();
    assert_eq!(taken["id"], json!(fleet.b));
    let (status, again) = fleet.post(&claim, json!({ "max": 5, "holding": holding })).await;
    assert!(status == 204 || ids(&again, "tasks").is_empty(), "{again}");
    let report = json!({ "worker": WORKER, "fence": taken["fence"] });
    assert_eq!(fleet.gateway.post(&format!("/api/v1/leases/{}/complete", fleet.b), report).await.status, 200);
}

#[tokio::test]
async fn case_97_registered_queues_are_own_ones() {
    let fleet = Fleet::new().await;
    let register =
        |queues: Value| json!({ "worker_id": WORKER, "boot": "b2", "expects": "b1", "queues": queues });
    let pointers =
        fleet.refused("/api/v1/workers/register", register(json!(["a", "b"])), "tasks:claim").await;
    assert_eq!(pointers, ["/queues/1"]);
    let (status, registered) = fleet.post("/api/v1/workers/register", register(json!(["a"]))).await;
    assert_eq!((status, &registered["id"]), (201, &json!(WORKER)), "{registered}");
}

#[tokio::test]
async fn case_97_a_holder_reports_from_own_queues() {
    let fleet = Fleet::new().await;
    let reports = |fence: &Value| {
        let mut each = BTreeMap::new();
        for (verb, more) in [
            ("heartbeat", json!({})),
            ("progress", json!({ "progress": { "fraction": 0.5 } })),
            ("logs", json!({ "logs": [{ "text": "x" }] })),
            ("fail", json!({})),
            ("release", json!({})),
            ("complete", json!({})),
        ] {
            let mut body = json!({ "worker": WORKER, "fence": fence });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            each.insert(verb, body);
        }
        each
    };
    let fence = fleet.gateway.take(WORKER, &fleet.b).await["fence"].clone();
    for (verb, body) in reports(&fence) {
        fleet.refused(&format!("/api/v1/leases/{}/{verb}", fleet.b), body, "tasks:claim").await;
    }
    let holding = json!([{ "task": fleet.b, "fence": fence }]);
    let claim = json!({ "worker": WORKER, "holding": holding });
    let (_, claimed) = fleet.post(&format!("{TASKS}/{}/claim", fleet.a), claim).await;
    for verb in ["progress", "logs", "complete"] {
        let body = reports(&claimed["fence"]).remove(verb).unwrap();
        let (status, said) = fleet.post(&format!("/api/v1/leases/{}/{verb}", fleet.a), body).await;
        assert!(status < 300, "{verb}: {said}");
    }
}

#[tokio::test]
async fn case_98_nobody_acts_as_a_worker_that_is_not_his() {
    let fleet = Fleet::new().await;
    let other = "worker-002-test";
    fleet.gateway.worker(2).await;
    let fence = fleet.gateway.take(other, &fleet.a).await["fence"].clone();
    let unbound = fleet.door.key(&["admin"], None).await;
    let bound = fleet.door.key(&["tasks:claim"], Some(WORKER)).await;
    let report = json!({ "worker": other, "fence": fence });
    let with = |more: Value| {
        let mut body = report.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let lease = |verb: &str| format!("/api/v1/leases/{}/{verb}", fleet.a);
    let before = fleet.gateway.shard().await;
    for key in [&unbound, &bound] {
        for (path, body) in [
            ("/api/v1/workers/register".to_owned(), json!({ "worker_id": other })),
            (format!("/api/v1/workers/{other}/claim"), json!({})),
            (format!("/api/v1/workers/{other}/heartbeat"), json!({})),
            (format!("{TASKS}/{}/claim", fleet.b), json!({ "worker": other })),
            (lease("heartbeat"), report.clone()),
            (lease("progress"), with(json!({ "progress": { "fraction": 0.5 } }))),
            (lease("logs"), with(json!({ "logs": [{ "text": "x" }] }))),
            (lease("complete"), report.clone()),
            (lease("fail"), report.clone()),
            (lease("release"), report.clone()),
        ] {
            let answer = fleet.door.post(key, &path, body).await;
            assert_eq!(answer.problem(), (403, "worker_not_bound".to_owned()), "{path}: {}", answer.text());
        }
    }
    let leave = |key: &str| {
        post("/api/v1/workers/worker-002-test", &json!({})).by("DELETE".parse().unwrap()).with_key(key)
    };
    assert_eq!(fleet.door.ask(leave(&bound)).await.problem(), (403, "worker_not_bound".to_owned()));
    let nameless = fleet.door.post(&unbound, "/api/v1/workers/register", json!({})).await;
    assert_eq!(nameless.problem(), (403, "worker_not_bound".to_owned()));
    assert!(
        nameless.json()["detail"].as_str().unwrap().contains("/auth/workers/join"),
        "{}",
        nameless.text()
    );
    assert_eq!(fleet.gateway.shard().await, before);
    let own =
        fleet.door.post(&bound, "/api/v1/workers/register", json!({ "boot": "b9", "expects": "b1" })).await;
    assert_eq!(own.json()["id"], WORKER, "{}", own.text());
    // An operator removes a worker that is gone.
    let operator = fleet.door.key(&["workers:admin"], None).await;
    assert_eq!(fleet.door.ask(leave(&operator)).await.status, 200);
}

#[tokio::test]
async fn case_97_a_flow_is_seen_as_far_as_its_queues_are() {
    let fleet = Fleet::new().await;
    let (mixed, refs) = fleet
        .gateway
        .submit_flow(json!({ "name": "mixed", "tasks": [
        { "ref": "top", "kind": "k", "queue": "a" },
        { "ref": "secret", "kind": "hidden", "queue": "b", "parents": ["top"] },
        { "ref": "end", "kind": "k", "queue": "a", "parents": ["secret"] },
    ] }))
        .await;
    let (foreign, _) = fleet.gateway.submit_flow(json!({ "tasks": [{ "kind": "k", "queue": "b" }] })).await;
    let (own, _) = fleet.gateway.submit_flow(json!({ "tasks": [{ "kind": "k", "queue": "a" }] })).await;
    fleet.gateway.pass_on().await;
    let flow = fleet.get(&format!("/api/v1/flows/{mixed}")).await;
    assert_eq!(
        (&flow["tasks"], &flow["counts"]["pending"], &flow["counts"]["blocked"]),
        (&json!(2), &json!(1), &json!(1))
    );
    let listed = fleet.get("/api/v1/flows").await;
    assert_eq!(ids(&listed, "flows"), [own.as_str(), mixed.as_str()]);
    assert!(listed.get("total").is_none(), "{listed}");
    assert_eq!(fleet.get(&format!("{TASKS}?flow={mixed}&page=1")).await["total"], 2);
    for what in ["", "/graph"] {
        fleet.unknown(&format!("/api/v1/flows/{foreign}{what}"), "unknown_flow").await;
    }
    for (what, scope) in [("cancel", "tasks:cancel"), ("rerun", "tasks:write")] {
        fleet.refused(&format!("/api/v1/flows/{mixed}/{what}"), json!({}), scope).await;
        let (status, problem) = fleet.post(&format!("/api/v1/flows/{foreign}/{what}"), json!({})).await;
        assert_eq!((status, &problem["code"]), (404, &json!("unknown_flow")), "{what}");
    }
    fleet.refused(TASKS, json!({ "kind": "k", "queue": "a", "flow": mixed }), "tasks:write").await;
    let (_, problem) = fleet.post(TASKS, json!({ "kind": "k", "queue": "a", "flow": foreign })).await;
    assert_eq!(problem["code"], "unknown_flow");
    assert_eq!(fleet.post(TASKS, json!({ "kind": "k", "queue": "a", "flow": own })).await.0, 201);
    assert_eq!(fleet.post(&format!("/api/v1/flows/{own}/cancel"), json!({})).await.0, 202);

    let of_flow = fleet.get(&format!("/api/v1/flows/{mixed}/graph")).await;
    let around = fleet.get(&format!("{TASKS}/{}/graph", refs["top"])).await;
    for (graph, nodes) in [(&of_flow, 3), (&around, 2)] {
        assert_eq!(graph["nodes"].as_array().unwrap().len(), nodes, "{graph}");
        let secret = graph["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|node| node["id"] == json!(refs["secret"]))
            .unwrap();
        assert_eq!(secret["status"], "blocked");
        assert!(["ref", "kind", "queue"].iter().all(|member| secret.get(member).is_none()), "{secret}");
        assert!(!graph.to_string().contains("hidden") && !graph.to_string().contains("secret"), "{graph}");
    }
    let why =
        fleet.get(&format!("{TASKS}/{}/explain", refs["end"])).await["sentence"].as_str().unwrap().to_owned();
    assert!(why.contains(&refs["secret"]) && !why.contains("secret,"), "{why}");
}

#[tokio::test]
async fn who_only_writes_does_not_read_what_came_of_it() {
    let fleet = Fleet::new().await;
    let writer = fleet.door.key(&["tasks:write@a", "tasks:cancel@a"], None).await;
    let body = json!({ "kind": "k", "queue": "a", "key": "once", "payload": "a secret" });
    let task = fleet.door.post(&writer, TASKS, body.clone()).await.json();
    fleet.gateway.complete(WORKER, task["id"].as_str().unwrap(), json!("a result")).await;
    let first = fleet
        .gateway
        .submit_with(json!({ "kind": "k", "queue": "a", "key": "twice", "payload": "another" }))
        .await;
    let again = fleet.door.post(&writer, TASKS, json!({ "kind": "k", "queue": "a", "key": "twice" })).await;
    assert_eq!((again.status.as_u16(), again.json()["id"].as_str()), (200, Some(first.as_str())));
    assert!(!again.text().contains("another"), "{}", again.text());
    let cancelled = fleet.door.post(&writer, &format!("{TASKS}/{first}/cancel"), json!({})).await;
    assert!(cancelled.status == 200 && !cancelled.text().contains("another"), "{}", cancelled.text());
    assert!(task.get("payload").is_none(), "{task}");
}

/// What the feed of these scopes says until it has said `last`.
async fn heard(fleet: &Fleet, key: &str, last: &str, happens: impl AsyncFnOnce()) -> String {
    let request = Request::get("/api/v1/events").header("authorization", format!("Bearer {key}"));
    let request = request.header("host", "localhost").body(Body::empty()).unwrap();
    let answer = fleet.door.router().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body().into_data_stream();
    let mut heard = String::new();
    let reading = async {
        // The first piece comes when it has joined.
        heard += std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap();
        happens().await;
        while !heard.contains(last) {
            heard += std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap();
        }
    };
    tokio::time::timeout(LONG, reading).await.expect("it is heard");
    heard
}

#[tokio::test]
async fn case_97_the_feed_tells_of_own_queues_event_by_event() {
    let fleet = Fleet::new().await;
    let happens = async |last: &str, worker: u32| {
        fleet.gateway.submit_with(json!({ "kind": "unheard", "queue": "b" })).await;
        fleet.gateway.worker(worker).await;
        fleet.gateway.submit_with(json!({ "kind": last, "queue": "a" })).await;
    };
    let reader = fleet.door.key(&["tasks:read@a"], None).await;
    let told = heard(&fleet, &reader, "the-first", || happens("the-first", 7)).await;
    assert!(!told.contains("unheard") && !told.contains("worker-007"), "{told}");
    let watcher = fleet.door.key(&["tasks:read@a", "workers:read"], None).await;
    let told = heard(&fleet, &watcher, "the-second", || happens("the-second", 8)).await;
    assert!(!told.contains("unheard") && told.contains("worker-008"), "{told}");
    let counts = heard(&fleet, &reader, "event: counts", || happens("the-third", 9)).await;
    let counts = counts.lines().skip_while(|line| *line != "event: counts").nth(1).unwrap();
    let counts: Value = serde_json::from_str(counts.trim_start_matches("data: ")).unwrap();
    let pending = counts["pending"].as_u64().unwrap();
    assert!((3..=4).contains(&pending), "{counts}");
}

#[tokio::test]
async fn what_is_held_open_ends_with_its_credential() {
    let fleet = Fleet::new().await;
    let soon = fleet.gateway.app.store.clock_ms().await.unwrap() + 3_000;
    let key = fleet.door.key_until(&["tasks:read", "tasks:claim"], Some(WORKER), Some(soon)).await;
    let request = Request::get("/api/v1/events").header("authorization", format!("Bearer {key}"));
    let request = request.header("host", "localhost").body(Body::empty()).unwrap();
    let stream = fleet.door.router().oneshot(request).await.unwrap();
    assert_eq!(stream.status(), 200);
    let all = async { stream.into_body().into_data_stream().collect::<Vec<_>>().await };
    let wait =
        fleet.door.post(&key, "/api/v1/workers/worker-001-test/claim?wait=50", json!({ "queues": ["none"] }));
    let (pieces, claim) =
        tokio::time::timeout(LONG, async { tokio::join!(all, wait) }).await.expect("both end");
    assert!(!pieces.is_empty() && pieces.iter().all(Result::is_ok));
    assert_eq!(claim.problem(), (401, "token_expired".to_owned()));
    until(async || fleet.door.get(&key, TASKS).await.status == 401).await;
}
