//! The feed over WebSockets says the same as over server-sent events.

use baton_api::event::Frame;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{World, in_time};

pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    pub(crate) async fn open(world: &World, query: &str) -> Socket {
        let stream = TcpStream::connect(world.gateway.address).await.unwrap();
        let address = format!("ws://{}/api/v1/ws?{query}", world.gateway.address);
        let (socket, answer) =
            in_time("the upgrade", tokio_tungstenite::client_async(address, stream)).await.unwrap();
        assert_eq!(answer.status(), 101);
        Socket(socket)
    }

    pub(crate) async fn message(&mut self) -> Message {
        in_time("a message", self.0.next()).await.expect("the socket is open").unwrap()
    }

    async fn frame(&mut self) -> Frame {
        loop {
            match self.message().await {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn both_feeds_say_the_same() {
    let world = World::new().await;
    let mut events = world.gateway.listen("topics=tasks,workers", None).await;
    let mut socket = Socket::open(&world, "topics=tasks,workers").await;
    world.submit(3).await;
    world.submit(2).await;
    let heard = events.take(5).await;
    for got in &heard {
        let frame = socket.frame().await;
        assert_eq!((&frame.id, &frame.topic), (&got.id, &got.topic));
        assert_eq!(frame.data, Some(got.event()));
    }
    // And they take each other's ids.
    let mut again = Socket::open(&world, &format!("topics=tasks&last_event_id={}", heard[1].id)).await;
    for got in &heard[2..] {
        assert_eq!(again.frame().await.id, got.id);
    }
    let mut late = Socket::open(&world, "topics=tasks&last_event_id=1-1").await;
    let reset = late.frame().await;
    assert_eq!((reset.topic.as_str(), reset.data), ("reset", None));
}

#[tokio::test]
async fn counts_come_in_frames_too() {
    let world = World::new().await;
    world.submit(4).await;
    let mut socket = Socket::open(&world, "topics=counts").await;
    let frame = socket.frame().await;
    assert_eq!((frame.topic.as_str(), frame.counts.unwrap()["pending"]), ("counts", 4));
}

#[tokio::test]
async fn pings_are_answered_and_talk_is_ignored() {
    let world = World::new().await;
    let mut socket = Socket::open(&world, "topics=tasks").await;
    socket.0.send(Message::Ping("here".into())).await.unwrap();
    assert_eq!(socket.message().await, Message::Pong("here".into()));
    socket.0.send(Message::text("hello")).await.unwrap();
    let id = world.submit(1).await[0].to_string();
    assert_eq!(socket.frame().await.data.unwrap().task, Some(id));
    // One that says too much is closed.
    socket.0.send(Message::text("x".repeat(10_000))).await.unwrap();
    let end = in_time("the end", socket.0.next()).await;
    assert!(!matches!(end, Some(Ok(Message::Text(_)))), "{end:?}");
}
