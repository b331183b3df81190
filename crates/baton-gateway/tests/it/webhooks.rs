//! Webhooks over HTTP: how they are made and changed, every refusal, and who may see them.

use axum::http::Method;
use baton_gateway::Settings;
use baton_store::{Options, Store};
use baton_testkit::PrivateRedis;
use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::{Answer, Ask, Gateway, get, post, secured_settings};

pub(crate) const ALL: &str = "/api/v1/webhooks";
pub(crate) const OPS: &str = "/api/v1/webhooks/ops";

/// One with a secret that lasts, of which those of webhooks are derived.
pub(crate) async fn start(shards: u32, private: bool) -> Gateway {
    let redis = PrivateRedis::start().await;
    let mut options = Options::new(redis.url().parse().expect("a URL"));
    options.shards = baton_core::ShardCount::new(shards).expect("a number");
    let (store, _) = Store::open(options).await.expect("a store");
    Gateway::over(redis, store, settings(private))
}

pub(crate) fn settings(private: bool) -> Settings {
    let mut settings = Settings { webhooks_allow_private: private, ..Settings::default() };
    settings.logins.ring = secured_settings().logins.ring;
    settings
}

pub(crate) fn put<'a>(path: &'a str, body: &Value) -> Ask<'a> {
    post(path, body).by(Method::PUT)
}

fn delete(path: &str) -> Ask<'_> {
    get(path).by(Method::DELETE)
}

fn status(answer: &Answer) -> u16 {
    answer.status.as_u16()
}

fn hook() -> Value {
    json!({ "url": "https://hooks.example/x?y=z", "queues": ["mail", "img-*"], "statuses": ["failed"] })
}

async fn asks(door: &Guarded, ask: Ask<'_>, key: &str) -> Answer {
    door.ask(ask.with_key(key)).await
}

async fn keys(gateway: &Gateway) -> usize {
    let all = gateway.snapshot().await;
    all.0.keys().filter(|key| key.contains("}:webhook")).count()
}

#[tokio::test]
async fn a_webhook_is_made_shown_changed_and_removed_in_every_shard() {
    let gateway = start(4, false).await;
    let made = gateway.ask(put(OPS, &hook())).await;
    assert_eq!((status(&made), made.header("location")), (201, OPS), "{}", made.text());
    let mut webhook = made.json();
    let secret = webhook.as_object_mut().unwrap().remove("secret").unwrap();
    assert!(secret.as_str().unwrap().starts_with("whsec_"), "{secret}");
    assert_eq!(made.header("etag"), format!("\"{}\"", webhook["version"]));
    for (member, value) in hook().as_object().unwrap() {
        assert_eq!(&webhook[member], value);
    }
    assert_eq!((&webhook["state"], &webhook["created_by"]), (&json!("active"), &json!("local-dev")));
    // Nothing but the first answer says the secret, and what lies in Redis does not either.
    assert_eq!(gateway.get(OPS).await.json(), webhook);
    assert_eq!(gateway.get(ALL).await.json()["webhooks"], json!([webhook]));
    assert_eq!(gateway.ask(put(OPS, &hook())).await.json(), webhook, "the same again changes nothing");
    let everything = format!("{:?}", gateway.snapshot().await);
    assert!(!everything.contains("whsec_") && !everything.contains(&secret.as_str().unwrap()[6..]));
    assert_eq!(keys(&gateway).await, 2 + 4);

    let other = json!({ "url": "http://other.example" });
    let changed = gateway.ask(put(OPS, &other).with("if-match", made.header("etag"))).await;
    let now = changed.json();
    assert_eq!((status(&changed), &now["queues"], now.get("secret")), (200, &json!([]), None));
    assert_eq!(now["statuses"], json!(["completed", "failed", "timeout", "cancelled"]));
    let late = gateway.ask(put(OPS, &hook()).with("if-match", made.header("etag"))).await;
    assert_eq!(late.problem(), (412, "stale_version".to_owned()));
    // To make one is not to change one that is there.
    let taken = gateway.ask(put(OPS, &hook()).with("if-none-match", "*")).await;
    assert_eq!(taken.problem(), (412, "stale_version".to_owned()));
    let late = gateway.ask(delete(OPS).with("if-match", made.header("etag"))).await;
    assert_eq!(late.problem(), (412, "stale_version".to_owned()));
    assert_eq!(gateway.ask(delete(OPS)).await.status, 204);
    assert_eq!(keys(&gateway).await, 0);
    for answer in [
        gateway.get(OPS).await,
        gateway.ask(delete(OPS)).await,
        gateway.post(&format!("{OPS}/pause"), json!({})).await,
        gateway.post(&format!("{OPS}/test"), json!({})).await,
        gateway.get(&format!("{OPS}/deliveries")).await,
        gateway.ask(put(OPS, &hook()).with("if-match", "\"7\"")).await,
        gateway.get("/api/v1/webhooks/No:name").await,
    ] {
        assert_eq!(answer.problem(), (404, "unknown_webhook".to_owned()));
    }
    let again = gateway.ask(put(OPS, &hook()).with("if-none-match", "*")).await.json();
    assert_ne!(again["secret"], secret, "one made anew has a secret of its own");
}

#[tokio::test]
async fn every_mistake_is_named_with_its_place() {
    let gateway = start(1, false).await;
    let url = |url: &str| json!({ "url": url });
    let with = |member: &str, value: Value| {
        let mut hook = hook();
        hook[member] = value;
        hook
    };
    let before = gateway.shard().await;
    for (body, pointer, words) in [
        (url("file:///etc/passwd"), "/url", "http:// or https://"),
        (url("redis://127.0.0.1:6379"), "/url", "http:// or https://"),
        (url("http://"), "/url", "no url"),
        (url("https://user:pass@hooks.example/"), "/url", "a name or a password"),
        (url(&format!("https://hooks.example/{}", "x".repeat(4_096))), "/url", "more than 2048"),
        (url("https://hooks.example/#top"), "/url", "leave it out"),
        (url("nonsense"), "/url", "no url"),
        (json!({}), "", "missing field `url`"),
        (with("queues", json!(["a*b"])), "/queues/0", "character '*'"),
        (with("queues", json!(["a", "b c"])), "/queues/1", "character ' '"),
        (with("kinds", json!(vec!["k"; 17])), "/kinds", "17 are more than 16"),
        (with("statuses", json!(["running"])), "/statuses/0", "no end of a task"),
        (with("statuses", json!(["done"])), "/statuses/0", "done"),
        (with("description", json!("x".repeat(257))), "/description", "more than 256"),
        (with("secret", json!("mine")), "/secret", "unknown"),
    ] {
        let refused = gateway.ask(put(OPS, &body)).await;
        assert_eq!(refused.problem(), (422, "validation".to_owned()), "{body}: {}", refused.text());
        let error = refused.json()["errors"][0].clone();
        let message = error["message"].as_str().unwrap().to_lowercase();
        assert!(message.contains(words), "{body}: {error}");
        assert_eq!(error["pointer"], pointer, "{error}");
    }
    let named = gateway.ask(put("/api/v1/webhooks/No:name", &hook())).await;
    assert_eq!(named.problem(), (422, "validation".to_owned()));
    assert_eq!(gateway.shard().await, before);
    for number in 0..16 {
        assert_eq!(status(&gateway.ask(put(&format!("{ALL}/w{number}"), &hook())).await), 201);
    }
    assert_eq!(gateway.ask(put(OPS, &hook())).await.problem(), (409, "conflict".to_owned()));
}

#[tokio::test]
async fn without_a_secret_that_lasts_there_is_no_webhook() {
    let gateway = Gateway::start().await;
    let refused = gateway.ask(put(OPS, &hook())).await;
    assert_eq!(refused.problem(), (409, "no_webhook_secret".to_owned()));
    assert!(refused.json()["detail"].as_str().unwrap().contains("auth.state_dir"), "{}", refused.text());
}

#[tokio::test]
async fn it_takes_the_right_to_read_and_to_administer_each_queue_that_is_meant() {
    let gateway = start(1, false).await;
    let door = Guarded::beside(&gateway).await;
    let of_all = json!({ "url": "https://a.example" });
    let of = |queues: Value| json!({ "url": "https://a.example", "queues": queues });
    let key = async |scopes: &[&str]| door.key(scopes, None).await;
    let ours = key(&["queues:admin@img-*", "tasks:read@img-*", "queues:admin@mail", "tasks:read@mail"]).await;
    let blind = key(&["queues:admin"]).await;
    let reader = key(&["tasks:read"]).await;
    // Rights are looked at before anything else.
    for (key, body) in [
        (&ours, of_all.clone()),
        (&ours, of(json!(["img*"]))),
        (&ours, of(json!(["img-1", "other"]))),
        (&blind, of(json!(["mail"]))),
        (&reader, of(json!(["mail"]))),
    ] {
        let refused = asks(&door, put(OPS, &body), key).await;
        assert_eq!(refused.problem(), (403, "insufficient_scope".to_owned()), "{body}");
    }
    // The door has no secret that lasts, which is the only thing left to say no to.
    let fine = asks(&door, put(OPS, &of(json!(["img-*", "img-1", "mail"]))), &ours).await;
    assert_eq!(fine.problem(), (409, "no_webhook_secret".to_owned()));

    gateway.ask(put(OPS, &of(json!(["img-7"])))).await;
    gateway.ask(put(&format!("{ALL}/all"), &of_all)).await;
    let seen = asks(&door, get(ALL), &ours).await.json();
    assert_eq!(seen["webhooks"].as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(status(&asks(&door, get(OPS), &ours).await), 200);
    for ask in [
        get("/api/v1/webhooks/all"),
        delete("/api/v1/webhooks/all"),
        post("/api/v1/webhooks/all/resume", &json!({})),
        get("/api/v1/webhooks/all/deliveries"),
    ] {
        assert_eq!(asks(&door, ask, &ours).await.problem(), (404, "unknown_webhook".to_owned()));
    }
    // A name that is taken says nothing of what it is told.
    let with_ring = Guarded::with_ring_beside(&gateway).await;
    let over = asks(&with_ring, put("/api/v1/webhooks/all", &of(json!(["mail"]))), &ours).await;
    assert_eq!(over.problem(), (409, "conflict".to_owned()));
    assert!(over.text().contains("The name is taken") && over.pointers().is_empty(), "{}", over.text());
    let paused = asks(&door, post(&format!("{OPS}/pause"), &json!({})), &ours).await;
    assert_eq!((status(&paused), &paused.json()["state"]), (200, &json!("paused")));
    assert_eq!(asks(&door, delete(OPS), &ours).await.status, 204);
}
