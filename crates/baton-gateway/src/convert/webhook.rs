//! Webhooks, from the words of whoever wants one to what the store takes, and back.

use baton_api::Timestamp;
use baton_api::auth::Secret;
use baton_api::webhook::{Deliveries, DeliveryAttempt, DeliveryCounts, PutWebhook, WaitingDelivery, Webhook};
use baton_core::limits;
use baton_core::webhook::{ENDS, Filter};
use baton_outbound::endpoint;
use baton_store::calls::webhook::{self as stored, Counted, Went};

use super::new_task::Wrong;
use crate::problem::Fail;

/// What is to be told, checked. All that is wrong with it is said at once.
pub(crate) fn wanted(asked: &PutWebhook) -> Result<Filter, Fail> {
    let mut wrong = Wrong::default();
    let (bytes, max) = (asked.url.len() as u64, limits::WEBHOOK_URL_BYTES_MAX);
    if bytes > max {
        wrong.at("/url", format!("{bytes} bytes are more than {max}"));
    } else if let Err(error) = endpoint(&asked.url) {
        wrong.at("/url", error.to_string());
    }
    let (bytes, max) = (described(asked).len() as u64, limits::WEBHOOK_DESCRIPTION_BYTES_MAX);
    if bytes > max {
        wrong.at("/description", format!("{bytes} bytes are more than {max}"));
    }
    for (pointer, count) in [("/queues", asked.queues.len()), ("/kinds", asked.kinds.len())] {
        let max = limits::WEBHOOK_PATTERNS_MAX;
        if count as u64 > max {
            wrong.at(pointer, format!("{count} are more than {max}"));
        }
    }
    for (at, status) in asked.statuses.iter().enumerate().filter(|(_, status)| !status.is_terminal()) {
        wrong.at(&format!("/statuses/{at}"), format!("{status} is no end of a task"));
    }
    let some = |status: &&baton_core::Status| asked.statuses.is_empty() || asked.statuses.contains(status);
    let statuses = ENDS.iter().filter(some).copied().collect();
    wrong.or(Filter { queues: asked.queues.clone(), kinds: asked.kinds.clone(), statuses })
}

pub(crate) fn described(asked: &PutWebhook) -> &str {
    asked.description.as_deref().unwrap_or_default()
}

/// How it did in all shards.
pub(crate) fn sum(each: impl IntoIterator<Item = Counted>) -> Counted {
    each.into_iter().fold(Counted::default(), |sum, one| Counted {
        waiting: sum.waiting + one.waiting,
        delivered: sum.delivered + one.delivered,
        failed: sum.failed + one.failed,
        given_up: sum.given_up + one.given_up,
        dropped: sum.dropped + one.dropped,
        delivered_ms: sum.delivered_ms.max(one.delivered_ms),
        // The longest of them.
        failing_ms: [sum.failing_ms, one.failing_ms].into_iter().flatten().min(),
    })
}

fn counts(counted: &Counted) -> DeliveryCounts {
    let Counted { waiting, delivered, failed, given_up, dropped, .. } = *counted;
    DeliveryCounts { waiting, delivered, failed, given_up, dropped }
}

pub(crate) fn webhook(stored: stored::Webhook, counted: &Counted, secret: Option<Secret>) -> Webhook {
    Webhook {
        url: stored.url,
        description: stored.description,
        queues: stored.filter.queues,
        kinds: stored.filter.kinds,
        statuses: stored.filter.statuses,
        state: stored.state,
        reason: stored.reason,
        disabled_at: stored.disabled_ms.map(Timestamp::from_ms),
        deliveries: counts(counted),
        last_delivered_at: counted.delivered_ms.map(Timestamp::from_ms),
        failing_since: counted.failing_ms.map(Timestamp::from_ms),
        secret,
        rotated_at: stored.rotated_ms.map(Timestamp::from_ms),
        version: stored.version,
        created_at: Timestamp::from_ms(stored.created_ms),
        created_by: stored.created_by,
        changed_at: stored.changed_ms.map(Timestamp::from_ms),
        changed_by: stored.changed_by,
        name: stored.name,
    }
}

fn waiting(one: stored::Waiting) -> WaitingDelivery {
    let delivery = one.delivery;
    let (failed, status, error) =
        one.tried.map_or((0, None, None), |tried| (tried.failed, tried.status, Some(tried.error)));
    WaitingDelivery {
        id: delivery.id(),
        task: delivery.task,
        kind: format!("task.{}", delivery.end),
        since: Timestamp::from_ms(delivery.since_ms),
        next_at: Timestamp::from_ms(one.next_ms),
        failed,
        status,
        error: error.filter(|error| !error.is_empty()),
    }
}

fn attempt(one: stored::Attempted) -> DeliveryAttempt {
    let result = match one.went {
        Went::Delivered => "delivered",
        Went::Failed => "failed",
        Went::GivenUp => "given_up",
    };
    DeliveryAttempt {
        id: one.id,
        task: one.task,
        at: Timestamp::from_ms(one.at_ms),
        result: result.to_owned(),
        status: one.tried.status,
        took_ms: one.took_ms,
        failed: one.tried.failed,
        error: Some(one.tried.error).filter(|error| !error.is_empty()),
    }
}

/// Those of all shards together, in their order.
pub(crate) fn deliveries(shards: Vec<stored::Deliveries>) -> Deliveries {
    let counted = sum(shards.iter().map(|shard| shard.counted));
    let (mut list, mut latest) = (Vec::new(), Vec::new());
    for shard in shards {
        list.extend(shard.waiting.into_iter().map(waiting));
        latest.extend(shard.latest.into_iter().map(attempt));
    }
    list.sort_by_key(|one| one.next_at.ms());
    latest.sort_by_key(|one| std::cmp::Reverse(one.at.ms()));
    list.truncate(limits::WEBHOOK_SHOWN_MAX as usize);
    latest.truncate(limits::WEBHOOK_LATEST_MAX as usize);
    Deliveries { counts: counts(&counted), waiting: list, latest }
}
