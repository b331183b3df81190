//! What `baton top` shows: one look at the fleet, as rows.

use anyhow::Result;
use baton::api::error_group::ErrorGroup;
use baton::api::queue::Queue;
use baton::api::task::Task;
use baton::api::worker::Worker;
use baton::{Client, Filter, Status, Timestamp};
use serde::Serialize;

use crate::out::{plain, short, span};

/// Running tasks and groups of failures that are shown.
const TASKS: u64 = 100;
const GROUPS: u64 = 50;

/// One look.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Picture {
    pub(super) queues: Vec<Queue>,
    pub(super) workers: Vec<Worker>,
    pub(super) running: Vec<Task>,
    pub(super) failures: Vec<ErrorGroup>,
}

/// A part of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Panel {
    Queues,
    Workers,
    Running,
    Failures,
}

impl Panel {
    pub(super) const ALL: [Panel; 4] = [Panel::Queues, Panel::Workers, Panel::Running, Panel::Failures];

    pub(super) fn title(self) -> &'static str {
        match self {
            Panel::Queues => "Queues",
            Panel::Workers => "Workers",
            Panel::Running => "Running",
            Panel::Failures => "Failures",
        }
    }

    pub(super) fn heads(self) -> &'static [&'static str] {
        match self {
            Panel::Queues => &[
                "QUEUE",
                "PENDING",
                "RUNNING",
                "SCHEDULED",
                "BLOCKED",
                "FAILED",
                "WORKERS",
                "OLDEST",
                "NOTE",
            ],
            Panel::Workers => &["WORKER", "STATE", "HOLDS", "SLOTS", "QUEUES"],
            Panel::Running => &["TASK", "KIND", "QUEUE", "FOR", "ATTEMPT", "WORKER"],
            Panel::Failures => &["COUNT", "LAST", "KIND", "REASON", "MESSAGE"],
        }
    }
}

/// A line of a panel, and what it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// By which it is asked for: a name or an id.
    pub(super) id: String,
    pub(super) cells: Vec<String>,
    /// It wants somebody's eye.
    pub(super) alarming: bool,
}

/// What others wrote is shown, and does nothing.
fn row(id: impl ToString, alarming: bool, cells: impl IntoIterator<Item = String>) -> Row {
    Row { id: id.to_string(), cells: cells.into_iter().map(|cell| plain(&cell)).collect(), alarming }
}

impl Picture {
    pub(super) async fn take(client: &Client) -> Result<Picture> {
        let running = Filter::new().status(Status::Running).page_of(TASKS);
        let (queues, workers, running, failures) = tokio::join!(
            client.queues(),
            client.workers(),
            client.page(&running, None),
            client.errors(None, GROUPS)
        );
        Ok(Picture {
            queues: queues?,
            workers: workers?,
            running: running?.tasks,
            failures: failures?.errors,
        })
    }

    /// The rows of a panel in which this text stands, whatever its case.
    pub(super) fn rows(&self, panel: Panel, filter: &str, now_ms: u64) -> Vec<Row> {
        let rows: Vec<Row> = match panel {
            Panel::Queues => self.queues.iter().map(of_queue).collect(),
            Panel::Workers => self.workers.iter().map(of_worker).collect(),
            Panel::Running => self.running.iter().map(|task| of_task(task, now_ms)).collect(),
            Panel::Failures => self.failures.iter().map(|group| of_group(group, now_ms)).collect(),
        };
        let wanted = filter.to_lowercase();
        let has = |row: &Row| row.cells.iter().any(|cell| cell.to_lowercase().contains(&wanted));
        rows.into_iter().filter(|row| wanted.is_empty() || row.id.contains(&wanted) || has(row)).collect()
    }
}

fn of_queue(queue: &Queue) -> Row {
    let count = |status: &str| queue.tasks.get(status).copied().unwrap_or_default().to_string();
    let note = match (queue.paused, queue.unattended) {
        (true, _) => "paused",
        (_, true) => "no worker",
        _ => "",
    };
    let oldest = queue.oldest_pending_age_ms.map(span).unwrap_or_default();
    let counts = ["pending", "running", "scheduled", "blocked", "failed"].map(count);
    let rest = [queue.workers.to_string(), oldest, note.to_owned()];
    row(&queue.name, queue.unattended, [queue.name.to_string()].into_iter().chain(counts).chain(rest))
}

fn of_worker(worker: &Worker) -> Row {
    let state = worker.state.as_str().to_owned();
    let slots = worker.slots.map(|slots| slots.to_string()).unwrap_or_default();
    let alarming = state == "offline" && worker.holds > 0;
    let cells = [worker.id.to_string(), state, worker.holds.to_string(), slots, worker.queues.join(",")];
    row(&worker.id, alarming, cells)
}

fn since(at: Option<Timestamp>, now_ms: u64) -> String {
    at.map(|at| span(now_ms.saturating_sub(at.ms()))).unwrap_or_default()
}

fn of_task(task: &Task, now_ms: u64) -> Row {
    let worker = task.worker.as_ref().map(ToString::to_string).unwrap_or_default();
    let attempt = format!("{} of {}", task.attempt + 1, task.max_attempts);
    let (kind, queue) = (task.kind.to_string(), task.queue.to_string());
    row(task.id, false, [short(task.id), kind, queue, since(task.started_at, now_ms), attempt, worker])
}

fn of_group(group: &ErrorGroup, now_ms: u64) -> Row {
    let last = format!("{} ago", since(Some(group.last_seen), now_ms));
    let (count, kind) = (group.count.to_string(), group.kind.to_string());
    row(group.fingerprint, true, [count, last, kind, group.reason.clone(), group.message.clone()])
}
