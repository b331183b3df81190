//! What is secret is seen nowhere: not in logs at their loudest, metrics, answers that refuse, what Redis hears, or what
//! it keeps.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, Mutex};

use deadpool_redis::redis::Client;
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::support::{PASSWORD, Plan};
use crate::fleet::support::until;

/// Collects every secret that an answer carries.
fn gather(body: &Value, secrets: &mut BTreeSet<String>) {
    let names = ["access_token", "refresh_token", "secret", "api_key", "ticket", "code"];
    match body {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str() {
                    // The `code` of a problem is a word; one-time codes have a prefix.
                    Some(text) if names.contains(&name.as_str()) && text.len() > 30 => {
                        secrets.insert(text.to_owned());
                    }
                    _ => gather(value, secrets),
                }
            }
        }
        Value::Array(parts) => parts.iter().for_each(|part| gather(part, secrets)),
        _ => {}
    }
}

/// The parts of a secret that are secret by themselves.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    // The signature of an access token, and the sealed part of a refresh token.
    forms.extend(secret.rsplit_once('.').map(|(_, signature)| signature.to_owned()));
    if secret.starts_with("btr_") {
        forms.push(secret[46..].to_owned());
    }
    forms
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_107_no_secret_is_seen_anywhere() {
    let plan = Plan::of(2).with("BATON_LOG", "trace").with("BATON_LOG_FORMAT", "json");
    let at = plan.start().await;
    at.user_as("alice", "admin").await;
    let heard = Arc::new(Mutex::new(String::new()));
    let monitor = {
        let client = Client::open(at.redis.lock().await.url()).expect("a URL");
        let monitor = client.get_async_monitor().await.expect("a monitor");
        let heard = Arc::clone(&heard);
        tokio::spawn(async move {
            let mut lines = Box::pin(monitor.into_on_message::<String>());
            while let Some(line) = lines.next().await {
                let mut heard = heard.lock().expect("nobody panicked");
                heard.push_str(&line);
                heard.push('\n');
            }
        })
    };
    let mut secrets = BTreeSet::from([PASSWORD.to_owned()]);
    let mut refusals = String::new();

    let pair = at.login(0, "alice").await;
    gather(&pair.body, &mut secrets);
    let next = at.refresh_with_key(1, &pair.refresh_token(), "a-key").await;
    gather(&next.body, &mut secrets);
    let access = next.access_token();
    for (path, body) in [
        ("/auth/keys", json!({ "name": "ci", "scopes": ["tasks:read", "workers:register"] })),
        ("/auth/workers/join-tokens", json!({})),
        ("/auth/ticket", json!({ "purpose": "sse" })),
        ("/auth/users", json!({ "username": "bob", "password": "a password of bob", "roles": ["viewer"] })),
        ("/auth/users/user_bob/reset-code", json!({})),
        ("/auth/password", json!({ "current": PASSWORD, "new": "the next password of alice" })),
    ] {
        let request = at.client.post(at.url(0, path)).bearer_auth(&access).json(&body);
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        gather(&answer.json().await.expect("a body"), &mut secrets);
    }
    secrets.extend(["a password of bob", "the next password of alice"].map(str::to_owned));
    let key = secrets.iter().find(|secret| secret.starts_with("btk_")).expect("a key").clone();
    assert!(at.is_valid(0, &key).await);
    // Everything wrong that one can do with them.
    let wrong = "a wrong password, typed in haste";
    secrets.insert(wrong.to_owned());
    for (path, body) in [
        ("/auth/login", json!({ "username": "alice", "password": wrong })),
        ("/auth/refresh", json!({ "refresh_token": pair.refresh_token() })),
        ("/auth/refresh", json!({ "refresh_token": format!("{}x", next.refresh_token()) })),
        ("/auth/refresh", json!({ "refresh_token": [next.refresh_token()] })),
        ("/auth/logout", json!({ "refresh_token": key })),
        ("/auth/password/reset", json!({ "code": key, "new": wrong })),
    ] {
        refusals.push_str(&at.post(1, path, &body, None).await.body.to_string());
    }
    let url = at.url(0, &format!("/api/v1/tasks?token={}", next.refresh_token()));
    for bearer in [&pair.refresh_token(), &format!("{access}x"), &key] {
        let answer = at.client.get(&url).bearer_auth(bearer).send().await.expect("an answer");
        refusals.push_str(&answer.text().await.expect("a text"));
    }
    let told: String = at.by_hand("ECHO the-end-of-it").await;
    until("the monitor has heard it all", async || heard.lock().expect("nobody panicked").contains(&told))
        .await;
    let _: String = at.by_hand("SAVE").await;
    let dump = fs::read(at.redis.lock().await.directory().join("dump.rdb")).expect("a dump");
    at.user("watcher").await;
    let heard = heard.lock().expect("nobody panicked").clone();
    let places = [
        ("the logs", at.log().into_bytes()),
        ("the metrics", [at.metrics(0).await, at.metrics(1).await].concat().into_bytes()),
        ("answers that refuse", refusals.into_bytes()),
        ("what Redis heard", heard.into_bytes()),
        ("what Redis keeps", dump),
    ];
    assert!(secrets.len() > 10, "too few: {}", secrets.len());
    for (place, text) in &places {
        assert!(text.len() > 100, "{place} is empty");
        for form in secrets.iter().flat_map(|secret| forms(secret)) {
            let found = text.windows(form.len()).any(|window| window == form.as_bytes());
            assert!(!found, "{place} shows {form:?}");
        }
    }
    monitor.abort();
}
