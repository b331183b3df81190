//! How sessions and users end.

use std::time::Duration;

use baton_store::{Confirm, Options, Store};
use baton_testkit::PrivateRedis;
use serde_json::json;

use crate::auth_support::{Pair, login_body};
use crate::support::{Gateway, PASSWORD, until};

#[tokio::test]
async fn case_47_a_logout_may_be_repeated() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    for _ in 0..2 {
        assert_eq!(gateway.log_out(&pair.refresh).await.status, 200);
    }
    assert_eq!(gateway.log_out("garbage").await.problem(), (400, "unknown_token".to_owned()));
    assert_eq!(gateway.log_out("").await.problem(), (400, "unknown_token".to_owned()));
}

#[tokio::test]
async fn case_48_an_old_token_logs_out_too() {
    let gateway = Gateway::secured().await;
    let first = gateway.log_in("alice").await;
    let second = Pair::of(&gateway.refresh(&first.refresh).await);
    assert_eq!(gateway.log_out(&first.refresh).await.status, 200);
    gateway.assert_dead(&second).await;
}

#[tokio::test]
async fn case_49_a_new_password_ends_all_sessions_but_the_one_that_asks() {
    let gateway = Gateway::secured().await;
    let (here, there) = (gateway.log_in("bob").await, gateway.log_in("bob").await);
    let new = "a quite different phrase";
    let ask = |current: &str, new: &str| {
        gateway.post_as("/auth/password", &here.access, json!({ "current": current, "new": new }))
    };
    assert_eq!(ask(PASSWORD, "short").await.problem(), (422, "validation".to_owned()));
    assert_eq!(ask("wrong", new).await.problem(), (401, "invalid_credentials".to_owned()));
    until(async || ask(PASSWORD, new).await.status != 429).await;
    // The one that was not told to wait has changed it: what is here is from before.
    gateway.assert_dead(&there).await;
    gateway.assert_dead(&here).await;
    assert_eq!(gateway.post("/auth/login", login_body("bob")).await.status, 401);
    until(async || {
        let again = gateway.post("/auth/login", json!({ "username": "bob", "password": new })).await;
        again.status == 200
    })
    .await;
}

#[tokio::test]
async fn the_session_that_changes_its_password_goes_on() {
    let gateway = Gateway::secured().await;
    let (here, there) = (gateway.log_in("bob").await, gateway.log_in("bob").await);
    let body = json!({ "current": PASSWORD, "new": "a quite different phrase" });
    let next = Pair::of(&gateway.post_as("/auth/password", &here.access, body).await);
    gateway.assert_lives(&next).await;
    gateway.assert_dead(&there).await;
}

#[tokio::test]
async fn case_50_a_user_who_is_disabled_is_out_at_once() {
    let gateway = Gateway::secured().await;
    let twin = gateway.twin().await;
    let (admin, bob) = (gateway.log_in("alice").await, gateway.log_in("bob").await);
    let (key, _) = gateway.key(&bob.access, json!({ "name": "k", "scopes": ["tasks:read"] })).await;
    assert_eq!(gateway.validate(&key).await.status, 200);
    let changed = gateway.patch_as("/auth/users/user_bob", &admin.access, json!({ "disabled": true })).await;
    assert_eq!((changed.status.as_u16(), changed.json()["disabled"].clone()), (200, json!(true)));
    gateway.assert_dead(&bob).await;
    assert_eq!(gateway.validate(&key).await.status, 401);
    let there = async |token: &str| {
        let ask = crate::auth_support::bearing(crate::support::get("/auth/validate"), token);
        twin.ask(ask).await.status == 401
    };
    until(async || there(&bob.access).await && there(&key).await).await;
    assert_eq!(
        gateway.post("/auth/login", login_body("bob")).await.problem(),
        (401, "invalid_credentials".to_owned())
    );
    assert_eq!(twin.app.store.shards().get(), 1);
}

#[tokio::test]
async fn case_51_a_namesake_does_not_revive_old_tokens() {
    let gateway = Gateway::secured().await;
    let (admin, bob) = (gateway.log_in("alice").await, gateway.log_in("bob").await);
    assert_eq!(gateway.delete_as("/auth/users/user_bob", &admin.access).await.status, 204);
    gateway.assert_dead(&bob).await;
    let gone = gateway.get_as("/auth/users/user_bob", &admin.access).await;
    assert_eq!(gone.problem(), (404, "unknown_user".to_owned()));
    let body = json!({ "username": "bob", "password": PASSWORD, "roles": ["viewer"] });
    assert_eq!(gateway.post_as("/auth/users", &admin.access, body).await.status, 201);
    let new = gateway.log_in("bob").await;
    gateway.assert_dead(&bob).await;
    gateway.assert_lives(&new).await;
}

#[tokio::test]
async fn case_52_log_out_everywhere_ends_everything() {
    let gateway = Gateway::secured().await;
    let pairs = [gateway.log_in("bob").await, gateway.log_in("bob").await, gateway.log_in("bob").await];
    let done = gateway.post_as("/auth/logout-all", &pairs[0].access, json!({})).await;
    assert_eq!((done.status.as_u16(), done.json()["sessions_revoked"].clone()), (200, json!("all")));
    assert!(done.json()["epoch"].as_u64().unwrap() > 0);
    for pair in &pairs {
        gateway.assert_dead(pair).await;
    }
}

#[tokio::test]
async fn case_53_one_session_too_many_ends_the_oldest() {
    let gateway = Gateway::secured_with(|logins| logins.rules.sessions_max = 3).await;
    let oldest = gateway.log_in("bob").await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(gateway.log_in("bob").await);
    }
    assert_eq!(gateway.refresh(&oldest.refresh).await.problem(), (401, "refresh_token_invalid".to_owned()));
    assert_eq!(gateway.validate(&oldest.access).await.status, 401);
    for pair in &others {
        gateway.assert_lives(pair).await;
    }
}

#[tokio::test]
async fn case_54_55_sessions_are_listed_and_ended_by_their_user_only() {
    let gateway = Gateway::secured().await;
    let (bob, other, alice) =
        (gateway.log_in("bob").await, gateway.log_in("bob").await, gateway.log_in("alice").await);
    let listed = gateway.get_as("/auth/sessions", &bob.access).await;
    let text = listed.text();
    let rows = listed.json()["sessions"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        let id = row["session_id"].as_str().unwrap();
        assert_eq!(row["current"], id == bob.session);
        assert_eq!(gateway.validate(id).await.status, 401, "an id is no token");
        assert_eq!(gateway.refresh(id).await.status, 401, "an id is no token");
    }
    for secret in ["secret", "nonce", "btr_", "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let foreign = gateway.delete_as(&format!("/auth/sessions/{}", alice.session), &bob.access).await;
    assert_eq!(foreign.problem(), (404, "unknown_session".to_owned()));
    gateway.assert_lives(&alice).await;
    let own = format!("/auth/sessions/{}", other.session);
    assert_eq!(gateway.delete_as(&own, &bob.access).await.status, 204);
    assert_eq!(gateway.delete_as(&own, &bob.access).await.status, 404);
    gateway.assert_dead(&other).await;
}

#[tokio::test]
async fn case_58_a_token_after_its_logout_ends_nothing_else() {
    let gateway = Gateway::secured().await;
    let (gone, other) = (gateway.log_in("bob").await, gateway.log_in("bob").await);
    gateway.log_out(&gone.refresh).await;
    assert_eq!(gateway.refresh(&gone.refresh).await.problem(), (401, "refresh_token_invalid".to_owned()));
    gateway.assert_lives(&other).await;
}

#[tokio::test]
async fn case_120_less_roles_make_the_next_token_narrower_and_more_never_wider() {
    let gateway = Gateway::secured().await;
    gateway.user("carol", "operator").await;
    let (admin, carol) = (gateway.log_in("alice").await, gateway.log_in("carol").await);
    let roles =
        |roles: &str| gateway.patch_as("/auth/users/user_carol", &admin.access, json!({ "roles": [roles] }));
    assert_eq!(roles("viewer").await.status, 200);
    let narrower = gateway.refresh(&carol.refresh).await;
    let pair = Pair::of(&narrower);
    assert_eq!(narrower.json()["scope"], "tasks:read workers:read metrics:read");
    assert_eq!(roles("admin").await.status, 200);
    let scope = gateway.refresh(&pair.refresh).await.json()["scope"].as_str().unwrap().to_owned();
    assert!(scope.contains("tasks:write") && !scope.contains("admin:"), "{scope}");
}

#[tokio::test]
async fn a_reset_code_sets_a_password_once() {
    let gateway = Gateway::secured().await;
    let (admin, bob) = (gateway.log_in("alice").await, gateway.log_in("bob").await);
    let made = gateway.post_as("/auth/users/user_bob/reset-code", &admin.access, json!({})).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let code = made.json()["code"].as_str().unwrap().to_owned();
    let reset = |new: &str| gateway.post("/auth/password/reset", json!({ "code": code, "new": new }));
    assert_eq!(reset("short").await.status, 422);
    assert_eq!(reset("another long phrase").await.status, 204);
    assert_eq!(reset("another long phrase").await.status, 401);
    gateway.assert_dead(&bob).await;
    let body = json!({ "username": "bob", "password": "another long phrase" });
    Pair::of(&gateway.post("/auth/login", body).await);
    let other = gateway.post_as("/auth/users/user_bob/reset-code", &bob.access, json!({})).await;
    assert_eq!(other.status, 401);
}

#[tokio::test]
async fn case_114_a_login_begun_with_the_old_password_does_not_outlive_it() {
    let gateway = Gateway::secured().await;
    let admin = gateway.log_in("alice").await;
    // Logins and the change of the password race; whichever order they take, none of the old ones is left.
    let logins =
        futures_util::future::join_all((0..4).map(|_| gateway.post("/auth/login", login_body("bob"))));
    let body = json!({ "password": "another long phrase" });
    let (opened, changed) =
        tokio::join!(logins, gateway.patch_as("/auth/users/user_bob", &admin.access, body));
    assert_eq!(changed.status, 200, "{}", changed.text());
    for answer in opened.iter().filter(|answer| answer.status == 200) {
        gateway.assert_dead(&Pair::of(answer)).await;
    }
}

#[tokio::test]
async fn case_35_a_logout_that_no_replica_has_is_done_and_not_called_so() {
    let redis = PrivateRedis::start().await;
    let mut options = Options::new(redis.url().parse().unwrap());
    options.logins = true;
    options.confirm = Some(Confirm { replicas: 1, within: Duration::from_millis(50) });
    let (store, _) = Store::open(options).await.unwrap();
    let gateway = Gateway::over(redis, store, crate::support::secured_settings());
    gateway.user("bob", "viewer").await;
    let pair = gateway.log_in("bob").await;
    for _ in 0..2 {
        assert_eq!(
            gateway.log_out(&pair.refresh).await.problem(),
            (503, "revocation_not_durable".to_owned())
        );
    }
    gateway.assert_dead(&pair).await;
}
