//! How a flow that is followed looks: in place on a terminal, a line per change otherwise.

use std::collections::HashMap;

use anyhow::Result;
use baton::api::flow::Flow;
use baton::api::task::Task;
use baton::{Status, TaskId, Timestamp};
use serde_json::json;

use super::super::show::{counts, look};
use crate::out::{Format, Out, Table, age, code, paint, plain, short, span, status};

/// What was shown last.
pub(super) struct View {
    out: Out,
    /// Lines on the terminal that the next look is written over.
    lines: usize,
    /// The version of each task that was told, and the counts.
    told: HashMap<TaskId, u64>,
    counts: String,
    /// The latest time that was told.
    latest: Option<Timestamp>,
}

impl View {
    pub(super) fn new(out: &Out) -> View {
        View { out: out.live(), lines: 0, told: HashMap::new(), counts: String::new(), latest: None }
    }

    pub(super) fn show(&mut self, flow: &Flow, tasks: &[Task], rests: bool) -> Result<()> {
        match self.out.format {
            Format::Table | Format::Wide if self.out.is_terminal() => self.in_place(flow, tasks),
            _ => self.changes(flow, tasks, rests),
        }
    }

    /// Written over what was there.
    fn in_place(&mut self, flow: &Flow, tasks: &[Task]) -> Result<()> {
        let room = self.out.height.unwrap_or(24).saturating_sub(4);
        let mut text = rows(&self.out, tasks, room);
        text.push_str(&format!("{}\n", summary(&self.out, flow)));
        let up = if self.lines > 0 { format!("\x1b[{}A\r\x1b[0J", self.lines) } else { String::new() };
        self.lines = text.lines().count();
        self.out.text(&format!("{up}{text}"))
    }

    /// A line for each task that is not as it was, and for the flow where its tasks are too many.
    fn changes(&mut self, flow: &Flow, tasks: &[Task], rests: bool) -> Result<()> {
        let mut changed: Vec<&Task> = tasks
            .iter()
            .filter(|task| self.told.insert(task.id, task.version) != Some(task.version))
            .collect();
        // Those of which no time is known come with the others that this look has found.
        changed.sort_by_key(|task| (since(task).is_none(), since(task)));
        for task in changed {
            self.latest = self.latest.max(since(task));
            match self.out.format {
                Format::Json => self.out.json_line(&json!({ "task": task }))?,
                Format::Name => self.out.line(&task.id.to_string())?,
                Format::Table | Format::Wide => self.out.line(&self.line(task))?,
            }
        }
        let counts = counts(&self.out, flow);
        let news = rests || (tasks.is_empty() && counts != self.counts);
        self.counts = counts;
        match self.out.format {
            _ if !news => Ok(()),
            Format::Json => self.out.json_line(&json!({ "flow": flow })),
            Format::Name => self.out.line(&flow.id.to_string()),
            Format::Table | Format::Wide => {
                self.out.line(&format!("{}   {}", state(&self.out, flow), self.counts))
            }
        }
    }
}

impl View {
    fn line(&self, task: &Task) -> String {
        let out = &self.out;
        let at = since(task).or(self.latest).unwrap_or(task.created_at);
        let word = paint(out.colour, code(task.status), &format!("{:<9}", task.status.as_str()));
        let worker = task.worker.clone().filter(|_| !waits(task));
        let parts = [Some(at.to_string()), Some(word), Some(name(task)), worker, run(task), note(out, task)];
        parts.into_iter().flatten().collect::<Vec<_>>().join("  ")
    }
}

/// In one line of the terminal: a second one would be left behind by the next look.
fn summary(out: &Out, flow: &Flow) -> String {
    let mut plain = *out;
    plain.colour = false;
    let words = format!("{}   {}", state(&plain, flow), counts(&plain, flow));
    match out.width.filter(|width| words.chars().count() > *width) {
        Some(width) => words.chars().take(width).collect(),
        None => format!("{}   {}", state(out, flow), counts(out, flow)),
    }
}

fn state(out: &Out, flow: &Flow) -> String {
    let took = flow.finished_at.map(|end| span(end.ms().saturating_sub(flow.created_at.ms())));
    let took = took.map(|took| format!(" in {took}")).unwrap_or_default();
    let doing = flow.doing.as_ref().map(|doing| format!(" ({doing})")).unwrap_or_default();
    format!("{}{doing}{took}", paint(out.colour, look(flow.state), flow.state.as_str()))
}

/// What a task is called: within its flow, or by its kind.
fn name(task: &Task) -> String {
    task.name.clone().unwrap_or_else(|| format!("{} {}", task.kind, short(task.id)))
}

/// Since when a task is as it is. Redis stamps what begins and ends, not what goes back to wait.
fn since(task: &Task) -> Option<Timestamp> {
    match task.status {
        Status::Running => task.started_at,
        Status::Pending => task.pending_at,
        Status::Blocked | Status::Scheduled => Some(task.created_at).filter(|_| task.version == 1),
        Status::Completed | Status::Failed | Status::Timeout | Status::Cancelled => task.finished_at,
    }
}

fn waits(task: &Task) -> bool {
    matches!(task.status, Status::Blocked | Status::Scheduled | Status::Pending)
}

fn run(task: &Task) -> Option<String> {
    task.run_ms.filter(|_| task.status.is_terminal()).map(span)
}

/// What is worth knowing of a task as it is.
fn note(out: &Out, task: &Task) -> Option<String> {
    let failed =
        (task.attempt > 0).then(|| format!("{} of {} attempts failed", task.attempt, task.max_attempts));
    let why = match task.status {
        Status::Blocked => task.open_parents.map(|open| format!("waits for {open}")),
        Status::Scheduled => task.run_at.map(|at| format!("runs {}", age(out, at))),
        Status::Running => {
            task.progress.as_ref().map(|now| format!("{:.0} % {}", now.fraction * 100.0, now.text))
        }
        Status::Failed | Status::Timeout | Status::Cancelled => task.error.clone().or(task.reason.clone()),
        Status::Pending | Status::Completed => None,
    };
    let note: Vec<String> = [why, failed].into_iter().flatten().collect();
    (!note.is_empty()).then(|| plain(&note.join(", ")))
}

/// As many as there is room for: where it is small, those that have not completed.
fn rows(out: &Out, tasks: &[Task], room: usize) -> String {
    if tasks.is_empty() {
        return String::new();
    }
    let all = tasks.len() <= room;
    let shown: Vec<&Task> =
        tasks.iter().filter(|task| all || task.status != Status::Completed).take(room).collect();
    let mut table = Table::new(&["TASK", "STATUS", "WORKER", "RUN", "NOTE"]);
    for task in &shown {
        let worker = task.worker.clone().filter(|_| !waits(task)).unwrap_or_default();
        let word = status(task.status, true, false);
        let rest = [run(task).unwrap_or_default(), note(out, task).unwrap_or_default()];
        table.row([name(task), word, worker].into_iter().chain(rest));
        table.paint(1, code(task.status));
    }
    let left = match tasks.len() - shown.len() {
        0 => String::new(),
        left => format!("and {left} more\n"),
    };
    format!("{}{left}", table.text(out))
}
