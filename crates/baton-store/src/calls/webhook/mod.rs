//! Webhooks. Their records are in the first shard, which decides. Every shard knows of what each is told, and keeps the
//! deliveries of its own tasks; a call that was cut off before all shards heard of a change is healed by whoever looks for
//! deliveries next, as that one compares.

mod change;
mod deliveries;
mod follow;
mod list;
mod put;
mod remove;
mod settle;
mod take;

pub use crate::delivery::{Delivery, Watch};
pub use change::{ChangeWebhook, WebhookChange, WebhookChanged};
pub use deliveries::{Attempted, Counted, Deliveries, Tried, Waiting, Went};
pub use list::{Root, Webhook, Webhooks};
pub use put::{PutWebhook, WebhookPut};
pub use remove::WebhookRemoved;
pub use settle::{Ending, SettleDelivery, Settled};
pub use take::{DeliveriesTaken, Room, Taken};
