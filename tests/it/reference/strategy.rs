//! How operations are drawn: so that tasks meet workers, time passes what matters, and refusals are met too.

use baton_core::{OnParentFailure, Status};
use baton_store::calls::flow::Work;
use proptest::prelude::*;
use proptest::sample::select;

use super::episodes::{episode, once};
use super::operation::{
    Ask, BootPick, Draft, Expects, FencePick, FlowDraft, Holding, Kin, LifePick, Operation, OutcomeDraft,
    Pick, Relative, ReportDraft, Silence, Verb,
};

fn sometimes<S: Strategy + 'static>(likely: u32, strategy: S) -> BoxedStrategy<Option<S::Value>>
where
    S::Value: Clone,
{
    prop_oneof![10 - likely => Just(None), likely => strategy.prop_map(Some)].boxed()
}

fn pick() -> BoxedStrategy<Pick> {
    let status = pick_in(Status::ALL);
    prop_oneof![7 => (0..12_u8).prop_map(Pick::Any), 10 => status, 2 => Just(Pick::Unknown)].boxed()
}

fn pick_in(statuses: &'static [Status]) -> BoxedStrategy<Pick> {
    (select(statuses), 0..6_u8).prop_map(|(status, at)| Pick::In(status, at)).boxed()
}

fn held_pick() -> BoxedStrategy<Pick> {
    prop_oneof![7 => (0..4_u8).prop_map(Pick::Held), 3 => pick()].boxed()
}

fn life() -> BoxedStrategy<LifePick> {
    let boot = prop_oneof![
        10 => Just(BootPick::Current),
        1 => Just(BootPick::NeverSeen),
        2 => (1..4_u8).prop_map(BootPick::Earlier),
    ];
    let worker = prop_oneof![3 => Just(0_u8), 2 => Just(1_u8), 1 => Just(2_u8)];
    (worker, boot).prop_map(|(worker, boot)| LifePick { worker, boot }).boxed()
}

fn expects() -> BoxedStrategy<Expects> {
    prop_oneof![8 => Just(Expects::Current), 1 => Just(Expects::Nothing), 1 => Just(Expects::Wrong)].boxed()
}

fn lease_ms() -> BoxedStrategy<u64> {
    prop_oneof![3 => Just(30_000_u64), 1 => Just(1_000_u64)].boxed()
}

fn queue() -> BoxedStrategy<u8> {
    prop_oneof![3 => Just(0_u8), 2 => Just(1_u8), 1 => Just(2_u8)].boxed()
}

fn holding() -> BoxedStrategy<Holding> {
    let mask = |all: u32| prop_oneof![all => Just(u8::MAX), 2 => Just(0_u8), 2 => any::<u8>()];
    let older = prop_oneof![8 => Just(0_u8), 1 => any::<u8>()];
    let others = prop::collection::vec(pick(), 0..3);
    (mask(6), older, prop::bool::weighted(0.2), others)
        .prop_map(|(right, older, bare, others)| Holding { right, older, bare, others })
        .boxed()
}

fn ask() -> BoxedStrategy<Ask> {
    let queues = prop_oneof![
        5 => Just(vec![0, 1, 2]),
        2 => prop::collection::vec(queue(), 0..4),
    ];
    (queues, 0..5_u64, holding()).prop_map(|(queues, max, holding)| Ask { queues, max, holding }).boxed()
}

fn draft() -> BoxedStrategy<Draft> {
    let run_in = select(vec![-5_000_i64, 0, 1, 400, 5_000, 40_000]);
    let bounds = (
        select(vec![1_u64, 2, 2, 5]),
        select(vec![1_u64, 2, 2, 3, 3, 5]),
        select(vec![1_800_000_u64, 1_000, 20_000]),
    );
    let place = (queue(), select(vec![5_i64, 5, 5, 0, 9]), select(vec![2_usize, 64, 65, 0]));
    let family = (family(), policy(), sometimes(1, 0..3_u8));
    (sometimes(1, pick()), place, sometimes(5, 0..2_u8), any::<bool>(), sometimes(3, run_in), bounds, family)
        .prop_map(|(again, place, key, reject, run_in_ms, bounds, family)| Draft {
            again,
            queue: place.0,
            priority: place.1,
            payload: place.2,
            key,
            reject,
            run_in_ms,
            max_attempts: bounds.0,
            max_crashes: bounds.1,
            timeout_ms: bounds.2,
            parents: family.0,
            on_parent_failure: family.1,
            flow: family.2,
        })
        .boxed()
}

/// Few enough for two requests to meet under one.
fn op() -> BoxedStrategy<Option<u8>> {
    sometimes(3, 0..12_u8)
}

fn policy() -> BoxedStrategy<OnParentFailure> {
    select(OnParentFailure::ALL).boxed()
}

fn family() -> BoxedStrategy<Vec<Relative>> {
    let known = prop_oneof![12 => (0..12_u8).prop_map(Pick::Any), 6 => pick_in(Status::ALL), 1 => Just(Pick::Unknown)];
    let relative =
        prop_oneof![2 => known.prop_map(Relative::There), 1 => (0..4_u8).prop_map(Relative::Sibling)];
    prop_oneof![6 => Just(Vec::new()), 4 => prop::collection::vec(relative, 1..4)].boxed()
}

/// A chain, a diamond, many behind one, one behind many, or anything.
fn flow() -> BoxedStrategy<Operation> {
    let shape = prop_oneof![
        Just(vec![0_u8, 0b1, 0b10, 0b100, 0b1000]),
        Just(vec![0_u8, 0b1, 0b1, 0b110]),
        Just(vec![0_u8, 0b1, 0b1, 0b1, 0b1]),
        Just(vec![0_u8, 0, 0, 0b111]),
        prop::collection::vec(any::<u8>(), 1..6),
    ];
    let drafts = prop::collection::vec(draft(), 5);
    (shape, drafts, any::<bool>(), op())
        .prop_map(|(parents, mut tasks, named, op)| {
            tasks.truncate(parents.len());
            Operation::Flow(FlowDraft { named, tasks, parents, op })
        })
        .boxed()
}

fn begin() -> BoxedStrategy<Operation> {
    let words = (any::<bool>(), select(vec!["", "no longer"]));
    let flow = prop_oneof![6 => 0..2_u8, 1 => Just(u8::MAX)];
    (flow, select(vec![Work::Cancel, Work::Rerun]), words, op())
        .prop_map(|(flow, work, (by, reason), op)| Operation::Begin { flow, work, by, reason, op })
        .boxed()
}

fn edge() -> BoxedStrategy<Operation> {
    let kin = || {
        prop_oneof![
            10 => pick().prop_map(Kin::Any),
            5 => (0..4_u8).prop_map(Kin::Parent),
            3 => (0..4_u8).prop_map(Kin::Descendant),
            1 => Just(Kin::Foreign),
        ]
    };
    let waits = || pick_in(&[Status::Blocked, Status::Pending, Status::Scheduled]);
    let child = || prop_oneof![3 => waits(), 1 => pick()];
    let link = (kin(), child(), op()).prop_map(|(parent, child, op)| Operation::Link { parent, child, op });
    let unlink =
        (kin(), child(), op()).prop_map(|(parent, child, op)| Operation::Unlink { parent, child, op });
    prop_oneof![3 => link, 2 => unlink].boxed()
}

fn outcome() -> BoxedStrategy<OutcomeDraft> {
    let wait = || sometimes(5, select(vec![0_u64, 700, 60_000]));
    let size = || select(vec![0_usize, 3, 64, 65]);
    prop_oneof![
        4 => size().prop_map(OutcomeDraft::Complete),
        4 => (wait(), size()).prop_map(|(wait, size)| OutcomeDraft::Fail(wait, size)),
        1 => Just(OutcomeDraft::FailForGood),
        2 => Just(OutcomeDraft::TimeOut),
        3 => wait().prop_map(OutcomeDraft::Release),
        3 => Just(OutcomeDraft::Same),
    ]
    .boxed()
}

fn report() -> BoxedStrategy<ReportDraft> {
    (held_pick(), fence(), outcome())
        .prop_map(|(task, fence, outcome)| ReportDraft { task, fence, outcome })
        .boxed()
}

fn fence() -> BoxedStrategy<FencePick> {
    prop_oneof![9 => Just(FencePick::Last), 1 => Just(FencePick::Older)].boxed()
}

fn operate() -> BoxedStrategy<Operation> {
    let priority = select(vec![0_i64, 5, 9]).prop_map(Verb::Reprioritise);
    let verb =
        prop_oneof![1 => Just(Verb::Cancel), 2 => Just(Verb::Rerun), 1 => Just(Verb::Promote), 1 => priority];
    let long = "because of something that takes more than sixty-four bytes to say";
    let words = (any::<bool>(), select(vec!["", "enough", long]));
    let fitting = |verb| match verb {
        Verb::Rerun => pick_in(&[Status::Completed, Status::Failed, Status::Timeout, Status::Cancelled]),
        Verb::Promote => pick_in(&[Status::Scheduled]),
        Verb::Cancel | Verb::Reprioritise(_) => pick(),
    };
    let asked = verb.prop_flat_map(move |verb| {
        let pick = prop_oneof![3 => fitting(verb), 1 => pick()];
        (Just(verb), prop::collection::vec(pick, 0..4))
    });
    (asked, words, op())
        .prop_map(|((verb, tasks), (by, reason), op)| Operation::Operate { verb, tasks, by, reason, op })
        .boxed()
}

fn chores() -> BoxedStrategy<Operation> {
    let silence = prop_oneof![
        6 => Just(Silence::Since(0)),
        1 => Just(Silence::Newcomer),
        1 => select(vec![400_u64, 5_000]).prop_map(Silence::NewcomerTryingFor),
        2 => select(vec![499_u64, 500, 8_000, 45_000]).prop_map(Silence::Since),
    ];
    let ticks = prop_oneof![1 => 0..3_u64, 5 => 3..9_u64];
    (ticks, silence).prop_map(|(ticks, silence)| Operation::Tick { ticks, silence }).boxed()
}

fn time() -> BoxedStrategy<Operation> {
    let (minute, day) = (60_000_i64, 86_400_000_i64);
    prop_oneof![
        6 => select(vec![0_i64, 1, 300, 1_000, 1_001]),
        6 => select(vec![10_000_i64, 29_999, 30_000, 31_000]),
        1 => select(vec![31 * minute, 36 * minute]),
        1 => select(vec![day, day + 1, 8 * day, 8 * day]),
        1 => select(vec![-1_i64, -2_500, -60 * minute]),
    ]
    .prop_map(Operation::Pass)
    .boxed()
}

fn submit() -> BoxedStrategy<Operation> {
    (prop::collection::vec(draft(), 1..5), op())
        .prop_map(|(drafts, op)| Operation::Submit { drafts, op })
        .boxed()
}

fn claim() -> BoxedStrategy<Operation> {
    (life(), ask(), sometimes(2, pick()), expects(), lease_ms())
        .prop_map(|(life, ask, only, expects, lease_ms)| Operation::Claim {
            life,
            ask,
            only,
            expects,
            lease_ms,
        })
        .boxed()
}

fn ordinary() -> BoxedStrategy<Operation> {
    let renew = (life(), holding(), prop::bool::weighted(0.2))
        .prop_map(|(life, holding, alone)| Operation::Renew { life, holding, alone });
    let reports = prop::collection::vec(report(), 0..4);
    let settle = (life(), any::<bool>(), reports, sometimes(4, ask())).prop_map(
        |(life, names_boot, reports, next)| Operation::Settle {
            life,
            names_boot: names_boot || next.is_some(),
            reports,
            next,
        },
    );
    let progress = (life(), prop::collection::vec((held_pick(), fence()), 1..3))
        .prop_map(|(life, notes)| Operation::Progress { life, notes });
    let pause =
        (queue(), prop::bool::weighted(0.4)).prop_map(|(queue, paused)| Operation::Pause { queue, paused });
    let register = (life(), expects(), lease_ms(), prop::bool::weighted(0.3)).prop_map(
        |(mut life, expects, lease_ms, anew)| {
            if anew {
                life.boot = BootPick::NeverSeen;
            }
            Operation::Register { life, expects, lease_ms }
        },
    );
    prop_oneof![
        // What shrinking makes of an operation that does not matter.
        1 => Just(Operation::Pass(0)),
        5 => submit(),
        2 => flow(),
        2 => begin(),
        5 => edge(),
        5 => Just(Operation::Cascade),
        9 => claim(),
        4 => renew,
        8 => settle,
        2 => progress,
        5 => operate(),
        5 => (0..2_u8).prop_map(Operation::Repeat),
        2 => pause,
        3 => register,
        2 => life().prop_map(Operation::Deregister),
        5 => chores(),
        5 => time(),
        1 => (pick(), pick_in(&[Status::Pending, Status::Scheduled]))
            .prop_map(|(parent, child)| Operation::OpenParent { parent, child }),
        2 => (0..3_u8, any::<bool>()).prop_map(|(worker, begun)| Operation::LoseLease { worker, begun }),
    ]
    .boxed()
}

/// One sequence: an opening that makes tasks and a worker, and then anything.
pub(super) fn sequence() -> impl Strategy<Value = Vec<Operation>> {
    let newer = ordinary().prop_map(|operation| Operation::Newer(Box::new(operation)));
    let opening =
        prop::collection::vec(prop_oneof![1 => Just(Operation::Pass(0)), 6 => submit(), 3 => flow()], 3);
    let claimed = prop::collection::vec(prop_oneof![1 => Just(Operation::Pass(0)), 4 => claim()], 2);
    let one = |operation: Operation| vec![operation];
    let rest = prop_oneof![
        22 => ordinary().prop_map(one),
        2 => newer.prop_map(one),
        7 => episode(outcome(), draft()),
        1 => once(prop_oneof![4 => operate(), 2 => begin(), 3 => edge(), 1 => flow(), 1 => submit()]),
    ];
    (opening, claimed, prop::collection::vec(rest, 24..36))
        .prop_map(|(opening, claimed, rest)| [opening, claimed, rest.concat()].concat())
}
