//! The feed for WebSocket clients: the same events, filters and places, in JSON frames.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use super::filter::{FeedQuery, Wish};
use super::subscription::{self, Item, Subscription};
use crate::app::App;
use crate::extract::{Caller, Query};
use crate::measure;
use crate::problem::Fail;

/// A ping this often. A client that says nothing for twice as long is gone.
const BEAT: Duration = Duration::from_secs(15);
/// A client that does not take a frame for this long is gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Clients have nothing to say but pongs.
const MESSAGE_BYTES_MAX: usize = 4096;

/// Follow what happens, over a WebSocket
///
/// Each text frame is `{id, topic, data}`, the same as an event of `/api/v1/events`; a frame of the topic `counts` has
/// `counts` in the place of `data`, and one of the topic `reset` has neither.
#[utoipa::path(
    get, path = "/ws", tag = "events", operation_id = "follow_frames",
    security(("bearer" = ["tasks:read"])),
    params(FeedQuery),
    responses((status = 101, description = "Frames, until the client, the gateway or the credential ends",
               body = baton_api::event::Frame)),
    extensions(("x-problem-codes" = json!(["overloaded", "draining"])))
)]
pub(super) async fn frames(
    State(app): State<App>,
    Query(wish): Query<Wish>,
    caller: Caller,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Fail> {
    let wish = wish.resumed(&headers)?;
    let permit = super::admit(&app)?;
    let subscription = Subscription::join(&app, &caller.grant, wish).await.ok_or_else(super::draining)?;
    let upgrade = upgrade.max_message_size(MESSAGE_BYTES_MAX).max_frame_size(MESSAGE_BYTES_MAX);
    let talks = app.feed.talks.clone();
    Ok(upgrade.on_upgrade(move |socket| talks.track_future(Talk::new(socket, subscription, permit).run())))
}

struct Talk {
    socket: WebSocket,
    subscription: Subscription,
    beat: Interval,
    /// Pings sent since the client was heard of.
    unanswered: u32,
    _permit: OwnedSemaphorePermit,
    _open: measure::Stream,
}

/// Nothing more can be said.
struct Over;

impl Talk {
    fn new(socket: WebSocket, subscription: Subscription, permit: OwnedSemaphorePermit) -> Talk {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat.reset();
        let open = measure::Stream::open("ws");
        Talk { socket, subscription, beat, unanswered: 0, _permit: permit, _open: open }
    }

    async fn run(mut self) {
        while self.step().await.is_ok() {}
    }

    async fn step(&mut self) -> Result<(), Over> {
        tokio::select! {
            item = self.subscription.next() => match item {
                Ok(item) => {
                    let frame = written(&item, &self.subscription.place().to_string());
                    self.send(Message::text(frame)).await
                }
                Err(why) => {
                    self.send(Message::Close(Some(closing(why)))).await?;
                    Err(Over)
                }
            },
            said = self.socket.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Over),
                Some(Ok(_)) => {
                    self.unanswered = 0;
                    Ok(())
                }
            },
            _ = self.beat.tick() => {
                self.unanswered += 1;
                if self.unanswered > 2 { Err(Over) } else { self.send(Message::Ping("alive".into())).await }
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Over> {
        match timeout(PATIENCE, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Over),
        }
    }
}

fn closing(why: subscription::Over) -> CloseFrame {
    let (code, reason) = match why {
        subscription::Over::Draining => (close_code::AWAY, "the gateway is about to end"),
        subscription::Over::Credential => (close_code::POLICY, "the credential has ended"),
    };
    CloseFrame { code, reason: reason.into() }
}

/// `baton_api::event::Frame` around an event that is written already.
#[derive(Serialize)]
struct Frame<'a> {
    id: &'a str,
    topic: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<&'a BTreeMap<&'static str, u64>>,
}

fn written(item: &Item, id: &str) -> String {
    let frame = match item {
        Item::Event(batch, at) => {
            let told = &batch.events[*at];
            Frame { id, topic: told.topic.as_str(), data: Some(&told.json), counts: None }
        }
        Item::Counts(counts) => Frame { id, topic: "counts", data: None, counts: Some(counts) },
        Item::Reset => Frame { id, topic: "reset", data: None, counts: None },
    };
    serde_json::to_string(&frame).unwrap_or_default()
}
