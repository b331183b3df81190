//! The end of a gateway: held requests end at once, requests under way are answered, nothing new is accepted.

use baton_gateway::serve;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::support::{Gateway, LONG, until};

#[tokio::test]
async fn held_requests_end_and_connections_close() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, gateway.app.clone(), shutdown.clone(), LONG));
    let mut held = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /api/v1/workers/{worker}/claim?wait=60 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: 2\r\n\r\n{{}}"
    );
    held.write_all(request.as_bytes()).await.unwrap();
    // An idle connection, too, must not keep the gateway from ending.
    let _idle = TcpStream::connect(address).await.unwrap();
    // It is held once the worker has been heard of anew; then the end begins.
    until(async || gateway.get(&format!("/api/v1/workers/{worker}")).await.json()["state"] == "idle").await;
    shutdown.cancel();
    let mut answer = String::new();
    tokio::time::timeout(LONG, held.read_to_string(&mut answer)).await.expect("in time").unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    tokio::time::timeout(LONG, serving).await.expect("in time").unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(gateway.post(&format!("/api/v1/workers/{worker}/claim?wait=60"), json!({})).await.status, 204);
}
