//! Makes an operation into a request: names the tasks, lives and fences that it points at, as the model has them.

use baton_core::id::Draw;
use baton_core::{
    DedupeKey, Fence, FlowId, LeaseLength, OpId, Principal, Priority, QueueName, Shard, TaskId,
};
use baton_store::calls::Pair;
use baton_store::calls::shard::Tick;
use baton_store::calls::task::{NewTask, OnDuplicate, Outcome, Report};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Life, kind, queue};

use super::model::{Last, Model, Task};
use super::operation::{
    Ask, BootPick, Draft, Expects, FencePick, Holding, LifePick, Operation, OutcomeDraft, Pick, ReportDraft,
    Silence, Verb,
};
use super::request::{Operator, Request, Wish};

/// As many tasks as one call can pass an end on to, and one tick can look at to remove them.
const WORLD_TASKS_MAX: usize = 24;

/// Names that were given so far.
#[derive(Debug, Default)]
pub(super) struct Naming {
    drawn: u16,
    /// The next boot of each worker that nobody has seen.
    boots: [u32; 3],
    /// The first request under each op id, in the order in which they came.
    asked: Vec<(OpId, Request)>,
}

fn queue_named(number: u8) -> QueueName {
    [QueueName::default(), queue("media"), queue("mail")][usize::from(number)].clone()
}

pub(super) fn op_named(number: u8) -> OpId {
    OpId::new(&format!("op-{number}")).expect("an op id")
}

fn ada() -> Principal {
    Principal::new("ada").expect("a principal")
}

fn lease(ms: u64) -> LeaseLength {
    LeaseLength::from_ms(ms).expect("a lease length")
}

impl Naming {
    /// Ids do not depend on chance, so that a sequence runs the same way each time; nor do they rise.
    pub(super) fn next_draw(&mut self) -> Draw {
        self.drawn += 1;
        Draw {
            now_ms: START_MS,
            counter: self.drawn.wrapping_mul(1_117) & 0xfff,
            random: u64::from(self.drawn) << 48,
        }
    }

    fn draw(&mut self) -> TaskId {
        TaskId::draw(self.next_draw(), Shard::FIRST)
    }

    fn life(&mut self, model: &Model, pick: &LifePick) -> Life {
        let worker = usize::from(pick.worker);
        let life = |boot| Life::new(u32::from(pick.worker), boot);
        let record = model.workers.get(&life(0).worker);
        // A boot that a script has accepted is not new any more.
        let never_seen = self.boots[worker];
        let seen = record.is_some_and(|record| {
            let of = life(never_seen).boot;
            record.boot.as_ref() == Some(&of) || record.past.iter().any(|(boot, _)| *boot == of)
        });
        if seen {
            self.boots[worker] += 1;
        }
        match (&pick.boot, record.and_then(|record| record.boot.clone())) {
            (BootPick::Current, Some(boot)) => Life { worker: life(0).worker, boot },
            (BootPick::Earlier(back), _) => life(self.boots[worker].saturating_sub(u32::from(*back))),
            (BootPick::Current | BootPick::NeverSeen, _) => life(self.boots[worker]),
        }
    }

    pub(super) fn task(&mut self, model: &Model, life: Option<&Life>, pick: &Pick) -> TaskId {
        let of = |mut tasks: Vec<&Task>, at: u8| {
            tasks.sort_by_key(|task| task.id);
            tasks.get(usize::from(at) % tasks.len().max(1)).map(|task| task.id)
        };
        let any = |at| of(model.tasks.values().collect(), at);
        let found = match pick {
            Pick::Any(at) => any(*at),
            Pick::In(status, at) => {
                let alike = model.tasks.values().filter(|task| task.status == *status);
                of(alike.collect(), *at).or_else(|| any(*at))
            }
            Pick::Held(at) => life.and_then(|life| of(model.held(life), *at)).or_else(|| any(*at)),
            Pick::Unknown => None,
        };
        found.unwrap_or_else(|| self.draw())
    }

    fn fence(model: &Model, task: TaskId, pick: FencePick) -> Fence {
        let last = model.tasks.get(&task).map_or(0, |task| task.fence);
        Fence(match pick {
            FencePick::Last => last,
            FencePick::Older => last.saturating_sub(1),
        })
    }

    fn pairs(&mut self, model: &Model, life: &Life, holding: &Holding) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for (at, task) in model.held(life).into_iter().enumerate() {
            let bit = 1_u8 << (at % 8);
            let mut list = |fence| {
                pairs.push(Pair {
                    task: task.id,
                    fence: Fence(fence),
                    timeout_ms: (!holding.bare).then_some(task.spec.timeout_ms),
                });
            };
            if holding.older & bit != 0 {
                list(task.fence - 1);
            }
            if holding.right & bit != 0 {
                list(task.fence);
            }
            if holding.older & bit != 0 && at % 2 == 0 {
                list(task.fence - 2);
            }
        }
        for pick in &holding.others {
            let task = self.task(model, None, pick);
            let fence = Self::fence(model, task, FencePick::Last);
            let timeout_ms = None;
            if !model.tasks.get(&task).is_some_and(|task| task.is_held_by(life)) {
                pairs.push(Pair { task, fence, timeout_ms });
            }
        }
        pairs
    }

    fn wish(&mut self, model: &Model, life: &Life, ask: &Ask) -> Wish {
        Wish {
            queues: ask.queues.iter().map(|number| queue_named(*number)).collect(),
            max: ask.max,
            holding: self.pairs(model, life, &ask.holding),
        }
    }

    pub(super) fn new_task(&mut self, model: &Model, draft: &Draft) -> NewTask {
        let id = match &draft.again {
            Some(pick) => self.task(model, None, pick),
            None => self.draw(),
        };
        let mut task = NewTask::new(id, kind("noop"), vec![b'x'; draft.payload]);
        task.queue = queue_named(draft.queue);
        task.priority = Priority::new(draft.priority).expect("a priority");
        task.key = draft.key.map(|key| DedupeKey::new(&format!("k{key}")).expect("a key"));
        if draft.reject {
            task.on_duplicate = OnDuplicate::Reject;
        }
        task.run_at_ms = draft.run_in_ms.map(|wait| model.now_ms.saturating_add_signed(wait));
        task.max_attempts = draft.max_attempts;
        task.max_crashes = draft.max_crashes;
        task.timeout_ms = draft.timeout_ms;
        task.on_parent_failure = draft.on_parent_failure;
        task
    }

    fn report(&mut self, model: &Model, life: &Life, draft: &ReportDraft) -> Report {
        let task = self.task(model, Some(life), &draft.task);
        let reported = model.tasks.get(&task).and_then(|task| match &task.last {
            Last::Reported(outcome) => Some(outcome.clone()),
            Last::Nothing | Last::Done => None,
        });
        let said = |size: usize| vec![b'y'; size];
        let reason = |size: usize| if size == 3 { String::new() } else { "broken".to_owned() };
        let outcome = match draft.outcome {
            OutcomeDraft::Same => reported.unwrap_or(Outcome::Complete { result: Vec::new() }),
            OutcomeDraft::Complete(size) => Outcome::Complete { result: said(size) },
            OutcomeDraft::Fail(retry_in_ms, size) => {
                Outcome::Fail { error: said(size), reason: reason(size), retry_in_ms }
            }
            OutcomeDraft::FailForGood => Outcome::FailForGood { error: said(70), reason: "r".repeat(70) },
            OutcomeDraft::TimeOut => Outcome::TimeOut { error: said(0) },
            OutcomeDraft::Release(delay_ms) => Outcome::Release { reason: "drain".to_owned(), delay_ms },
        };
        let fence = Self::fence(model, task, draft.fence);
        Report { task, fence, outcome }
    }

    /// `None` for what is no request: time that passes, things done by hand, a repeat of nothing.
    pub(super) fn request(&mut self, model: &Model, operation: &Operation) -> Option<Request> {
        let request = self.resolve(model, operation)?;
        if let Some(op) = request.op().filter(|op| self.asked.iter().all(|(known, _)| known != *op)) {
            self.asked.push((op.clone(), request.clone()));
        }
        Some(request)
    }

    pub(super) fn resolve(&mut self, model: &Model, operation: &Operation) -> Option<Request> {
        let expected = |life: &Life, expects| match expects {
            Expects::Current => model.current_boot(&life.worker).cloned(),
            Expects::Nothing => None,
            Expects::Wrong => Some(Life::new(0, 99).boot),
        };
        let fits = |more: usize| model.tasks.len() + more <= WORLD_TASKS_MAX;
        Some(match operation {
            Operation::Submit { drafts, op } if fits(drafts.len()) => {
                let op = op.map(op_named);
                Request::Submit { tasks: self.new_tasks(model, drafts, op.as_ref()), op }
            }
            Operation::Flow(draft) if fits(draft.tasks.len()) => self.new_flow(model, draft),
            Operation::Link { parent, child, op } => {
                let (parent, child) = self.edge(model, parent, child);
                Request::Link { parent, child, op: op.map(op_named) }
            }
            Operation::Unlink { parent, child, op } => {
                let (parent, child) = self.edge(model, parent, child);
                Request::Unlink { parent, child, op: op.map(op_named) }
            }
            Operation::Cascade => Request::Cascade,
            Operation::Begin { flow, work, by, reason, op } => Request::Begin {
                flow: self.flow(model, *flow),
                work: *work,
                by: by.then(ada),
                reason,
                op: op.map(op_named),
            },
            Operation::Claim { life, ask, only, expects, lease_ms } => {
                let life = self.life(model, life);
                Request::Claim {
                    wish: self.wish(model, &life, ask),
                    only: only.as_ref().map(|pick| self.task(model, Some(&life), pick)),
                    expects: expected(&life, *expects),
                    lease: lease(*lease_ms),
                    life,
                }
            }
            Operation::Renew { life, holding, alone } => {
                let life = self.life(model, life);
                Request::Renew { holding: self.pairs(model, &life, holding), alone: *alone, life }
            }
            Operation::Settle { life, names_boot, reports, next } => {
                let life = self.life(model, life);
                Request::Settle {
                    reports: reports.iter().map(|draft| self.report(model, &life, draft)).collect(),
                    names_boot: *names_boot,
                    next: next.as_ref().map(|ask| self.wish(model, &life, ask)),
                    life,
                }
            }
            Operation::Progress { life, notes } => {
                let life = self.life(model, life);
                let mut note = |(pick, fence): &(Pick, FencePick)| {
                    let task = self.task(model, Some(&life), pick);
                    (task, Self::fence(model, task, *fence))
                };
                Request::Progress { notes: notes.iter().map(&mut note).collect(), worker: life.worker }
            }
            Operation::Operate { verb, tasks, by, reason, op } => Request::Operate {
                verb: match verb {
                    Verb::Cancel => Operator::Cancel,
                    Verb::Rerun => Operator::Rerun,
                    Verb::Promote => Operator::Promote,
                    Verb::Reprioritise(to) => Operator::Reprioritise(Priority::new(*to).expect("a priority")),
                },
                tasks: tasks.iter().map(|pick| self.task(model, None, pick)).collect(),
                by: by.then(ada),
                reason,
                op: op.map(op_named),
            },
            Operation::Repeat(back) => {
                let (_, mut request) = self.asked.iter().rev().nth(usize::from(*back))?.clone();
                match &mut request {
                    Request::Submit { tasks, .. } => tasks.iter_mut().for_each(|task| task.id = self.draw()),
                    Request::Flow { flow, .. } => *flow = FlowId::draw(self.next_draw(), Shard::FIRST),
                    _ => {}
                }
                request
            }
            Operation::Pause { queue, paused } => {
                Request::Pause { queue: queue_named(*queue), paused: *paused }
            }
            Operation::Register { life, expects, lease_ms } => {
                let life = self.life(model, life);
                Request::Register { expects: expected(&life, *expects), lease: lease(*lease_ms), life }
            }
            Operation::Deregister(life) => Request::Deregister(self.life(model, life)),
            Operation::Tick { ticks, silence } => Request::Tick(tick(model, *ticks, *silence)),
            // A world that is full takes no more tasks: one call must be able to pass on all that it has.
            Operation::Submit { .. }
            | Operation::Flow(_)
            | Operation::Pass(_)
            | Operation::OpenParent { .. }
            | Operation::LoseLease { .. }
            | Operation::Newer(_) => return None,
        })
    }
}

fn tick(model: &Model, ticks: u64, silence: Silence) -> Tick {
    match silence {
        Silence::Newcomer => Tick { ticks, ..Tick::default() },
        Silence::NewcomerTryingFor(trying_ms) => Tick { ticks, trying_ms, ..Tick::default() },
        Silence::Since(ms) => Tick { ticks, expected_ms: Some(model.now_ms - ms), trying_ms: 0 },
    }
}
