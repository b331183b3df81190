//! The tasks of a demonstration.

use std::sync::Arc;

use anyhow::Result;
use baton::api::task::NewTask;
use baton::{Client, Json, TaskId};

/// A task in a line: queue, kind, payload.
pub(super) fn task(queue: &str, kind: &str, payload: &str) -> Result<NewTask> {
    let mut task = NewTask::new(kind.parse()?, Json::from_bytes(payload.as_bytes())?);
    task.queue = Some(queue.parse()?);
    // Failures here are part of the show, and nobody wants to wait a minute for the next attempt.
    (task.backoff_ms, task.backoff_cap_ms) = (Some(300), Some(1_000));
    Ok(task)
}

/// Twelve tasks, among them one that fails twice before it completes, and a slow one.
const DOZEN: [(&str, &str, &str); 12] = [
    ("default", "echo", r#"{"hello":"world"}"#),
    ("default", "echo", r#"{"number":12345678901234567890}"#),
    ("default", "noop", "null"),
    ("default", "fail", r#"{"message":"the printer is out of paper","times":2}"#),
    ("media", "sleep", r#"{"ms":3000}"#),
    ("media", "sleep", r#"{"ms":400}"#),
    ("media", "sleep", r#"{"ms":200}"#),
    ("mail", "echo", r#"{"to":"ada@example.org"}"#),
    ("mail", "echo", r#"{"to":"grace@example.org"}"#),
    ("mail", "fail", r#"{"message":"the mail server is busy","times":1}"#),
    ("reports", "report.build", r#"{"month":"2026-10"}"#),
    ("reports", "report.build", r#"{"month":"2026-11"}"#),
];

pub(super) fn dozen() -> Result<Vec<NewTask>> {
    DOZEN.iter().map(|(queue, kind, payload)| task(queue, kind, payload)).collect()
}

/// Enough work for two of four workers to be busy for some seconds.
pub(super) fn work() -> Result<Vec<NewTask>> {
    let kinds = [
        ("media", "sleep", r#"{"ms":1500}"#),
        ("reports", "report.build", r#"{"month":"2026-11"}"#),
        ("media", "sleep", r#"{"ms":2500}"#),
        ("default", "echo", r#"{"hello":"world"}"#),
    ];
    kinds.iter().cycle().take(40).map(|(queue, kind, payload)| task(queue, kind, payload)).collect()
}

/// Submits them, and answers their ids.
pub(super) async fn submit(client: &Client, tasks: Result<Vec<NewTask>>) -> Result<Vec<TaskId>> {
    let receipts = client.submit_all(tasks?).await;
    let refused = |error: Arc<baton::Error>| anyhow::anyhow!("failed to {error}");
    receipts.into_iter().map(|receipt| receipt.map(|receipt| receipt.id).map_err(refused)).collect()
}
