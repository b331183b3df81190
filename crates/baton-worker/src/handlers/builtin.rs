//! Five handlers for demonstrations, tests and measurements.

use std::time::Duration;

use baton_core::Kind;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::document::{bad_payload, stopped};
use crate::handler::{Doubled, End, Handler, Handlers, Run};

/// Adds `noop`, `echo`, `sleep`, `fail` and `test-problem`.
pub fn builtin(handlers: &mut Handlers) -> Result<(), Doubled> {
    add(handlers, "noop", noop)?;
    add(handlers, "echo", echo)?;
    add(handlers, "sleep", sleep)?;
    add(handlers, "fail", fail)?;
    add(handlers, "test-problem", test_problem)
}

fn add(handlers: &mut Handlers, kind: &str, handler: impl Handler) -> Result<(), Doubled> {
    // The names are kinds, and a test says so.
    Kind::new(kind).map_or(Ok(()), |kind| handlers.add(kind, handler))
}

async fn noop(_run: Run) -> End {
    End::Complete(b"null".to_vec())
}

async fn echo(run: Run) -> End {
    End::Complete(run.grant.payload.clone())
}

/// `{"ms": 1500}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sleep {
    ms: u64,
}

async fn sleep(run: Run) -> End {
    let Sleep { ms } = match payload(&run) {
        Ok(payload) => payload,
        Err(end) => return end,
    };
    tokio::select! {
        () = run.cancel.cancelled() => stopped(),
        () = sleep_in_steps(&run, ms) => End::Complete(format!(r#"{{"slept_ms":{ms}}}"#).into_bytes()),
    }
}

/// Says how far it is a few times in a short sleep, and every few seconds in a long one.
async fn sleep_in_steps(run: &Run, ms: u64) {
    let step = (ms / 10).clamp(100, 5_000);
    let mut slept = 0;
    while slept < ms {
        let next = step.min(ms - slept);
        tokio::time::sleep(Duration::from_millis(next)).await;
        slept += next;
        run.reporter.progress(slept as f64 / ms as f64, format!("slept {slept} of {ms} ms"));
    }
}

/// `{"message": "out of paper", "times": 2}` completes at the third attempt; without `times` every attempt fails.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fail {
    #[serde(default = "on_request")]
    message: String,
    #[serde(default)]
    permanent: bool,
    times: Option<u64>,
    retry_in_ms: Option<u64>,
}

fn on_request() -> String {
    "it was asked to fail".to_owned()
}

async fn fail(run: Run) -> End {
    let order: Fail = match payload(&run) {
        Ok(order) => order,
        Err(end) => return end,
    };
    let (error, reason) = (order.message, "asked_to_fail".to_owned());
    if order.times.is_some_and(|times| run.grant.attempt >= times) {
        return End::Complete(format!(r#"{{"failed":{}}}"#, run.grant.attempt).into_bytes());
    }
    if order.permanent {
        End::Fail { error, reason }
    } else {
        End::Retry { error, reason, in_ms: order.retry_in_ms }
    }
}

/// `{"max_steps": 30}`: the first task that people submit by hand, with something to see in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestProblem {
    #[serde(default = "ten")]
    max_steps: u64,
}

fn ten() -> u64 {
    10
}

/// Steps beyond these take no time: a slip in the number of zeros does not occupy a slot for days.
const TIMED_STEPS: u64 = 1_000;
const STEP: Duration = Duration::from_millis(10);

async fn test_problem(run: Run) -> End {
    let TestProblem { max_steps } = match payload(&run) {
        Ok(payload) => payload,
        Err(end) => return end,
    };
    let steps = async {
        for step in 1..=max_steps.min(TIMED_STEPS) {
            tokio::time::sleep(STEP).await;
            run.reporter.progress(step as f64 / max_steps as f64, format!("step {step} of {max_steps}"));
        }
    };
    tokio::select! {
        () = run.cancel.cancelled() => stopped(),
        () = steps => End::Complete(format!(r#"{{"steps":{max_steps}}}"#).into_bytes()),
    }
}

fn payload<T: DeserializeOwned>(run: &Run) -> Result<T, End> {
    let payload: &[u8] = if run.grant.payload.is_empty() { b"{}" } else { &run.grant.payload };
    serde_json::from_slice(payload).map_err(|error| bad_payload(&error))
}
