//! A task to be, from the words of a submitter to what the store takes. All that is wrong with it is said at once.

use baton_api::problem::Pointed;
use baton_api::task::{NewTask, OnDuplicate};
use baton_core::{Backoff, Code, Priority, TaskId, limits};
use baton_store::calls::task::{Insists, NewTask as Stored, OnDuplicate as Policy};

use crate::problem::{Fail, place};

/// What is wrong, member by member.
#[derive(Default)]
pub(super) struct Wrong(Vec<Pointed>);

impl Wrong {
    pub(super) fn at(&mut self, pointer: &str, message: impl Into<String>) {
        self.0.push(Pointed { pointer: pointer.to_owned(), message: message.into() });
    }

    /// A value within its bounds, or the default.
    pub(super) fn number(
        &mut self,
        pointer: &str,
        asked: Option<u64>,
        default: u64,
        (min, max): (u64, u64),
    ) -> u64 {
        let value = asked.unwrap_or(default);
        if !(min..=max).contains(&value) {
            self.at(pointer, format!("{value} is not between {min} and {max}"));
        }
        value
    }

    /// The value, if nothing is wrong.
    pub(super) fn or<T>(self, value: T) -> Result<T, Fail> {
        if self.0.is_empty() { Ok(value) } else { Err(Fail::all(self.0)) }
    }

    pub(super) fn or_default<T: Default, E: std::fmt::Display>(
        &mut self,
        pointer: &str,
        made: Result<T, E>,
    ) -> T {
        made.unwrap_or_else(|error| {
            self.at(pointer, format!("failed to {error}"));
            T::default()
        })
    }
}

pub(crate) fn new_task(asked: &NewTask, id: TaskId, traceparent: Option<&str>) -> Result<Stored, Fail> {
    let large = payload(asked).len() as u64 > limits::PAYLOAD_BYTES_MAX;
    checked(asked, id, traceparent).map_err(|errors| match &errors[..] {
        [_] if large => Fail::all_of(Code::PayloadTooLarge, errors),
        _ => Fail::all(errors),
    })
}

pub(crate) fn payload(asked: &NewTask) -> &str {
    asked.payload.as_ref().map_or("null", |payload| payload.get())
}

/// The same, with the mistakes themselves: there is at least one then.
pub(crate) fn checked(
    asked: &NewTask,
    id: TaskId,
    traceparent: Option<&str>,
) -> Result<Stored, Vec<Pointed>> {
    let mut wrong = Wrong::default();
    let payload = payload(asked);
    if payload.len() as u64 > limits::PAYLOAD_BYTES_MAX {
        wrong.at("/payload", format!("{} bytes are more than {}", payload.len(), limits::PAYLOAD_BYTES_MAX));
    }
    due(asked, id, &mut wrong);
    lists(asked, &mut wrong);
    results(asked, &mut wrong);
    let timeout = (limits::TIMEOUT_MS_MIN, limits::TIMEOUT_MS_MAX);
    let task = Stored {
        queue: asked.queue.clone().unwrap_or_default(),
        priority: wrong
            .or_default("/priority", asked.priority.map_or(Ok(Priority::default()), Priority::new)),
        run_at_ms: asked.run_at.map(|at| at.ms()),
        delay_ms: asked.delay_ms,
        timeout_ms: wrong.number("/timeout_ms", asked.timeout_ms, limits::TIMEOUT_MS, timeout),
        max_attempts: wrong.number(
            "/max_attempts",
            asked.max_attempts,
            limits::MAX_ATTEMPTS,
            (1, limits::MAX_ATTEMPTS_MAX),
        ),
        max_crashes: wrong.number(
            "/max_crashes",
            asked.max_crashes,
            limits::MAX_CRASHES,
            (1, limits::MAX_CRASHES_MAX),
        ),
        backoff: wrong.or_default("/backoff_ms", backoff(asked)),
        key: asked.key.clone(),
        group: asked.group.clone(),
        on_duplicate: match asked.on_duplicate {
            Some(OnDuplicate::Reject) => Policy::Reject,
            Some(OnDuplicate::Replace) => Policy::Replace,
            Some(OnDuplicate::Return) | None => Policy::ReturnExisting,
        },
        tags: asked.tags.clone(),
        traceparent: traceparent.map(str::to_owned),
        parents: asked.parents.clone(),
        on_parent_failure: asked.on_parent_failure.unwrap_or_default(),
        flow: asked.flow,
        insists: insists(asked),
        result_ttl_ms: asked.result_ttl_ms,
        cache_ttl_ms: asked.cache_ttl_ms,
        ..Stored::new(id, asked.kind.clone(), payload)
    };
    // The store has the last word on what it takes.
    match task.check() {
        Err(baton_store::Error::Invalid { field, problem }) if wrong.0.is_empty() => {
            wrong.at(place(field), format!("{field}: {problem}"));
        }
        _ => {}
    }
    if wrong.0.is_empty() { Ok(task) } else { Err(wrong.0) }
}

/// What is usual is stored only where somebody wants just that, whatever the kind says.
fn insists(asked: &NewTask) -> Insists {
    let usual = Backoff::default();
    Insists {
        priority: asked.priority == Some(Priority::default().get().into()),
        timeout: asked.timeout_ms == Some(limits::TIMEOUT_MS),
        max_attempts: asked.max_attempts == Some(limits::MAX_ATTEMPTS),
        max_crashes: asked.max_crashes == Some(limits::MAX_CRASHES),
        backoff: (asked.backoff_ms.is_some() || asked.backoff_cap_ms.is_some())
            && backoff(asked).is_ok_and(|backoff| backoff == usual),
    }
}

/// How long what it completes with is kept, and may be used again.
fn results(asked: &NewTask, wrong: &mut Wrong) {
    for (pointer, asked, max) in [
        ("/result_ttl_ms", asked.result_ttl_ms, limits::RESULT_TTL_MS_MAX),
        ("/cache_ttl_ms", asked.cache_ttl_ms, limits::CACHE_TTL_MS_MAX),
    ] {
        let bounds = (limits::RESULT_TTL_MS_MIN, max);
        wrong.number(pointer, asked, limits::RESULT_TTL_MS_MIN, bounds);
    }
}

fn due(asked: &NewTask, id: TaskId, wrong: &mut Wrong) {
    match asked.delay_ms {
        Some(_) if asked.run_at.is_some() => {
            wrong.at("/delay_ms", "it is either a delay or a time, not both");
        }
        Some(ms) if ms > limits::DELAY_MS_MAX => {
            wrong.at("/delay_ms", format!("{ms} is more than {}", limits::DELAY_MS_MAX));
        }
        _ => {}
    }
    if asked.run_at.is_some_and(|at| at.ms() > id.drawn_ms() + limits::DELAY_MS_MAX) {
        wrong.at("/run_at", "it is more than ten years away: is the year right?");
    }
}

fn lists(asked: &NewTask, wrong: &mut Wrong) {
    for (pointer, size, max) in [
        ("/tags", asked.tags.len(), limits::TAGS_MAX),
        ("/parents", asked.parents.len(), limits::PARENTS_MAX),
    ] {
        if size as u64 > max {
            wrong.at(pointer, format!("{size} are more than {max}"));
            return;
        }
    }
    for (at, parent) in asked.parents.iter().enumerate() {
        if asked.parents[..at].contains(parent) {
            wrong.at(&format!("/parents/{at}"), "it is named as a parent of this task twice");
        }
    }
}

/// Who names only one of the two gets the other to fit.
fn backoff(asked: &NewTask) -> Result<Backoff, impl std::fmt::Display + use<>> {
    let base = asked.backoff_ms.unwrap_or(limits::BACKOFF_MS.min(asked.backoff_cap_ms.unwrap_or(u64::MAX)));
    let cap = asked.backoff_cap_ms.unwrap_or(limits::BACKOFF_CAP_MS.max(base));
    Backoff::new(base, cap)
}
