//! The live feed ends with the credential it was opened with, and opens by a ticket once.

use std::net::SocketAddr;
use std::time::Duration;

use baton_gateway::{App, serve};
use futures_util::StreamExt;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_util::sync::CancellationToken;

use crate::auth_support::bearing;
use crate::support::{Ask, Gateway, LONG, get, until};

/// The same gateway over a real socket: a stream has no end that one could wait for.
pub(crate) async fn served(app: &App) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, app.clone(), CancellationToken::new(), LONG));
    address
}

fn client() -> reqwest::Client {
    // Nothing is asked over TLS here, but the client wants to know how it would be.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) async fn open(address: SocketAddr, query: &str, token: Option<&str>) -> reqwest::Response {
    let mut ask = client().get(format!("http://{address}/api/v1/events{query}"));
    if let Some(token) = token {
        ask = ask.bearer_auth(token);
    }
    tokio::time::timeout(LONG, ask.send()).await.expect("in time").unwrap()
}

async fn ticket(gateway: &Gateway, access: &str) -> String {
    let made = gateway.post_as("/auth/ticket", access, json!({ "purpose": "sse" })).await;
    assert_eq!(made.status, 200, "{}", made.text());
    made.json()["ticket"].as_str().unwrap().to_owned()
}

fn no_credential(answer: &crate::support::Answer) {
    assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()));
}

#[tokio::test]
async fn case_106_a_ticket_opens_the_feed_once() {
    let gateway = Gateway::secured().await;
    let address = served(&gateway.app).await;
    let pair = gateway.log_in("alice").await;
    let ticket = ticket(&gateway, &pair.access).await;
    let path = format!("/api/v1/events?ticket={ticket}");
    let mut opened = open(address, &format!("?ticket={ticket}"), None).await;
    assert_eq!(opened.status(), 200);
    assert!(!opened.chunk().await.unwrap().expect("a hello").is_empty());
    no_credential(&gateway.ask(get(&path)).await);
    // A wrong one is not made good by what else is there, and the header decides over a good one.
    let other = self::ticket(&gateway, &pair.access).await;
    let both = format!("/api/v1/events?ticket={other}");
    no_credential(&gateway.ask(bearing(get(&both), "x.y.z")).await);
    assert_eq!(open(address, &format!("?ticket={other}"), None).await.status(), 200, "it was not used up");
}

#[tokio::test]
async fn case_106_a_ticket_is_good_for_a_short_time_and_for_the_feed_only() {
    let gateway = Gateway::secured_with(|logins| logins.rules.ticket_ttl = Duration::from_secs(1)).await;
    let pair = gateway.log_in("alice").await;
    let late = ticket(&gateway, &pair.access).await;
    let expired = format!("/api/v1/events?ticket={late}");
    let kept = async || {
        let snapshot = gateway.snapshot().await;
        snapshot.0.keys().filter(|key| key.ends_with(":once")).count()
    };
    assert_eq!(kept().await, 1);
    until(async || kept().await == 0).await;
    no_credential(&gateway.ask(get(&expired)).await);
    // Codes for something else, and tickets for other routes.
    let join = gateway.post_as("/auth/workers/join-tokens", &pair.access, json!({})).await.json();
    let join = join["code"].as_str().unwrap().to_owned();
    no_credential(&gateway.ask(get(&format!("/api/v1/events?ticket={join}"))).await);
    let good = ticket(&gateway, &pair.access).await;
    for path in ["/api/v1/tasks", "/auth/validate", "/auth/sessions"] {
        let path = format!("{path}?ticket={good}");
        no_credential(&gateway.ask(get(&path)).await);
    }
    no_credential(&gateway.get_as("/api/v1/events", &good).await);
    let join = Ask { method: axum::http::Method::POST, ..bearing(get("/auth/workers/join"), &good) };
    assert_eq!(gateway.ask(join).await.status, 401);
}

#[tokio::test]
async fn case_116_streams_of_a_session_that_ended_elsewhere_close_within_two_seconds() {
    let gateway = Gateway::secured().await;
    let twin = gateway.twin().await;
    let address = served(&twin.app).await;
    let (pair, other) = (gateway.log_in("alice").await, gateway.log_in("alice").await);
    until(async || twin.app.auth.hears()).await;
    let mut events = open(address, "?topics=tasks", Some(&pair.access)).await;
    let mut by_ticket =
        open(address, &format!("?topics=tasks&ticket={}", ticket(&gateway, &pair.access).await), None).await;
    let mut others = open(address, "?topics=tasks", Some(&other.access)).await;
    for stream in [&mut events, &mut by_ticket, &mut others] {
        assert_eq!(stream.status(), 200);
        stream.chunk().await.unwrap().expect("a hello");
    }
    let mut ask = format!("ws://{address}/api/v1/ws?topics=tasks").into_client_request().unwrap();
    ask.headers_mut().insert("authorization", format!("Bearer {}", pair.access).parse().unwrap());
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(ask, stream).await.unwrap();

    assert_eq!(gateway.log_out(&pair.refresh).await.status, 200);
    let ended = async {
        while events.chunk().await.unwrap().is_some() {}
        while by_ticket.chunk().await.unwrap().is_some() {}
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(why))) => break why.expect("a reason").reason,
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    let reason = tokio::time::timeout(Duration::from_secs(2), ended).await.expect("they end in time");
    assert_eq!(reason.as_str(), "the credential has ended");
    // That of another session of the same user goes on.
    gateway.submit_as(&other.access).await;
    assert!(others.chunk().await.unwrap().is_some());
}

impl Gateway {
    async fn submit_as(&self, token: &str) {
        let made = self.post_as("/api/v1/tasks", token, json!({ "kind": "noop" })).await;
        assert_eq!(made.status, 201, "{}", made.text());
    }
}
