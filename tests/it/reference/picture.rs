//! The model and the shard as the same plain table: key to what it holds. What differs is a bug in one of them.

use std::collections::BTreeMap;

use baton_core::{FlowId, OnParentFailure, Status, TaskId};
use baton_store::calls::task::EdgeState;
use baton_testkit::snapshot::{Content, Snapshot};

use super::edges::Edge;
use super::flows::Flow;
use super::model::{Model, Task};

pub(super) type Table = BTreeMap<String, String>;

/// Longer values lie beside the hash.
const BESIDE: [&str; 4] = ["payload", "result", "error", "reason"];

impl Model {
    pub(super) fn picture(&self) -> Table {
        let mut table = Table::new();
        for task in self.tasks.values() {
            task.draw(&mut table);
            if let (Some(key), false) = (&task.spec.key, task.status.is_terminal()) {
                let scope = task.spec.flow.map(|flow| format!("flow:{flow}"));
                let scope = scope.unwrap_or_else(|| format!("queue:{}", task.spec.queue));
                table.insert(format!("{scope}:key:{key}"), task.id.to_string());
            }
            let numbers = [
                ("parents", self.parents(task.id).len()),
                ("children", self.children(task.id).len()),
                ("open_parents", self.open_parents(task.id)),
            ];
            for (name, count) in numbers.into_iter().filter(|(_, count)| *count > 0) {
                table.insert(format!("task:{} {name}", task.id), count.to_string());
            }
        }
        for ((parent, child), edge) in &self.edges {
            draw_edge(*parent, *child, *edge, &mut table);
        }
        for (id, flow) in &self.flows {
            self.draw_flow(*id, flow, &mut table);
        }
        for (name, since_ms) in &self.cascades {
            table.insert(format!("cascades {name}"), since_ms.to_string());
        }
        for ((worker, boot), deadline) in &self.leases {
            table.insert(format!("leases {worker}:{boot}"), deadline.to_string());
        }
        for (queue, since) in &self.paused {
            table.insert(format!("queue:{queue} paused_ms"), since.to_string());
        }
        for (queue, since_ms) in &self.queues {
            table.insert(format!("queues {queue}"), since_ms.to_string());
            for status in [Status::Running, Status::Scheduled] {
                let of = |task: &&Task| task.spec.queue == *queue && task.status == status;
                let count = self.tasks.values().filter(of).count();
                if count > 0 {
                    table.insert(format!("queue:{queue} {status}"), count.to_string());
                }
            }
        }
        for (worker, record) in &self.workers {
            table.insert(format!("workers {worker}"), String::new());
            let mut field = |name: &str, value: String| {
                if !value.is_empty() {
                    table.insert(format!("worker:{worker} {name}"), value);
                }
            };
            let past: Vec<String> =
                record.past.iter().map(|(boot, at_ms)| format!("{boot}@{at_ms}")).collect();
            field("boot", record.boot.as_ref().map_or(String::new(), ToString::to_string));
            field("lease_ms", record.lease.ms().to_string());
            field("past", past.join(" "));
            field("registered_ms", record.registered_ms.to_string());
            field("seen_ms", record.seen_ms.map_or(String::new(), |at| at.to_string()));
        }
        table
    }
}

fn draw_edge(parent: TaskId, child: TaskId, edge: Edge, table: &mut Table) {
    let (of_parent, of_child) = edge.places;
    table.insert(format!("task:{child}:parents {parent}"), of_parent.to_string());
    let list = match edge.state {
        EdgeState::Open => Some("waiting"),
        EdgeState::Held => Some("parked"),
        EdgeState::Closed => None,
    };
    for list in std::iter::once("children").chain(list) {
        table.insert(format!("task:{parent}:{list} {child}"), of_child.to_string());
    }
}

impl Model {
    fn draw_flow(&self, id: FlowId, flow: &Flow, table: &mut Table) {
        table.insert(format!("flows {id}"), flow.created_ms.to_string());
        for (position, task) in &flow.tasks {
            table.insert(format!("flow:{id}:tasks {task}"), position.to_string());
        }
        let mut field = |name: &str, value: String| {
            if !value.is_empty() && value != "0" {
                table.insert(format!("flow:{id} {name}"), value);
            }
        };
        for status in Status::ALL {
            field(status.as_str(), self.count_of(id, *status).to_string());
        }
        field("live", flow.live.to_string());
        field("name", flow.name.as_ref().map_or(String::new(), ToString::to_string));
        field("created_ms", flow.created_ms.to_string());
        field("finished_ms", number(flow.finished_ms));
        field("tasks", flow.size.to_string());
        field("edges", flow.edges.to_string());
        if let Some(doing) = &flow.doing {
            field("doing", doing.work.to_string());
            field("doing_at", doing.left.to_string());
            field("doing_ms", doing.since_ms.to_string());
            field("doing_from_ms", number(doing.from_ms));
            field("doing_by", doing.by.as_ref().map_or(String::new(), ToString::to_string));
            field("doing_reason", doing.reason.clone());
        }
    }
}

impl Task {
    fn draw(&self, table: &mut Table) {
        let id = self.id;
        let (place, score) = match (self.status, &self.run) {
            (Status::Running, Some((life, _))) => {
                (format!("held:{}:{}", life.worker, life.boot), self.run_deadline_us())
            }
            (Status::Scheduled, _) => ("scheduled".to_owned(), self.run_at_ms),
            (Status::Pending, _) => (format!("queue:{}:pending", self.spec.queue), self.pending_score()),
            (status, _) if status.is_terminal() => {
                (format!("queue:{}:{status}", self.spec.queue), self.finished_ms)
            }
            (status, _) => (format!("queue:{}:{status}", self.spec.queue), 0),
        };
        table.insert(format!("{place} {id}"), score.to_string());
        let mut field = |name: &str, value: String| {
            if !value.is_empty() && value != default_of(name) {
                table.insert(format!("task:{id} {name}"), value);
            }
        };
        let spec = &self.spec;
        field("kind", spec.kind.to_string());
        field("queue", spec.queue.to_string());
        field("status", self.status.to_string());
        field("priority", spec.priority.to_string());
        field("payload", text(&spec.payload));
        field("timeout_ms", spec.timeout_ms.to_string());
        field("max_attempts", spec.max_attempts.to_string());
        field("max_crashes", spec.max_crashes.to_string());
        field("key", spec.key.as_ref().map_or(String::new(), ToString::to_string));
        field("attempt", self.attempt.to_string());
        field("crashes", self.crashes.to_string());
        field("version", self.version.to_string());
        field("created_ms", self.created_ms.to_string());
        field("pending_ms", number(self.pending_ms));
        field("flow", self.spec.flow.map_or(String::new(), |flow| flow.to_string()));
        field("ref", self.spec.name.as_ref().map_or(String::new(), ToString::to_string));
        let policy = Some(self.spec.on_parent_failure).filter(|policy| *policy != OnParentFailure::Hold);
        field("on_parent_failure", policy.map_or(String::new(), |policy| policy.to_string()));
        field("fence", number(Some(self.fence).filter(|fence| *fence > 0)));
        if let Some((life, started_ms)) = &self.run {
            field("worker", life.worker.to_string());
            field("boot", life.boot.to_string());
            field("started_ms", started_ms.to_string());
        }
        if let Some((progress, at_ms)) = &self.progress {
            field("progress", progress.clone());
            field("progress_ms", at_ms.to_string());
        }
        field("run_at_ms", number(Some(self.run_at_ms).filter(|at_ms| *at_ms > 0)));
        if self.status.is_terminal() {
            field("finished_ms", self.finished_ms.to_string());
        }
        let by = self.finished_by.as_ref();
        field("finished_by", by.map_or(String::new(), ToString::to_string));
        field("result", text(&self.result));
        field("error", text(&self.error));
        field("reason", self.reason.clone());
        for (line, at_ms) in &self.refused {
            table.insert(format!("task:{id}:refused {line}"), at_ms.to_string());
        }
    }
}

fn number(value: Option<u64>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What equals the default need not be stored.
fn default_of(field: &str) -> &'static str {
    match field {
        "queue" => "default",
        "priority" | "max_attempts" => "5",
        "max_crashes" => "3",
        "timeout_ms" => "1800000",
        "attempt" | "crashes" | "open_parents" | "running" | "scheduled" => "0",
        "blocked" | "pending" | "completed" | "failed" | "timeout" | "cancelled" => "0",
        "live" | "edges" => "0",
        _ => "",
    }
}

/// The shard as it lies in Redis. Histories, the stream and remembered answers are left out: the answers tell the last,
/// and the invariants look at the others.
pub(super) fn of_shard(snapshot: &Snapshot) -> Table {
    let mut table = Table::new();
    for (key, value) in &snapshot.0 {
        let Some(key) = key.strip_prefix("baton:{0}:") else {
            continue;
        };
        match &value.content {
            Content::Hash(_) if key == "meta" => {}
            Content::Hash(fields) => {
                for (field, value) in fields {
                    let (field, value) = (text(field), text(value));
                    let ours = field != "outcome" && !field.starts_with("history");
                    if ours && !value.is_empty() && value != default_of(&field) {
                        table.insert(format!("{key} {field}"), value);
                    }
                }
            }
            Content::SortedSet(_) if key.ends_with(":history") || key.starts_with("events") => {}
            Content::SortedSet(members) => {
                for (member, score) in members {
                    let scored = key != "workers" && !key.ends_with(":blocked");
                    let score = match (scored, key.ends_with(":blocked")) {
                        (true, _) => score.clone(),
                        (false, true) => "0".to_owned(),
                        (false, false) => String::new(),
                    };
                    table.insert(format!("{key} {}", text(member)), score);
                }
            }
            Content::String(value) => {
                if key.starts_with("op:") {
                    continue;
                }
                let beside =
                    BESIDE.iter().find_map(|name| Some((key.strip_suffix(name)?.strip_suffix(':')?, name)));
                let name = match beside {
                    Some((task, field)) if key.starts_with("task:") => format!("{task} {field}"),
                    _ => key.to_owned(),
                };
                if let Some(twice) = table.insert(name.clone(), text(value)) {
                    table.insert(name, format!("{} and also {twice}", text(value)));
                }
            }
            Content::Stream(_) => {}
            // Nobody in the model waits, so there is nobody to tell.
            Content::List(_) if key.starts_with("hints:") => {}
            other => {
                table.insert(key.to_owned(), format!("{other:?}"));
            }
        }
    }
    table
}

/// Line by line what the two do not agree on.
pub(super) fn differences(model: &Table, shard: &Table) -> Vec<String> {
    let keys = model.keys().chain(shard.keys().filter(|key| !model.contains_key(*key)));
    keys.filter(|key| model.get(*key) != shard.get(*key))
        .map(|key| format!("{key}: the model has {:?}, the shard {:?}", model.get(key), shard.get(key)))
        .collect()
}
