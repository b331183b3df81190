//! How a worker takes orders: of tasks, of operators, and of its host.

use std::time::{Duration, Instant};

use baton::TaskId;
use baton::api::worker::Directive;
use serde_json::json;

use super::super::now;
use super::super::play::{Call, Play, Standing};
use super::super::stage::{Miss, Played, SOON, Stage, failed, lists};

/// A request that was under way when the order was given is not held against anybody.
const UNDER_WAY: Duration = Duration::from_millis(500);

pub(super) async fn cancel(stage: &Stage) -> Played {
    let task = stage.offer("sleep", json!({ "ms": 25_000 })).await?;
    stage.is_at_work(task).await?;
    let told = now();
    stage.change(|play| play.tasks.iter_mut().for_each(|task| task.standing = Standing::Cancelled));
    let stopped = |play: &Play| {
        let later = play.seen.iter().filter(|seen| seen.at > told);
        later
            .filter(|seen| matches!(seen.call, Call::Heartbeat | Call::Claim))
            .any(|seen| !lists(&seen.holding, task))
    };
    let why = "it went on with a task that a heartbeat called gone";
    stage.until(SOON, why, |play| stopped(play) || !play.reports(task).is_empty()).await?;
    let next = stage.offer("echo", json!(1)).await?;
    stage.completed(next, SOON).await?;
    match stage.play().reports(task).first() {
        None => Ok("the work was stopped, and nothing was said of it".to_owned()),
        Some(report) => failed(format!("it sent a report ({:?}) of a task that was gone", report.call)),
    }
}

pub(super) async fn quiet(stage: &Stage) -> Played {
    const WATCHED: Duration = Duration::from_secs(5);
    let task = stage.offer("sleep", json!({ "ms": 4_000 })).await?;
    stage.change(|play| play.directives = vec![Directive::Quiet]);
    stage.is_at_work(task).await?;
    let told = now() + UNDER_WAY;
    stage.completed(task, SOON).await?;
    let done = now();
    if stage.comes(WATCHED, |play| claims_since(play, told) > 0).await {
        return failed("it claims although it was told to be quiet");
    }
    if stage.program().ended().is_some() {
        return failed("it ended, and was only told to claim no more");
    }
    if !stage.play().of(Call::Heartbeat).any(|seen| seen.at > done) {
        return failed("it sends no heartbeats any more, so nobody can tell it to go on");
    }
    Ok("it finished its task, and claims no more".to_owned())
}

/// A claim of nothing only asks what is held.
fn claims_since(play: &Play, since: Instant) -> usize {
    play.of(Call::Claim).filter(|seen| seen.at > since && seen.max != Some(0)).count()
}

pub(super) async fn stop(stage: &Stage) -> Played {
    stage.handles("echo").await?;
    stage.change(|play| play.directives = vec![Directive::Stop]);
    left(stage, None).await?;
    Ok("it left and ended".to_owned())
}

pub(super) async fn drain(stage: &Stage) -> Played {
    let task = stage.offer("sleep", json!({ "ms": 2_500 })).await?;
    let held = |play: &Play| play.task(task).is_some_and(|task| task.standing == Standing::Held);
    stage.until(SOON, "it did not claim", held).await?;
    stage.program().terminate();
    let told = now() + UNDER_WAY;
    left(stage, Some(task)).await?;
    let play = stage.play();
    if claims_since(&play, told) > 0 {
        return failed("it claims although it was told to end");
    }
    match play.task(task).map(|task| &task.standing) {
        Some(Standing::Ended(Call::Complete, _)) => Ok("it finished its task, left and ended".to_owned()),
        Some(Standing::Ended(Call::Release, _)) => Ok("it gave its task back, left and ended".to_owned()),
        Some(Standing::Ended(..)) => {
            failed("it failed its task, which burns an attempt, when it was told to end")
        }
        _ => Ok("it left, which gives its task back, and ended".to_owned()),
    }
}

/// It says goodbye, and its process ends.
async fn left(stage: &Stage, task: Option<TaskId>) -> Result<(), Miss> {
    let gone = stage.comes(SOON + SOON, |play| play.of(Call::Leave).next().is_some()).await;
    if !gone {
        let held = task.is_some_and(|task| stage.play().reports(task).is_empty());
        return match (stage.program().ended(), held) {
            (Some(_), true) => {
                failed("it ended and left its task behind: only the end of the lease frees it")
            }
            (Some(_), false) => failed("it ended without leaving: it stays listed until its lease is over"),
            (None, _) => failed("it was told to end, and goes on"),
        };
    }
    let ended = async {
        while stage.program().ended().is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    match tokio::time::timeout(SOON, ended).await {
        Ok(()) => Ok(()),
        Err(_) => failed("it left, and its process goes on"),
    }
}
