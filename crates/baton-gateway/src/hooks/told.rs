//! What a receiver is told.

use baton_api::Timestamp;
use baton_api::task::Task;
use baton_api::webhook::{Told, ToldData};
use baton_core::limits;
use baton_store::calls::webhook::{Delivery, Webhook};
use baton_store::{Error, Store};

use crate::{clock, convert};

/// What happened, with the task as it is now.
pub(super) async fn body(store: &Store, webhook: &Webhook, delivery: &Delivery) -> Result<Vec<u8>, Error> {
    let read = store.read_tasks(delivery.task.shard(), &[delivery.task], true).await?;
    let task = read.into_iter().next().flatten().map(|task| Box::new(shown(convert::task::task(task))));
    let told = Told {
        kind: kind(delivery),
        timestamp: Timestamp::from_ms(delivery.at_ms),
        data: ToldData {
            webhook: webhook.name.to_string(),
            id: Some(delivery.task),
            queue: Some(delivery.queue.clone()),
            kind: Some(delivery.kind.clone()),
            status: Some(delivery.end),
            version: Some(delivery.version.0),
            attempt: Some(delivery.attempt),
            worker: delivery.worker.as_ref().map(ToString::to_string),
            by: delivery.by.as_ref().map(ToString::to_string),
            why: delivery.why.clone(),
            task,
        },
    };
    Ok(written(&told))
}

/// Something that did not happen.
pub(crate) fn test(webhook: &Webhook) -> Vec<u8> {
    written(&Told {
        kind: "webhook.test".to_owned(),
        timestamp: Timestamp::from_ms(clock::now_ms()),
        data: ToldData { webhook: webhook.name.to_string(), ..ToldData::default() },
    })
}

pub(crate) fn kind(delivery: &Delivery) -> String {
    format!("task.{}", delivery.end)
}

/// Without what was put into it, and with what came out of it if that is small.
fn shown(task: Task) -> Task {
    let small = |result: &baton_api::Json| result.get().len() as u64 <= limits::WEBHOOK_RESULT_BYTES_MAX;
    Task { payload: None, result: task.result.clone().filter(small), ..task }
}

/// Texts, numbers and JSON can always be written; the fallback spares a panic.
fn written(told: &Told) -> Vec<u8> {
    serde_json::to_vec(told).unwrap_or_default()
}
