//! Clients that mean no good, where people log in.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use baton_gateway::{App, serve};
use baton_store::{Options, Store};
use baton_testkit::PrivateRedis;
use futures_util::future::join_all;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::auth_support::{Pair, login_body};
use crate::support::{Gateway, LONG, PASSWORD, post, secured_settings, until};

#[tokio::test]
async fn case_86_no_line_can_be_smuggled_into_headers_or_logs() {
    let gateway = Gateway::secured().await;
    for line in ["\r\n", "\n", "\r", "\u{0}", "\u{1b}[2J", "\u{85}"] {
        let text = format!("a{line}X-Forged: 1");
        let name = gateway.post("/auth/login", json!({ "username": text, "password": PASSWORD })).await;
        let device = json!({ "username": "alice", "password": PASSWORD, "device_name": text });
        let device = gateway.post("/auth/login", device).await;
        for (answer, pointer) in [(&name, "/username"), (&device, "/device_name")] {
            assert_eq!(answer.problem(), (422, "validation".to_owned()), "{text:?}");
            assert_eq!(answer.pointers(), [pointer]);
            assert!(answer.headers.get("x-forged").is_none() && !answer.text().contains(&text));
        }
        let pair = gateway.log_in("alice").await;
        let body = json!({ "refresh_token": pair.refresh, "request_id": text });
        assert_eq!(gateway.post("/auth/refresh", body).await.problem(), (400, "malformed".to_owned()));
        gateway.assert_lives(&pair).await;
    }
    // A header cannot carry a line's end; what else is no word is refused.
    let pair = gateway.log_in("alice").await;
    for odd in ["a b", "a\tb", "caf\u{e9}"] {
        let ask =
            post("/auth/refresh", &json!({ "refresh_token": pair.refresh })).with("idempotency-key", odd);
        assert_eq!(gateway.ask(ask).await.problem(), (400, "malformed".to_owned()), "{odd:?}");
    }
    gateway.assert_lives(&pair).await;
}

async fn served(app: &App) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, app.clone(), CancellationToken::new(), LONG));
    address
}

#[tokio::test]
async fn case_90_slow_logins_are_cut_while_others_are_served() {
    let redis = PrivateRedis::start().await;
    let mut options = Options::new(redis.url().parse().unwrap());
    options.logins = true;
    let (store, _) = Store::open(options).await.unwrap();
    let mut settings = secured_settings();
    settings.patience = Duration::from_millis(500);
    let gateway = Gateway::over(redis, store, settings);
    gateway.user("bob", "viewer").await;
    let address = served(&gateway.app).await;
    let head = "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let mut slow = Vec::new();
    for _ in 0..50 {
        for begun in [format!("{head}X-Slow: "), format!("{head}Content-Length: 100\r\n\r\n{{\"username\":")]
        {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(begun.as_bytes()).await.unwrap();
            slow.push(stream);
        }
    }
    gateway.log_in("bob").await;
    let end = async |mut stream: TcpStream| {
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await.expect("it closes");
        String::from_utf8_lossy(&answer).into_owned()
    };
    for answer in join_all(slow.into_iter().map(end)).await {
        let cut =
            answer.is_empty() || answer.starts_with("HTTP/1.1 408") || answer.starts_with("HTTP/1.1 400");
        assert!(cut, "{answer}");
    }
    gateway.log_in("bob").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_93_more_logins_than_memory_for_them_are_told_to_come_back() {
    let gateway = Gateway::secured_with(|logins| logins.rules.hash_slots = 1).await;
    let answers = join_all((0..100).map(|_| gateway.post("/auth/login", login_body("bob")))).await;
    let mut counted = BTreeMap::new();
    for answer in &answers {
        *counted.entry(answer.status.as_u16()).or_insert(0) += 1;
        match answer.status.as_u16() {
            200 => {
                Pair::of(answer);
            }
            503 => assert_eq!(answer.problem().1, "overloaded"),
            _ => assert_eq!(answer.problem(), (429, "rate_limited".to_owned())),
        }
        assert_eq!(answer.status == 200, answer.header("retry-after").is_empty(), "{counted:?}");
    }
    // One slot and its queue of 16; all that came at once and found no place was refused.
    assert!(counted[&200] >= 17 && counted.get(&503).is_some_and(|refused| *refused > 0), "{counted:?}");
    until(async || gateway.post("/auth/login", login_body("bob")).await.status == 200).await;
}

#[tokio::test]
async fn case_80_no_token_is_good_because_it_was_good_a_moment_ago() {
    let gateway = Gateway::secured_with(|logins| {
        logins.rules.access_ttl = Duration::from_secs(2);
        logins.rules.jwt_leeway = Duration::ZERO;
    })
    .await;
    let (revoked, expiring) = (gateway.log_in("alice").await, gateway.log_in("bob").await);
    for pair in [&revoked, &expiring] {
        assert_eq!(gateway.validate(&pair.access).await.status, 200, "now it is remembered");
    }
    gateway.log_out(&revoked.refresh).await;
    assert_eq!(gateway.validate(&revoked.access).await.problem().0, 401);
    until(async || gateway.validate(&expiring.access).await.status == 401).await;
    assert_eq!(gateway.validate(&expiring.access).await.problem(), (401, "token_expired".to_owned()));
    // With one character more or less it was never seen.
    let next = gateway.log_in("bob").await;
    assert_eq!(gateway.validate(&next.access).await.status, 200);
    assert_eq!(gateway.validate(&next.access[..next.access.len() - 1]).await.status, 401);
}
