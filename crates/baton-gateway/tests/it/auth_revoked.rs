//! What was taken from a key, a user or a signing key is taken from everything that was given for it.

use std::time::Duration;

use baton_core::limits;
use serde_json::{Value, json};

use crate::auth_feed::{open, served};
use crate::auth_support::{bearing, form};
use crate::support::{Gateway, get, until};

/// Streams look at their key every two seconds, and a key is remembered for five.
const SOON: Duration = Duration::from_secs(10);

/// An access token for whoever has this key.
async fn exchanged(gateway: &Gateway, id: &str, key: &str) -> String {
    let pairs = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", key)];
    let answer = gateway.ask(form("/oauth/token", &pairs)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn reader(gateway: &Gateway, token: &str) -> (String, String) {
    gateway.key(token, json!({ "name": "r", "scopes": ["tasks:read", "workers:read"] })).await
}

async fn ends(mut stream: reqwest::Response, what: &str) {
    let all = async { while stream.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(SOON, all).await.unwrap_or_else(|_| panic!("{what}: it goes on"));
}

#[tokio::test]
async fn streams_of_a_key_end_with_what_the_key_allows() {
    let gateway = Gateway::secured().await;
    let twin = gateway.twin().await;
    let address = served(&twin.app).await;
    let admin = gateway.log_in("alice").await;
    gateway.user("carol", "admin").await;
    let carol = gateway.log_in("carol").await;
    until(async || twin.app.auth.hears()).await;
    let stream = async |token: &str| {
        let mut stream = open(address, "?topics=tasks", Some(token)).await;
        assert_eq!(stream.status(), 200);
        stream.chunk().await.unwrap().expect("a hello");
        stream
    };
    let (disabled, disabled_id) = reader(&gateway, &admin.access).await;
    let (narrowed, narrowed_id) = reader(&gateway, &admin.access).await;
    let (orphan, orphan_id) = reader(&gateway, &carol.access).await;
    let (lives, lives_id) = reader(&gateway, &admin.access).await;
    let mut cases = Vec::new();
    for (what, key, id) in [
        ("disabled", &disabled, &disabled_id),
        ("narrowed", &narrowed, &narrowed_id),
        ("orphan", &orphan, &orphan_id),
    ] {
        cases.push((format!("the key is {what}"), stream(key).await));
        let token = exchanged(&gateway, id, key).await;
        cases.push((format!("a token of the key that is {what}"), stream(&token).await));
    }
    let denied = exchanged(&gateway, &lives_id, &lives).await;
    cases.push(("a token that was revoked".to_owned(), stream(&denied).await));
    let mut goes_on = stream(&lives).await;

    let patch = async |id: &str, body: Value| {
        let path = format!("/auth/keys/{id}");
        assert_eq!(gateway.patch_as(&path, &admin.access, body).await.status, 200);
    };
    patch(&disabled_id, json!({ "disabled": true })).await;
    patch(&narrowed_id, json!({ "scopes": ["tasks:read@emails"] })).await;
    let off = gateway.patch_as("/auth/users/user_carol", &admin.access, json!({ "disabled": true })).await;
    assert!(off.status.is_success(), "{}", off.text());
    let pairs = [("token", denied.as_str()), ("client_id", &lives_id), ("client_secret", &lives)];
    assert_eq!(gateway.ask(form("/oauth/revoke", &pairs)).await.status, 200);
    for (what, stream) in cases {
        ends(stream, &what).await;
    }
    // That of a key to which nothing happened is told what comes.
    let made = gateway.post_as("/api/v1/tasks", &admin.access, json!({ "kind": "noop" })).await;
    assert_eq!(made.status, 201);
    assert!(goes_on.chunk().await.unwrap().is_some());
}

#[tokio::test]
async fn whoever_is_no_admin_any_more_makes_no_users_with_his_old_token() {
    let gateway = Gateway::secured().await;
    let admin = gateway.log_in("alice").await;
    gateway.user("carol", "admin").await;
    let carol = gateway.log_in("carol").await;
    let (key, id) = gateway.key(&carol.access, json!({ "name": "u", "scopes": ["admin:users"] })).await;
    let token = exchanged(&gateway, &id, &key).await;
    let make = |name: &str| json!({ "username": name, "roles": [] });
    for (name, credential) in [("one", &carol.access), ("two", &token)] {
        assert_eq!(gateway.post_as("/auth/users", credential, make(name)).await.status, 201);
    }
    let body = json!({ "roles": ["viewer"] });
    assert_eq!(gateway.patch_as("/auth/users/user_carol", &admin.access, body).await.status, 200);
    for credential in [&carol.access, &token, &key] {
        let refused = gateway.post_as("/auth/users", credential, make("three")).await;
        assert_eq!(refused.problem(), (403, "insufficient_scope".to_owned()));
    }
    assert_eq!(gateway.get_as("/api/v1/tasks", &carol.access).await.status, 200);
}

#[tokio::test]
async fn a_token_of_a_key_is_worth_no_more_than_the_key_is_now() {
    let gateway = Gateway::secured().await;
    let admin = gateway.log_in("alice").await;
    let (key, id) = reader(&gateway, &admin.access).await;
    let token = exchanged(&gateway, &id, &key).await;
    assert_eq!(gateway.validate(&token).await.json()["scope"], "tasks:read workers:read");
    let body = json!({ "scopes": ["workers:read"] });
    assert_eq!(gateway.patch_as(&format!("/auth/keys/{id}"), &admin.access, body).await.status, 200);
    assert_eq!(gateway.validate(&token).await.json()["scope"], "workers:read");
    assert_eq!(gateway.get_as("/api/v1/tasks", &token).await.status, 403);
}

#[tokio::test]
async fn a_token_of_a_key_is_good_where_the_key_is() {
    let local = || "127.0.0.0/8".parse().unwrap();
    let gateway = Gateway::secured_with(|logins| logins.rules.trusted_proxies = vec![local()]).await;
    let admin = gateway.log_in("alice").await;
    let body = json!({ "name": "c", "scopes": ["admin:keys", "tasks:read"], "cidrs": ["127.0.0.0/8"] });
    let (key, id) = gateway.key(&admin.access, body).await;
    let token = exchanged(&gateway, &id, &key).await;
    // The second one is asked of Redis.
    for path in ["/api/v1/tasks", "/auth/keys"] {
        assert_eq!(gateway.get_as(path, &token).await.status, 200, "{path}");
        for credential in [&key, &token] {
            let elsewhere = bearing(get(path), credential).with("x-forwarded-for", "192.0.2.7");
            let refused = gateway.ask(elsewhere).await;
            assert_eq!(refused.problem(), (401, "unauthenticated".to_owned()), "{path}");
        }
    }
}

#[tokio::test]
async fn a_signing_key_that_was_ended_elsewhere_is_good_for_seconds() {
    let gateway = Gateway::secured().await;
    let twin = gateway.twin().await;
    let pair = gateway.log_in("alice").await;
    let here = async || twin.ask(bearing(get("/auth/validate"), &pair.access)).await.status;
    assert_eq!(here().await, 200);
    let list = gateway.get_as("/auth/signing-keys", &pair.access).await.json();
    let path = format!("/auth/signing-keys/{}", list["keys"][0]["kid"].as_str().unwrap());
    assert_eq!(gateway.delete_as(&path, &pair.access).await.status, 204);
    let ended = until(async || here().await == 401);
    tokio::time::timeout(Duration::from_secs(5), ended).await.expect("in time");
}

#[tokio::test]
async fn an_unknown_signing_key_is_not_called_wrong_while_redis_is_away() {
    let gateway = Gateway::secured().await;
    let other = Gateway::secured().await;
    let (own, foreign) = (gateway.log_in("alice").await, other.log_in("alice").await);
    let twin = gateway.twin().await;
    let ask = async |token: &str| twin.ask(bearing(get("/auth/validate"), token)).await;
    assert_eq!(ask(&own.access).await.status, 200);
    assert_eq!(ask(&foreign.access).await.status, 401);
    drop(gateway);
    let ask = async || ask(&foreign.access).await;
    until(async || ask().await.status == 503).await;
    assert_eq!(ask().await.problem(), (503, "redis_unavailable".to_owned()));
    // Nobody waits for all who came before him.
    let all = futures_util::future::join_all((0..64).map(|_| ask()));
    let all = tokio::time::timeout(SOON, all).await.expect("in time");
    assert!(all.iter().all(|answer| answer.status == 503));
}

#[tokio::test]
async fn a_gateway_that_begins_asks_redis_where_the_feed_was_cut() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let feed = "baton:{u}:revoked";
    let fill = "for at = 1, tonumber(ARGV[1]) do redis.call('XADD', KEYS[1], '*', 'kind', 'jti', 'id', at, \
                'epoch', '', 'until', 1) end return 'OK'";
    let many = limits::REVOKED_MAX.to_string();
    let told: String = gateway.redis.say(&["EVAL", fill, "1", feed, &many]).await;
    assert_eq!(told, "OK");
    let twin = gateway.twin().await;
    until(async || twin.app.auth.hears()).await;
    let here = async || twin.ask(bearing(get("/auth/validate"), &pair.access)).await.status;
    assert_eq!(here().await, 200);
    // The session ends, and nothing that is in the feed says so.
    let sessions: Vec<String> = gateway.redis.say(&["KEYS", &format!("*{}*", pair.session)]).await;
    assert!(!sessions.is_empty());
    for key in sessions {
        let _: i64 = gateway.redis.say(&["DEL", &key]).await;
    }
    assert_eq!(here().await, 401);
}
