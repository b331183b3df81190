//! A reply is lost: the call was carried out, and its repeat says so and does nothing.

use baton_core::schedule::{Missed, Overlap, Timing};
use baton_core::{QueueName, Refusal, ScheduleName, Shard, Status};
use baton_store::calls::schedule::{Begins, PutSchedule, SchedulePut, Template, Trigger, Triggered};
use baton_store::calls::task::{
    Cancel, Claimed, Next, Outcome, Report, Rerun, Settle, SettleAnswer, Settled, Submission, SubmitAnswer,
    Submitted,
};
use baton_store::calls::worker::{Deregistered, Registered, Renew, Renewed};
use baton_store::calls::{Answered, Operated};
use baton_testkit::{FaultProxy, Fixture, Life, Loss, Then, kind, with_store};

use super::{behind_proxy, sha};
use crate::hand::{by_hand, refused, steps};

fn lose(proxy: &FaultProxy, script: &str) {
    proxy.lose(Loss::to(sha(script), Then::Close));
}

async fn submit_one(at: &Fixture) -> Submitted {
    let tasks = [at.new_task("noop")];
    let submission = Submission { tasks: &tasks, by: None, op: None };
    match at.store.submit(&submission).await.unwrap() {
        SubmitAnswer::Tasks { mut each, .. } => each.remove(0),
        refused => panic!("{refused:?}"),
    }
}

#[tokio::test]
async fn a_submit_makes_one_task() {
    with_store(async |at| {
        let proxy = behind_proxy(at).await;
        for then in [Then::Close, Then::StaySilent] {
            proxy.lose(Loss::to(sha("task/submit"), then));
            let Submitted::Existing { id, status: Status::Pending, .. } = submit_one(at).await else {
                panic!("not the task of the first try")
            };
            proxy.lost().await;
            assert_eq!(steps(at, id).await, ["submit"]);
        }
        assert_eq!(by_hand::<u64>(at, "ZCARD baton:{0}:queue:default:pending").await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_claim_is_delivered_again_under_the_same_fence() {
    with_store(async |at| {
        let ids = at.submit_many(3).await;
        let proxy = behind_proxy(at).await;
        lose(&proxy, "task/claim");
        let life = Life::new(1, 1);
        let grants = at.claim(&life, 2).await;
        proxy.lost().await;
        assert!(grants.iter().all(|grant| grant.redelivered));
        assert_eq!(grants.iter().map(|grant| grant.task).collect::<Vec<_>>(), ids[..2]);
        assert_eq!(steps(at, ids[0]).await, ["submit", "claim"]);
        assert_eq!(at.read(ids[2]).await.status(), Status::Pending);
    })
    .await;
}

#[tokio::test]
async fn a_report_is_recorded_once() {
    with_store(async |at| {
        let ids = at.submit_many(1).await;
        let life = Life::new(1, 1);
        let grant = at.claim(&life, 1).await.remove(0);
        let proxy = behind_proxy(at).await;
        lose(&proxy, "task/settle");
        let done = Outcome::Complete { result: b"42".to_vec() };
        let answer = at.report(&life, ids[0], grant.fence, done).await;
        proxy.lost().await;
        assert!(matches!(answer, Settled::Recorded { status: Status::Completed, .. }), "{answer:?}");
        assert_eq!(steps(at, ids[0]).await, ["submit", "claim", "complete"]);
    })
    .await;
}

#[tokio::test]
async fn a_report_with_a_claim_is_recorded_and_the_claim_delivered_again() {
    with_store(async |at| {
        let ids = at.submit_many(3).await;
        let life = Life::new(1, 1);
        let grant = at.claim(&life, 1).await.remove(0);
        let proxy = behind_proxy(at).await;
        lose(&proxy, "task/settle");
        let outcome = Outcome::Complete { result: Vec::new() };
        let settle = Settle {
            worker: &life.worker,
            boot: Some(&life.boot),
            reports: &[Report { task: ids[0], fence: grant.fence, outcome }],
            claim: Some(Next { queues: &[QueueName::default()], in_order: false, max: 1, holding: &[] }),
        };
        let answer = at.store.settle(Shard::FIRST, &settle).await.unwrap();
        proxy.lost().await;
        let SettleAnswer::Reports { each, claimed: Some(Claimed::Tasks(grants)) } = answer else {
            panic!("{answer:?}")
        };
        assert!(matches!(each[0], Settled::Recorded { status: Status::Completed, .. }), "{each:?}");
        assert_eq!(
            (grants.tasks.len(), grants.tasks[0].task, grants.tasks[0].redelivered),
            (1, ids[1], true)
        );
        assert_eq!(at.read(ids[2]).await.status(), Status::Pending);
    })
    .await;
}

#[tokio::test]
async fn an_operator_s_call_is_remembered() {
    with_store(async |at| {
        let ids = at.submit_many(2).await;
        let proxy = behind_proxy(at).await;
        lose(&proxy, "task/cancel");
        let cancel = Cancel { tasks: &ids, by: None, reason: "", op: None };
        let answer = at.store.cancel(Shard::FIRST, &cancel).await.unwrap();
        proxy.lost().await;
        check_moved(&answer, Status::Cancelled);
        lose(&proxy, "task/rerun");
        let rerun = Rerun { tasks: &ids, by: None, reason: "", op: None };
        let answer = at.store.rerun(Shard::FIRST, &rerun).await.unwrap();
        proxy.lost().await;
        check_moved(&answer, Status::Pending);
        assert_eq!(steps(at, ids[1]).await, ["submit", "cancel", "rerun"]);
    })
    .await;
}

fn check_moved(answer: &Answered, to: Status) {
    let Answered::Tasks { each, replayed: true } = answer else { panic!("{answer:?}") };
    let moved = |one: &Operated| matches!(one, Operated::Moved { status, .. } if *status == to);
    assert!(each.len() == 2 && each.iter().all(moved), "{each:?}");
}

#[tokio::test]
async fn a_register_takes_over_once() {
    with_store(async |at| {
        let ids = at.submit_many(1).await;
        let [first, second] = [1, 2].map(|boot| Life::new(1, boot));
        at.claim(&first, 1).await;
        let proxy = behind_proxy(at).await;
        lose(&proxy, "worker/register");
        let answer = at.register(&second, Some(&first.boot)).await;
        proxy.lost().await;
        assert!(matches!(answer, Registered::Current { .. }), "{answer:?}");
        assert_eq!(at.read(ids[0]).await.crashes, 1);
        assert_eq!(steps(at, ids[0]).await, ["submit", "claim", "takeover"]);
    })
    .await;
}

#[tokio::test]
async fn a_renewal_and_a_farewell_may_be_repeated() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        let proxy = behind_proxy(at).await;
        lose(&proxy, "worker/renew");
        let renew = Renew { worker: &life.worker, boot: &life.boot, holding: &[], alone: false, about: &[] };
        let answer = at.store.renew(Shard::FIRST, &renew).await.unwrap();
        assert!(matches!(answer, Renewed::Until(_)), "{answer:?}");
        lose(&proxy, "worker/deregister");
        let answer = at.store.deregister(Shard::FIRST, &life.worker, &life.boot).await.unwrap();
        proxy.lost().await;
        assert_eq!(answer, Deregistered::Refused(refused(Refusal::Superseded, "")));
    })
    .await;
}

/// A process that ends between the script and its answer looks the same to the others: the time was seen to.
#[tokio::test]
async fn a_schedule_makes_its_task_once() {
    with_store(async |at| {
        let direct = at.store.clone();
        let proxy = behind_proxy(at).await;
        let (name, task) = (ScheduleName::new("nightly").unwrap(), Template::new(kind("report"), *b"1"));
        let put = PutSchedule {
            name: &name,
            timing: &Timing::Every { every_ms: 60_000, aligned_ms: 0 },
            missed: Missed::Once,
            overlap: Overlap::Allow,
            task: &task,
            begins: Begins::AtMs(at.now_ms()),
            version: None,
            by: None,
            owner: None,
            op: None,
        };
        lose(&proxy, "schedule/put");
        let answer = at.store.put_schedule(&put).await.unwrap();
        assert_eq!(answer, SchedulePut::Same { version: 1, replayed: false });
        proxy.lost().await;
        lose(&proxy, "schedule/fire");
        assert!(at.store.fire_due(Shard::FIRST).await.is_err(), "its answer was lost");
        proxy.lost().await;
        assert_eq!(direct.fire_due(Shard::FIRST).await.unwrap().made, 0);
        assert_eq!(direct.schedule(&name).await.unwrap().schedule.unwrap().fired, 1);
        lose(&proxy, "schedule/trigger");
        let trigger = Trigger { name: &name, by: None, op: None };
        let answer = at.store.trigger_schedule(&trigger).await.unwrap();
        assert!(matches!(answer, Triggered::Made { replayed: false, .. }), "{answer:?}");
        assert_eq!(by_hand::<u64>(at, "ZCARD baton:{0}:queue:default:pending").await, 2);
    })
    .await;
}
