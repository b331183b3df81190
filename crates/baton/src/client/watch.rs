//! The live feed: what happens, as it happens, with nothing missed in between.

use std::time::Duration;

use baton_api::auth::Secret;
use baton_api::event::Frame;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream, Stream};
use reqwest::Method;
use serde::de::DeserializeOwned;
use sse_stream::{Sse, SseByteStream};

use super::Client;
use super::call::PATIENCE;
use super::send::{is_stale, jittered};
use crate::error::Error;

/// The gateway sends a comment every 15 s; a feed that is silent for longer than this is dead.
const SILENCE_MAX: Duration = Duration::from_secs(45);
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// What to watch. The default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    query: Vec<(&'static str, String)>,
    after: Option<String>,
}

impl Watch {
    pub fn new() -> Watch {
        Watch::default()
    }

    /// `tasks`, `queues` or `workers`; said several times, any of them.
    #[must_use]
    pub fn topic(self, topic: &str) -> Watch {
        self.with("topics", topic)
    }

    #[must_use]
    pub fn queue(self, queue: &str) -> Watch {
        self.with("queue", queue)
    }

    #[must_use]
    pub fn task(self, id: &str) -> Watch {
        self.with("task", id)
    }

    /// Begin after the event with this id instead of now.
    #[must_use]
    pub fn after(mut self, id: &str) -> Watch {
        self.after = Some(id.to_owned());
        self
    }

    fn with(mut self, name: &'static str, value: &str) -> Watch {
        match self.query.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push_str(&format!(",{value}")),
            None => self.query.push((name, value.to_owned())),
        }
        self
    }
}

impl Client {
    /// What happens from now on. A lost connection is made again, and the feed goes on where it was; where it cannot, a
    /// frame of the topic `reset` says that something was missed. It ends only when the gateway refuses it.
    pub fn watch(&self, watch: Watch) -> impl Stream<Item = Result<Frame, Error>> + Send + use<> {
        let feed = Feed { client: self.clone(), watch, frames: None, wait: WAIT_FIRST, renewed: false };
        stream::unfold(Some(feed), |feed| async {
            let mut feed = feed?;
            match feed.next().await {
                Ok(frame) => Some((Ok(frame), Some(feed))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}

struct Feed {
    client: Client,
    watch: Watch,
    frames: Option<BoxStream<'static, Sse>>,
    wait: Duration,
    /// The credential was renewed because this feed was refused.
    renewed: bool,
}

impl Feed {
    async fn next(&mut self) -> Result<Frame, Error> {
        loop {
            let Some(frames) = &mut self.frames else {
                self.connect().await?;
                continue;
            };
            match tokio::time::timeout(SILENCE_MAX, frames.next()).await {
                Ok(Some(sse)) => {
                    self.wait = WAIT_FIRST;
                    if let Some(frame) = self.frame(sse)? {
                        return Ok(frame);
                    }
                }
                Ok(None) | Err(_) => {
                    self.frames = None;
                    self.pause().await;
                }
            }
        }
    }

    /// A refusal ends the feed; anything else is tried again.
    async fn connect(&mut self) -> Result<(), Error> {
        let path = "/api/v1/events";
        let bearer = match self.client.bearer().await {
            Ok(bearer) => bearer,
            Err(error @ (Error::LoggedOut(_) | Error::Credential(_))) => return Err(error),
            Err(_) => {
                self.pause().await;
                return Ok(());
            }
        };
        let mut request = self.client.request(Method::GET, path).query(&self.watch.query);
        request = request.header("accept", "text/event-stream");
        if let Some(Secret(bearer)) = &bearer {
            request = request.bearer_auth(bearer);
        }
        if let Some(after) = &self.watch.after {
            request = request.header("last-event-id", after);
        }
        let answer = tokio::time::timeout(PATIENCE, request.send()).await;
        match answer {
            Ok(Ok(response)) if response.status().is_success() => {
                // A broken connection ends the stream, and so does what is no SSE: both are asked for again.
                let frames = SseByteStream::new(response.bytes_stream()).map(Result::ok);
                let frames =
                    frames.take_while(|sse| std::future::ready(sse.is_some())).filter_map(std::future::ready);
                self.frames = Some(frames.boxed());
                self.renewed = false;
            }
            Ok(Ok(response)) if response.status().is_client_error() => {
                let error = self.client.problem(path, response).await;
                // Once: what is newer and is refused as well will not become better.
                let newer = match bearer {
                    Some(bearer) if is_stale(&error) && !self.renewed => {
                        self.client.bearer_after(&bearer).await?
                    }
                    _ => None,
                };
                self.renewed = newer.is_some();
                if !self.renewed {
                    return Err(error);
                }
            }
            Ok(_) | Err(_) => self.pause().await,
        }
        Ok(())
    }

    async fn pause(&mut self) {
        tokio::time::sleep(jittered(self.wait)).await;
        self.wait = (self.wait * 2).min(WAIT_MAX);
    }

    fn frame(&mut self, sse: Sse) -> Result<Option<Frame>, Error> {
        if let Some(id) = sse.id.filter(|id| !id.is_empty()) {
            self.watch.after = Some(id);
        }
        let Some(topic) = sse.event else { return Ok(None) };
        let mut frame =
            Frame { id: self.watch.after.clone().unwrap_or_default(), topic, data: None, counts: None };
        match (frame.topic.as_str(), sse.data) {
            ("task" | "queue" | "worker", Some(data)) => frame.data = Some(self.parse(&data)?),
            ("counts", Some(data)) => frame.counts = Some(self.parse(&data)?),
            // A reset says all there is to say, and what a newer gateway adds is not for us.
            _ => {}
        }
        Ok(Some(frame))
    }

    fn parse<T: DeserializeOwned>(&self, data: &str) -> Result<T, Error> {
        serde_json::from_str(data).map_err(|error| self.client.unreadable("/api/v1/events", error))
    }
}
