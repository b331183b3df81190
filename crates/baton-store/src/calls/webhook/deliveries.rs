//! Faces `lua/webhook/deliveries.lua`. It only reads.

use baton_core::{Shard, TaskId, WebhookName, limits};
use deadpool_redis::redis::{Cmd, FromRedisValue};

use super::Delivery;
use super::follow::Watched;
use crate::error::Error;
use crate::record::Fields;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// What is known of failed attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub failed: u64,
    pub status: Option<u16>,
    pub error: String,
}

/// A delivery that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub delivery: Delivery,
    pub next_ms: u64,
    /// `None`: nobody has tried yet.
    pub tried: Option<Tried>,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Went {
    Delivered,
    Failed,
    GivenUp,
}

/// An attempt that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    pub at_ms: u64,
    pub task: TaskId,
    /// Of the delivery.
    pub id: String,
    pub went: Went,
    pub took_ms: u64,
    pub tried: Tried,
}

/// How the deliveries of a shard went so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub waiting: u64,
    pub delivered: u64,
    /// Attempts.
    pub failed: u64,
    pub given_up: u64,
    /// There were too many that waited.
    pub dropped: u64,
    /// When the last one was delivered.
    pub delivered_ms: Option<u64>,
    /// Since when all attempts fail.
    pub failing_ms: Option<u64>,
}

/// Of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deliveries {
    pub now_ms: u64,
    pub counted: Counted,
    /// The next ones.
    pub waiting: Vec<Waiting>,
    /// The latest first.
    pub latest: Vec<Attempted>,
}

fn counted(waiting: u64, fields: &mut Fields) -> Result<Counted, Error> {
    Ok(Counted {
        waiting,
        delivered: fields.or("delivered", 0)?,
        failed: fields.or("failed", 0)?,
        given_up: fields.or("given_up", 0)?,
        dropped: fields.or("dropped", 0)?,
        delivered_ms: fields.optional("delivered_ms")?,
        failing_ms: fields.optional("failing_ms")?,
    })
}

/// `<how often> <status> <why>`
fn tried(text: &str) -> Option<Tried> {
    let mut words = text.splitn(3, ' ');
    let (failed, status) = (words.next()?.parse().ok()?, words.next()?.parse::<u16>().ok()?);
    Some(Tried { failed, status: Some(status).filter(|status| *status > 0), error: words.next()?.to_owned() })
}

/// `<id> <result> <status> <took_ms> <how often it failed> <why>`
fn attempted(at_ms: u64, text: &str) -> Option<Attempted> {
    let mut words = text.splitn(6, ' ');
    let (id, went, status) = (words.next()?, words.next()?, words.next()?);
    let (took_ms, failed, why) = (words.next()?.parse().ok()?, words.next()?, words.next()?);
    let went = match went {
        "delivered" => Went::Delivered,
        "failed" => Went::Failed,
        "given_up" => Went::GivenUp,
        _ => return None,
    };
    let task = id.split_once('.')?.0.parse().ok()?;
    let tried = tried(&format!("{failed} {status} {why}"))?;
    Some(Attempted { at_ms, task, id: id.to_owned(), went, took_ms, tried })
}

fn waiting(reply: &mut Reply) -> Result<Option<Waiting>, Error> {
    let (words, next_ms, text) = (reply.text()?, reply.parse()?, reply.text()?);
    Ok(Delivery::read(&words).map(|delivery| Waiting { delivery, next_ms, tried: tried(&text) }))
}

impl Store {
    /// What waits in this shard for the receiver of a webhook, and how the latest attempts went, up to so many of each. What a
    /// newer release wrote is left out.
    pub async fn deliveries(
        &self,
        shard: Shard,
        name: &WebhookName,
        limit: u64,
    ) -> Result<Deliveries, Error> {
        let keys = self.keys(shard)?;
        let names = [
            keys.meta(),
            keys.webhook_due(name),
            keys.webhook_tries(name),
            keys.webhook_counts(name),
            keys.webhook_latest(name),
        ];
        let mut call = Call::new("webhook/deliveries", names);
        call.arg(self.now_argument()).arg(limit.clamp(1, limits::WEBHOOK_SHOWN_MAX));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let (now_ms, total) = (reply.parse()?, reply.parse()?);
        let mut fields = Fields::new(format!("webhook {name}"), reply.fields()?);
        let counted = counted(total, &mut fields)?;
        let (count, mut list): (usize, Vec<Waiting>) = (reply.parse()?, Vec::new());
        for _ in 0..count {
            list.extend(waiting(&mut reply)?);
        }
        let mut latest = Vec::new();
        while !reply.is_empty() {
            latest.extend(attempted(reply.parse()?, &reply.text()?));
        }
        Ok(Deliveries { now_ms, counted, waiting: list, latest })
    }

    /// How many wait in this shard.
    pub async fn waiting_deliveries(&self, shard: Shard, name: &WebhookName) -> Result<u64, Error> {
        let mut command = Cmd::new();
        command.arg("ZCARD").arg(self.keys(shard)?.webhook_due(name));
        let unreadable = |error: deadpool_redis::redis::ParsingError| {
            Error::fault("the deliveries of a webhook", error.to_string())
        };
        u64::from_redis_value(self.send(&command, None).await?).map_err(unreadable)
    }

    /// What a shard knows a webhook by.
    pub(super) async fn watched(&self, shard: Shard, name: &WebhookName) -> Result<Option<Watched>, Error> {
        let mut command = Cmd::new();
        command.arg("HGET").arg(self.keys(shard)?.webhook_filters()).arg(name.as_str());
        let unreadable = |error: deadpool_redis::redis::ParsingError| {
            Error::fault("the filters of webhooks", error.to_string())
        };
        let text: Option<String> =
            Option::from_redis_value(self.send(&command, None).await?).map_err(unreadable)?;
        Ok(text.and_then(|text| {
            let mut words = text.split(' ').map(str::to_owned);
            Some(Watched { version: words.next()?, id: words.next()? })
        }))
    }
}
