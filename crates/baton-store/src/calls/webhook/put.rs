//! Faces `lua/webhook/put.lua`. Repeatable: the same words again find what they wrote.

use baton_core::webhook::Filter;
use baton_core::{Principal, Shard, WebhookName, limits};

use super::super::{Refused, bounded, digest};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What a webhook is to be.
#[derive(Clone, Debug)]
pub struct PutWebhook<'a> {
    pub name: &'a WebhookName,
    pub url: &'a str,
    pub description: &'a str,
    pub filter: &'a Filter,
    /// The print of the secret that its own is derived from, if it is new.
    pub root: &'a str,
    /// The version that it has, 0 for one that is to be new; `None` for whatever it has.
    pub version: Option<u64>,
    pub by: Option<&'a Principal>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookPut {
    Created {
        version: u64,
    },
    Changed {
        version: u64,
    },
    /// It was like this already.
    Same {
        version: u64,
    },
    /// It has another version than the caller thinks; 0: there is none.
    Stale {
        version: u64,
    },
    /// There are too many, or a newer release owns the data.
    Refused(Refused),
}

impl Store {
    /// Says it in the first shard, then lets the others know.
    pub async fn put_webhook(&self, put: &PutWebhook<'_>) -> Result<WebhookPut, Error> {
        let answer = self.put_webhook_first(put).await?;
        if let WebhookPut::Created { .. } | WebhookPut::Changed { .. } | WebhookPut::Same { .. } = answer {
            self.follow_webhook(put.name).await?;
        }
        Ok(answer)
    }

    async fn put_webhook_first(&self, put: &PutWebhook<'_>) -> Result<WebhookPut, Error> {
        let filter = put.filter;
        bounded("the address of a webhook", put.url.len(), limits::WEBHOOK_URL_BYTES_MAX)?;
        bounded("a description", put.description.len(), limits::WEBHOOK_DESCRIPTION_BYTES_MAX)?;
        bounded("queues of a webhook", filter.queues.len(), limits::WEBHOOK_PATTERNS_MAX)?;
        bounded("kinds of a webhook", filter.kinds.len(), limits::WEBHOOK_PATTERNS_MAX)?;
        if filter.statuses.is_empty() {
            return Err(Error::invalid("statuses of a webhook", "there are none"));
        }
        let filter = filter.to_string();
        let mut fields = vec![("url", put.url), ("filter", &filter)];
        fields.extend(Some(("description", put.description)).filter(|(_, text)| !text.is_empty()));
        let keys = self.keys(Shard::FIRST)?;
        let names = [keys.meta(), keys.events(), keys.webhooks(), keys.webhook(put.name)];
        let mut call = Call::new("webhook/put", names);
        call.arg(self.now_argument()).arg(put.name.as_str()).arg(put.by.map_or("", Principal::as_str));
        call.arg(digest([put.url, put.description, &filter].map(str::as_bytes))).optional(put.version);
        call.arg(self.draw_op().as_str()).arg(put.root).arg(fields.len());
        for (name, value) in fields {
            call.arg(name).arg(value);
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "put" => {}
            "stale" => return Ok(WebhookPut::Stale { version: reply.parse()? }),
            "refused" => return Ok(WebhookPut::Refused(Refused::read(&mut reply)?)),
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        match (reply.text()?.as_str(), reply.parse()?) {
            ("created", version) => Ok(WebhookPut::Created { version }),
            ("changed", version) => Ok(WebhookPut::Changed { version }),
            ("same", version) => Ok(WebhookPut::Same { version }),
            (other, _) => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
