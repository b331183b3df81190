//! Operations that mean something together and that chance would seldom put side by side.

use baton_core::Status;
use baton_store::calls::flow::Work;
use proptest::prelude::*;

use super::operation::{
    Ask, BootPick, Draft, Expects, FencePick, FlowDraft, Holding, LifePick, Operation, OutcomeDraft, Pick,
    ReportDraft, Silence, Verb,
};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

fn tick() -> Operation {
    Operation::Tick { ticks: 4, silence: Silence::Since(0) }
}

fn begin(flow: u8, work: Work) -> Operation {
    Operation::Begin { flow, work, by: false, reason: "", op: None }
}

fn ask() -> Ask {
    let holding = Holding { right: u8::MAX, older: 0, bare: false, others: Vec::new() };
    Ask { queues: vec![0, 1, 2], max: 4, holding }
}

fn claim(life: &LifePick, only: Option<Pick>) -> Operation {
    let (life, ask) = (life.clone(), ask());
    Operation::Claim { life, ask, only, expects: Expects::Current, lease_ms: 30_000 }
}

fn register(life: &LifePick) -> Operation {
    Operation::Register { life: life.clone(), expects: Expects::Current, lease_ms: 30_000 }
}

/// A worker claims what there is, and says how it went.
fn work(outcome: BoxedStrategy<OutcomeDraft>) -> BoxedStrategy<Vec<Operation>> {
    (0..2_u8, prop::collection::vec(outcome, 1..4), any::<bool>())
        .prop_map(|(worker, outcomes, goes_on)| {
            let life = LifePick { worker, boot: BootPick::Current };
            let report =
                |(at, outcome)| ReportDraft { task: Pick::Held(at), fence: FencePick::Last, outcome };
            let claim = claim(&life, None);
            let reports = (0..).zip(outcomes).map(report).collect();
            let next = goes_on.then(ask);
            vec![claim, Operation::Settle { life, names_boot: true, reports, next }]
        })
        .boxed()
}

/// Whatever a worker can want, as one of its lives.
fn wanted(life: LifePick) -> BoxedStrategy<Operation> {
    let reports = Vec::new();
    let settle = Operation::Settle { life: life.clone(), names_boot: true, reports, next: Some(ask()) };
    let renew = Operation::Renew { life: life.clone(), holding: ask().holding, alone: false };
    let one = claim(&life, Some(Pick::Held(0)));
    let all = [register(&life), claim(&life, None), one, settle, renew, Operation::Deregister(life)];
    prop::sample::select(all.to_vec()).boxed()
}

/// A worker calls while what it holds is taken from it.
fn robbery() -> BoxedStrategy<Vec<Operation>> {
    let one = |worker| {
        let life = LifePick { worker, boot: BootPick::Current };
        let begin = vec![claim(&life, None), Operation::LoseLease { worker, begun: true }];
        wanted(life).prop_map(move |call| [begin.clone(), vec![call]].concat())
    };
    (0..2_u8).prop_flat_map(one).boxed()
}

/// A life of a worker calls that another one has followed.
fn ghost() -> BoxedStrategy<Vec<Operation>> {
    let one = |worker| {
        let of = |boot| LifePick { worker, boot };
        let begin = vec![register(&of(BootPick::Current)), register(&of(BootPick::NeverSeen))];
        wanted(of(BootPick::Earlier(2))).prop_map(move |call| [begin.clone(), vec![call]].concat())
    };
    (0..2_u8).prop_flat_map(one).boxed()
}

/// A queue is paused, and somebody asks for a task of it.
fn pause() -> BoxedStrategy<Vec<Operation>> {
    let one = |(queue, worker, at)| {
        let life = LifePick { worker, boot: BootPick::Current };
        let pause = |paused| Operation::Pause { queue, paused };
        vec![pause(true), claim(&life, Some(Pick::In(Status::Pending, at))), pause(false)]
    };
    (0..2_u8, 0..2_u8, 0..6_u8).prop_map(one).boxed()
}

/// A task comes again under the key of one that has ended, and that one is wanted again too.
fn comeback(draft: BoxedStrategy<Draft>) -> BoxedStrategy<Vec<Operation>> {
    draft
        .prop_map(|draft| {
            let draft = Draft {
                again: None,
                key: Some(0),
                run_in_ms: None,
                parents: Vec::new(),
                flow: None,
                ..draft
            };
            let submit = || Operation::Submit { drafts: vec![draft.clone()], op: None };
            let all = |status, verb| {
                let tasks = (0..6).map(|at| Pick::In(status, at)).collect();
                Operation::Operate { verb, tasks, by: false, reason: "", op: None }
            };
            let (ends, comes) = (all(Status::Pending, Verb::Cancel), all(Status::Cancelled, Verb::Rerun));
            vec![submit(), ends, submit(), comes]
        })
        .boxed()
}

/// Holders are gone, and what they leave is taken up again while their ends are still on the way.
fn rescue() -> BoxedStrategy<Vec<Operation>> {
    let seldom = prop::bool::weighted(0.3);
    (0..3_u8, seldom)
        .prop_map(|(flow, cancels)| {
            let mut steps = vec![Operation::Pass(31 * MINUTE_MS), tick(), begin(flow, Work::Rerun)];
            steps.extend(cancels.then(|| begin(flow, Work::Cancel)));
            steps.push(Operation::Cascade);
            steps
        })
        .boxed()
}

/// Nobody passes on the end of a task, and meanwhile all that waited for it have ended, and are forgotten.
fn neglect() -> BoxedStrategy<Vec<Operation>> {
    let life = LifePick { worker: 0, boot: BootPick::Current };
    let some = |status, verb| {
        let tasks = (0..4).map(|at| Pick::In(status, at)).collect();
        Operation::Operate { verb, tasks, by: false, reason: "", op: None }
    };
    let wait = prop::sample::select(vec![MINUTE_MS, 8 * DAY_MS]);
    let begin = vec![
        claim(&life, None),
        some(Status::Blocked, Verb::Cancel),
        Operation::Pass(31 * MINUTE_MS),
        tick(),
    ];
    wait.prop_map(move |wait| {
        let end = vec![Operation::Pass(wait), tick(), some(Status::Failed, Verb::Rerun)];
        [begin.clone(), end].concat()
    })
    .boxed()
}

/// A flow is over for so long that it is removed; then somebody wants to join it.
fn oblivion(draft: BoxedStrategy<Draft>) -> BoxedStrategy<Vec<Operation>> {
    (0..2_u8, draft)
        .prop_map(|(flow, draft)| {
            let joins = Draft { again: None, key: None, parents: Vec::new(), flow: Some(0), ..draft };
            let late = Operation::Submit { drafts: vec![joins], op: None };
            vec![
                begin(flow, Work::Cancel),
                Operation::Cascade,
                Operation::Pass(8 * DAY_MS),
                tick(),
                late,
                begin(0, Work::Rerun),
            ]
        })
        .boxed()
}

/// Two requests under one op id, and the first of them again.
pub(super) fn once(
    request: impl Strategy<Value = Operation> + Clone + 'static,
) -> BoxedStrategy<Vec<Operation>> {
    let name = 20..60_u8;
    (name, request.clone(), request)
        .prop_map(|(name, first, second)| vec![under(name, first), under(name, second), Operation::Repeat(0)])
        .boxed()
}

fn under(name: u8, mut operation: Operation) -> Operation {
    match &mut operation {
        Operation::Submit { op, .. }
        | Operation::Operate { op, .. }
        | Operation::Link { op, .. }
        | Operation::Unlink { op, .. }
        | Operation::Begin { op, .. }
        | Operation::Flow(FlowDraft { op, .. }) => *op = Some(name),
        // The others carry none.
        _ => {}
    }
    operation
}

pub(super) fn episode(
    outcome: BoxedStrategy<OutcomeDraft>,
    draft: BoxedStrategy<Draft>,
) -> BoxedStrategy<Vec<Operation>> {
    prop_oneof![
        8 => work(outcome),
        2 => rescue(),
        1 => neglect(),
        1 => robbery(),
        1 => ghost(),
        1 => pause(),
        1 => comeback(draft.clone()),
        1 => oblivion(draft),
    ]
    .boxed()
}
