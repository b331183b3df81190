//! The picture that the model keeps of a shard. It has no index: what is pending, held or live follows from the tasks.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use baton_core::{
    Backoff, Boot, DedupeKey, Fence, FlowId, LeaseLength, OpId, Principal, Priority, QueueName, Refusal,
    Status, TaskId, Version, WorkerId, lease::Stall, limits,
};
use baton_store::calls::Pair;
use baton_store::calls::task::{NewTask, Outcome};
use baton_testkit::Life;

use super::edges::Edge;
use super::flows::Flow;
use super::request::Answer;

#[derive(Clone, Debug)]
pub(super) struct Task {
    pub id: TaskId,
    /// What it was submitted with; the priority is the present one.
    pub spec: NewTask,
    pub status: Status,
    pub version: u64,
    pub fence: u64,
    pub attempt: u64,
    pub crashes: u64,
    /// Who holds it or held it last, and since when.
    pub run: Option<(Life, u64)>,
    pub created_ms: u64,
    pub pending_ms: Option<u64>,
    /// 0 where there is no time to wait for.
    pub run_at_ms: u64,
    pub finished_ms: u64,
    pub finished_by: Option<Principal>,
    pub progress: Option<(String, u64)>,
    pub result: Vec<u8>,
    pub error: Vec<u8>,
    pub reason: String,
    pub last: Last,
    /// What was refused, and when for the last time.
    pub refused: BTreeMap<String, u64>,
}

/// How the last run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// It has not, or there was none.
    Nothing,
    Reported(Outcome),
    /// Something was done to it: it crashed, was overdue, cancelled, or the task was rerun since.
    Done,
}

#[derive(Clone, Debug)]
pub(super) struct Worker {
    /// `None` once it has left.
    pub boot: Option<Boot>,
    pub lease: LeaseLength,
    /// The latest first, and when it became past.
    pub past: Vec<(Boot, u64)>,
    pub registered_ms: u64,
    pub seen_ms: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    pub now_ms: u64,
    pub tasks: BTreeMap<TaskId, Task>,
    /// By parent and child.
    pub edges: BTreeMap<(TaskId, TaskId), Edge>,
    /// Children that wait for a parent by hand, and may be claimed.
    pub let_in: BTreeSet<TaskId>,
    pub flows: BTreeMap<FlowId, Flow>,
    /// What ended in this call and has children, in order; it is empty between calls.
    pub ended: VecDeque<TaskId>,
    /// Ends that a later call passes on, and flows under the name of their place 0: each since when.
    pub cascades: BTreeMap<TaskId, u64>,
    /// When somebody last passed ends on and left some.
    pub cascaded_ms: Option<u64>,
    pub workers: BTreeMap<WorkerId, Worker>,
    /// Deadlines; 0 while the holder is being reaped.
    pub leases: BTreeMap<(WorkerId, Boot), u64>,
    pub paused: BTreeMap<QueueName, u64>,
    /// And since when they are there.
    pub queues: BTreeMap<QueueName, u64>,
    /// What each op id stands for, and the first answer.
    pub ops: BTreeMap<OpId, (String, Answer)>,
    pub last_tick_ms: Option<u64>,
    pub tick_ms: Option<u64>,
    /// The last tick does not count as one.
    pub blind_tick: bool,
    pub stall: Option<Stall>,
    /// Retries whose wait the shard chooses by lot: it must lie in this range, and is then taken over.
    pub waits: Vec<(TaskId, std::ops::Range<u64>)>,
}

pub(super) fn key_of(life: &Life) -> (WorkerId, Boot) {
    (life.worker.clone(), life.boot.clone())
}

impl Task {
    pub(super) fn new(spec: NewTask, is_blocked: bool, now_ms: u64) -> Task {
        let later = spec.run_at_ms.filter(|at| *at > now_ms);
        let status = match later {
            _ if is_blocked => Status::Blocked,
            Some(_) => Status::Scheduled,
            None => Status::Pending,
        };
        Task {
            id: spec.id,
            status,
            run_at_ms: later.unwrap_or_default(),
            spec,
            version: 1,
            fence: 0,
            attempt: 0,
            crashes: 0,
            run: None,
            created_ms: now_ms,
            pending_ms: None,
            finished_ms: 0,
            finished_by: None,
            progress: None,
            result: Vec::new(),
            error: Vec::new(),
            reason: String::new(),
            last: Last::Nothing,
            refused: BTreeMap::new(),
        }
    }

    pub(super) fn is_held_by(&self, life: &Life) -> bool {
        self.status == Status::Running && self.run.as_ref().is_some_and(|(holder, _)| holder == life)
    }

    /// Is this the worker and fence of the last run?
    pub(super) fn was_run_by(&self, worker: &WorkerId, fence: Fence) -> bool {
        self.fence == fence.0 && self.run.as_ref().is_some_and(|(life, _)| life.worker == *worker)
    }

    /// A write that was refused is remembered: the latest ten that differ.
    pub(super) fn refuse(&mut self, who: &WorkerId, fence: Fence, verb: &str, code: Refusal, now_ms: u64) {
        self.refused.insert(format!("{who} {} {verb} {}", fence.0, code.code()), now_ms);
        if self.refused.len() as u64 > limits::REFUSED_WRITES_MAX {
            let oldest = self.refused.iter().min_by_key(|(line, at_ms)| (**at_ms, line.as_str()));
            let oldest = oldest.map(|(line, _)| line.clone());
            oldest.and_then(|line| self.refused.remove(&line));
        }
    }

    pub(super) fn is_last_life(&self) -> bool {
        self.crashes + 1 >= self.spec.max_crashes
    }

    pub(super) fn run_deadline_us(&self) -> u64 {
        Fence(self.fence).run_deadline_us(self.spec.timeout_ms)
    }

    pub(super) fn pending_score(&self) -> u64 {
        self.spec.priority.score(self.pending_ms.unwrap_or(self.created_ms))
    }

    pub(super) fn version(&self) -> Version {
        Version(self.version)
    }

    pub(super) fn backoff(&self) -> Backoff {
        self.spec.backoff
    }

    pub(super) fn set_priority(&mut self, priority: Priority) {
        self.spec.priority = priority;
    }
}

impl Model {
    /// What a life holds, in order of run deadline.
    pub(super) fn held(&self, life: &Life) -> Vec<&Task> {
        let mut held: Vec<&Task> = self.tasks.values().filter(|task| task.is_held_by(life)).collect();
        held.sort_by_key(|task| (task.run_deadline_us(), task.id));
        held
    }

    /// What a life holds without listing it.
    pub(super) fn unknown(&self, life: &Life, listed: &[Pair]) -> Vec<TaskId> {
        let is_listed =
            |task: &&Task| listed.iter().any(|pair| pair.task == task.id && pair.fence.0 == task.fence);
        let held = self.held(life).into_iter();
        held.filter(|task| !is_listed(task)).map(|task| task.id).collect()
    }

    /// The live task with the same key: of the flow, or of the queue where it is of none.
    pub(super) fn live_like(&self, spec: &NewTask) -> Option<&Task> {
        let scope = |of: &NewTask| of.flow.map_or_else(|| Err(of.queue.clone()), Ok);
        let key: &DedupeKey = spec.key.as_ref()?;
        self.tasks.values().find(|task| {
            !task.status.is_terminal()
                && task.spec.key.as_ref() == Some(key)
                && scope(&task.spec) == scope(spec)
        })
    }

    pub(super) fn current_boot(&self, worker: &WorkerId) -> Option<&Boot> {
        self.workers.get(worker).and_then(|record| record.boot.as_ref())
    }

    pub(super) fn next_due_ms(&self) -> u64 {
        let due = self.now_ms + limits::TICK_EVERY_MS;
        let scheduled = self.tasks.values().filter(|task| task.status == Status::Scheduled);
        match scheduled.map(|task| task.run_at_ms).min() {
            Some(first) if first < due => first.max(self.now_ms + 1),
            _ => due,
        }
    }
}
