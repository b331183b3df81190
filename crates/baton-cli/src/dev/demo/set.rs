//! The tasks of a demonstration.

use anyhow::Result;
use baton::api::flow::{NewFlow, NewFlowTask};
use baton::api::task::NewTask;
use baton::{Client, FlowId, Json, TaskId};

/// A task in a line: queue, kind, payload.
pub(super) fn task(queue: &str, kind: &str, payload: &str) -> Result<NewTask> {
    Ok(flow_task(queue, kind, payload)?.alone())
}

fn flow_task(queue: &str, kind: &str, payload: &str) -> Result<NewFlowTask> {
    let mut task = NewFlowTask::new(kind.parse()?, Json::from_bytes(payload.as_bytes())?);
    task.queue = Some(queue.parse()?);
    // Failures here are part of the show, and nobody wants to wait a minute for the next attempt.
    (task.backoff_ms, task.backoff_cap_ms) = (Some(300), Some(1_000));
    Ok(task)
}

/// A task of a flow in a line: what it is called, what it waits for, and the task.
type Step<'a> = (&'a str, &'a [&'a str], &'a str, &'a str, &'a str);

/// Twelve tasks, among them one that fails twice before it completes, and a slow one.
const DOZEN: [Step<'_>; 12] = [
    ("order", &[], "default", "echo", r#"{"hello":"world"}"#),
    ("count", &["order"], "default", "echo", r#"{"number":12345678901234567890}"#),
    ("check", &["order"], "default", "noop", "null"),
    ("print", &["check"], "default", "fail", r#"{"message":"the printer is out of paper","times":2}"#),
    ("film", &["order"], "media", "sleep", r#"{"ms":3000}"#),
    ("poster", &["order"], "media", "sleep", r#"{"ms":400}"#),
    ("trailer", &["film", "poster"], "media", "sleep", r#"{"ms":200}"#),
    ("october", &["count"], "reports", "report.build", r#"{"month":"2026-10"}"#),
    ("november", &["count"], "reports", "report.build", r#"{"month":"2026-11"}"#),
    ("ada", &["october", "november"], "mail", "echo", r#"{"to":"ada@example.org"}"#),
    ("grace", &["trailer", "print"], "mail", "echo", r#"{"to":"grace@example.org"}"#),
    ("all", &["ada", "grace"], "mail", "fail", r#"{"message":"the mail server is busy","times":1}"#),
];

pub(super) fn dozen() -> Result<NewFlow> {
    flow("dozen", DOZEN.into_iter())
}

/// Enough work for two of four workers to be busy for some seconds: ten times the same four tasks.
pub(super) fn work() -> Result<NewFlow> {
    let mut tasks = Vec::new();
    for round in 0..10 {
        let name = |word: &str| format!("{word}-{round}");
        let (film, report, cut, note) = (name("film"), name("report"), name("cut"), name("note"));
        let steps: [Step<'_>; 4] = [
            (&film, &[], "media", "sleep", r#"{"ms":1500}"#),
            (&report, &[&film], "reports", "report.build", r#"{"month":"2026-11"}"#),
            (&cut, &[], "media", "sleep", r#"{"ms":2500}"#),
            (&note, &[&report, &cut], "default", "echo", r#"{"hello":"world"}"#),
        ];
        tasks.extend(flow("", steps.into_iter())?.tasks);
    }
    Ok(NewFlow { name: Some("work".parse()?), ..NewFlow::new(tasks) })
}

fn flow<'a>(name: &str, steps: impl Iterator<Item = Step<'a>>) -> Result<NewFlow> {
    let tasks: Result<Vec<NewFlowTask>> = steps.map(step).collect();
    let name = (!name.is_empty()).then(|| name.parse()).transpose()?;
    Ok(NewFlow { name, ..NewFlow::new(tasks?) })
}

fn step((name, parents, queue, kind, payload): Step<'_>) -> Result<NewFlowTask> {
    let mut task = flow_task(queue, kind, payload)?;
    task.name = Some(name.parse()?);
    for parent in parents {
        task.parents.push(parent.parse()?);
    }
    Ok(task)
}

/// What was submitted.
#[derive(Clone, Debug)]
pub(super) struct Submitted {
    pub(super) flow: FlowId,
    /// In the order in which they were written.
    pub(super) ids: Vec<TaskId>,
    /// Each child with one of its parents.
    pub(super) edges: Vec<(TaskId, TaskId)>,
}

pub(super) async fn submit(client: &Client, flow: NewFlow) -> Result<Submitted> {
    let submitted = client.submit_flow_json(serde_json::to_vec(&flow)?, None).await?;
    let (mut ids, mut edges) = (Vec::new(), Vec::new());
    for task in &flow.tasks {
        let Some(name) = &task.name else { continue };
        let child = submitted.task(name.as_str())?;
        ids.push(child);
        for parent in &task.parents {
            edges.push((child, submitted.task(parent.as_str())?));
        }
    }
    Ok(Submitted { flow: submitted.id(), ids, edges })
}
