//! Runs a flow: one worker with a hundred slots, and nobody else.

use baton_core::{QueueName, Shard};
use baton_store::Store;
use baton_store::calls::task::{Claimed, Grant, Next, Outcome, Report, Settle, SettleAnswer, Settled};
use baton_store::calls::worker::{Register, Registered};
use baton_testkit::Life;

const SLOTS: u64 = 100;

/// How many tasks it completed before nothing was left.
pub(crate) async fn complete_all(store: &Store, tasks: usize) -> usize {
    let life = Life::new(1, 1);
    register(store, &life).await;
    let (mut held, mut completed) = (Vec::new(), 0);
    loop {
        let reports = held.iter().map(|grant| report(grant, Outcome::Complete { result: b"1".to_vec() }));
        held = turn(store, &life, &reports.collect::<Vec<_>>()).await;
        completed += held.len();
        if !held.is_empty() || store.cascade(Shard::FIRST).await.unwrap() {
            continue;
        }
        // The last piece may just have let some go.
        held = turn(store, &life, &[]).await;
        completed += held.len();
        if held.is_empty() {
            assert!(completed <= tasks, "something ran twice");
            return completed;
        }
    }
}

/// Fails the first task for good; answers how many have ended when that has been passed on.
pub(crate) async fn fail_first(store: &Store, tasks: usize) -> usize {
    let life = Life::new(1, 1);
    register(store, &life).await;
    let held = turn(store, &life, &[]).await;
    let outcome = Outcome::FailForGood { error: b"1".to_vec(), reason: "it cannot".to_owned() };
    let rest = turn(store, &life, &[report(&held[0], outcome)]).await;
    assert!(held.len() == 1 && rest.is_empty(), "only the first can run");
    while store.cascade(Shard::FIRST).await.unwrap() {}
    let counts = store.counts(Shard::FIRST, 0, 1).await.unwrap();
    let ended = counts.queues[0].tasks.iter().filter(|(status, _)| status.is_terminal());
    let ended = ended.map(|(_, count)| *count as usize).sum();
    assert!(ended <= tasks, "something ended twice");
    ended
}

async fn register(store: &Store, life: &Life) {
    let Life { worker, boot } = life;
    let register = Register { worker, boot, expects: None, lease: Default::default(), about: &[] };
    let registered = store.register(Shard::FIRST, &register).await.unwrap();
    assert!(matches!(registered, Registered::Current { .. }), "{registered:?}");
}

fn report(grant: &Grant, outcome: Outcome) -> Report {
    Report { task: grant.task, fence: grant.fence, outcome }
}

/// Reports these and claims as many as there is room for.
async fn turn(store: &Store, life: &Life, reports: &[Report]) -> Vec<Grant> {
    let claim = Next { queues: &[QueueName::default()], in_order: false, max: SLOTS, holding: &[] };
    let settle = Settle { worker: &life.worker, boot: Some(&life.boot), reports, claim: Some(claim) };
    match store.settle(Shard::FIRST, &settle).await.unwrap() {
        SettleAnswer::Reports { each, claimed: Some(Claimed::Tasks(grants)) } => {
            // A call whose answer did not come in time is repeated, and finds what it did.
            let taken = |settled: &Settled| matches!(settled, Settled::Now { .. } | Settled::Recorded { .. });
            assert!(each.iter().all(taken), "{each:?}");
            grants.tasks
        }
        other => panic!("{other:?}"),
    }
}
