//! How a worker says what became of a run.

use std::time::Duration;

use serde_json::json;

use super::super::play::{Call, Standing, What};
use super::super::stage::{Played, SOON, Stage, failed};

pub(super) async fn again(stage: &Stage) -> Played {
    stage.trouble(Some(Call::Complete), 1, What::Lose);
    let task = stage.offer("draw", json!({})).await?;
    stage.completed(task, SOON).await?;
    let why = "it did not send its report again after the answer was lost";
    stage.until(SOON, why, |play| play.reports(task).len() > 1).await?;
    let play = stage.play();
    let reports = play.reports(task);
    if reports[0].call != reports[1].call {
        return failed("its second report says something else than the first");
    }
    let result = |body: &[u8]| {
        serde_json::from_slice::<serde_json::Value>(body).ok().map(|body| body["result"].clone())
    };
    if result(&reports[0].body) != result(&reports[1].body) {
        return failed("its second report has another result: it ran the task again");
    }
    Ok("the same report came again".to_owned())
}

pub(super) async fn fenced(stage: &Stage) -> Played {
    const QUIETLY: Duration = Duration::from_secs(2);
    let task = stage.offer("sleep", json!({ "ms": 700 })).await?;
    let held = |standing: &Standing| *standing == Standing::Held;
    stage
        .until(SOON, "it did not claim", |play| play.task(task).is_some_and(|task| held(&task.standing)))
        .await?;
    // Somebody else has it now, and this one has not heard of it.
    stage.change(|play| play.tasks.iter_mut().for_each(|task| task.standing = Standing::Lost));
    stage.until(SOON, "it did not report", |play| !play.reports(task).is_empty()).await?;
    stage.comes(QUIETLY, |play| play.reports(task).len() > 1).await;
    let reports = stage.play().reports(task).len();
    if reports > 1 {
        return failed(format!("it sent a refused report {reports} times, and a refusal is final"));
    }
    let next = stage.offer("echo", json!(1)).await?;
    stage.completed(next, SOON).await?;
    Ok("the refused report was dropped, and the next task was run".to_owned())
}
