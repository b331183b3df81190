//! How a worker comes to its tasks.

use std::time::Duration;

use serde_json::json;

use super::super::play::{Answered, Call, What};
use super::super::stage::{Miss, Played, SOON, Stage, failed, lists};

/// After the last thing that should come: whatever else would come, comes in this time.
const QUIETLY: Duration = Duration::from_secs(1);

pub(super) async fn register(stage: &Stage) -> Played {
    let task = stage.offer("echo", json!({ "hi": 1 })).await?;
    stage.completed(task, SOON).await?;
    let play = stage.play();
    let boot = play.registered.as_ref().and_then(|worker| worker.boot.as_ref());
    if boot.is_none() {
        return failed("it registered without a boot");
    }
    let Some(first) = play.of(Call::Claim).next() else { return failed("it did not claim") };
    if first.wait_s.is_none_or(|wait| wait == 0) {
        return failed("it claims without waiting for work, and would have to ask all the time");
    }
    if play.of(Call::Claim).any(|seen| seen.other_boot) {
        return failed("it claims under another boot than it registered with");
    }
    Ok(format!("it registered, and waits {} s for work", first.wait_s.unwrap_or_default()))
}

pub(super) async fn again(stage: &Stage) -> Played {
    stage.trouble(Some(Call::Claim), 1, What::Lose);
    let task = stage.offer("draw", json!({})).await?;
    let lost = |answered| answered == Answered::Lost;
    stage
        .until(SOON, "it did not claim", |play| play.of(Call::Claim).any(|seen| lost(seen.answered)))
        .await?;
    let later = "it did not claim again after an answer to a claim was lost";
    stage
        .until(SOON, later, |play| play.of(Call::Claim).skip_while(|seen| !lost(seen.answered)).count() > 1)
        .await?;
    let listed = |stage: &Stage| {
        stage
            .play()
            .of(Call::Claim)
            .skip_while(|seen| !lost(seen.answered))
            .nth(1)
            .is_some_and(|seen| lists(&seen.holding, task))
    };
    if listed(stage) {
        return failed("it lists a task of which it was never told");
    }
    stage.completed(task, SOON).await?;
    stage.comes(QUIETLY, |play| play.reports(task).len() > 1).await;
    match stage.play().reports(task).len() {
        1 => Ok("the task came again and was run once".to_owned()),
        reports => failed(format!("the task was reported {reports} times, so it was run more than once")),
    }
}

pub(super) async fn unknown_kind(stage: &Stage) -> Played {
    const KIND: &str = "conformance.unknown";
    stage.handles("echo").await?;
    let task = stage.offer_unasked(KIND, json!({}))?;
    stage.until(SOON, "it said nothing about it", |play| !play.reports(task).is_empty()).await?;
    let play = stage.play();
    let Some(report) = play.reports(task).into_iter().next() else {
        return failed("it said nothing about it");
    };
    let body: serde_json::Value = serde_json::from_slice(&report.body).unwrap_or_default();
    match report.call {
        Call::Release if body["delay_ms"].as_u64().is_some_and(|delay| delay > 0) => {
            Ok(format!("it was released for {} ms", body["delay_ms"]))
        }
        Call::Release => failed("it was released without a delay, and comes back at once, again and again"),
        Call::Complete => Err(Miss::NotSeen("it takes every kind".to_owned())),
        _ => failed("it was failed, which burns an attempt of a task that another worker can run"),
    }
}
