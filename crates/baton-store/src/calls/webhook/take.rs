//! Faces `lua/webhook/take.lua`. Sent once: what a lost answer handed out is due again when its lease is over.

use baton_core::{Shard, WebhookName, limits};

use super::super::{Refused, bounded};
use super::{Delivery, Webhook};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A webhook that the caller knows, and how many of its deliveries he takes.
#[derive(Clone, Copy, Debug)]
pub struct Room<'a> {
    pub webhook: &'a Webhook,
    pub room: u64,
}

/// A delivery that is the caller's for the time of the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    pub webhook: WebhookName,
    pub shard: Shard,
    /// How often it failed.
    pub failed: u64,
    /// As it lies in Redis.
    pub words: String,
    /// `None`: written by a newer release, so not ours to deliver.
    pub delivery: Option<Delivery>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveriesTaken {
    Taken {
        deliveries: Vec<Taken>,
        /// They waited for too long.
        given_up: u64,
        /// Of these the shard knows something else than the caller.
        odd: Vec<WebhookName>,
    },
    Refused(Refused),
}

impl Store {
    /// Deliveries of a shard that are due. `rooms` names all webhooks that there are.
    pub async fn take_deliveries(&self, shard: Shard, rooms: &[Room<'_>]) -> Result<DeliveriesTaken, Error> {
        bounded("webhooks", rooms.len(), limits::WEBHOOKS_MAX)?;
        let keys = self.keys(shard)?;
        let mut call = Call::new("webhook/take", [keys.meta(), keys.webhook_filters()]);
        call.arg(self.now_argument()).arg(limits::WEBHOOK_LEASE_MS).arg(rooms.len());
        for Room { webhook, room } in rooms {
            call.arg(webhook.name.as_str()).arg(webhook.version).arg(&webhook.id);
            call.arg(room.min(&limits::WEBHOOK_DROPS_MAX));
        }
        let mut reply = self.run_once(&call).await?;
        match reply.text()?.as_str() {
            "taken" => {}
            "refused" => return Ok(DeliveriesTaken::Refused(Refused::read(&mut reply)?)),
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let (given_up, count): (u64, usize) = (reply.parse()?, reply.parse()?);
        let odd = (0..count).map(|_| reply.parse()).collect::<Result<_, _>>()?;
        let mut deliveries = Vec::new();
        while !reply.is_empty() {
            let (webhook, failed, words) = (reply.parse()?, reply.parse()?, reply.text()?);
            let delivery = Delivery::read(&words);
            deliveries.push(Taken { webhook, shard, failed, words, delivery });
        }
        Ok(DeliveriesTaken::Taken { deliveries, given_up, odd })
    }
}
