//! The live feed over connections that break.

use std::pin::pin;

use baton::{Client, Watch};
use futures_util::StreamExt;

use crate::server::{header, serve};

fn stream(events: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n{events}")
}

fn event(id: &str, word: &str) -> String {
    format!("id: {id}\nevent: task\ndata: {{\"event\":\"{word}\",\"at\":\"2026-11-21T09:30:00.000Z\"}}\n\n")
}

#[tokio::test]
async fn a_broken_feed_goes_on_where_it_was() {
    let first = stream(&format!(
        ": hello\n\nretry: 2000\n\n{}{}id: 3-0\nevent: ta",
        event("1-0", "submit"),
        event("2-0", "claim")
    ));
    let second = stream(&format!("event: reset\ndata:\n\n{}", event("4-0", "complete")));
    let (url, asked) = serve(vec![first, String::new(), second]).await;
    let client = Client::new(&url).unwrap();
    let mut frames = pin!(client.watch(Watch::new().topic("tasks").topic("queues").queue("mail")));
    let mut seen = Vec::new();
    while seen.len() < 4 {
        let frame = frames.next().await.unwrap().unwrap();
        seen.push(frame.data.map_or(frame.topic, |event| event.event));
    }
    assert_eq!(seen, ["submit", "claim", "reset", "complete"]);
    let asked = asked.lock().unwrap();
    let after: Vec<Option<&str>> = asked.iter().map(|request| header(request, "last-event-id")).collect();
    assert_eq!(after, [None, Some("2-0"), Some("2-0")]);
    assert!(asked[0].starts_with("GET /api/v1/events?topics=tasks%2Cqueues&queue=mail "), "{}", asked[0]);
}

#[tokio::test]
async fn a_refused_feed_ends_with_the_problem() {
    let body = r#"{"type":"t","title":"t","status":422,"detail":"d","instance":"/","code":"validation","request_id":"r"}"#;
    let refusal = format!(
        "HTTP/1.1 422 Unprocessable Content\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (url, _) = serve(vec![refusal]).await;
    let client = Client::new(&url).unwrap();
    let mut frames = pin!(client.watch(Watch::new().topic("nonsense")));
    assert_eq!(frames.next().await.unwrap().unwrap_err().code(), "validation");
    assert!(frames.next().await.is_none());
}
