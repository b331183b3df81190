//! What the rules answer to a request, and what they make of the shard.

use baton_core::{Fence, OnParentFailure, Principal, QueueName, Refusal, Status, TaskId, WorkerId};
use baton_store::calls::flow::{Begun, FlowAnswer};
use baton_store::calls::queue::Paused;
use baton_store::calls::shard::Ticked;
use baton_store::calls::task::{
    Claimed, EdgeState, Linked, NewTask, Noted, OnDuplicate, Outcome, Report, SettleAnswer, Settled,
    SubmitAnswer, Submitted, Unlinked,
};
use baton_store::calls::worker::{Deregistered, Registered, Renewed};
use baton_store::calls::{Answered, Operated};

use super::holders::refused;
use super::model::{Last, Model, Task};
use super::moves::Next;
use super::request::{Answer, Operator, PROGRESS, Request};

impl Answer {
    /// What every call that writes answers where a newer release owns the shard.
    pub(super) fn too_new(request: &Request) -> Answer {
        let no = refused(Refusal::SchemaTooNew, None);
        match request {
            Request::Submit { .. } => Answer::Submit(SubmitAnswer::Refused(no)),
            Request::Claim { .. } => Answer::Claim(Claimed::Refused(no)),
            Request::Renew { .. } => Answer::Renew(Renewed::Refused(no)),
            Request::Settle { .. } => Answer::Settle(SettleAnswer::Refused(no)),
            Request::Progress { .. } => Answer::Progress(Err(no)),
            Request::Operate { .. } => Answer::Operate(Answered::Refused(no)),
            Request::Pause { .. } => Answer::Pause(Paused::Refused(no)),
            Request::Register { .. } => Answer::Register(Registered::Refused(no)),
            Request::Deregister(_) => Answer::Deregister(Deregistered::Refused(no)),
            Request::Tick(_) => Answer::Tick(Ticked::Refused(no)),
            Request::Link { parent, child, .. } if parent.shard() != child.shard() => {
                Answer::Link(Linked::Refused(refused(Refusal::CrossShardLink, None)))
            }
            Request::Link { .. } => Answer::Link(Linked::Refused(no)),
            Request::Unlink { .. } => Answer::Unlink(Unlinked::Refused(no)),
            Request::Cascade => Answer::Cascade(false),
            Request::Flow { .. } => Answer::Flow(FlowAnswer::Refused(no)),
            Request::Begin { .. } => Answer::Begin(Begun::Refused(no)),
        }
    }
}

impl Model {
    pub(super) fn answer(&mut self, request: &Request) -> Answer {
        if let Some(op) = request.op().filter(|_| !request.is_across_shards()) {
            if let Some((known, first)) = self.ops.get(op) {
                return replay(request, *known == request.fingerprint(), first);
            }
            let before = self.versions();
            let answer = self.answer_once(request);
            // An operator's call that moved nothing is not remembered, but for one that begins something.
            let begun =
                matches!(answer, Answer::Submit(_) | Answer::Flow(_) | Answer::Begin(Begun::Tasks { .. }));
            if begun || self.versions() != before {
                self.ops.insert(op.clone(), (request.fingerprint(), answer.clone()));
            }
            return answer;
        }
        self.answer_once(request)
    }

    fn versions(&self) -> Vec<u64> {
        self.tasks.values().map(|task| task.version).collect()
    }

    fn answer_once(&mut self, request: &Request) -> Answer {
        let answer = self.carry_out(request);
        self.note_flows();
        answer
    }

    fn carry_out(&mut self, request: &Request) -> Answer {
        match request {
            Request::Submit { tasks, .. } => Answer::Submit(SubmitAnswer::Tasks {
                each: tasks.iter().map(|task| self.submit(task)).collect(),
                replayed: false,
            }),
            Request::Claim { life, wish, only, expects, lease } => {
                Answer::Claim(self.claim(life, wish, *only, expects.as_ref(), *lease))
            }
            Request::Renew { life, holding, alone } => Answer::Renew(self.renew(life, holding, *alone)),
            Request::Settle { life, reports, next, .. } => {
                let mut lost = self.is_being_reaped(life);
                let each: Vec<Settled> =
                    reports.iter().map(|report| self.settle(&life.worker, report)).collect();
                let reported: Vec<TaskId> = reports.iter().map(|report| report.task).collect();
                let mut settled = settled_now(&each, &reported);
                // What an end was passed on to may be claimed by this very call, and then so may all that it moved.
                if self.pass_on() {
                    settled.clear();
                    lost = self.is_being_reaped(life);
                }
                let claimed = next.as_ref().map(|wish| self.claim_next(life, wish, &settled, lost));
                Answer::Settle(SettleAnswer::Reports { each, claimed })
            }
            Request::Progress { worker, notes } => Answer::Progress(Ok(notes
                .iter()
                .map(|(task, fence)| self.note(worker, *task, *fence))
                .collect())),
            Request::Operate { verb, tasks, by, reason, .. } => {
                let operate = |id: &TaskId| self.operate(*verb, *id, by.as_ref(), reason);
                let each = tasks.iter().map(operate).collect();
                self.pass_on();
                Answer::Operate(Answered::Tasks { each, replayed: false })
            }
            Request::Pause { queue, paused } => Answer::Pause(self.pause(queue, *paused)),
            Request::Register { life, expects, lease } => {
                Answer::Register(self.register(life, expects.as_ref(), *lease))
            }
            Request::Deregister(life) => Answer::Deregister(self.deregister(life)),
            Request::Tick(tick) => Answer::Tick(self.tick(tick)),
            Request::Link { parent, child, .. } => Answer::Link(self.link(*parent, *child)),
            Request::Unlink { parent, child, .. } => Answer::Unlink(self.unlink(*parent, *child)),
            Request::Cascade => Answer::Cascade(self.cascade()),
            Request::Flow { flow, name, tasks, parents, .. } => {
                Answer::Flow(self.submit_flow(*flow, name.as_ref(), tasks, parents))
            }
            Request::Begin { flow, work, by, reason, .. } => {
                Answer::Begin(self.begin(*flow, *work, by.as_ref(), reason))
            }
        }
    }

    fn submit(&mut self, spec: &NewTask) -> Submitted {
        if let Some(task) = self.tasks.get(&spec.id) {
            return Submitted::Existing { id: task.id, status: task.status, version: task.version() };
        }
        if let Some((refusal, other)) = self.no_joining(spec) {
            return Submitted::Refused { refusal, other };
        }
        match self.live_like(spec) {
            Some(live) if spec.on_duplicate == OnDuplicate::Reject => {
                Submitted::Refused { refusal: Refusal::DuplicateKey, other: live.id }
            }
            Some(live) => Submitted::Duplicate { id: live.id, status: live.status, version: live.version() },
            None => match spec.parents.iter().find(|parent| !self.tasks.contains_key(*parent)) {
                Some(other) => Submitted::Refused { refusal: Refusal::DependencyMissing, other: *other },
                None => self.create(spec),
            },
        }
    }

    fn no_joining(&self, spec: &NewTask) -> Option<(Refusal, TaskId)> {
        let id = spec.flow?;
        (!self.flows.contains_key(&id)).then(|| (Refusal::UnknownFlow, id.task(0)))
    }

    fn create(&mut self, spec: &NewTask) -> Submitted {
        let (id, now_ms) = (spec.id, self.now_ms);
        self.queues.entry(spec.queue.clone()).or_insert(now_ms);
        self.tasks.insert(id, Task::new(spec.clone(), false, now_ms));
        self.join_flow(spec);
        let states: Vec<EdgeState> = spec.parents.iter().map(|parent| self.connect(*parent, id)).collect();
        let is_blocked = self.open_parents(id) > 0;
        self.tasks.insert(id, Task::new(spec.clone(), is_blocked, now_ms));
        let held = states.iter().position(|state| *state == EdgeState::Held);
        if let (Some(at), OnParentFailure::Cancel) = (held, spec.on_parent_failure) {
            self.cancel_with(id, spec.parents[at]);
        }
        Submitted::Created { id, status: self.tasks[&id].status, version: self.version_of(id) }
    }

    fn settle(&mut self, worker: &WorkerId, report: &Report) -> Settled {
        let no = |refusal, status| Settled::Refused { refusal, status };
        let now_ms = self.now_ms;
        let Some(task) = self.tasks.get_mut(&report.task) else {
            return no(Refusal::UnknownTask, None);
        };
        let (status, version) = (task.status, task.version());
        let refusal = match task.was_reported(&report.outcome) {
            _ if !task.was_run_by(worker, report.fence) => Some(Refusal::Fenced),
            _ if status == Status::Running => None,
            Some(true) => return Settled::Recorded { status, version },
            Some(false) => Some(Refusal::AlreadyFinished),
            None => Some(Refusal::Fenced),
        };
        if let Some(refusal) = refusal {
            task.refuse(worker, report.fence, verb_of(&report.outcome), refusal, now_ms);
            return no(refusal, Some(status));
        }
        task.last = Last::Reported(report.outcome.clone());
        let (next, wait_ms) = match &report.outcome {
            Outcome::Complete { result } => {
                task.complete(result, now_ms);
                (Next::Ended, None)
            }
            Outcome::Release { delay_ms, .. } => {
                task.release(*delay_ms, now_ms);
                (Next::Ended, None)
            }
            Outcome::Fail { error, reason, retry_in_ms } => {
                (task.fail(error, reason, Status::Failed, false, now_ms), *retry_in_ms)
            }
            Outcome::FailForGood { error, reason } => {
                (task.fail(error, reason, Status::Failed, true, now_ms), None)
            }
            Outcome::TimeOut { error } => (task.fail(error, "timeout", Status::Timeout, false, now_ms), None),
        };
        let (status, version) = (task.status, task.version());
        if matches!(next, Next::Retries) {
            self.retry(report.task, wait_ms);
        }
        self.note_end(report.task);
        Settled::Now { status, version }
    }

    /// Sets when a retry is due; without a wait of the holder's the shard draws one below its ceiling.
    pub(super) fn retry(&mut self, id: TaskId, wait_ms: Option<u64>) {
        let now_ms = self.now_ms;
        let Some(task) = self.tasks.get_mut(&id) else { return };
        match wait_ms {
            Some(wait) => task.run_at_ms = now_ms + wait,
            None => {
                let ceiling = task.backoff().ceiling_ms(task.attempt);
                self.waits.push((id, now_ms..now_ms + ceiling));
            }
        }
    }

    fn note(&mut self, worker: &WorkerId, id: TaskId, fence: Fence) -> Noted {
        let now_ms = self.now_ms;
        match self.tasks.get_mut(&id) {
            None => Noted::Refused(Refusal::UnknownTask),
            Some(task) if !task.was_run_by(worker, fence) || task.status != Status::Running => {
                let is_his = task.was_run_by(worker, fence);
                let refusal = if is_his { Refusal::NotRunning } else { Refusal::Fenced };
                task.refuse(worker, fence, "progress", refusal, now_ms);
                Noted::Refused(refusal)
            }
            Some(task) => {
                task.progress = Some((PROGRESS.to_owned(), now_ms));
                Noted::At(task.version())
            }
        }
    }

    fn operate(&mut self, verb: Operator, id: TaskId, by: Option<&Principal>, reason: &str) -> Operated {
        let now_ms = self.now_ms;
        let Some(task) = self.tasks.get(&id) else {
            return Operated::Refused { refusal: Refusal::UnknownTask, status: None };
        };
        let no = match verb {
            Operator::Rerun => self.no_rerun(task),
            _ if task.status.is_terminal() => Some(Refusal::AlreadyFinished),
            Operator::Promote if task.status != Status::Scheduled => Some(Refusal::Conflict),
            _ => None,
        };
        let status = Some(task.status);
        let Some(task) = self.tasks.get_mut(&id).filter(|_| no.is_none()) else {
            let refusal = no.unwrap_or(Refusal::UnknownTask);
            return Operated::Refused { refusal, status };
        };
        match verb {
            Operator::Cancel => {
                task.cancel(reason, now_ms);
                task.finished_by = by.cloned();
            }
            Operator::Rerun => self.rerun(id),
            Operator::Promote => task.mature(now_ms),
            Operator::Reprioritise(to) if to != task.spec.priority => {
                task.set_priority(to);
                task.version += 1;
            }
            Operator::Reprioritise(_) => {}
        }
        self.note_end(id);
        Operated::Moved { status: self.tasks[&id].status, version: self.version_of(id) }
    }

    fn pause(&mut self, queue: &QueueName, paused: bool) -> Paused {
        if paused {
            self.queues.entry(queue.clone()).or_insert(self.now_ms);
            return Paused::Since(*self.paused.entry(queue.clone()).or_insert(self.now_ms));
        }
        self.paused.remove(queue);
        Paused::Resumed
    }
}

fn settled_now(each: &[Settled], tasks: &[TaskId]) -> Vec<TaskId> {
    let now = each.iter().zip(tasks);
    now.filter(|(settled, _)| matches!(settled, Settled::Now { .. })).map(|(_, task)| *task).collect()
}

/// A repeat gets the first answer; another request under the same op id is refused.
fn replay(request: &Request, same: bool, first: &Answer) -> Answer {
    let no = refused(Refusal::IdempotencyMismatch, None);
    match (request, first) {
        (_, Answer::Submit(SubmitAnswer::Tasks { each, .. })) if same => {
            Answer::Submit(SubmitAnswer::Tasks { each: each.clone(), replayed: true })
        }
        (_, Answer::Operate(Answered::Tasks { each, .. })) if same => {
            Answer::Operate(Answered::Tasks { each: each.clone(), replayed: true })
        }
        (_, Answer::Link(Linked::Edge { state, status, version, .. })) if same => {
            let (state, status, version) = (*state, *status, *version);
            Answer::Link(Linked::Edge { state, status, version, replayed: true })
        }
        (_, Answer::Unlink(Unlinked::Edge { was_there, status, version, .. })) if same => {
            let (was_there, status, version) = (*was_there, *status, *version);
            Answer::Unlink(Unlinked::Edge { was_there, status, version, replayed: true })
        }
        (_, Answer::Flow(FlowAnswer::Created { flow })) if same => {
            Answer::Flow(FlowAnswer::Replayed { flow: *flow })
        }
        (_, Answer::Begin(Begun::Tasks { concerned, .. })) if same => {
            Answer::Begin(Begun::Tasks { concerned: *concerned, replayed: true })
        }
        (Request::Submit { .. }, _) => Answer::Submit(SubmitAnswer::Refused(no)),
        (Request::Link { .. }, _) => Answer::Link(Linked::Refused(no)),
        (Request::Unlink { .. }, _) => Answer::Unlink(Unlinked::Refused(no)),
        (Request::Flow { .. }, _) => Answer::Flow(FlowAnswer::Refused(no)),
        (Request::Begin { .. }, _) => Answer::Begin(Begun::Refused(no)),
        _ => Answer::Operate(Answered::Refused(no)),
    }
}

fn verb_of(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Complete { .. } => "complete",
        Outcome::Fail { .. } => "fail",
        Outcome::FailForGood { .. } => "fail_for_good",
        Outcome::TimeOut { .. } => "time_out",
        Outcome::Release { .. } => "release",
    }
}
