//! Clients that mean no good, or do not know better: over a real socket.

use std::net::SocketAddr;
use std::time::Duration;

use baton_gateway::{Settings, serve};
use baton_store::{Options, Store};
use baton_testkit::PrivateRedis;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::support::{Gateway, LONG, raw};

async fn serving(patience: Duration) -> (Gateway, SocketAddr) {
    let redis = PrivateRedis::start().await;
    let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.unwrap();
    let gateway = Gateway::over(redis, store, Settings { patience, ..Settings::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, gateway.app.clone(), CancellationToken::new(), LONG));
    (gateway, address)
}

/// Sends these bytes and reads until the other side closes.
async fn talk(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The other side may have enough before all is sent.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await.expect("it closes");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn headers_that_are_too_large_are_refused() {
    let (_gateway, address) = serving(LONG).await;
    let with = |length: usize| {
        let padding = "x".repeat(length);
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Padding: {padding}\r\nConnection: close\r\n\r\n")
    };
    assert!(talk(address, with(30_000).as_bytes()).await.starts_with("HTTP/1.1 200"));
    let answer = talk(address, with(100_000).as_bytes()).await;
    assert!(
        answer.starts_with("HTTP/1.1 431") && answer.contains(r#""code":"headers_too_large""#),
        "{answer}"
    );
    let endless = talk(address, with(1_000_000).as_bytes()).await;
    assert!(endless.is_empty() || endless.starts_with("HTTP/1.1 431"), "{endless}");
    let many = (0..200).map(|n| format!("X-{n}: 1\r\n")).collect::<String>();
    let answer = talk(address, format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn slow_headers_and_bodies_are_cut() {
    let (gateway, address) = serving(Duration::from_millis(100)).await;
    let answer = talk(address, b"GET / HTTP/1.1\r\nHost: local").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    let head = "POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
    let answer = talk(address, format!("{head}{{\"kind\":").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("did not arrive in time"), "{answer}");
    assert_eq!(gateway.get("/api/v1/tasks").await.json()["tasks"], json!([]));
}

#[tokio::test]
async fn a_connection_may_rest_longer_than_a_head_may_take() {
    let (_gateway, address) = serving(Duration::from_millis(100)).await;
    let mut resting = TcpStream::connect(address).await.unwrap();
    let head = b"GET /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for _ in 0..3 {
        resting.write_all(head).await.unwrap();
        let mut answer = [0; 4_096];
        let size = tokio::time::timeout(LONG, resting.read(&mut answer)).await.expect("an answer").unwrap();
        assert!(answer[..size].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..size]));
        // It rests for as long as others take to be cut.
        assert_eq!(talk(address, b"GET").await, "");
    }
    // Its next head has no more time than the first.
    resting.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(LONG, resting.read_to_end(&mut rest)).await.expect("it closes").unwrap();
    assert_eq!(String::from_utf8_lossy(&rest), "");
}

#[tokio::test]
async fn deep_and_odd_json_is_refused_or_carried() {
    let gateway = Gateway::start().await;
    let nested =
        |levels: usize| format!(r#"{{"kind":"a","payload":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    assert_eq!(gateway.ask(raw("/api/v1/tasks", nested(100))).await.status, 201);
    assert_eq!(
        gateway.ask(raw("/api/v1/tasks", nested(101))).await.problem(),
        (422, "validation".to_owned())
    );
    let deep = gateway.ask(raw("/api/v1/tasks", nested(400_000))).await;
    assert!(matches!(deep.status.as_u16(), 400 | 422), "{}", deep.text());
    let deep = gateway.ask(raw("/api/v1/tasks", "[".repeat(1_000_000))).await;
    assert!(matches!(deep.status.as_u16(), 400 | 422), "{}", deep.text());
    for number in ["1e999", "-1", "0.5", "18446744073709551616", "\"5\"", "true", "{}"] {
        let body = format!(r#"{{"kind":"a","timeout_ms":{number}}}"#);
        assert_eq!(gateway.ask(raw("/api/v1/tasks", body)).await.problem().0 / 100, 4, "{number}");
    }
}

#[tokio::test]
async fn a_body_larger_than_announced_bounds_is_not_read() {
    let (_gateway, address) = serving(LONG).await;
    let head = "POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let announced = format!("{head}Content-Length: 1099511627776\r\nConnection: close\r\n\r\n");
    assert!(talk(address, announced.as_bytes()).await.starts_with("HTTP/1.1 413"));
    let chunk = "x".repeat(65_536);
    let chunks = format!("10000\r\n{chunk}\r\n").repeat(40);
    let chunked = format!("{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n{chunks}0\r\n\r\n");
    let answer = talk(address, chunked.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{answer}");
}
