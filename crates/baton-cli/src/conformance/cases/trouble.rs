//! How a worker bears with a server that has troubles of its own.

use std::time::Duration;

use serde_json::json;

use super::super::now;
use super::super::play::{Call, What};
use super::super::stage::{Miss, Played, SOON, Stage, failed};

const AFTER_S: u64 = 2;
/// Clocks round, and so do timers.
const NOT_BEFORE: Duration = Duration::from_millis(AFTER_S * 1_000 - 100);

pub(super) async fn retry_after(stage: &Stage) -> Played {
    let refused = What::Refuse { status: 503, code: "redis_unavailable", after_s: Some(AFTER_S) };
    stage.trouble(Some(Call::Complete), 1, refused);
    let task = stage.offer("draw", json!({})).await?;
    stage.completed(task, SOON).await?;
    let play = stage.play();
    let reports = play.reports(task);
    let [first, .., last] = &reports[..] else { return failed("it did not send its report again") };
    if first.body != last.body {
        return failed("its second request is another one than the first");
    }
    waited(last.at.saturating_duration_since(first.at))
}

pub(super) async fn rate_limit(stage: &Stage) -> Played {
    stage.trouble(
        Some(Call::Claim),
        1,
        What::Refuse { status: 429, code: "rate_limited", after_s: Some(AFTER_S) },
    );
    let task = stage.offer("echo", json!(1)).await?;
    stage.completed(task, SOON).await?;
    let play = stage.play();
    let claims: Vec<_> = play.of(Call::Claim).take(2).collect();
    let [first, second] = claims[..] else { return failed("it did not claim again") };
    waited(second.at.saturating_duration_since(first.at))
}

fn waited(waited: Duration) -> Played {
    if waited < NOT_BEFORE {
        return failed(format!(
            "it asked again after {} ms, and was told to wait {AFTER_S} s",
            waited.as_millis()
        ));
    }
    Ok(format!("it asked again after {} ms", waited.as_millis()))
}

pub(super) async fn storm(stage: &Stage) -> Played {
    const STORM: Duration = Duration::from_secs(8);
    /// Two threads that each ask once a second, and as much again.
    const REQUESTS_MAX: usize = 40;
    let before = stage.offer("echo", json!(1)).await?;
    stage.completed(before, SOON).await?;
    let begun = now();
    let refused = What::Refuse { status: 503, code: "redis_unavailable", after_s: Some(1) };
    stage.trouble(None, u32::MAX, refused);
    // A claim may be held just now: it is let go, and meets the storm when it comes back.
    let ended = stage.comes(STORM, |_| stage.program().ended().is_some()).await;
    if ended || stage.program().ended().is_some() {
        return failed("it ended in the storm");
    }
    let requests = stage.play().seen.iter().filter(|seen| seen.at > begun).count();
    stage.calm();
    if requests > REQUESTS_MAX {
        return failed(format!("{requests} requests in {} s, each told to wait for one", STORM.as_secs()));
    }
    // Long enough for a look at the clock: whoever counts the lease from before the storm gives the task up.
    let after = stage.offer("sleep", json!({ "ms": 2_500 })).await?;
    stage.completed(after, SOON + SOON).await?;
    let given = stage.play().task(after).map_or(0, |task| task.given);
    if given > 1 {
        return failed(format!(
            "the first task after it was given {given} times: it was let go of and run again"
        ));
    }
    Ok(format!("{requests} requests in {} s, and the next task was run", STORM.as_secs()))
}

pub(super) async fn clock(stage: &Stage) -> Played {
    const HOURS: i64 = 3_600;
    /// Registering, claims, heartbeats and reports of two short runs.
    const REQUESTS_MAX: usize = 40;
    for clock_s in [6 * HOURS, -6 * HOURS] {
        stage.change(|play| play.clock_s = clock_s);
        let task = stage.offer("sleep", json!({ "ms": 3_000 })).await?;
        stage.completed(task, SOON).await.map_err(|miss| with_clock(miss, clock_s))?;
    }
    let requests = stage.play().seen.len();
    if requests > REQUESTS_MAX {
        return failed(format!("{requests} requests for two short runs: it follows a clock that is wrong"));
    }
    Ok("two runs completed, six hours early and six hours late".to_owned())
}

fn with_clock(miss: Miss, clock_s: i64) -> Miss {
    match miss {
        Miss::Failed(why) => Miss::Failed(format!("with a clock that is {} h off, {why}", clock_s / 3_600)),
        other => other,
    }
}
