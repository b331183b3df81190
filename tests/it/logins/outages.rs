//! Redis is away, stands still, is full, or refuses: that is 503, and nobody is logged out by it.

use std::time::Duration;

use baton_testkit::Launch;
use serde_json::json;

use super::support::{Logins, Plan};
use crate::fleet::support::until;

fn patient() -> Plan {
    Plan::of(1).with("BATON_AUTH_STORE_TIMEOUT", "500ms")
}

/// Every step that needs Redis says that it cannot be had; what needs none goes on.
async fn says_503(at: &Logins, token: &str, access: &str) {
    for (path, body) in [
        ("/auth/refresh", json!({ "refresh_token": token })),
        ("/auth/logout", json!({ "refresh_token": token })),
        ("/auth/login", json!({ "username": "alice", "password": super::support::PASSWORD })),
    ] {
        // Half a second each for what a login asks, one behind the other, on a busy machine.
        let answer = tokio::time::timeout(Duration::from_secs(8), at.post(0, path, &body, None));
        let answer = answer.await.unwrap_or_else(|_| panic!("{path} took too long"));
        assert_eq!((answer.status.as_u16(), answer.retry_after), (503, true), "{path}: {answer:?}");
    }
    assert!(at.is_valid(0, access).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_36_while_redis_is_down_nothing_is_said_to_be_invalid() {
    let at = patient().on(Launch::default().durable()).start().await;
    at.user("alice").await;
    let pair = at.login(0, "alice").await;
    assert!(at.is_valid(0, &pair.access_token()).await);
    at.redis.lock().await.kill();
    says_503(&at, &pair.refresh_token(), &pair.access_token()).await;
    at.redis.lock().await.restart().await;
    until("it refreshes again", async || {
        let answer = at.refresh(0, &pair.refresh_token()).await;
        assert!(matches!(answer.status.as_u16(), 200 | 503), "{answer:?}");
        answer.status == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_37_while_redis_stands_still_requests_end_in_time() {
    let at = patient().start().await;
    at.user("alice").await;
    let pair = at.login(0, "alice").await;
    at.redis.lock().await.freeze();
    says_503(&at, &pair.refresh_token(), &pair.access_token()).await;
    at.redis.lock().await.thaw();
    // What was sent before it stood still may have been done: the same request is repeated under its own name.
    until("it refreshes again", async || {
        let answer = at.refresh_with_key(0, &pair.refresh_token(), "after").await;
        assert!(matches!(answer.status.as_u16(), 200 | 401 | 503), "{answer:?}");
        answer.status != 503
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_38_what_redis_refuses_is_not_the_tokens_fault() {
    let at = patient().start().await;
    at.user("alice").await;
    let token = at.login(0, "alice").await.refresh_token();
    // A replica of a primary that is not there.
    let _: String = at.by_hand("REPLICAOF 127.0.0.1 1").await;
    let answer = at.refresh(0, &token).await;
    assert_eq!((answer.status.as_u16(), answer.retry_after), (503, true), "READONLY: {answer:?}");
    let _: String = at.by_hand("REPLICAOF NO ONE").await;
    // Too few replicas.
    let _: String = at.by_hand("CONFIG SET min-replicas-to-write 1").await;
    let answer = at.refresh(0, &token).await;
    assert_eq!((answer.status.as_u16(), answer.retry_after), (503, true), "NOREPLICAS: {answer:?}");
    let _: String = at.by_hand("CONFIG SET min-replicas-to-write 0").await;
    let answer = at.refresh(0, &token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_39_scripts_that_are_forgotten_are_sent_again_unseen() {
    let at = Plan::of(2).start().await;
    at.user("alice").await;
    let mut token = at.login(0, "alice").await.refresh_token();
    for step in 0..50 {
        let _: String = at.by_hand("SCRIPT FLUSH").await;
        let answer = at.refresh(step, &token).await;
        assert_eq!((answer.status.as_u16(), answer.outcome.as_str()), (200, "rotated"), "{answer:?}");
        token = answer.refresh_token();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_45_after_everything_was_deleted_the_token_is_unknown_and_it_is_said() {
    let at = Plan::of(1).start().await;
    at.user("alice").await;
    let token = at.login(0, "alice").await.refresh_token();
    let _: String = at.by_hand("FLUSHALL").await;
    let answer = at.refresh(0, &token).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (401, "refresh_token_invalid"), "{answer:?}");
    until("the log says so", async || at.log().contains("auth_store_reset")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_118_a_full_redis_still_logs_out() {
    let at = Plan::of(1).start().await;
    at.user("alice").await;
    let token = at.login(0, "alice").await.refresh_token();
    let _: String = at.by_hand("CONFIG SET maxmemory 1").await;
    let answer = at.refresh(0, &token).await;
    assert!(matches!(answer.status.as_u16(), 503 | 507), "{answer:?}");
    let left = at.post(0, "/auth/logout", &json!({ "refresh_token": token }), None).await;
    assert_eq!(left.status, 200, "{left:?}");
    let _: String = at.by_hand("CONFIG SET maxmemory 0").await;
    assert_eq!(at.refresh(0, &token).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_79_a_revoked_access_token_is_refused_by_all_gateways_within_two_seconds() {
    let at = Plan::of(3).start().await;
    at.user("alice").await;
    let pair = at.login(0, "alice").await;
    for gateway in 0..3 {
        assert!(at.is_valid(gateway, &pair.access_token()).await);
    }
    let body = json!({ "refresh_token": pair.refresh_token() });
    assert_eq!(at.post(0, "/auth/logout", &body, None).await.status, 200);
    let everywhere = async {
        for gateway in 0..3 {
            until("it is refused", async || !at.is_valid(gateway, &pair.access_token()).await).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(2), everywhere).await.expect("within two seconds");
}
