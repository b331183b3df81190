//! Log in, refresh, log out, validate: the shapes that clients rely on, and what is refused.

use serde_json::{Value, json};

use crate::auth_support::{Pair, login_body};
use crate::support::{Gateway, PASSWORD, get, post, raw};

#[tokio::test]
async fn a_login_a_refresh_and_a_logout_have_the_agreed_shapes() {
    let gateway = Gateway::secured().await;
    let login = gateway.post("/auth/login", login_body("alice")).await;
    let body = login.json();
    assert_eq!((body["token_type"].clone(), body["expires_in"].clone()), (json!("bearer"), json!(900)));
    assert_eq!(body["scope"], "admin");
    assert_eq!((login.header("cache-control"), login.header("pragma")), ("no-store", "no-cache"));
    let first = Pair::of(&login);
    assert!(first.refresh.starts_with("btr_") && first.refresh.len() == 92 && first.session.len() == 22);

    let refreshed = gateway.refresh(&first.refresh).await;
    let second = Pair::of(&refreshed);
    assert_eq!(refreshed.header("x-refresh-outcome"), "rotated");
    assert_eq!(second.session, first.session);
    assert_ne!((&second.access, &second.refresh), (&first.access, &first.refresh));
    assert_eq!(gateway.validate(&first.access).await.status, 200, "calls in flight do not fail");

    let valid = gateway.validate(&second.access).await.json();
    assert_eq!(valid["valid"], true);
    assert_eq!((valid["user_id"].clone(), valid["username"].clone()), (json!("user_alice"), json!("alice")));
    assert_eq!((valid["scope"].clone(), valid["session_id"].clone()), (json!("admin"), json!(first.session)));
    assert!(valid["expires_at"].as_str().unwrap().ends_with('Z'));

    let out = gateway.log_out(&second.refresh).await;
    assert_eq!((out.status.as_u16(), out.json()), (200, json!({ "message": "Logged out successfully" })));
    gateway.assert_dead(&second).await;
}

#[tokio::test]
async fn a_refused_refresh_says_the_same_sentence_whatever_the_reason() {
    let gateway = Gateway::secured().await;
    let first = gateway.log_in("alice").await;
    Pair::of(&gateway.refresh(&first.refresh).await);
    for (token, code) in
        [(first.refresh.as_str(), "refresh_token_superseded"), ("nonsense", "refresh_token_invalid")]
    {
        let refused = gateway.refresh(token).await;
        assert_eq!(refused.problem(), (401, code.to_owned()));
        let body = refused.json();
        assert_eq!(body["detail"], "Invalid or expired refresh token");
        assert_eq!(body["error"], "invalid_grant");
        assert_eq!(body["request_id"], refused.header("x-request-id"));
    }
}

#[tokio::test]
async fn case_60_bodies_that_cannot_be_read_are_told_apart_and_use_nothing_up() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let token = &pair.refresh;
    let whole = json!({ "refresh_token": token }).to_string();
    for path in ["/auth/refresh", "/auth/logout"] {
        let ask = |body: &str| gateway.ask(raw(path, body.to_owned()));
        assert_eq!(ask("{}").await.problem(), (422, "validation".to_owned()), "{path}");
        assert_eq!(ask("{\"refresh_token\": 7}").await.problem(), (422, "validation".to_owned()), "{path}");
        assert_eq!(ask("[]").await.status, 422, "{path}");
        assert_eq!(ask("{").await.problem(), (400, "malformed".to_owned()), "{path}");
        assert_eq!(ask("{\"refresh_token\": \"\"}").await.status, 400, "{path}");
        let other = raw(path, whole.clone()).without("content-type").with("content-type", "text/plain");
        assert_eq!(gateway.ask(other).await.problem(), (415, "unsupported_media_type".to_owned()), "{path}");
        let large = json!({ "refresh_token": token, "padding": "x".repeat(20_000) }).to_string();
        assert_eq!(ask(&large).await.problem(), (413, "payload_too_large".to_owned()), "{path}");
    }
    let with_more = json!({ "refresh_token": token, "unknown": [1, 2] });
    Pair::of(&gateway.post("/auth/refresh", with_more).await);
}

#[tokio::test]
async fn what_is_wrong_with_a_login_is_told_without_repeating_it() {
    let gateway = Gateway::secured().await;
    let long = "x".repeat(10_000);
    let cases: Vec<(Value, u16, &str)> = vec![
        (json!({ "username": "", "password": "x" }), 400, "malformed"),
        (json!({ "username": "alice", "password": "" }), 400, "malformed"),
        (json!({ "username": "alice" }), 422, "validation"),
        (json!({ "username": 7, "password": "x" }), 422, "validation"),
        (json!({ "username": "alice", "password": ["hunter2hunter2"] }), 422, "validation"),
        (json!({ "username": "a\r\nb", "password": "x" }), 422, "validation"),
        (json!({ "username": long, "password": "x" }), 422, "validation"),
        (json!({ "username": "alice", "password": PASSWORD, "device_name": "a\r\nX: y" }), 422, "validation"),
        (json!({ "username": "alice", "password": PASSWORD, "client_id": "nobody" }), 422, "validation"),
        (json!({ "username": "bob", "password": PASSWORD, "scope": "admin" }), 400, "invalid_scope"),
        (json!({ "username": "bob", "password": PASSWORD, "scope": "tasks:eat" }), 400, "invalid_scope"),
        (json!({ "username": "alice", "password": "wrong" }), 401, "invalid_credentials"),
        (json!({ "username": "nobody", "password": "wrong" }), 401, "invalid_credentials"),
    ];
    for (body, status, code) in cases {
        let answer = gateway.post("/auth/login", body.clone()).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{body}: {}", answer.text());
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
        if code == "invalid_credentials" {
            assert_eq!(answer.json()["detail"], "Invalid username or password.");
        }
    }
}

#[tokio::test]
async fn validation_takes_a_credential_and_says_what_is_wrong_with_it() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let nothing = gateway.get("/auth/validate").await;
    assert_eq!(nothing.problem(), (401, "unauthenticated".to_owned()));
    assert!(nothing.header("www-authenticate").starts_with("Bearer"));
    for token in ["x", "a.b.c", &pair.refresh, "btk_nonsense"] {
        let answer = gateway.validate(token).await;
        assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{token}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{token}");
    }
}

#[tokio::test]
async fn an_access_token_that_is_over_says_so() {
    let gateway = Gateway::secured_with(|logins| {
        logins.rules.access_ttl = std::time::Duration::from_secs(1);
        logins.rules.jwt_leeway = std::time::Duration::ZERO;
    })
    .await;
    let pair = gateway.log_in("alice").await;
    crate::support::until(async || gateway.validate(&pair.access).await.status == 401).await;
    let answer = gateway.validate(&pair.access).await;
    assert_eq!(answer.problem(), (401, "token_expired".to_owned()));
    assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    Pair::of(&gateway.refresh(&pair.refresh).await);
}

#[tokio::test]
async fn a_login_replaces_the_session_of_the_same_device() {
    let gateway = Gateway::secured().await;
    let old = gateway.log_in("alice").await;
    let other = gateway.log_in("bob").await;
    let mut body = login_body("alice");
    body["previous_refresh_token"] = json!(old.refresh);
    body["device_name"] = json!("laptop");
    let new = Pair::of(&gateway.post("/auth/login", body.clone()).await);
    gateway.assert_dead(&old).await;
    body["previous_refresh_token"] = json!(other.refresh);
    Pair::of(&gateway.post("/auth/login", body).await);
    gateway.assert_lives(&other).await;
    let listed = gateway.get_as("/auth/sessions", &new.access).await.json();
    let laptop = listed["sessions"].as_array().unwrap().iter().find(|row| row["session_id"] == new.session);
    assert_eq!(laptop.unwrap()["device"], "laptop");
}

#[tokio::test]
async fn a_password_is_taken_as_it_is() {
    let gateway = Gateway::secured().await;
    let wrong = post("/auth/login", &json!({ "username": "alice", "password": format!("{PASSWORD} ") }));
    assert_eq!(gateway.ask(wrong).await.problem(), (401, "invalid_credentials".to_owned()));
    assert_eq!(gateway.ask(get("/health")).await.json()["auth"], "required");
}
