//! Webhooks: addresses that are told of ends of tasks.

use baton_core::webhook::{Pattern, WebhookState};
use baton_core::{Kind, Principal, QueueName, Status, TaskId, WebhookName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Secret;
use crate::task::Task;
use crate::{Timestamp, schemas, text};

/// What a webhook is to be. What was said before and is left out now is as usual again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "url": "https://hooks.example/baton", "queues": ["img-*"], "statuses": ["failed", "timeout"] }))]
pub struct PutWebhook {
    /// Where it is told, by POST. Without a name or a password.
    #[schema(min_length = 1, max_length = 2048)]
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 256)]
    pub description: Option<String>,
    /// Queues of whose tasks it is told; with a star at its end one stands for all that begin so. None: all queues.
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::patterns)]
    pub queues: Vec<Pattern>,
    /// The same of kinds.
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::patterns)]
    pub kinds: Vec<Pattern>,
    /// `completed`, `failed`, `timeout`, `cancelled`; none: all four.
    #[serde(default, with = "text::list", skip_serializing_if = "Vec::is_empty")]
    #[schema(schema_with = schemas::ends)]
    pub statuses: Vec<Status>,
}

impl PutWebhook {
    /// Told of all ends.
    pub fn new(url: impl Into<String>) -> PutWebhook {
        PutWebhook { url: url.into(), description: None, queues: vec![], kinds: vec![], statuses: vec![] }
    }
}

/// How deliveries of a webhook went so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryCounts {
    /// So many wait for their first or next attempt.
    pub waiting: u64,
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// They waited for a day, or the webhook was disabled.
    pub given_up: u64,
    /// Too many waited already.
    pub dropped: u64,
}

/// An address that is told of ends of tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    #[serde(with = "text")]
    #[schema(schema_with = schemas::webhook)]
    pub name: WebhookName,
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, with = "text::list")]
    #[schema(schema_with = schemas::patterns)]
    pub queues: Vec<Pattern>,
    #[serde(default, with = "text::list")]
    #[schema(schema_with = schemas::patterns)]
    pub kinds: Vec<Pattern>,
    #[serde(with = "text::list")]
    #[schema(schema_with = schemas::ends)]
    pub statuses: Vec<Status>,
    /// `paused`: what happens waits. `disabled`: it was given up, and nothing waits.
    #[serde(with = "text")]
    #[schema(schema_with = schemas::webhook_state)]
    pub state: WebhookState,
    /// Why it was disabled, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub disabled_at: Option<Timestamp>,
    pub deliveries: DeliveryCounts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub last_delivered_at: Option<Timestamp>,
    /// Since when all attempts fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub failing_since: Option<Timestamp>,
    /// The key of its signatures: only where it was just made or changed, and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// When the secret was changed; the one before signs, too, for a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub rotated_at: Option<Timestamp>,
    /// Rises with every change: the ETag.
    pub version: u64,
    #[schema(schema_with = schemas::time)]
    pub created_at: Timestamp,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub created_by: Option<Principal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::time)]
    pub changed_at: Option<Timestamp>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub changed_by: Option<Principal>,
}

/// All webhooks that the caller may see: there are 16 at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhooks {
    pub webhooks: Vec<Webhook>,
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookTest {
    /// The receiver took it.
    pub delivered: bool,
    /// What he answered with, if he did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub took_ms: u64,
    /// Why it did not arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What it bore as `webhook-id`.
    pub id: String,
}

/// A delivery that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaitingDelivery {
    /// Its `webhook-id`: the same for each attempt.
    pub id: String,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub task: TaskId,
    /// As the receiver is told: `task.completed`, and so on.
    #[serde(rename = "type")]
    pub kind: String,
    #[schema(schema_with = schemas::time)]
    pub since: Timestamp,
    /// When it is tried next, or its holder loses it.
    #[schema(schema_with = schemas::time)]
    pub next_at: Timestamp,
    /// Attempts that failed.
    pub failed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// An attempt that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryAttempt {
    pub id: String,
    #[serde(with = "text")]
    #[schema(schema_with = schemas::task)]
    pub task: TaskId,
    #[schema(schema_with = schemas::time)]
    pub at: Timestamp,
    /// `delivered`, `failed` (it comes again) or `given_up`.
    pub result: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub took_ms: u64,
    /// Attempts that had failed when it was over.
    pub failed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What waits for the receiver, and how the latest attempts went: up to a hundred of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deliveries {
    pub counts: DeliveryCounts,
    /// The next ones.
    pub waiting: Vec<WaitingDelivery>,
    /// The latest first.
    pub latest: Vec<DeliveryAttempt>,
}

/// What a receiver is sent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Told {
    /// `task.completed`, `task.failed`, `task.timeout`, `task.cancelled`; or `webhook.test`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened.
    #[schema(schema_with = schemas::time)]
    pub timestamp: Timestamp,
    pub data: ToldData,
}

/// What happened.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ToldData {
    /// Which webhook is told.
    pub webhook: String,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::task)]
    pub id: Option<TaskId>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::queue)]
    pub queue: Option<QueueName>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::kind)]
    pub kind: Option<Kind>,
    #[serde(default, with = "text::option", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schemas::status)]
    pub status: Option<Status>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Attempts of the task that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The task as `GET /tasks/{id}` answers it at this moment, without its payload, and with its result up to 64 KiB. Absent if
    /// it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Box<Task>>,
}
