//! Faces `lua/webhook/change.lua`. Repeatable: a repeat finds it so already.

use baton_core::{OpId, Principal, Shard, WebhookName, limits};

use super::super::{Refused, bounded};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What is done to a webhook.
#[derive(Clone, Copy, Debug)]
pub enum WebhookChange<'a> {
    Pause,
    Resume,
    /// For this reason.
    Disable(&'a str),
    /// It gets another secret, derived from the one with this print; `op` names the call.
    Rotate {
        root: &'a str,
        op: &'a OpId,
    },
}

/// A change.
#[derive(Clone, Copy, Debug)]
pub struct ChangeWebhook<'a> {
    pub name: &'a WebhookName,
    pub what: WebhookChange<'a>,
    /// The version that it has; `None` for whatever it has.
    pub version: Option<u64>,
    pub by: Option<&'a Principal>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookChanged {
    Done { version: u64 },
    Same { version: u64 },
    Stale { version: u64 },
    Refused(Refused),
}

impl Store {
    /// Changes it in the first shard, then lets the others know.
    pub async fn change_webhook(&self, change: &ChangeWebhook<'_>) -> Result<WebhookChanged, Error> {
        let (what, word, op) = match change.what {
            WebhookChange::Pause => ("pause", "", ""),
            WebhookChange::Resume => ("resume", "", ""),
            WebhookChange::Disable(reason) => ("disable", reason, ""),
            WebhookChange::Rotate { root, op } => ("rotate", root, op.as_str()),
        };
        bounded("a reason", word.len(), limits::REASON_BYTES_MAX)?;
        let keys = self.keys(Shard::FIRST)?;
        let mut call = Call::new("webhook/change", [keys.meta(), keys.events(), keys.webhook(change.name)]);
        call.arg(self.now_argument()).arg(change.name.as_str());
        call.arg(change.by.map_or("", Principal::as_str)).arg(what).optional(change.version);
        call.arg(word).arg(op);
        let mut reply = self.run(&call).await?;
        let changed = match reply.text()?.as_str() {
            "done" => WebhookChanged::Done { version: reply.parse()? },
            "same" => WebhookChanged::Same { version: reply.parse()? },
            "stale" => return Ok(WebhookChanged::Stale { version: reply.parse()? }),
            "refused" => return Ok(WebhookChanged::Refused(Refused::read(&mut reply)?)),
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        };
        self.follow_webhook(change.name).await?;
        Ok(changed)
    }
}
