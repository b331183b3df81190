//! Workers in any language: register, claim, renew, report, leave.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Gateway, post};

#[tokio::test]
async fn an_external_worker_walks_through_its_life() {
    let gateway = Gateway::start().await;
    let about = json!({ "queues": ["media", "default"], "kinds": ["encode"], "slots": 2, "host": "h", "pid": 7, "version": "1.0" });
    let answer = gateway.post("/api/v1/workers/register", about).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let registered = answer.json();
    let (id, boot) = (registered["id"].as_str().unwrap(), &registered["boot"]);
    assert_eq!((id, answer.header("location")), ("worker-001-default", "/api/v1/workers/worker-001-default"));
    let path = |verb: &str| format!("/api/v1/workers/{id}/{verb}");

    let task =
        gateway.submit_with(json!({ "kind": "encode", "queue": "media", "payload": { "n": 1 } })).await;
    let first = gateway.post(&path("claim"), json!({ "boot": boot })).await.json();
    assert_eq!(
        (&first["id"], &first["redelivered"], &first["payload"]),
        (&json!(task), &json!(false), &json!({ "n": 1 }))
    );
    // The answer was lost, so it asks again: the same task under the same fence.
    let again = gateway.post(&path("claim"), json!({ "boot": boot })).await.json();
    assert_eq!(
        (&again["id"], &again["fence"], &again["redelivered"]),
        (&json!(task), &first["fence"], &json!(true))
    );

    let holding = json!([{ "task": task, "fence": first["fence"] }]);
    let alive = gateway.post(&path("heartbeat"), json!({ "boot": boot, "holding": holding })).await.json();
    assert_eq!(
        (&alive["gone"], &alive["unknown"], &alive["directives"]),
        (&json!([]), &json!([]), &json!([]))
    );
    let forgetful = gateway.post(&path("heartbeat"), json!({})).await.json();
    assert_eq!(forgetful["unknown"], json!([task]));
    assert_eq!(gateway.get(&format!("/api/v1/workers/{id}")).await.json()["state"], "busy");

    let done = json!({ "worker": id, "fence": first["fence"], "result": null });
    assert_eq!(gateway.post(&format!("/api/v1/leases/{task}/complete"), done).await.status, 200);
    let nothing = gateway.post(&path("claim"), json!({ "boot": boot, "max": 5 })).await;
    assert_eq!((nothing.status.as_u16(), nothing.body.len()), (204, 0));
    let known = gateway.get(&format!("/api/v1/workers/{id}")).await.json();
    assert_eq!(
        (&known["state"], &known["queues"], &known["slots"]),
        (&json!("idle"), &json!(["media", "default"]), &json!(2))
    );
    let left = gateway
        .ask(post(&format!("/api/v1/workers/{id}"), &json!({ "boot": boot })).by(Method::DELETE))
        .await;
    assert_eq!((left.status.as_u16(), &left.json()["released"]), (200, &json!(0)));
    assert_eq!(gateway.get(&format!("/api/v1/workers/{id}")).await.json()["state"], "offline");
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn an_envelope_brings_several_tasks_and_says_what_is_gone() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    for _ in 0..3 {
        gateway.submit("noop").await;
    }
    let path = format!("/api/v1/workers/{worker}/claim");
    let claims = gateway.post(&path, json!({ "max": 10 })).await.json();
    let tasks = claims["tasks"].as_array().unwrap();
    assert_eq!(
        (tasks.len(), &claims["solo_waiting"], &claims["renew_every_ms"]),
        (3, &json!(false), &json!(10_000))
    );
    let pair = |task: &Value| json!({ "task": task["id"], "fence": task["fence"] });
    let holding: Vec<Value> = tasks.iter().map(pair).collect();
    gateway.post(&format!("/api/v1/tasks/{}/cancel", tasks[0]["id"].as_str().unwrap()), json!({})).await;
    // What is gone is said at once, however long there would be to wait.
    let gone =
        gateway.post(&format!("{path}?wait=60"), json!({ "max": 10, "holding": holding })).await.json();
    assert_eq!((gone["tasks"].as_array().unwrap().len(), &gone["gone"][0]["task"]), (0, &tasks[0]["id"]));
}

#[tokio::test]
async fn a_claim_says_whether_the_order_of_its_queues_or_priority_comes_first() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    for (queue, priority) in [("later", 9), ("first", 0), ("later", 9)] {
        let task = json!({ "kind": "noop", "queue": queue, "priority": priority });
        gateway.submit_with(task).await;
    }
    let path = format!("/api/v1/workers/{worker}/claim");
    let next = async |order: &str| {
        let claim = json!({ "queues": ["first", "later"], "order": order, "max": 1 });
        gateway.post(&path, claim).await.json()["tasks"][0]["queue"].clone()
    };
    assert_eq!(next("priority").await, "later");
    // What is held and not listed comes again, so it is given back first.
    let held = gateway.post(&path, json!({ "max": 5, "queues": ["none"] })).await.json();
    let (id, fence) = (held["tasks"][0]["id"].as_str().unwrap(), &held["tasks"][0]["fence"]);
    let done = json!({ "worker": worker, "fence": fence });
    assert_eq!(gateway.post(&format!("/api/v1/leases/{id}/complete"), done).await.status, 200);
    assert_eq!(next("listed").await, "first");
    let wrong = gateway.post(&path, json!({ "queues": ["first"], "order": "fifo" })).await;
    assert_eq!((wrong.status.as_u16(), wrong.pointers()), (422, vec!["/order".to_owned()]));
}

#[tokio::test]
async fn one_task_can_be_claimed_by_its_id() {
    let gateway = Gateway::start().await;
    let (one, other) = (gateway.worker(1).await, gateway.worker(2).await);
    let (_, second) = (gateway.submit("a").await, gateway.submit("b").await);
    let path = format!("/api/v1/tasks/{second}/claim");
    let claimed = gateway.post(&path, json!({ "worker": one })).await.json();
    assert_eq!(claimed["id"], json!(second));
    let taken = gateway.post(&path, json!({ "worker": other })).await;
    assert_eq!(taken.problem(), (409, "conflict".to_owned()));
    assert!(taken.json()["detail"].as_str().unwrap().contains("running"));
    let repeated = gateway.post(&path, json!({ "worker": one })).await.json();
    assert_eq!((&repeated["fence"], &repeated["redelivered"]), (&claimed["fence"], &json!(true)));
    gateway.post("/api/v1/queues/default/pause", json!({})).await;
    let third = gateway.submit("c").await;
    let paused = gateway.post(&format!("/api/v1/tasks/{third}/claim"), json!({ "worker": other })).await;
    assert_eq!(paused.problem(), (409, "queue_paused".to_owned()));
    let unknown =
        gateway.post(&format!("/api/v1/tasks/{third}/claim"), json!({ "worker": "worker-009-x" })).await;
    assert_eq!(unknown.problem(), (404, "unknown_worker".to_owned()));
}

#[tokio::test]
async fn a_later_boot_supersedes_an_earlier_one() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let task = gateway.submit("noop").await;
    let held = gateway.claim(&worker).await;
    let register = |expects: Value| json!({ "worker_id": worker, "boot": "next", "expects": expects });
    let wrong = gateway.post("/api/v1/workers/register", register(json!("other"))).await;
    assert_eq!(wrong.problem(), (409, "conflict".to_owned()));
    assert!(wrong.json()["detail"].as_str().unwrap().contains("b1"));
    let next = gateway.post("/api/v1/workers/register", register(json!("b1"))).await.json();
    assert_eq!(next["taken_over"], 1);
    let path = format!("/api/v1/workers/{worker}");
    for verb in ["claim", "heartbeat"] {
        let late = gateway.post(&format!("{path}/{verb}"), json!({ "boot": "b1" })).await;
        assert_eq!(late.problem(), (409, "superseded".to_owned()), "{verb}");
    }
    let again = gateway.post(&format!("{path}/claim"), json!({ "boot": "next" })).await.json();
    assert_eq!(again["id"], json!(task));
    assert!(again["fence"].as_u64() > held["fence"].as_u64());
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn an_operator_can_quiet_stop_and_resume_a_worker() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let path = format!("/api/v1/workers/{worker}");
    for (verb, state, directives) in [
        ("quiet", "quiet", json!(["quiet"])),
        ("stop", "quiet", json!(["stop"])),
        ("resume", "idle", json!([])),
    ] {
        let told = gateway.post(&format!("{path}/{verb}"), json!({})).await;
        assert_eq!((told.status.as_u16(), told.json()["state"].as_str()), (200, Some(state)), "{verb}");
        assert_eq!(
            gateway.post(&format!("{path}/heartbeat"), json!({})).await.json()["directives"],
            directives
        );
    }
    for verb in ["quiet", "stop", "resume", "heartbeat", "claim"] {
        let nobody = gateway.post(&format!("/api/v1/workers/worker-404-x/{verb}"), json!({})).await;
        assert_eq!(nobody.problem(), (404, "unknown_worker".to_owned()), "{verb}");
    }
}

#[tokio::test]
async fn who_is_removed_gives_back_what_it_holds() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit("noop").await;
    gateway.claim(&worker).await;
    let path = format!("/api/v1/workers/{worker}");
    let mut bare = post(&path, &json!({})).by(Method::DELETE);
    bare.body = None;
    assert_eq!(gateway.ask(bare).await.json()["released"], 1);
    assert_eq!(
        (&gateway.task(&id).await["status"], &gateway.task(&id).await["attempt"]),
        (&json!("pending"), &json!(0))
    );
    let late = gateway.post(&format!("{path}/claim"), json!({ "boot": "b1" })).await;
    assert_eq!(late.problem(), (409, "superseded".to_owned()));
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn workers_are_listed_by_page_and_cursor() {
    let gateway = Gateway::start().await;
    for number in 1..=5 {
        gateway.worker(number).await;
    }
    let first = gateway.get("/api/v1/workers?limit=3").await;
    assert_eq!(first.json()["workers"].as_array().unwrap().len(), 3);
    let link = first.header("link").strip_prefix('<').unwrap().split_once('>').unwrap().0.to_owned();
    let second = gateway.get(&link).await;
    assert_eq!((second.json()["workers"].as_array().unwrap().len(), second.header("link")), (2, ""));
    let page = gateway.get("/api/v1/workers?page=2&page_size=2").await.json();
    assert_eq!(
        (&page["total"], &page["page"], &page["workers"][0]["id"]),
        (&json!(5), &json!(2), &json!("worker-003-test"))
    );
    for wrong in ["/api/v1/workers?state=asleep", "/api/v1/workers?pool=A", "/api/v1/workers?limit=3&page=1"]
    {
        assert_eq!(gateway.get(wrong).await.problem(), (422, "validation".to_owned()));
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_or_claim_is_named() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let pair = json!({ "task": "01a1fc29-8a56-7000-ba14-c38b1cfc4000", "fence": 1 });
    for (body, pointer) in [
        (json!({ "worker_id": "w1" }), "/worker_id"),
        (json!({ "lease_ms": 1 }), "/lease_ms"),
        (json!({ "slots": 0 }), "/slots"),
        (json!({ "kind": "No Good" }), "/kind"),
        (json!({ "queues": (0..33).map(|n| format!("q{n}")).collect::<Vec<_>>() }), "/queues"),
        (json!({ "que": [] }), "/que"),
    ] {
        assert_eq!(
            gateway.post("/api/v1/workers/register", body.clone()).await.pointers(),
            [pointer],
            "{body}"
        );
    }
    for (body, pointer) in [
        (json!({ "max": 101 }), "/max"),
        (json!({ "queues": ["a b"] }), "/queues/0"),
        (json!({ "holding": vec![pair.clone(); 151] }), "/holding"),
        (json!({ "holding": [{ "task": "x", "fence": 1 }] }), "/holding/0/task"),
    ] {
        let answer = gateway.post(&format!("/api/v1/workers/{worker}/claim"), body.clone()).await;
        assert_eq!(answer.pointers(), [pointer], "{body}");
    }
}
