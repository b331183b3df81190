//! What receivers of webhooks get: signed, at least once, and nothing that is not theirs.

use std::sync::atomic::Ordering;

use baton_core::limits;
use serde_json::json;

use crate::webhooks::{OPS, put};
use crate::webhooks_support::Fleet;

#[tokio::test(flavor = "multi_thread")]
async fn each_end_is_told_with_a_good_signature_and_nobody_hears_of_other_queues() {
    let fleet = Fleet::start(true).await;
    let secret = fleet.hook("mail", json!({ "queues": ["mail"] })).await;
    fleet.hook("other", json!({ "queues": ["oth*"] })).await;
    fleet.hook("failed", json!({ "statuses": ["failed"] })).await;
    let worker = fleet.gateway.worker(1).await;
    let done =
        fleet.gateway.submit_with(json!({ "kind": "noop", "queue": "mail", "payload": "private" })).await;
    fleet.gateway.complete(&worker, &done, json!({ "n": 7 })).await;
    let large = fleet.gateway.submit_with(json!({ "kind": "noop", "queue": "mail" })).await;
    fleet.gateway.complete(&worker, &large, json!("x".repeat(65_536))).await;
    let cancelled = fleet.cancel_one("mail").await;
    fleet.until("all three are told", 0, async || fleet.got("mail").len() >= 3).await;
    fleet.until("that is noted", 0, async || fleet.shown("mail").await["deliveries"]["waiting"] == 0).await;
    let got = fleet.got("mail");
    assert_eq!(got.len(), 3);
    let of = |id: &str| got.iter().find(|one| one.json()["data"]["id"] == id).unwrap();
    for one in &got {
        assert!(one.is_signed_by(&secret) && !one.is_signed_by("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        assert_eq!(one.header("content-type"), "application/json");
        let data = one.json()["data"].clone();
        let id = format!("{}.{}.", data["id"].as_str().unwrap(), data["version"]);
        assert_eq!((one.header("webhook-id").starts_with(&id), &data["queue"]), (true, &json!("mail")));
        assert!(!String::from_utf8_lossy(&one.body).contains("private"), "its payload is nobody's business");
    }
    let told = of(&done).json();
    assert_eq!((&told["type"], &told["data"]["webhook"]), (&json!("task.completed"), &json!("mail")));
    assert_eq!(
        (&told["data"]["task"]["result"], &told["data"]["worker"]),
        (&json!({ "n": 7 }), &json!(worker))
    );
    let told = of(&large).json();
    assert_eq!((&told["data"]["status"], told["data"]["task"].get("result")), (&json!("completed"), None));
    let told = of(&cancelled).json();
    assert_eq!(
        (&told["type"], &told["data"]["why"]),
        (&json!("task.cancelled"), &json!("pending two words"))
    );
    assert!(fleet.got("other").is_empty() && fleet.got("failed").is_empty());
    let seen = fleet.shown("mail").await;
    assert_eq!((&seen["deliveries"]["delivered"], seen.get("failing_since")), (&json!(3), None), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_comes_again_under_its_id_and_a_redirect_is_a_failure() {
    let fleet = Fleet::start(true).await;
    fleet.hook("ops", json!({})).await;
    fleet.answers("ops", 500);
    fleet.cancel_one("default").await;
    fleet.until("it failed", 0, async || fleet.shown("ops").await["deliveries"]["failed"] == 1).await;
    let waiting = fleet.gateway.get(&format!("{OPS}/deliveries")).await.json();
    assert_eq!(
        (&waiting["waiting"][0]["status"], &waiting["latest"][0]["result"]),
        (&json!(500), &json!("failed"))
    );
    fleet.answers("ops", 302);
    fleet.until("it failed again", 100, async || fleet.shown("ops").await["deliveries"]["failed"] == 2).await;
    fleet.answers("ops", 204);
    fleet.until("it arrived", 1_000, async || fleet.shown("ops").await["deliveries"]["delivered"] == 1).await;
    let ids: Vec<String> = fleet.got("ops").iter().map(|got| got.header("webhook-id").to_owned()).collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(fleet.got("elsewhere").is_empty());
    let latest = fleet.gateway.get(&format!("{OPS}/deliveries")).await.json()["latest"].clone();
    assert_eq!((&latest[0]["result"], &latest[1]["status"]), (&json!("delivered"), &json!(302)), "{latest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_holds_up_no_other() {
    let fleet = Fleet::start(true).await;
    fleet.hook("slow", json!({ "queues": ["slow"] })).await;
    fleet.hook("quick", json!({ "queues": ["quick"] })).await;
    fleet.answers("slow", 0);
    for _ in 0..12 {
        fleet.cancel_one("slow").await;
    }
    let full = limits::WEBHOOK_AT_ONCE as usize;
    fleet.until("the slow one has all it may have", 0, async || fleet.got("slow").len() >= full).await;
    for _ in 0..12 {
        fleet.cancel_one("quick").await;
    }
    fleet.until("the quick one has all", 0, async || fleet.got("quick").len() >= 12).await;
    assert_eq!(fleet.got("slow").len(), full, "it has more under way than it may");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_gone_is_disabled_at_once_and_goes_on_when_somebody_says_so() {
    let fleet = Fleet::start(true).await;
    fleet.hook("ops", json!({})).await;
    fleet.answers("ops", 410);
    fleet.cancel_one("default").await;
    fleet.until("it is disabled", 0, async || fleet.shown("ops").await["state"] == "disabled").await;
    let seen = fleet.shown("ops").await;
    assert_eq!(seen["reason"], "the receiver answered 410 Gone");
    fleet.cancel_one("default").await;
    assert_eq!(fleet.shown("ops").await["deliveries"]["waiting"], 0);
    fleet
        .until("it is on the trail", 0, async || {
            let trail = fleet.gateway.get("/api/v1/audit").await.text();
            trail.contains("disable_webhook") && trail.contains("410 Gone")
        })
        .await;
    fleet.answers("ops", 200);
    let resumed = fleet.gateway.post(&format!("{OPS}/resume"), json!({})).await.json();
    assert_eq!((&resumed["state"], resumed.get("reason")), (&json!("active"), None));
    fleet.cancel_one("default").await;
    fleet.until("it arrived", 0, async || fleet.shown("ops").await["deliveries"]["delivered"] == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_failures_disables_it() {
    let fleet = Fleet::start(true).await;
    fleet.hook("ops", json!({})).await;
    fleet.answers("ops", 503);
    fleet.cancel_one("default").await;
    fleet.until("it failed", 0, async || fleet.shown("ops").await["deliveries"]["failed"] == 1).await;
    assert_eq!(fleet.shown("ops").await["state"], "active");
    // Its last attempt is due.
    fleet.clock.fetch_add(limits::WEBHOOK_AGE_MS_MAX - limits::WEBHOOK_LAST_MS, Ordering::SeqCst);
    fleet.until("it is disabled", 0, async || fleet.shown("ops").await["state"] == "disabled").await;
    let seen = fleet.shown("ops").await;
    assert_eq!(
        (&seen["state"], &seen["reason"]),
        (&json!("disabled"), &json!("nothing arrived for 24 hours"))
    );
    assert_eq!(seen["deliveries"]["waiting"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_secrets_sign_after_a_change_and_a_repeat_of_it_changes_nothing() {
    let fleet = Fleet::start(true).await;
    let first = fleet.hook("ops", json!({})).await;
    let rotate =
        || crate::support::post("/api/v1/webhooks/ops/rotate", &json!({})).with("idempotency-key", "k-1");
    let changed = fleet.gateway.ask(rotate()).await.json();
    let second = changed["secret"].as_str().unwrap().to_owned();
    assert_eq!(fleet.gateway.ask(rotate()).await.json(), changed, "a repeat is answered the same");
    assert_ne!(first, second);
    let test = async || fleet.gateway.post(&format!("{OPS}/test"), json!({})).await.json();
    let answer = test().await;
    assert_eq!((&answer["delivered"], &answer["status"]), (&json!(true), &json!(200)), "{answer}");
    let got = fleet.got("ops").remove(0);
    assert!(got.is_signed_by(&first) && got.is_signed_by(&second));
    assert_eq!(
        (&got.json()["type"], got.header("webhook-id")),
        (&json!("webhook.test"), answer["id"].as_str().unwrap())
    );
    fleet.clock.fetch_add(limits::WEBHOOK_OVERLAP_MS, Ordering::SeqCst);
    fleet.answers("ops", 404);
    let answer = test().await;
    assert_eq!((&answer["delivered"], &answer["status"]), (&json!(false), &json!(404)), "{answer}");
    let got = fleet.got("ops").remove(1);
    assert!(!got.is_signed_by(&first) && got.is_signed_by(&second));
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_our_own_are_not_posted_to_unless_that_is_allowed() {
    let fleet = Fleet::start(false).await;
    let port = fleet.base.rsplit(':').next().unwrap().to_owned();
    for host in
        ["127.0.0.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "localhost", "169.254.169.254"]
    {
        let body = json!({ "url": format!("http://{host}:{port}/ops") });
        fleet.gateway.ask(put(OPS, &body)).await;
        let answer = fleet.gateway.post(&format!("{OPS}/test"), json!({})).await.json();
        assert_eq!((&answer["delivered"], answer.get("status")), (&json!(false), None), "{host}: {answer}");
        assert!(answer["error"].as_str().unwrap().contains("is not a public address"), "{host}: {answer}");
    }
    fleet.cancel_one("default").await;
    fleet.until("it failed", 0, async || fleet.shown("ops").await["deliveries"]["failed"] == 1).await;
    assert!(fleet.got("ops").is_empty());
}
