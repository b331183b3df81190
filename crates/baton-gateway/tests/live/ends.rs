//! A gateway that is about to end lets go of everyone at once.

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::sockets::Socket;
use crate::support::{World, in_time};

#[tokio::test]
async fn streams_end_when_the_gateway_drains() {
    let world = World::new().await;
    let mut events = world.gateway.listen("", None).await;
    let mut socket = Socket::open(&world, "topics=tasks").await;
    world.submit(1).await;
    while events.next().await.unwrap().topic != "task" {}
    assert!(matches!(socket.message().await, Message::Text(_)));
    let id = events.id.clone();
    world.gateway.shutdown.cancel();
    while events.next().await.is_some() {}
    match socket.message().await {
        Message::Close(Some(close)) => assert_eq!(close.code, CloseCode::Away),
        other => panic!("{other:?}"),
    }
    in_time("the gateway ends", world.gateway.serving).await.unwrap().unwrap();
    // Another one goes on where this one ended.
    let next = crate::support::Gateway::start(&world.store).await;
    let mut events = next.listen("topics=tasks", Some(&id)).await;
    let id = crate::support::submit(&world.store, baton_core::Shard::FIRST, 1).await.unwrap()[0];
    assert_eq!(events.next().await.unwrap().event().task, Some(id.to_string()));
}

#[tokio::test]
async fn who_comes_while_it_drains_is_sent_elsewhere() {
    let world = World::new().await;
    world.gateway.app.draining.cancel();
    let (status, body) = world.gateway.get("/api/v1/events").await;
    assert_eq!(status, 503);
    assert!(body.contains("\"code\":\"draining\""), "{body}");
}
