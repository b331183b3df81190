//! Faces `lua/webhook/follow.lua`. Repeatable: a repeat finds it known.

use baton_core::{Refusal, Shard, WebhookName};

use super::super::Refused;
use super::Webhook;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What the first shard says of a webhook.
#[derive(Clone, Copy, Debug)]
enum Says<'a> {
    Is(&'a Webhook),
    /// The one that was made under this id.
    Gone(&'a str),
}

/// What another shard knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Watched {
    pub(super) version: String,
    pub(super) id: String,
}

impl Store {
    /// Lets all shards know what the first one says of this webhook now.
    pub(super) async fn follow_webhook(&self, name: &WebhookName) -> Result<(), Error> {
        let Some(webhook) = self.webhook(name).await? else { return Ok(()) };
        for shard in self.shards().all() {
            self.follow_in(shard, name, Says::Is(&webhook), None).await?;
        }
        Ok(())
    }

    /// Brings a shard to what the first one says, where a call was cut off between the two, or where the first one has lost
    /// what the shard knows. What the shard knows of one that is gone, it forgets.
    pub async fn heal_webhook(&self, shard: Shard, name: &WebhookName) -> Result<(), Error> {
        // Asked in this order: what the first one says then is later than what was seen, whatever happens between the two.
        let seen = self.watched(shard, name).await?;
        match (self.webhook(name).await?, &seen) {
            (Some(webhook), _) => self.follow_in(shard, name, Says::Is(&webhook), seen.as_ref()).await,
            (None, Some(seen)) => self.forget_webhook(shard, name, &seen.id).await,
            (None, None) => Ok(()),
        }
    }

    pub(super) async fn forget_webhook(
        &self,
        shard: Shard,
        name: &WebhookName,
        id: &str,
    ) -> Result<(), Error> {
        self.follow_in(shard, name, Says::Gone(id), None).await
    }

    async fn follow_in(
        &self,
        shard: Shard,
        name: &WebhookName,
        says: Says<'_>,
        seen: Option<&Watched>,
    ) -> Result<(), Error> {
        let keys = self.keys(shard)?;
        let names = [
            keys.meta(),
            keys.webhook_filters(),
            keys.webhook_due(name),
            keys.webhook_tries(name),
            keys.webhook_counts(name),
            keys.webhook_latest(name),
        ];
        let mut call = Call::new("webhook/follow", names);
        call.arg(name.as_str());
        match says {
            Says::Is(webhook) => {
                call.arg(webhook.version).arg(&webhook.id).arg(webhook.state.as_str());
                call.arg(webhook.filter.to_string())
            }
            Says::Gone(id) => call.arg("").arg(id).arg("").arg(""),
        };
        call.optional(seen.map(|seen| format!("{} {}", seen.version, seen.id)));
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "followed" | "known" => Ok(()),
            "refused" => match Refused::read(&mut reply)?.refusal {
                // A newer release sees to it itself.
                Refusal::SchemaTooNew => Ok(()),
                other => Err(reply.fault(format!("it refused: {other}"))),
            },
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
