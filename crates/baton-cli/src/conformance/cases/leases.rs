//! How a worker keeps what it holds.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::now;
use super::super::play::{Call, Play, Standing};
use super::super::stage::{Played, SOON, Stage, failed, lists};

/// Two and a half thirds of the lease: room for two heartbeats.
const RUN_MS: u64 = 5_000;

/// A heartbeat that comes later than this after the one before it leaves no room for one that is lost.
const GAP_MAX_MS: u128 = 3_500;

pub(super) async fn heartbeat(stage: &Stage) -> Played {
    let task = stage.offer("sleep", json!({ "ms": RUN_MS })).await?;
    let begun = claimed(stage).await?;
    stage.completed(task, SOON + Duration::from_millis(RUN_MS)).await?;
    let play = stage.play();
    let ended = play.reports(task).first().map_or(begun, |report| report.at);
    let beats: Vec<Instant> =
        signs(&play, begun).filter(|seen| lists(&seen.holding, task)).map(|seen| seen.at).collect();
    let all: Vec<Instant> = std::iter::once(begun).chain(beats.iter().copied()).chain([ended]).collect();
    let gap = all
        .windows(2)
        .map(|two| two[1].saturating_duration_since(two[0]).as_millis())
        .max()
        .unwrap_or_default();
    if beats.is_empty() {
        return failed(format!("it worked for {RUN_MS} ms without a heartbeat that lists the task"));
    }
    if gap > GAP_MAX_MS {
        return failed(format!(
            "for {gap} ms it gave no sign of life, and the lease is {} ms long",
            play.lease_ms
        ));
    }
    Ok(format!("{} heartbeats in {RUN_MS} ms, at most {gap} ms apart", beats.len()))
}

/// Whatever lists what is held renews the lease.
fn signs(play: &Play, since: Instant) -> impl Iterator<Item = &super::super::play::Seen> {
    let renews = |call| matches!(call, Call::Heartbeat | Call::Claim);
    play.seen.iter().filter(move |seen| renews(seen.call) && seen.at >= since)
}

/// When it was given what was offered.
async fn claimed(stage: &Stage) -> Result<Instant, super::super::stage::Miss> {
    let held = |play: &Play| play.tasks.iter().any(|task| task.standing != Standing::Offered);
    stage.until(SOON, "it did not claim", held).await?;
    Ok(now())
}

pub(super) async fn lost(stage: &Stage) -> Played {
    let task = stage.offer("sleep", json!({ "ms": 25_000 })).await?;
    stage.is_at_work(task).await?;
    let told = now();
    stage.change(|play| {
        play.lease_is_over = true;
        play.tasks.iter_mut().for_each(|task| task.standing = Standing::Lost);
    });
    let fresh = |play: &Play| play.of(Call::Claim).any(|seen| seen.at > told && !lists(&seen.holding, task));
    stage.until(SOON + SOON, "it did not claim afresh after its lease was lost", fresh).await?;
    let next = stage.offer("echo", json!(1)).await?;
    stage.completed(next, SOON).await?;
    if stage.play().reports(task).iter().any(|report| report.call == Call::Complete) {
        return failed("it ran on and completed a task that it had lost");
    }
    Ok("the work was stopped, and the next task was run".to_owned())
}
