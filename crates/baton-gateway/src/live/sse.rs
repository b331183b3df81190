//! The feed as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::OwnedSemaphorePermit;

use super::filter::{FeedQuery, Wish};
use super::subscription::{Item, Subscription};
use crate::app::App;
use crate::extract::{Caller, Query};
use crate::measure;
use crate::problem::Fail;

/// After how long a client asks again when it lost the connection.
const RETRY: Duration = Duration::from_secs(2);
/// A comment this often keeps the connection from looking dead.
const BEAT: Duration = Duration::from_secs(15);

/// Follow what happens
///
/// Server-sent events. The data of a `task`, `queue` or `worker` event is one thing that happened; that of `counts` is the
/// number of tasks by status, at most twice a second; `reset` says that something was missed, so that what is shown
/// must be read anew. Events of queues that the credential does not read are left out, and not counted; those of workers take
/// `workers:read`. Without `topics` all four come, or without `counts` where another filter is set. To go on after a
/// pause, send the last `id` as it was: nothing is missing then and nothing comes twice.
#[utoipa::path(
    get, path = "/events", tag = "events", operation_id = "follow_events",
    security(("bearer" = ["tasks:read"])),
    params(FeedQuery, ("Last-Event-ID" = Option<String>, Header, description = "`last_event_id`, as browsers send it")),
    responses((status = 200, description = "Events, until the client, the gateway or the credential ends",
               body = baton_api::event::Sent, content_type = "text/event-stream")),
    extensions(("x-problem-codes" = json!(["overloaded", "draining"])))
)]
pub(super) async fn events(
    State(app): State<App>,
    Query(wish): Query<Wish>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Fail> {
    let wish = wish.resumed(&headers)?;
    let permit = super::admit(&app)?;
    let subscription = Subscription::join(&app, &caller.grant, wish).await.ok_or_else(super::draining)?;
    let listener =
        Listener { subscription, begun: false, _permit: permit, _open: measure::Stream::open("sse") };
    let no_buffers =
        [(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((no_buffers, Sse::new(stream::unfold(listener, Listener::next))).into_response())
}

struct Listener {
    subscription: Subscription,
    begun: bool,
    _permit: OwnedSemaphorePermit,
    _open: measure::Stream,
}

impl Listener {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Listener)> {
        let event = if std::mem::replace(&mut self.begun, true) {
            match tokio::time::timeout(BEAT, self.subscription.next()).await {
                Ok(item) => written(&item.ok()?),
                Err(_) => Event::default().comment("alive"),
            }
        } else {
            Event::default().retry(RETRY).comment("hello")
        };
        // An event without data only moves the client's place forward: who hears of nothing for long does not fall
        // behind what is kept.
        let event = event.id(self.subscription.place().to_string());
        Some((Ok(event), self))
    }
}

fn written(item: &Item) -> Event {
    match item {
        Item::Event(batch, at) => {
            let told = &batch.events[*at];
            Event::default().event(told.topic.as_str()).data(told.json.get())
        }
        Item::Counts(counts) => {
            Event::default().event("counts").data(serde_json::to_string(&**counts).unwrap_or_default())
        }
        Item::Reset => Event::default().event("reset").data("{}"),
    }
}
