//! What this process counts. Values that clients choose are labels only up to a number; the rest is `other`.

use std::sync::LazyLock;

use baton_core::operation::Act;
use baton_core::{Kind, QueueName, Status};
use baton_service::label::Capped;
use baton_store::calls::operation::Counts;
use tokio::time::Instant;

static QUEUES: LazyLock<Capped> = LazyLock::new(Capped::default);
static KINDS: LazyLock<Capped> = LazyLock::new(Capped::default);

fn of_queue(queue: &QueueName) -> String {
    QUEUES.label(queue.as_str()).into_owned()
}

pub(crate) fn submitted(queue: &QueueName, kind: &Kind) {
    let kind = KINDS.label(kind.as_str()).into_owned();
    metrics::counter!("baton_tasks_submitted_total", "queue" => of_queue(queue), "kind" => kind).increment(1);
}

/// `granted`, `redelivered`, `empty` or `rejected`, of each queue that was asked or brought something.
pub(crate) fn claimed(queue: &QueueName, result: &'static str) {
    metrics::counter!("baton_claims_total", "queue" => of_queue(queue), "result" => result).increment(1);
}

/// Deliveries of webhooks: `delivered`, `failed` attempts, `given_up`.
pub(crate) fn webhook(result: &'static str, count: u64) {
    if count > 0 {
        metrics::counter!("baton_webhook_deliveries_total", "result" => result).increment(count);
    }
}

pub(crate) fn finished(status: Status) {
    if status.is_terminal() {
        metrics::counter!("baton_tasks_finished_total", "status" => status.as_str()).increment(1);
    }
}

/// What a piece of an operation came to.
pub(crate) fn operated(act: Act, counts: &Counts) {
    for (result, count) in [("done", counts.done), ("refused", counts.refused.values().sum())] {
        metrics::counter!("baton_operation_tasks_total", "action" => act.as_str(), "result" => result)
            .increment(count);
    }
}

pub(crate) fn fenced(call: &'static str) {
    metrics::counter!("baton_fenced_total", "call" => call).increment(1);
}

pub(crate) fn request(route: &str, method: &str, status: u16, since: Instant) {
    let took = since.elapsed().as_secs_f64();
    metrics::histogram!(
        "baton_http_request_duration_seconds",
        "route" => route.to_owned(), "method" => method.to_owned(), "status" => status.to_string()
    )
    .record(took);
}

/// A request that is held, or a stream that is open, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Stream(&'static str);

impl Stream {
    /// Of the kind `sse`, `ws` or `wait`.
    pub(crate) fn open(kind: &'static str) -> Stream {
        metrics::gauge!("baton_http_streams", "kind" => kind).increment(1.0);
        Stream(kind)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        metrics::gauge!("baton_http_streams", "kind" => self.0).decrement(1.0);
    }
}
