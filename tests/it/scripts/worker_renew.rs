//! worker/renew: the heartbeat, and the two differences it answers.

use baton_core::{LeaseLength, OpId, Refusal, Shard, TaskId, limits};
use baton_store::Error;
use baton_store::calls::task::{Cancel, Outcome};
use baton_store::calls::worker::{Directive, Register, Renew, Renewal, Renewed};
use baton_store::calls::{Gone, Pair};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, Life, with_store};

use crate::hand::{changes, hold, make_schema_too_new, refused, score, tick, unchanged};

const MOST: usize = limits::HELD_TASKS_MAX as usize;

async fn check(at: &Fixture, life: &Life, holding: &[Pair], alone: bool) -> Renewed {
    let renew = Renew { worker: &life.worker, boot: &life.boot, holding, alone, about: &[] };
    at.store.renew(Shard::FIRST, &renew).await.expect("an answer")
}

async fn renewal(at: &Fixture, life: &Life, holding: &[Pair]) -> Renewal {
    match check(at, life, holding, false).await {
        Renewed::Until(renewal) => renewal,
        Renewed::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

fn no(refusal: Refusal, detail: &str) -> Renewed {
    Renewed::Refused(refused(refusal, detail))
}

fn gone(pair: &Pair, why: &str) -> Gone {
    Gone { task: pair.task, fence: pair.fence, why: why.to_owned() }
}

async fn cancel(at: &Fixture, task: TaskId) {
    let cancel = Cancel { tasks: &[task], by: None, reason: "", op: None::<&OpId> };
    at.store.cancel(Shard::FIRST, &cancel).await.expect("an answer");
}

#[tokio::test]
async fn it_moves_the_deadline_and_nothing_else() {
    with_store(async |at| {
        at.submit_many(3).await;
        let life = Life::new(1, 1);
        let grants = at.claim(&life, 3).await;
        let pairs: Vec<Pair> = grants.iter().map(|grant| grant.pair()).collect();
        at.pass_ms(10_000);
        let (answer, changed) = changes(at, renewal(at, &life, &pairs)).await;
        assert_eq!(
            answer,
            Renewal {
                lease: LeaseLength::default(),
                tick_ms: None,
                directive: None,
                gone: vec![],
                unknown: vec![],
            }
        );
        assert_eq!(
            changed,
            "- baton:{0}:leases \"worker-001-test:b1\" 1700000030000\n\
             + baton:{0}:leases \"worker-001-test:b1\" 1700000040000\n"
        );
        unchanged(at, renewal(at, &life, &pairs)).await;
    })
    .await;
}

#[tokio::test]
async fn it_carries_what_the_worker_got_done() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        let done = [("done", "12".to_owned())];
        let renew =
            |about| Renew { worker: &life.worker, boot: &life.boot, holding: &[], alone: false, about };
        let (_, changed) = changes(at, at.store.renew(Shard::FIRST, &renew(&done))).await;
        assert_eq!(changed, "+ baton:{0}:worker:worker-001-test done \"12\"\n");
        let lies = [("boot", "b9".to_owned())];
        assert!(unchanged(at, at.store.renew(Shard::FIRST, &renew(&lies))).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn it_lasts_as_long_as_was_registered() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let register = Register {
            worker: &life.worker,
            boot: &life.boot,
            expects: None,
            lease: LeaseLength::from_ms(3_600_000).unwrap(),
            about: &[],
        };
        at.store.register(Shard::FIRST, &register).await.unwrap();
        at.pass_ms(1);
        assert_eq!(renewal(at, &life, &[]).await.lease.ms(), 3_600_000);
        let deadline = score(at, "leases", "worker-001-test:b1").await;
        assert_eq!(deadline, Some(START_MS + 3_600_001));
    })
    .await;
}

#[tokio::test]
async fn strangers_are_refused_and_change_nothing() {
    with_store(async |at| {
        let [first, second, third] = [1, 2, 3].map(|boot| Life::new(1, boot));
        assert_eq!(unchanged(at, check(at, &first, &[], false)).await, no(Refusal::UnknownWorker, ""));
        at.register(&first, None).await;
        at.register(&second, Some(&first.boot)).await;
        assert_eq!(unchanged(at, check(at, &first, &[], false)).await, no(Refusal::Superseded, ""));
        let Renewed::Refused(refused) = unchanged(at, check(at, &third, &[], false)).await else {
            panic!("a boot never seen renewed")
        };
        assert_eq!(refused.refusal, Refusal::Conflict);
        make_schema_too_new(at).await;
        assert_eq!(unchanged(at, check(at, &second, &[], false)).await, no(Refusal::SchemaTooNew, ""));
    })
    .await;
}

#[tokio::test]
async fn a_deadline_is_never_shortened() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        at.pass_ms(-3_600_000);
        unchanged(at, renewal(at, &life, &[])).await;
        assert_eq!(score(at, "leases", "worker-001-test:b1").await, Some(START_MS + 30_000));
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_ended_and_was_not_reaped_is_still_its_holders() {
    with_store(async |at| {
        at.submit_many(1).await;
        let life = Life::new(1, 1);
        let grants = at.claim(&life, 1).await;
        at.pass_ms(100_000);
        let answer = renewal(at, &life, &[grants[0].pair()]).await;
        assert_eq!((answer.gone, answer.unknown), (vec![], vec![]));
        assert_eq!(tick(at).await.reaped, 0);
    })
    .await;
}

#[tokio::test]
async fn a_lease_is_lost_while_it_is_reaped_and_afterwards() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let pairs = hold(at, &life, limits::REAP_TASKS_MAX + 1).await;
        at.pass_ms(30_000);
        assert_eq!(tick(at).await.reaped, limits::REAP_TASKS_MAX);
        let lost = no(Refusal::LeaseLost, "");
        assert_eq!(unchanged(at, check(at, &life, &pairs, false)).await, lost);
        at.pass_ms(1);
        assert_eq!(tick(at).await.reaped, 1);
        assert_eq!(unchanged(at, check(at, &life, &pairs, false)).await, lost);
        assert_eq!(unchanged(at, check(at, &life, &[], false)).await, lost);
        // It claims afresh, and is well again.
        assert_eq!(at.claim(&life, 1).await.len(), 1);
        assert_eq!(renewal(at, &life, &[]).await.unknown.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_gone_is_told_with_its_reason() {
    with_store(async |at| {
        let ids = at.submit_many(6).await;
        let [life, other] = [Life::new(1, 1), Life::new(2, 1)];
        let grants = at.claim(&life, 5).await;
        let release = Outcome::Release { reason: String::new(), delay_ms: None };
        at.complete(&life, &grants[0]).await;
        cancel(at, grants[1].task).await;
        at.report(&life, grants[2].task, grants[2].fence, release.clone()).await;
        let theirs = at.claim(&other, 2).await;
        assert_eq!([theirs[0].task, theirs[1].task], [ids[2], ids[5]]);
        at.report(&life, grants[3].task, grants[3].fence, release).await;

        let mut pairs: Vec<Pair> = grants.iter().map(|grant| grant.pair()).collect();
        pairs.push(theirs[1].pair());
        let stranger = Pair { task: at.store.draw(Shard::FIRST), ..pairs[0] };
        pairs.push(stranger);
        let answer = renewal(at, &life, &pairs).await;
        assert_eq!(
            answer.gone,
            [
                gone(&pairs[0], "completed"),
                gone(&pairs[1], "cancelled"),
                gone(&pairs[2], "fenced"),
                gone(&pairs[3], "pending"),
                gone(&pairs[5], "fenced"),
                gone(&stranger, "unknown_task"),
            ]
        );
        assert_eq!(answer.unknown, []);
    })
    .await;
}

/// Sizes alone would say that all is well: two are held, two are listed.
#[tokio::test]
async fn a_cancel_and_a_lost_grant_are_both_told() {
    with_store(async |at| {
        let ids = at.submit_many(3).await;
        let life = Life::new(1, 1);
        let grants = at.claim(&life, 2).await;
        let pairs: Vec<Pair> = grants.iter().map(|grant| grant.pair()).collect();
        cancel(at, ids[0]).await;
        at.try_claim(&life, 1, &pairs).await;
        let answer = renewal(at, &life, &pairs).await;
        assert_eq!(answer.gone, [gone(&pairs[0], "cancelled")]);
        assert_eq!(answer.unknown, [ids[2]]);
    })
    .await;
}

#[tokio::test]
async fn an_older_fence_of_a_task_that_is_held_is_not_known() {
    with_store(async |at| {
        let ids = at.submit_many(1).await;
        let life = Life::new(1, 1);
        let old = at.claim(&life, 1).await[0].pair();
        let release = Outcome::Release { reason: String::new(), delay_ms: None };
        at.report(&life, old.task, old.fence, release).await;
        let new = at.claim(&life, 1).await[0].pair();
        let answer = renewal(at, &life, &[old]).await;
        assert_eq!((answer.gone, answer.unknown), (vec![gone(&old, "fenced")], ids));
        // Beside the live pair the stale one is told too, and the task itself is known.
        let answer = renewal(at, &life, &[new, old]).await;
        assert_eq!((answer.gone, answer.unknown), (vec![gone(&old, "fenced")], vec![]));
        let answer = renewal(at, &life, &[new]).await;
        assert_eq!((answer.gone, answer.unknown), (vec![], vec![]));
    })
    .await;
}

#[tokio::test]
async fn a_timeout_that_is_not_at_hand_costs_a_look_and_no_more() {
    with_store(async |at| {
        let task = baton_store::calls::task::NewTask { timeout_ms: 5_000, ..at.new_task("noop") };
        at.submit(&[task]).await;
        let life = Life::new(1, 1);
        let pair = at.claim(&life, 1).await[0].pair();
        assert_eq!(pair.timeout_ms, Some(5_000));
        for timeout_ms in [None, Some(5_000), Some(7)] {
            let answer = renewal(at, &life, &[Pair { timeout_ms, ..pair }]).await;
            assert_eq!((answer.gone, answer.unknown), (vec![], vec![]), "{timeout_ms:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_heartbeat_of_a_single_lease_keeps_nothing_else_alive() {
    with_store(async |at| {
        let ids = at.submit_many(2).await;
        let life = Life::new(1, 1);
        let grants = at.claim(&life, 2).await;
        at.pass_ms(1_000);
        let answer = unchanged(at, check(at, &life, &[grants[0].pair()], true)).await;
        assert_eq!(answer, no(Refusal::Conflict, ""));
        cancel(at, ids[1]).await;
        let answer = check(at, &life, &[grants[0].pair()], true).await;
        assert!(matches!(answer, Renewed::Until(_)), "{answer:?}");
    })
    .await;
}

#[tokio::test]
async fn directives_come_with_it() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        for directive in [Some(Directive::Quiet), Some(Directive::Stop), None] {
            at.store.direct(Shard::FIRST, &life.worker, directive, None).await.unwrap();
            assert_eq!(renewal(at, &life, &[]).await.directive, directive);
        }
    })
    .await;
}

#[tokio::test]
async fn as_many_pairs_as_a_holder_may_hold_and_no_more() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        let pair =
            |_| Pair { task: at.store.draw(Shard::FIRST), fence: baton_core::Fence(1), timeout_ms: None };
        let pairs: Vec<Pair> = (0..=MOST).map(pair).collect();
        assert_eq!(renewal(at, &life, &pairs[1..]).await.gone.len(), MOST);
        let renew =
            Renew { worker: &life.worker, boot: &life.boot, holding: &pairs, alone: false, about: &[] };
        let answer = at.store.renew(Shard::FIRST, &renew).await;
        assert!(matches!(answer, Err(Error::Invalid { .. })), "{answer:?}");
    })
    .await;
}

#[tokio::test]
async fn it_says_when_the_shard_is_to_be_ticked() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        let next = tick(at).await.tick_ms;
        assert_eq!(renewal(at, &life, &[]).await.tick_ms, Some(next));
        assert_eq!(next, START_MS + 1_000);
    })
    .await;
}
