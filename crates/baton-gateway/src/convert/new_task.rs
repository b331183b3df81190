//! A task to be, from the words of a submitter to what the store takes.

use baton_api::task::{NewTask, OnDuplicate};
use baton_core::{Backoff, Code, Priority, TaskId, limits};
use baton_store::calls::task::{NewTask as Stored, OnDuplicate as Policy};

use crate::problem::Fail;

pub(crate) fn new_task(asked: &NewTask, id: TaskId, traceparent: Option<&str>) -> Result<Stored, Fail> {
    let payload = asked.payload.as_ref().map_or("null", |payload| payload.get());
    if payload.len() as u64 > limits::PAYLOAD_BYTES_MAX {
        let message = format!("{} bytes are more than {}", payload.len(), limits::PAYLOAD_BYTES_MAX);
        return Err(Fail::new(Code::PayloadTooLarge).at("/payload", message));
    }
    if asked.run_at.is_some() && asked.delay_ms.is_some() {
        return Err(Fail::invalid("/delay_ms", "it is either a delay or a time, not both"));
    }
    if asked.run_at.is_some_and(|at| at.ms() > id.drawn_ms() + limits::DELAY_MS_MAX) {
        return Err(Fail::invalid("/run_at", "it is more than ten years away: is the year right?"));
    }
    let or = |value: Option<u64>, default| value.unwrap_or(default);
    let task = Stored {
        queue: asked.queue.clone().unwrap_or_default(),
        priority: priority(asked.priority)?,
        run_at_ms: asked.run_at.map(|at| at.ms()),
        delay_ms: delay(asked.delay_ms)?,
        timeout_ms: or(asked.timeout_ms, limits::TIMEOUT_MS),
        max_attempts: or(asked.max_attempts, limits::MAX_ATTEMPTS),
        max_crashes: or(asked.max_crashes, limits::MAX_CRASHES),
        backoff: backoff(asked)?,
        key: asked.key.clone(),
        on_duplicate: match asked.on_duplicate {
            Some(OnDuplicate::Reject) => Policy::Reject,
            Some(OnDuplicate::Return) | None => Policy::ReturnExisting,
        },
        tags: asked.tags.clone(),
        traceparent: traceparent.map(str::to_owned),
        ..Stored::new(id, asked.kind.clone(), payload)
    };
    task.check()?;
    Ok(task)
}

fn priority(asked: Option<i64>) -> Result<Priority, Fail> {
    let priority = asked.map_or(Ok(Priority::default()), Priority::new);
    priority.map_err(|error| Fail::invalid("/priority", format!("failed to {error}")))
}

fn delay(asked: Option<u64>) -> Result<Option<u64>, Fail> {
    match asked {
        Some(ms) if ms > limits::DELAY_MS_MAX => {
            Err(Fail::invalid("/delay_ms", format!("{ms} is more than {}", limits::DELAY_MS_MAX)))
        }
        asked => Ok(asked),
    }
}

/// Who names only one of the two gets the other to fit.
fn backoff(asked: &NewTask) -> Result<Backoff, Fail> {
    let base = asked.backoff_ms.unwrap_or(limits::BACKOFF_MS.min(asked.backoff_cap_ms.unwrap_or(u64::MAX)));
    let cap = asked.backoff_cap_ms.unwrap_or(limits::BACKOFF_CAP_MS.max(base));
    Backoff::new(base, cap).map_err(|error| Fail::invalid("/backoff_ms", format!("failed to {error}")))
}
