//! Headers, methods and bodies that are not as they should be.

use std::time::Duration;

use axum::http::Method;
use serde_json::json;

use crate::auth_support::{Pair, bearing, form, login_body};
use crate::support::{Gateway, PASSWORD, get, post, raw, until};

#[tokio::test]
async fn case_83_forms_and_json_are_not_taken_for_each_other() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let answer = gateway.ask(form("/auth/refresh", &[("refresh_token", &pair.refresh)])).await;
    assert_eq!(answer.problem(), (415, "unsupported_media_type".to_owned()));
    let body = json!({ "grant_type": "refresh_token", "refresh_token": pair.refresh, "client_id": "baton" });
    let answer = gateway.post("/oauth/token", body).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"].clone()), (400, json!("invalid_request")));
    gateway.assert_lives(&pair).await;
}

#[tokio::test]
async fn case_85_the_header_authorization_is_read_strictly() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let ask = |value: String| gateway.ask(get("/auth/validate").with("authorization", value));
    let token = &pair.access;
    let twice = bearing(bearing(get("/auth/validate"), token), token);
    assert_eq!(gateway.ask(twice).await.problem(), (400, "malformed".to_owned()));
    for good in [format!("bearer {token}"), format!("BEARER {token}")] {
        assert_eq!(ask(good).await.status, 200);
    }
    for bad in [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer\t{token}"),
        format!("Bearer  {token}"),
        format!("Bearer {token} x"),
        format!("Token {token}"),
        token.clone(),
        "Bearer caf\u{e9}".to_owned(),
        format!("Bearer {}", "x".repeat(5_000)),
    ] {
        assert_eq!(ask(bad.clone()).await.problem(), (401, "unauthenticated".to_owned()), "{bad:?}");
    }
}

#[tokio::test]
async fn case_87_odd_names_are_only_names() {
    let gateway = Gateway::secured().await;
    for name in ["a:{}*", "{u:0}:user", "x y", "\u{1f600}"] {
        gateway.user(name, "viewer").await;
        let pair = gateway.log_in(name).await;
        assert_eq!(gateway.validate(&pair.access).await.json()["username"], name);
        assert_eq!(gateway.get_as("/auth/sessions", &pair.access).await.status, 200);
    }
    let snapshot = gateway.snapshot().await;
    let names: Vec<&String> = snapshot.0.keys().filter(|key| key.starts_with("baton:{u:")).collect();
    assert!(!names.is_empty());
    assert!(names.iter().all(|name| !name.contains('*') && !name.contains(' ')), "{names:?}");
}

#[tokio::test]
async fn case_88_a_token_in_the_query_is_not_looked_at() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let path = format!("/auth/refresh?refresh_token={}", pair.refresh);
    let answer = gateway.post(&path, json!({})).await;
    assert_eq!(answer.problem(), (422, "validation".to_owned()));
    assert!(!answer.text().contains(&pair.refresh));
    assert_eq!(gateway.get(&format!("/auth/validate?access_token={}", pair.access)).await.status, 401);
    gateway.assert_lives(&pair).await;
}

#[tokio::test]
async fn case_89_other_methods_change_nothing() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let body = json!({ "refresh_token": pair.refresh });
    for path in
        ["/auth/login", "/auth/refresh", "/auth/logout", "/auth/password", "/oauth/token", "/oauth/revoke"]
    {
        for method in [Method::GET, Method::PUT, Method::OPTIONS, Method::TRACE, Method::DELETE] {
            let ask = bearing(post(path, &body), &pair.access).by(method.clone());
            assert_eq!(gateway.ask(ask).await.status, 405, "{method} {path}");
        }
    }
    gateway.assert_lives(&pair).await;
}

#[tokio::test]
async fn case_94_guesses_are_counted_over_all_gateways_and_nobody_is_locked_out_for_good() {
    let gateway = Gateway::secured_with(|logins| logins.rules.login_per_user = 3).await;
    let device = gateway.log_in("bob").await;
    let twin = gateway.twin().await;
    let wrong = json!({ "username": "bob", "password": "guess" });
    assert_eq!(
        gateway.post("/auth/login", wrong.clone()).await.problem(),
        (401, "invalid_credentials".to_owned())
    );
    for forged in ["1.2.3.4", "5.6.7.8"] {
        let ask = post("/auth/login", &wrong).with("x-forwarded-for", forged);
        let answer = twin.ask(ask).await;
        assert_eq!(answer.problem(), (429, "rate_limited".to_owned()));
        assert!(!answer.header("retry-after").is_empty());
    }
    assert_eq!(gateway.post("/auth/login", login_body("bob")).await.status, 429);
    let mut known = login_body("bob");
    known["previous_refresh_token"] = json!(device.refresh);
    Pair::of(&gateway.post("/auth/login", known).await);
    // A name that nobody has is treated the same.
    let nobody = json!({ "username": "nobody", "password": "guess" });
    assert_eq!(gateway.post("/auth/login", nobody.clone()).await.status, 401);
    assert_eq!(gateway.post("/auth/login", nobody).await.status, 429);
    until(async || gateway.post("/auth/login", login_body("bob")).await.status == 200).await;
    assert_eq!(twin.app.store.shards().get(), 1);
}

#[tokio::test]
async fn tries_from_one_address_are_counted_and_good_ones_are_free() {
    let gateway = Gateway::secured_with(|logins| logins.rules.login_per_ip = 2).await;
    for _ in 0..5 {
        gateway.log_in("bob").await;
    }
    for (name, status) in [("x", 401), ("y", 401), ("z", 429)] {
        let body = json!({ "username": name, "password": "guess" });
        assert_eq!(gateway.post("/auth/login", body).await.status, status, "{name}");
    }
}

#[tokio::test]
async fn case_102_other_origins_get_no_leave_unless_they_are_named() {
    let gateway = Gateway::secured_with(|logins| {
        logins.rules.cors_origins = vec!["https://app.example".to_owned()];
    })
    .await;
    let preflight = |origin: &str| {
        let ask = get("/auth/validate").by(Method::OPTIONS).with("origin", origin);
        gateway.ask(ask.with("access-control-request-method", "GET"))
    };
    let named = preflight("https://app.example").await;
    assert_eq!(
        (named.status.as_u16(), named.header("access-control-allow-origin")),
        (204, "https://app.example")
    );
    assert!(named.header("access-control-allow-credentials").is_empty());
    for origin in [
        "null",
        "https://evil.example",
        "https://app.example.evil",
        "https://xapp.example",
        "http://app.example",
    ] {
        let answer = preflight(origin).await;
        assert!(answer.header("access-control-allow-origin").is_empty(), "{origin}");
        let plain = gateway.ask(get("/auth/validate").with("origin", origin)).await;
        assert!(plain.header("access-control-allow-origin").is_empty(), "{origin}");
        assert!(plain.headers.get_all("vary").iter().any(|vary| vary == "Origin"), "{origin}");
    }
    let refused = gateway.ask(get("/auth/validate").with("origin", "https://app.example")).await;
    assert_eq!(
        (refused.status.as_u16(), refused.header("access-control-allow-origin")),
        (401, "https://app.example")
    );
}

#[tokio::test]
async fn case_36_without_redis_nothing_is_401() {
    let mut gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    assert_eq!(gateway.validate(&pair.access).await.status, 200);
    until(async || gateway.app.auth.hears()).await;
    gateway.redis.kill();
    let unavailable = (503, "redis_unavailable".to_owned());
    for answer in [
        gateway.refresh(&pair.refresh).await,
        gateway.post("/auth/login", login_body("alice")).await,
        gateway.log_out(&pair.refresh).await,
        gateway.get_as("/auth/sessions", &pair.access).await,
        gateway.get_as("/auth/users", &pair.access).await,
        gateway
            .ask(form(
                "/oauth/token",
                &[("grant_type", "refresh_token"), ("refresh_token", &pair.refresh), ("client_id", "baton")],
            ))
            .await,
    ] {
        assert_eq!(answer.problem(), unavailable);
        assert!(!answer.header("retry-after").is_empty());
    }
    assert_eq!(gateway.validate(&pair.access).await.status, 200);
}

#[tokio::test]
async fn case_82_bodies_that_are_no_json_are_refused_soon() {
    let gateway = Gateway::secured().await;
    let deep = "[".repeat(8_000);
    let twice = format!("{{\"username\":\"bob\",\"username\":\"alice\",\"password\":\"{PASSWORD}\"}}");
    let bom = format!("\u{feff}{}", login_body("bob"));
    for body in [deep, twice, bom, "null".to_owned(), "\"x\"".to_owned(), String::new(), "{".repeat(10)] {
        let answer = gateway.ask(raw("/auth/login", body.clone())).await;
        assert!((400..=422).contains(&answer.status.as_u16()), "{}: {body:.40}", answer.status);
    }
    let utf16: Vec<u8> = login_body("bob").to_string().encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(gateway.ask(raw("/auth/login", utf16)).await.status, 400);
    let large = gateway.ask(raw("/auth/login", vec![b' '; 10 * 1024 * 1024]));
    assert_eq!(tokio::time::timeout(Duration::from_secs(5), large).await.unwrap().status, 413);
}
