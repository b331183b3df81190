//! Tells receivers of webhooks of the ends of tasks. What is to be told lies in Redis, so it belongs to no process: whichever
//! gateway finds a delivery that is due takes it for half a minute, and notes how the attempt went. One that dies in between
//! delays it by that, and the receiver may get it twice, under the same id.
//!
//! A webhook has so many attempts under way in one gateway at most, so a receiver that is slow holds up no other.

mod deliver;
mod flights;
mod secret;
mod send;
mod told;

use std::time::Duration;

use baton_core::webhook::WebhookState;
use baton_core::{Shard, WebhookName, limits};
use baton_store::calls::webhook::{DeliveriesTaken, Room, Webhook, Webhooks};
use baton_store::{Error, Store};

use crate::app::App;
use crate::{clock, measure};
use deliver::deliver;
use flights::Flights;

pub(crate) use secret::{print, secrets, text};
use send::Sent;
pub(crate) use send::{Posts, send};
pub(crate) use told::test;

/// How often a gateway looks for deliveries that are due.
const LOOK_EVERY_MS: u64 = 1_000;
/// Attempts that end at about the same time are followed by others together.
const GATHER: Duration = Duration::from_millis(20);
/// Without webhooks, shards are looked at once in so many rounds: they may know one that is gone.
const SWEEP_EVERY: u64 = 30;

/// What a look came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Looked {
    /// Some webhook may have more than it takes at a time.
    full: bool,
    /// So many old ones went that there may be more of them.
    swept: bool,
}

/// Delivers until the gateway drains; what is under way then is seen to its end.
pub async fn run(app: App) {
    let (mut flights, mut round) = (Flights::default(), 0);
    while !app.draining.is_cancelled() {
        let looked = look(&app, &mut flights, round).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "webhooks could not be looked for");
            Looked::default()
        });
        round += 1;
        flights.sweep();
        if looked.swept {
            continue;
        }
        let jitter_ms = clock::random() % (LOOK_EVERY_MS / 4);
        tokio::select! {
            () = app.draining.cancelled() => break,
            () = flights.landed(), if looked.full => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS - jitter_ms)) => {}
        }
        flights.sweep();
    }
    flights.all_landed(Duration::from_millis(limits::WEBHOOK_TIMEOUT_MS)).await;
}

/// Takes what is due and lets it fly. Another shard comes first each time, so that none takes all places for ever.
async fn look(app: &App, flights: &mut Flights, round: u64) -> Result<Looked, Error> {
    let known = app.store.webhooks().await?;
    let mut looked = Looked::default();
    if known.webhooks.is_empty() && !round.is_multiple_of(SWEEP_EVERY) {
        return Ok(looked);
    }
    let shards: Vec<Shard> = app.store.shards().all().collect();
    let first = round as usize % shards.len();
    for shard in shards[first..].iter().chain(&shards[..first]) {
        // One that does not answer holds up no other.
        match look_in(app, flights, &known, *shard).await {
            Ok(swept) => looked.swept |= swept,
            Err(error) => {
                tracing::debug!(%shard, %error, "deliveries of webhooks could not be looked for");
            }
        }
        looked.full |= known.webhooks.iter().any(|webhook| flights.room(&webhook.name) == 0);
    }
    Ok(looked)
}

/// Answers whether there may be more that is too old.
async fn look_in(app: &App, flights: &mut Flights, known: &Webhooks, shard: Shard) -> Result<bool, Error> {
    let (deliveries, given_up, odd) =
        match app.store.take_deliveries(shard, &rooms(app, flights, known)).await? {
            DeliveriesTaken::Taken { deliveries, given_up, odd } => (deliveries, given_up, odd),
            DeliveriesTaken::Refused(_) => return Ok(false),
        };
    measure::webhook("given_up", given_up);
    for taken in deliveries {
        let Some(webhook) = known.webhooks.iter().find(|known| known.name == taken.webhook) else {
            continue;
        };
        let secrets = secret::secrets(app, webhook, known.now_ms);
        if let (Some(permit), Some(secrets)) = (flights.permit(&webhook.name), secrets) {
            flights.spawn(deliver(app.clone(), webhook.clone(), secrets, taken, permit));
        }
    }
    for name in &odd {
        app.store.heal_webhook(shard, name).await?;
    }
    Ok(given_up >= limits::WEBHOOK_DROPS_MAX)
}

/// A gateway that cannot sign for a webhook leaves it to those that can.
fn rooms<'a>(app: &App, flights: &Flights, known: &'a Webhooks) -> Vec<Room<'a>> {
    let room = |webhook: &'a Webhook| {
        let rests =
            webhook.state != WebhookState::Active || secret::secrets(app, webhook, known.now_ms).is_none();
        Room { webhook, room: if rests { 0 } else { flights.room(&webhook.name) } }
    };
    known.webhooks.iter().map(room).collect()
}

/// Whether nothing has arrived from any shard for as long as a delivery may wait.
async fn took_nothing_for_a_day(store: &Store, name: &WebhookName) -> Result<bool, Error> {
    for shard in store.shards().all() {
        let seen = store.deliveries(shard, name, 1).await?;
        let since = |at_ms: u64| seen.now_ms.saturating_sub(at_ms);
        if seen.counted.delivered_ms.is_some_and(|at_ms| since(at_ms) < limits::WEBHOOK_AGE_MS_MAX) {
            return Ok(false);
        }
    }
    Ok(true)
}
