//! Whether payloads and results pass as they are.

use serde_json::{Value, json};

use super::super::play::{Call, Standing};
use super::super::stage::{Played, SOON, Stage, failed};

pub(super) async fn integers(stage: &Stage) -> Played {
    let numbers = json!([9_007_199_254_740_993_u64, u64::MAX, i64::MIN, -1, 0]);
    echoed(stage, json!({ "numbers": numbers }), "integers came back as others").await
}

pub(super) async fn unicode(stage: &Stage) -> Played {
    let text = "Grüße, 世界, عالم, 👩‍🚀, \u{0}\u{1f}\u{7f}\u{2028}\u{feff}\"\\/, e\u{301} and \u{e9}";
    echoed(stage, json!({ "text": text, "ключ": "значение" }), "text came back as another").await
}

pub(super) async fn large(stage: &Stage) -> Played {
    const MIB: usize = 1024 * 1024;
    // With its quotation marks it is exactly as long as a payload may be.
    echoed(stage, Value::String("x".repeat(MIB - 2)), "a MiB came back as something else").await
}

/// What is offered to `echo` must come back the same.
async fn echoed(stage: &Stage, payload: Value, otherwise: &str) -> Played {
    let length = payload.to_string().len();
    let task = stage.offer("echo", payload.clone()).await?;
    stage.completed(task, SOON).await?;
    let play = stage.play();
    let Some(Standing::Ended(Call::Complete, body)) = play.task(task).map(|task| &task.standing) else {
        return failed("it did not complete the task");
    };
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    if body["result"] != payload {
        return failed(otherwise);
    }
    Ok(format!("{length} bytes came back as they were"))
}
