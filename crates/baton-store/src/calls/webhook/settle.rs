//! Faces `lua/webhook/settle.lua`. Repeatable: a repeat finds the attempt noted, and is `stale`.

use baton_core::limits;

use super::super::Refused;
use super::Taken;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Delivered,
    Failed {
        error: String,
        /// In how many ms it is tried again.
        again_in_ms: u64,
    },
}

/// An attempt that is over.
#[derive(Clone, Debug)]
pub struct SettleDelivery<'a> {
    pub taken: &'a Taken,
    pub ending: &'a Ending,
    /// What the receiver answered with, if he did.
    pub status: Option<u16>,
    pub took_ms: u64,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    Delivered,
    /// `failing`: nothing was delivered from this shard for as long as a delivery may wait.
    Again {
        failing: bool,
    },
    GivenUp {
        failing: bool,
    },
    /// It waits no more, or somebody else was faster.
    Stale,
    Refused(Refused),
}

/// One line, not too long.
fn line(text: &str) -> String {
    let end = text.floor_char_boundary(limits::WEBHOOK_ERROR_BYTES_MAX as usize);
    text[..end].replace(char::is_control, " ")
}

impl Store {
    pub async fn settle_delivery(&self, settle: &SettleDelivery<'_>) -> Result<Settled, Error> {
        let Taken { webhook, shard, failed, words, .. } = settle.taken;
        let keys = self.keys(*shard)?;
        let names = [
            keys.meta(),
            keys.webhook_due(webhook),
            keys.webhook_tries(webhook),
            keys.webhook_counts(webhook),
            keys.webhook_latest(webhook),
        ];
        let (again, error) = match settle.ending {
            Ending::Delivered => (None, String::new()),
            Ending::Failed { error, again_in_ms } => (Some(*again_in_ms), line(error)),
        };
        let mut call = Call::new("webhook/settle", names);
        call.arg(self.now_argument()).arg(webhook.as_str()).arg(words).arg(failed).optional(again);
        call.arg(settle.status.unwrap_or_default()).arg(settle.took_ms).arg(error);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "delivered" => Ok(Settled::Delivered),
            "again" => Ok(Settled::Again { failing: reply.flag()? }),
            "given_up" => Ok(Settled::GivenUp { failing: reply.flag()? }),
            "stale" => Ok(Settled::Stale),
            "refused" => Ok(Settled::Refused(Refused::read(&mut reply)?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
