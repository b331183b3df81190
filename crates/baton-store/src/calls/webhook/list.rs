//! Faces `lua/webhook/list.lua`. It only reads.

use baton_core::webhook::{Filter, WebhookState};
use baton_core::{Principal, Shard, WebhookName, limits};

use crate::error::Error;
use crate::record::Fields;
use crate::run::Call;
use crate::store::Store;

/// Of what the secret of a webhook is derived: the print of a secret of the gateways, and a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    pub print: String,
    pub generation: u64,
}

/// A webhook, as its record has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub name: WebhookName,
    /// That it was made under: another one of its name has another.
    pub id: String,
    pub url: String,
    pub description: Option<String>,
    pub filter: Filter,
    pub state: WebhookState,
    /// Why it was given up.
    pub reason: Option<String>,
    pub disabled_ms: Option<u64>,
    pub root: Root,
    /// What signs, too, for a while after the secret was changed.
    pub old_root: Option<Root>,
    pub rotated_ms: Option<u64>,
    /// Rises with every change.
    pub version: u64,
    pub created_ms: u64,
    pub created_by: Option<Principal>,
    pub changed_ms: Option<u64>,
    pub changed_by: Option<Principal>,
}

/// All of them, and Redis's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhooks {
    pub now_ms: u64,
    pub webhooks: Vec<Webhook>,
}

impl Webhook {
    fn read(name: WebhookName, mut fields: Fields) -> Result<Webhook, Error> {
        let fields = &mut fields;
        let root = Root { print: fields.required("root")?, generation: fields.required("generation")? };
        let old: Option<String> = fields.optional("old_root")?;
        let before = root.generation.saturating_sub(1);
        Ok(Webhook {
            id: fields.required("id")?,
            url: fields.required("url")?,
            description: fields.optional("description")?,
            filter: fields.required("filter")?,
            state: fields.required("state")?,
            reason: fields.optional("reason")?,
            disabled_ms: fields.optional("disabled_ms")?,
            old_root: old.map(|print| Root { print, generation: before }),
            root,
            rotated_ms: fields.optional("rotated_ms")?,
            version: fields.required("version")?,
            created_ms: fields.required("created_ms")?,
            created_by: fields.optional("created_by")?,
            changed_ms: fields.optional("changed_ms")?,
            changed_by: fields.optional("changed_by")?,
            name,
        })
    }

    /// What a receiver may know its signature by, the newest first.
    pub fn roots(&self, now_ms: u64) -> impl Iterator<Item = &Root> {
        let rotated_ms = self.rotated_ms.unwrap_or_default();
        let old = self.old_root.as_ref().filter(|_| now_ms < rotated_ms + limits::WEBHOOK_OVERLAP_MS);
        [&self.root].into_iter().chain(old)
    }
}

impl Store {
    /// All webhooks, by name: there are few. One that cannot be read, as a newer release has made it, is left to that.
    pub async fn webhooks(&self) -> Result<Webhooks, Error> {
        let (now_ms, found) = self.read_webhooks("").await?;
        let readable = |one: Result<Webhook, Error>| {
            one.inspect_err(|error| tracing::debug!(%error, "a webhook cannot be read")).ok()
        };
        Ok(Webhooks { now_ms, webhooks: found.into_iter().filter_map(readable).collect() })
    }

    pub async fn webhook(&self, name: &WebhookName) -> Result<Option<Webhook>, Error> {
        let (_, mut found) = self.read_webhooks(name.as_str()).await?;
        found.pop().transpose()
    }

    async fn read_webhooks(&self, only: &str) -> Result<(u64, Vec<Result<Webhook, Error>>), Error> {
        let keys = self.keys(Shard::FIRST)?;
        let mut call = Call::new("webhook/list", [keys.meta(), keys.webhooks()]);
        call.arg(self.now_argument()).arg(only);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let (now_ms, mut webhooks) = (reply.parse()?, Vec::new());
        while !reply.is_empty() {
            let name: WebhookName = reply.parse()?;
            let fields = Fields::new(format!("webhook {name}"), reply.fields()?);
            webhooks.push(Webhook::read(name, fields));
        }
        Ok((now_ms, webhooks))
    }
}
