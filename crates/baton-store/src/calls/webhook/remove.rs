//! Faces `lua/webhook/remove.lua`. Repeatable: a repeat finds none.

use baton_core::{Principal, Shard, WebhookName};

use super::super::Refused;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookRemoved {
    Done,
    Stale { version: u64 },
    Refused(Refused),
}

impl Store {
    /// Forgets it in the first shard, from when on nothing is delivered, then in all.
    pub async fn remove_webhook(
        &self,
        name: &WebhookName,
        version: Option<u64>,
        by: Option<&Principal>,
    ) -> Result<WebhookRemoved, Error> {
        let keys = self.keys(Shard::FIRST)?;
        let names = [keys.meta(), keys.events(), keys.webhooks(), keys.webhook(name)];
        let mut call = Call::new("webhook/remove", names);
        call.arg(name.as_str()).arg(by.map_or("", Principal::as_str)).optional(version);
        let mut reply = self.run(&call).await?;
        let id = match reply.text()?.as_str() {
            "removed" => reply.text()?,
            "stale" => return Ok(WebhookRemoved::Stale { version: reply.parse()? }),
            "refused" => return Ok(WebhookRemoved::Refused(Refused::read(&mut reply)?)),
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        };
        for shard in self.shards().all() {
            self.forget_webhook(shard, name, &id).await?;
        }
        Ok(WebhookRemoved::Done)
    }
}
