//! Webhooks: addresses that are told of ends of tasks.

use baton_api::webhook::{Deliveries, PutWebhook, Webhook, WebhookTest, Webhooks};

use super::Client;
use super::call::Call;
use super::read::segment;
use super::submit::body;
use crate::error::Error;

impl Client {
    /// All webhooks that this client may see, by name.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        let all: Webhooks = self.call(Call::get("/api/v1/webhooks")).await?;
        Ok(all.webhooks)
    }

    pub async fn webhook(&self, name: &str) -> Result<Webhook, Error> {
        self.call(Call::get(at(name, "")?)).await
    }

    /// Makes a webhook, or says anew of what it is told. The answer to one that is new holds its secret. Where the first answer was
    /// lost on its way, [`Client::rotate_webhook`] gives another one.
    pub async fn put_webhook(&self, name: &str, put: &PutWebhook) -> Result<Webhook, Error> {
        self.call(Call::put(at(name, "")?, body(put)?)).await
    }

    /// Forgets a webhook, and what waits for its receiver.
    pub async fn remove_webhook(&self, name: &str) -> Result<(), Error> {
        self.tell(Call::delete(at(name, "")?)).await
    }

    /// What happens until it is resumed waits, for a day at most.
    pub async fn pause_webhook(&self, name: &str) -> Result<Webhook, Error> {
        self.call(Call::post(at(name, "/pause")?, b"{}".to_vec(), None)).await
    }

    /// Also one that was disabled.
    pub async fn resume_webhook(&self, name: &str) -> Result<Webhook, Error> {
        self.call(Call::post(at(name, "/resume")?, b"{}".to_vec(), None)).await
    }

    /// Gives it another secret, which is in the answer. The one before signs, too, for a day.
    pub async fn rotate_webhook(&self, name: &str) -> Result<Webhook, Error> {
        self.call(Call::post(at(name, "/rotate")?, b"{}".to_vec(), None)).await
    }

    /// Sends a test at once, and once, and answers what came of it.
    pub async fn test_webhook(&self, name: &str) -> Result<WebhookTest, Error> {
        self.call(Call::post(at(name, "/test")?, b"{}".to_vec(), None).once()).await
    }

    /// What waits for its receiver, and how the latest attempts went.
    pub async fn webhook_deliveries(&self, name: &str) -> Result<Deliveries, Error> {
        self.call(Call::get(at(name, "/deliveries")?)).await
    }
}

fn at(name: &str, what: &str) -> Result<String, Error> {
    Ok(format!("/api/v1/webhooks/{}{what}", segment(name)?))
}
