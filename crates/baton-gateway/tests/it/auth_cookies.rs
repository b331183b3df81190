//! The gateway's own pages: cookies that no script reads, and that no other site can use.

use std::time::Duration;

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::json;

use crate::auth_support::{Pair, bearing, login_body};
use crate::support::{Answer, Ask, Gateway, get, post};

/// As a page of the gateway asks.
fn own(ask: Ask<'_>) -> Ask<'_> {
    ask.with("sec-fetch-site", "same-origin").with("x-baton-csrf", "1")
}

async fn log_in(gateway: &Gateway) -> Answer {
    gateway.ask(own(post("/auth/login?mode=cookie", &login_body("alice")))).await
}

/// What a browser sends back.
fn jar(answer: &Answer) -> String {
    let cookies = answer.headers.get_all("set-cookie").iter();
    let pairs: Vec<&str> =
        cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap()).collect();
    pairs.join("; ")
}

/// A tab that finds its access token at its end.
async fn refresh(gateway: &Gateway, jar: &str) -> Answer {
    let ask = Ask { method: Method::POST, path: "/auth/refresh", headers: Vec::new(), body: None };
    gateway.ask(own(ask).with("cookie", jar)).await
}

/// The refresh token of a jar, under its name.
fn refresh_of(jar: &str) -> &str {
    jar.split("; ").find(|pair| pair.contains("_rt_")).unwrap()
}

#[tokio::test]
async fn case_105_tokens_go_into_cookies_that_no_script_reads() {
    let gateway = Gateway::secured().await;
    let login = log_in(&gateway).await;
    assert_eq!(login.status, 200, "{}", login.text());
    assert!(login.json()["access_token"].is_null() && login.json()["refresh_token"].is_null());
    let cookies: Vec<&str> =
        login.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    let of = |name: &str| cookies.iter().copied().find(|cookie| cookie.starts_with(name)).unwrap();
    for (cookie, same_site) in [
        (of("__Host-baton_rt_100c4a7a="), "SameSite=Strict"),
        (of("__Host-baton_at_100c4a7a="), "SameSite=Lax"),
    ] {
        for part in ["; Path=/", "; HttpOnly", "; Secure", same_site] {
            assert!(cookie.contains(part), "{part} in {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let jar = jar(&login);
    let valid = gateway.ask(get("/auth/validate").with("cookie", &jar)).await;
    assert_eq!((valid.status.as_u16(), valid.json()["username"].clone()), (200, json!("alice")));
    // A link from another site: only the one cookie comes along, and reading is all it does.
    let link = get("/auth/validate").with("cookie", &jar).with("sec-fetch-site", "cross-site");
    assert_eq!(gateway.ask(link).await.status, 200);
}

#[tokio::test]
async fn case_105_the_header_decides_where_both_come() {
    let gateway = Gateway::secured().await;
    let jar = jar(&log_in(&gateway).await);
    let bob = gateway.log_in("bob").await;
    let both = |token: &str| gateway.ask(bearing(get("/auth/validate").with("cookie", &jar), token));
    assert_eq!(both(&bob.access).await.json()["username"], "bob");
    assert_eq!(both("x.y.z").await.status, 401);
}

#[tokio::test]
async fn case_101_other_sites_act_with_no_cookie() {
    let gateway = Gateway::secured().await;
    let login = log_in(&gateway).await;
    let jar = jar(&login);
    let id = login.json()["session_id"].as_str().unwrap().to_owned();
    let session = format!("/auth/sessions/{id}");
    let asks = || {
        [
            post("/auth/refresh", &json!({})),
            post("/auth/logout", &json!({})),
            post("/auth/ticket", &json!({ "purpose": "sse" })),
            post("/auth/logout-all", &json!({})),
            post("/auth/keys", &json!({ "name": "k", "scopes": [] })),
            get(&session).by(Method::DELETE),
        ]
    };
    for ask in asks() {
        let path = ask.path.to_owned();
        let refused = gateway.ask(ask.with("cookie", &jar)).await;
        assert_eq!(refused.problem(), (403, "cross_site".to_owned()), "{path}");
    }
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        for ask in asks() {
            let refused =
                gateway.ask(ask.with("cookie", &jar).with("x-baton-csrf", "1").with(name, value)).await;
            assert_eq!(refused.problem(), (403, "cross_site".to_owned()), "{name}: {value}");
        }
    }
    let without_word =
        post("/auth/refresh", &json!({})).with("cookie", &jar).with("sec-fetch-site", "same-origin");
    assert_eq!(gateway.ask(without_word).await.status, 403);
    let as_text = post("/auth/login?mode=cookie", &login_body("alice")).without("content-type");
    let as_text = as_text.with("content-type", "text/plain").with("sec-fetch-site", "cross-site");
    assert_eq!(gateway.ask(as_text).await.status, 403);
    let form = crate::auth_support::form("/auth/refresh", &[("a", "b")]).with("cookie", &jar);
    assert_eq!(gateway.ask(form.with("sec-fetch-site", "cross-site")).await.status, 403);
    assert_eq!(gateway.ask(post("/auth/login?mode=cookie", &login_body("alice"))).await.status, 403);
    assert_eq!(
        gateway.ask(get("/auth/validate").with("cookie", &jar)).await.status,
        200,
        "nothing has happened"
    );
}

#[tokio::test]
async fn a_page_refreshes_and_logs_out_with_its_cookies() {
    let gateway = Gateway::secured().await;
    let first = jar(&log_in(&gateway).await);
    let refreshed = refresh(&gateway, &first).await;
    assert_eq!((refreshed.status.as_u16(), refreshed.header("x-refresh-outcome")), (200, "rotated"));
    assert!(refreshed.json()["refresh_token"].is_null());
    // Another tab, at the same moment, with the same cookie: it gets the same token.
    let tab = refresh(&gateway, &first).await;
    assert_eq!(tab.header("x-refresh-outcome"), "replayed");
    let (one, two) = (jar(&refreshed), jar(&tab));
    assert_eq!(refresh_of(&one), refresh_of(&two));
    // In a body it is not good: it is the dashboard's.
    let token = refresh_of(&one).split_once('=').unwrap().1.to_owned();
    assert_eq!(gateway.refresh(&token).await.problem(), (401, "refresh_token_invalid".to_owned()));
    let out = gateway.ask(own(post("/auth/logout", &json!({}))).with("cookie", &one)).await;
    assert_eq!(out.status, 200, "{}", out.text());
    let gone = out
        .headers
        .get_all("set-cookie")
        .iter()
        .filter(|cookie| cookie.to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(gone.count(), 2);
    assert_eq!(gateway.ask(get("/auth/validate").with("cookie", &one)).await.status, 401);
}

/// The leeway of cookies alone is what they live by here.
#[tokio::test]
async fn case_115_eight_tabs_with_one_cookie_get_one_token_and_stay_signed_in() {
    let gateway = Gateway::secured_with(|logins| {
        logins.rules.refresh_leeway = Duration::ZERO;
        logins.rules.cookie_leeway = Duration::from_mins(5);
    })
    .await;
    let first = jar(&log_in(&gateway).await);
    let tabs = join_all((0..8).map(|_| refresh(&gateway, &first))).await;
    let rotated = tabs.iter().filter(|tab| tab.header("x-refresh-outcome") == "rotated").count();
    assert_eq!(rotated, 1);
    // Their pages were left before the cookies had come: the browser still has those from before.
    let again = refresh(&gateway, &first).await;
    assert_eq!(again.header("x-refresh-outcome"), "replayed");
    let now = jar(&again);
    for tab in &tabs {
        assert_eq!(tab.status, 200, "{}", tab.text());
        let jar = jar(tab);
        assert_eq!(refresh_of(&jar), refresh_of(&now));
        assert_ne!(refresh_of(&jar), refresh_of(&first));
        assert_eq!(gateway.ask(get("/auth/validate").with("cookie", &jar)).await.status, 200);
    }
    let next = refresh(&gateway, &now).await;
    assert_eq!((next.status.as_u16(), next.header("x-refresh-outcome")), (200, "rotated"));
    assert_eq!(gateway.ask(get("/auth/validate").with("cookie", jar(&next))).await.status, 200);
}

#[tokio::test]
async fn a_cookie_that_is_set_twice_counts_for_nothing() {
    let gateway = Gateway::secured().await;
    let jar = jar(&log_in(&gateway).await);
    let twice = get("/auth/validate").with("cookie", format!("{jar}; __Host-baton_at_100c4a7a=x"));
    assert_eq!(gateway.ask(twice).await.status, 401);
    let pair: Pair = gateway.log_in("alice").await;
    let other_name = get("/auth/validate").with("cookie", format!("baton_at_100c4a7a={}", pair.access));
    assert_eq!(gateway.ask(other_name).await.status, 401);
}
