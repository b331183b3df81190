//! A request with everything named, and its answer; the same for the model and the store.

use baton_core::id::Draw;
use baton_core::{
    Boot, Fence, FlowId, LeaseLength, OpId, Principal, Priority, QueueName, Shard, TaskId, TaskRef, WorkerId,
};
use baton_store::Store;
use baton_store::calls::flow::{Begin, Begun, FlowAnswer, NewFlow, Work};
use baton_store::calls::queue::{Paused, SetPaused};
use baton_store::calls::shard::{Tick, Ticked};
use baton_store::calls::task::{
    Cancel, Claim, Claimed, Link, Linked, NewTask, Next, Note, Noted, Promote, Report, Reprioritise, Rerun,
    Settle, SettleAnswer, Submission, SubmitAnswer, Unlink, Unlinked,
};
use baton_store::calls::worker::{Deregistered, Register, Registered, Renew, Renewed};
use baton_store::calls::{Answered, Pair, Refused};
use baton_testkit::Life;

#[derive(Clone, Debug)]
pub(super) enum Request {
    Submit {
        tasks: Vec<NewTask>,
        op: Option<OpId>,
    },
    Claim {
        life: Life,
        wish: Wish,
        only: Option<TaskId>,
        expects: Option<Boot>,
        lease: LeaseLength,
    },
    Renew {
        life: Life,
        holding: Vec<Pair>,
        alone: bool,
    },
    Settle {
        life: Life,
        names_boot: bool,
        reports: Vec<Report>,
        next: Option<Wish>,
    },
    Progress {
        worker: WorkerId,
        notes: Vec<(TaskId, Fence)>,
    },
    Operate {
        verb: Operator,
        tasks: Vec<TaskId>,
        by: Option<Principal>,
        reason: &'static str,
        op: Option<OpId>,
    },
    Pause {
        queue: QueueName,
        paused: bool,
    },
    Register {
        life: Life,
        expects: Option<Boot>,
        lease: LeaseLength,
    },
    Deregister(Life),
    Tick(Tick),
    Link {
        parent: TaskId,
        child: TaskId,
        op: Option<OpId>,
    },
    Unlink {
        parent: TaskId,
        child: TaskId,
        op: Option<OpId>,
    },
    Cascade,
    Flow {
        flow: FlowId,
        name: Option<TaskRef>,
        tasks: Vec<NewTask>,
        parents: Vec<Vec<u32>>,
        op: Option<OpId>,
    },
    /// The whole of a flow cancelled or rerun.
    Begin {
        flow: FlowId,
        work: Work,
        by: Option<Principal>,
        reason: &'static str,
        op: Option<OpId>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub queues: Vec<QueueName>,
    pub max: u64,
    pub holding: Vec<Pair>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Cancel,
    Rerun,
    Promote,
    Reprioritise(Priority),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Submit(SubmitAnswer),
    Claim(Claimed),
    Renew(Renewed),
    Settle(SettleAnswer),
    Progress(Result<Vec<Noted>, Refused>),
    Operate(Answered),
    Pause(Paused),
    Register(Registered),
    Deregister(Deregistered),
    Tick(Ticked),
    Link(Linked),
    Unlink(Unlinked),
    /// Is any of it left?
    Cascade(bool),
    Flow(FlowAnswer),
    Begin(Begun),
}

pub(super) const PROGRESS: &str = "0.40 typesetting";

impl Request {
    pub(super) async fn ask(&self, store: &Store) -> Result<Answer, baton_store::Error> {
        const SHARD: Shard = Shard::FIRST;
        Ok(match self {
            Request::Submit { tasks, op } => {
                let (by, op) = (None, op.clone());
                Answer::Submit(store.submit(&Submission { tasks, by, op }).await?)
            }
            Request::Claim { life, wish, only, expects, lease } => {
                let claim = Claim {
                    worker: &life.worker,
                    boot: &life.boot,
                    expects: expects.as_ref(),
                    lease: *lease,
                    queues: &wish.queues,
                    in_order: false,
                    max: wish.max,
                    only: *only,
                    holding: &wish.holding,
                };
                Answer::Claim(store.claim(SHARD, &claim).await?)
            }
            Request::Renew { life, holding, alone } => {
                let renew =
                    Renew { worker: &life.worker, boot: &life.boot, holding, alone: *alone, about: &[] };
                Answer::Renew(store.renew(SHARD, &renew).await?)
            }
            Request::Settle { life, names_boot, reports, next } => {
                let settle = Settle {
                    worker: &life.worker,
                    boot: names_boot.then_some(&life.boot),
                    reports,
                    claim: next.as_ref().map(|wish| Next {
                        queues: &wish.queues,
                        in_order: false,
                        max: wish.max,
                        holding: &wish.holding,
                    }),
                };
                Answer::Settle(store.settle(SHARD, &settle).await?)
            }
            Request::Progress { worker, notes } => {
                let notes: Vec<Note<'_>> = notes
                    .iter()
                    .map(|(task, fence)| Note { task: *task, fence: *fence, progress: PROGRESS })
                    .collect();
                Answer::Progress(store.note_progress(SHARD, worker, &notes).await?)
            }
            Request::Operate { .. } => Answer::Operate(self.operate(store).await?),
            Request::Pause { queue, paused } => {
                let (paused, by) = (*paused, None);
                Answer::Pause(store.set_paused(SHARD, &SetPaused { queue, paused, by }).await?)
            }
            Request::Register { life, expects, lease } => {
                let register = Register {
                    worker: &life.worker,
                    boot: &life.boot,
                    expects: expects.as_ref(),
                    lease: *lease,
                    about: &[],
                };
                Answer::Register(store.register(SHARD, &register).await?)
            }
            Request::Deregister(life) => {
                Answer::Deregister(store.deregister(SHARD, &life.worker, &life.boot).await?)
            }
            Request::Tick(tick) => Answer::Tick(store.tick(SHARD, *tick).await?),
            Request::Link { parent, child, op } => {
                let ask = Link { parent: *parent, child: *child, by: None, op: op.as_ref() };
                Answer::Link(store.link(&ask).await?)
            }
            Request::Unlink { parent, child, op } => {
                let ask = Unlink { parent: *parent, child: *child, by: None, op: op.as_ref() };
                Answer::Unlink(store.unlink(&ask).await?)
            }
            Request::Cascade => Answer::Cascade(store.cascade(SHARD).await?),
            Request::Flow { flow, name, tasks, parents, op } => {
                let (name, tasks, parents) = (name.clone(), tasks.clone(), parents.clone());
                let flow = NewFlow { id: *flow, name, tasks, parents, by: None, op: op.clone() };
                Answer::Flow(store.submit_flow(&flow).await?)
            }
            Request::Begin { flow, work, by, reason, op } => {
                let ask = Begin { flow: *flow, by: by.as_ref(), reason, op: op.as_ref() };
                Answer::Begin(match work {
                    Work::Cancel => store.cancel_flow(&ask).await?,
                    _ => store.rerun_flow(&ask).await?,
                })
            }
        })
    }

    async fn operate(&self, store: &Store) -> Result<Answered, baton_store::Error> {
        let Request::Operate { verb, tasks, by, reason, op } = self else {
            unreachable!("only an operator's request comes here");
        };
        let (by, op) = (by.as_ref(), op.as_ref());
        match *verb {
            Operator::Cancel => {
                let ask = Cancel { tasks, by, reason, op };
                store.cancel(Shard::FIRST, &ask).await
            }
            Operator::Rerun => {
                let ask = Rerun { tasks, by, reason, op };
                store.rerun(Shard::FIRST, &ask).await
            }
            Operator::Promote => {
                let ask = Promote { tasks, by, reason, op };
                store.promote(Shard::FIRST, &ask).await
            }
            Operator::Reprioritise(priority) => {
                let ask = Reprioritise { tasks, by, priority, op };
                store.reprioritise(Shard::FIRST, &ask).await
            }
        }
    }

    pub(super) fn op(&self) -> Option<&OpId> {
        match self {
            Request::Submit { op, .. }
            | Request::Operate { op, .. }
            | Request::Link { op, .. }
            | Request::Unlink { op, .. }
            | Request::Flow { op, .. }
            | Request::Begin { op, .. } => op.as_ref(),
            _ => None,
        }
    }

    /// Such a one reaches no shard.
    pub(super) fn is_across_shards(&self) -> bool {
        matches!(self, Request::Link { parent, child, .. } if parent.shard() != child.shard())
    }

    /// What it asks for, without what a repeat may say otherwise: drawn ids, and who asks.
    pub(super) fn fingerprint(&self) -> String {
        match self {
            Request::Submit { tasks, .. } => {
                format!("{:?}", without_ids(tasks))
            }
            Request::Flow { name, tasks, parents, .. } => {
                format!("flow {name:?} {:?} {parents:?}", without_ids(tasks))
            }
            Request::Begin { flow, work, reason, .. } => format!("{work} of {flow} {reason}"),
            Request::Link { parent, child, .. } => format!("link {parent} {child}"),
            Request::Unlink { parent, child, .. } => format!("unlink {parent} {child}"),
            Request::Operate { verb, tasks, reason, .. } => match verb {
                Operator::Reprioritise(_) => format!("{verb:?} {tasks:?}"),
                _ => format!("{verb:?} {tasks:?} {reason}"),
            },
            other => format!("{other:?}"),
        }
    }
}

fn without_ids(tasks: &[NewTask]) -> Vec<NewTask> {
    let nobody = TaskId::draw(Draw { now_ms: 0, counter: 0, random: 0 }, Shard::FIRST);
    tasks.iter().map(|task| NewTask { id: nobody, ..task.clone() }).collect()
}
