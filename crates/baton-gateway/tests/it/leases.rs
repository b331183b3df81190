//! What a holder says of its task, and what nobody else may say.

use baton_core::Shard;
use baton_store::ticker::Ticker;
use serde_json::{Value, json};

use crate::support::Gateway;

/// A running task, its worker and its fence.
async fn running(gateway: &Gateway) -> (String, String, Value) {
    let worker = gateway.worker(1).await;
    let id = gateway.submit("noop").await;
    let task = gateway.claim(&worker).await;
    assert_eq!(task["id"], json!(id));
    (id, worker, task["fence"].clone())
}

fn lease(id: &str, verb: &str) -> String {
    format!("/api/v1/leases/{id}/{verb}")
}

#[tokio::test]
async fn a_report_can_be_repeated_and_not_changed() {
    let gateway = Gateway::start().await;
    let (id, worker, fence) = running(&gateway).await;
    let done = json!({ "worker": worker, "fence": fence, "result": { "ok": true } });
    let first = gateway.post(&lease(&id, "complete"), done.clone()).await.json();
    assert_eq!((&first["status"], &first["replayed"]), (&json!("completed"), &json!(false)));
    let again = gateway.post(&lease(&id, "complete"), done).await.json();
    assert_eq!((&again["version"], &again["replayed"]), (&first["version"], &json!(true)));
    let other =
        gateway.post(&lease(&id, "fail"), json!({ "worker": worker, "fence": fence, "error": "x" })).await;
    assert_eq!(other.problem(), (409, "already_finished".to_owned()));
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn only_the_holder_is_heard() {
    let gateway = Gateway::start().await;
    let (id, worker, fence) = running(&gateway).await;
    let before = gateway.task(&id).await;
    let stale = json!(fence.as_u64().unwrap() - 1);
    for (by, fence) in [("worker-009-test", &fence), (worker.as_str(), &stale)] {
        for (verb, body) in [
            ("complete", json!({ "worker": by, "fence": fence })),
            ("fail", json!({ "worker": by, "fence": fence })),
            ("release", json!({ "worker": by, "fence": fence })),
            ("progress", json!({ "worker": by, "fence": fence, "progress": { "fraction": 0.5 } })),
            ("logs", json!({ "worker": by, "fence": fence, "logs": [{ "text": "x" }] })),
        ] {
            let answer = gateway.post(&lease(&id, verb), body).await;
            assert_eq!(answer.problem(), (409, "fenced".to_owned()), "{verb} by {by}");
        }
    }
    let beat = gateway.post(&lease(&id, "heartbeat"), json!({ "worker": worker, "fence": stale })).await;
    assert_eq!(beat.status, 409);
    let stranger =
        gateway.post(&lease(&id, "heartbeat"), json!({ "worker": "worker-009-test", "fence": fence })).await;
    assert_eq!(stranger.problem(), (404, "unknown_worker".to_owned()));
    assert_eq!(gateway.task(&id).await, before);
}

#[tokio::test]
async fn progress_is_shown() {
    let gateway = Gateway::start().await;
    let (id, worker, fence) = running(&gateway).await;
    let note = |fraction: Value, text: &str| json!({ "worker": worker, "fence": fence, "progress": { "fraction": fraction, "text": text } });
    assert_eq!(gateway.post(&lease(&id, "progress"), note(json!(0.4), "typesetting")).await.status, 204);
    assert_eq!(gateway.task(&id).await["progress"], json!({ "fraction": 0.4, "text": "typesetting" }));
    for (wrong, pointer) in [
        (note(json!(1.5), ""), "/progress/fraction"),
        (note(json!(-0.1), ""), "/progress/fraction"),
        (note(json!(0.1), "two\nlines"), "/progress/text"),
    ] {
        assert_eq!(gateway.post(&lease(&id, "progress"), wrong).await.pointers(), [pointer]);
    }
    let long = note(json!(0.1), &"x".repeat(80));
    assert_eq!(gateway.post(&lease(&id, "progress"), long).await.status, 204);
    assert_eq!(gateway.task(&id).await["progress"]["text"], "x".repeat(59));
}

#[tokio::test]
async fn a_failed_run_is_tried_again_unless_it_is_permanent() {
    let gateway = Gateway::start().await;
    let (id, worker, fence) = running(&gateway).await;
    let failed =
        json!({ "worker": worker, "fence": fence, "error": "boom", "reason": "oops", "retry_in_ms": 60_000 });
    assert_eq!(gateway.post(&lease(&id, "fail"), failed).await.json()["status"], "scheduled");
    let task = gateway.task(&id).await;
    assert_eq!(
        (&task["error"], &task["reason"], &task["attempt"]),
        (&json!("boom"), &json!("oops"), &json!(1))
    );
    gateway.post(&format!("/api/v1/tasks/{id}/promote"), json!({})).await;
    let fence = gateway.claim(&worker).await["fence"].clone();
    for (flags, pointer) in [
        (json!({ "permanent": true, "timed_out": true }), "/timed_out"),
        (json!({ "permanent": true, "retry_in_ms": 1 }), "/retry_in_ms"),
    ] {
        let mut body = json!({ "worker": worker, "fence": fence });
        body.as_object_mut().unwrap().extend(flags.as_object().unwrap().clone());
        assert_eq!(gateway.post(&lease(&id, "fail"), body).await.pointers(), [pointer]);
    }
    let for_good = json!({ "worker": worker, "fence": fence, "permanent": true });
    assert_eq!(gateway.post(&lease(&id, "fail"), for_good).await.json()["status"], "failed");
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_run_that_took_too_long_and_one_that_is_given_back() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit_with(json!({ "kind": "slow", "max_attempts": 1 })).await;
    let fence = gateway.claim(&worker).await["fence"].clone();
    let release = json!({ "worker": worker, "fence": fence, "reason": "draining" });
    assert_eq!(gateway.post(&lease(&id, "release"), release).await.json()["status"], "pending");
    assert_eq!(gateway.task(&id).await["attempt"], 0);
    let fence = gateway.claim(&worker).await["fence"].clone();
    let late = json!({ "worker": worker, "fence": fence, "timed_out": true });
    assert_eq!(gateway.post(&lease(&id, "fail"), late).await.json()["status"], "timeout");
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn the_heartbeat_of_one_lease_is_for_those_who_hold_one() {
    let gateway = Gateway::start().await;
    let (id, worker, fence) = running(&gateway).await;
    let beat = json!({ "worker": worker, "fence": fence });
    let answer = gateway.post(&lease(&id, "heartbeat"), beat.clone()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["renew_every_ms"]), (200, &json!(10_000)));
    gateway.submit("another").await;
    let holding = json!({ "max": 1, "holding": [{ "task": id, "fence": fence }] });
    assert_eq!(gateway.post(&format!("/api/v1/workers/{worker}/claim"), holding).await.status, 200);
    assert_eq!(gateway.post(&lease(&id, "heartbeat"), beat).await.problem(), (409, "conflict".to_owned()));
}

#[tokio::test]
async fn a_result_has_a_bound() {
    let gateway = Gateway::start().await;
    let (id, worker, fence) = running(&gateway).await;
    let with = |length: usize| json!({ "worker": worker, "fence": fence, "result": "x".repeat(length - 2) });
    let beyond = gateway.post(&lease(&id, "complete"), with(1_048_577)).await;
    assert_eq!(beyond.problem(), (413, "payload_too_large".to_owned()));
    assert_eq!(gateway.post(&lease(&id, "complete"), with(1_048_576)).await.status, 200);
}

/// What the task's explanation says of refused writes: worker, fence, verb, code.
async fn refused_writes(gateway: &Gateway, id: &str) -> Vec<Value> {
    let said = gateway.get(&format!("/api/v1/tasks/{id}/explain")).await.json();
    let writes = said["refused_writes"].as_array().cloned().unwrap_or_default();
    writes.iter().map(|one| json!([one["worker"], one["fence"], one["verb"], one["code"]])).collect()
}

/// Asks again and again until the task is pending: its holder was too silent for too long.
async fn taken_back(gateway: &Gateway, id: &str) {
    crate::support::until(async || gateway.task(id).await["status"] == "pending").await;
}

#[tokio::test]
async fn a_zombie_is_refused_and_shown() {
    let gateway = Gateway::start().await;
    let ticker = Ticker::new(gateway.app.store.clone());
    let ticking = tokio::spawn(async move { ticker.run(std::future::pending::<()>()).await });
    // The first worker is paused for longer than its lease.
    let zombie = "worker-001-test".to_owned();
    let register =
        json!({ "worker_id": zombie, "boot": "b1", "queues": ["default"], "slots": 1, "lease_ms": 1_000 });
    assert_eq!(gateway.post("/api/v1/workers/register", register).await.status, 201);
    let id = gateway.submit("noop").await;
    let stale = gateway.claim(&zombie).await["fence"].clone();
    let page = gateway.page(&format!("/ui/tasks/{id}")).await.text();
    assert!(page.contains("None: nobody reported what was not his to report."), "{page}");
    taken_back(&gateway, &id).await;
    let holder = gateway.worker(2).await;
    let fence = gateway.claim(&holder).await["fence"].clone();
    // It comes to itself, and knows of nothing.
    let late = json!({ "worker": zombie, "fence": stale, "result": { "ok": true } });
    for _ in 0..3 {
        let answer = gateway.post(&lease(&id, "complete"), late.clone()).await;
        assert_eq!(answer.problem(), (409, "fenced".to_owned()));
    }
    assert_eq!(refused_writes(&gateway, &id).await, [json!([zombie, stale, "complete", "fenced"])]);
    let page = gateway.page(&format!("/ui/tasks/{id}")).await.text();
    let table = page.split("id=\"refused-title\"").nth(1).unwrap().split("</section>").next().unwrap();
    for part in [
        zombie.as_str(),
        &stale.to_string(),
        "<td>complete</td>",
        ">fenced</td>",
        "/ui/workers/worker-001-test",
    ] {
        assert!(table.contains(part), "{part}: {table}");
    }
    // The one that holds it is believed, and what it did stays.
    let done = json!({ "worker": holder, "fence": fence, "result": 2 });
    assert_eq!(gateway.post(&lease(&id, "complete"), done).await.status, 200);
    let progress = json!({ "worker": zombie, "fence": stale, "progress": { "fraction": 0.5 } });
    assert_eq!(gateway.post(&lease(&id, "progress"), progress).await.problem(), (409, "fenced".to_owned()));
    let verbs: Vec<Value> = refused_writes(&gateway, &id).await.iter().map(|one| one[2].clone()).collect();
    assert_eq!(verbs, [json!("progress"), json!("complete")]);
    assert_eq!(gateway.task(&id).await["result"], json!(2));
    ticking.abort();
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn refused_writes_are_text_on_the_page_whoever_wrote_them() {
    let gateway = Gateway::start().await;
    let id = gateway.submit("noop").await;
    let key = gateway.app.store.keys(Shard::FIRST).unwrap().task_refused(id.parse().unwrap());
    let hostile = "<script>alert(1)</script>\u{1b}[31m 7 <b>x</b> \"onclick=";
    let _: u64 = gateway.redis.say(&["ZADD", &key, "1", hostile]).await;
    assert_eq!(refused_writes(&gateway, &id).await.len(), 1);
    let page = gateway.page(&format!("/ui/tasks/{id}")).await.text();
    assert!(page.contains("&#60;script&#62;alert(1)") && page.contains("&#60;b&#62;x"), "{page}");
    assert!(!page.contains("<script>alert") && !page.contains('\u{1b}') && !page.contains("<b>x"), "{page}");
}
