//! What tests of webhooks share.

use baton_core::webhook::Filter;
use baton_core::{Principal, Shard, TaskId, WebhookName};
use baton_store::behind::Step;
use baton_store::calls::task::Cancel;
use baton_store::calls::webhook::{
    ChangeWebhook, DeliveriesTaken, Ending, PutWebhook, Room, SettleDelivery, Settled, Taken, Webhook,
    WebhookChange, WebhookChanged, WebhookPut,
};
use baton_testkit::Fixture;

pub(super) fn name(text: &str) -> WebhookName {
    WebhookName::new(text).expect("a name")
}

pub(super) fn ada() -> Principal {
    Principal::new("ada").expect("a principal")
}

pub(super) fn filter(text: &str) -> Filter {
    text.parse().expect("a filter")
}

pub(super) async fn put(at: &Fixture, webhook: &str) -> WebhookPut {
    put_knowing(at, webhook, "* * completed,failed,timeout,cancelled", None).await
}

pub(super) async fn put_knowing(
    at: &Fixture,
    webhook: &str,
    wanted: &str,
    version: Option<u64>,
) -> WebhookPut {
    let (name, filter, by) = (name(webhook), filter(wanted), ada());
    let put = PutWebhook {
        name: &name,
        url: "https://example.com/hook",
        description: "",
        filter: &filter,
        root: "print-1",
        version,
        by: Some(&by),
    };
    at.store.put_webhook(&put).await.expect("an answer")
}

pub(super) async fn change(at: &Fixture, webhook: &str, what: WebhookChange<'_>) -> WebhookChanged {
    let (name, by) = (name(webhook), ada());
    let change = ChangeWebhook { name: &name, what, version: None, by: Some(&by) };
    at.store.change_webhook(&change).await.expect("an answer")
}

pub(super) async fn read(at: &Fixture, webhook: &str) -> Option<Webhook> {
    at.store.webhook(&name(webhook)).await.expect("an answer")
}

pub(super) async fn write_behind(at: &Fixture) {
    while at.store.write_behind(Shard::FIRST, false).await.expect("an answer") != Step::Idle {}
}

pub(super) async fn cancel(at: &Fixture, tasks: &[TaskId]) {
    let by = ada();
    let cancel = Cancel { tasks, by: Some(&by), reason: "no need: 2 words", op: None };
    at.store.cancel(Shard::FIRST, &cancel).await.expect("an answer");
}

/// So many tasks end, and that is written behind.
pub(super) async fn end(at: &Fixture, count: usize) -> Vec<TaskId> {
    let tasks = at.submit_many(count).await;
    cancel(at, &tasks).await;
    write_behind(at).await;
    tasks
}

/// What was handed out, how many were given up, and the names that the caller should look at.
pub(super) async fn take(at: &Fixture, room: u64) -> (Vec<Taken>, u64, Vec<String>) {
    let known = at.store.webhooks().await.expect("an answer").webhooks;
    take_knowing(at, &known, room).await
}

pub(super) async fn take_knowing(
    at: &Fixture,
    known: &[Webhook],
    room: u64,
) -> (Vec<Taken>, u64, Vec<String>) {
    let rooms: Vec<Room<'_>> = known.iter().map(|webhook| Room { webhook, room }).collect();
    match at.store.take_deliveries(Shard::FIRST, &rooms).await.expect("an answer") {
        DeliveriesTaken::Taken { deliveries, given_up, odd } => {
            (deliveries, given_up, odd.iter().map(ToString::to_string).collect())
        }
        DeliveriesTaken::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

pub(super) async fn settle(at: &Fixture, taken: &Taken, ending: &Ending) -> Settled {
    let status = Some(if *ending == Ending::Delivered { 204 } else { 500 });
    let settle = SettleDelivery { taken, ending, status, took_ms: 12 };
    at.store.settle_delivery(&settle).await.expect("an answer")
}

pub(super) fn failed(again_in_ms: u64) -> Ending {
    Ending::Failed { error: "the receiver answered 500".to_owned(), again_in_ms }
}
