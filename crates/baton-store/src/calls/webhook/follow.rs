//! Faces `lua/webhook/follow.lua`. Repeatable: a repeat finds it known.

use baton_core::{Refusal, Shard, WebhookName};

use super::super::Refused;
use super::Webhook;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

impl Store {
    /// Lets all shards know what the first one says of this webhook now.
    pub(super) async fn follow_webhook(&self, name: &WebhookName) -> Result<(), Error> {
        let Some(webhook) = self.webhook(name).await? else { return Ok(()) };
        for shard in self.shards().all() {
            self.follow_in(shard, name, &webhook.id, Some(&webhook)).await?;
        }
        Ok(())
    }

    /// Brings a shard to what the first one says, where a call was cut off between the two. What the shard knows of one that is
    /// gone, it forgets.
    pub async fn heal_webhook(&self, shard: Shard, name: &WebhookName) -> Result<(), Error> {
        if let Some(webhook) = self.webhook(name).await? {
            return self.follow_in(shard, name, &webhook.id, Some(&webhook)).await;
        }
        match self.watched_id(shard, name).await? {
            // Who makes one of this name meanwhile makes it under another id.
            Some(id) => self.forget_webhook(shard, name, &id).await,
            None => Ok(()),
        }
    }

    pub(super) async fn forget_webhook(
        &self,
        shard: Shard,
        name: &WebhookName,
        id: &str,
    ) -> Result<(), Error> {
        self.follow_in(shard, name, id, None).await
    }

    async fn follow_in(
        &self,
        shard: Shard,
        name: &WebhookName,
        id: &str,
        webhook: Option<&Webhook>,
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
        call.arg(name.as_str()).optional(webhook.map(|webhook| webhook.version)).arg(id);
        call.arg(webhook.map_or("", |webhook| webhook.state.as_str()));
        call.optional(webhook.map(|webhook| webhook.filter.to_string()));
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
