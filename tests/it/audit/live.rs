//! Beside a fleet at work nothing is found, and nothing is disturbed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use baton_core::{Shard, TaskId};
use baton_store::audit::Audit;
use baton_store::calls::task::{Grant, NewTask, Outcome, Rerun};
use baton_store::{Options, Store};
use baton_testkit::{Fixture, Launch, Life};

use super::audit_with;
use crate::hand::seasoned;

/// Works until it is told to stop: fails now and then, gives back now and then, completes most, and runs all of it again. So as many
/// tasks are there at the end as at the beginning, and each has moved often.
async fn work(at: Arc<Fixture>, number: u32, stop: Arc<AtomicBool>, moved: Arc<AtomicU64>) {
    let life = Life::new(number, 1);
    at.register(&life, None).await;
    let mut turn = 0_u64;
    while !stop.load(Ordering::SeqCst) {
        let grants: Vec<Grant> = at.claim(&life, 10).await;
        for grant in &grants {
            turn += 1;
            let outcome = match turn % 7 {
                0 => Outcome::Fail { error: Vec::new(), reason: "odd".to_owned(), retry_in_ms: Some(1) },
                1 => Outcome::Release { reason: String::new(), delay_ms: None },
                _ => Outcome::Complete { result: Vec::new() },
            };
            at.report(&life, grant.task, grant.fence, outcome).await;
            moved.fetch_add(1, Ordering::SeqCst);
        }
        let ended: Vec<TaskId> = grants.iter().map(|grant| grant.task).collect();
        let again = Rerun { tasks: &ended, by: None, reason: "", op: None };
        at.store.rerun(Shard::FIRST, &again).await.expect("an answer");
        at.pass_ms(1);
        let _ = at.store.tick(Shard::FIRST, seasoned(&at)).await;
    }
}

async fn submit_pair(at: &Fixture) {
    let parent = at.new_task("noop");
    let child = NewTask { parents: vec![parent.id], ..at.new_task("noop") };
    at.submit(&[parent]).await;
    at.submit(&[child]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_at_work_is_clean_again_and_again() {
    let at = Arc::new(Fixture::start(Launch::default()).await);
    for _ in 0..3 {
        at.submit_many(100).await;
        submit_pair(&at).await;
    }
    let (stop, moved) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let workers: Vec<_> =
        (1..=3).map(|number| tokio::spawn(work(at.clone(), number, stop.clone(), moved.clone()))).collect();
    // Small parts, so that much happens between the reading of the stream and that of the tasks.
    let audit = Audit { events_of_part: 5_000, edges_of_part: 1_000, ..Audit::default() };
    let options = Options::new(at.redis.url().parse().expect("a URL"));
    let store = Store::for_audit(options).await.expect("a namespace");
    let (mut audits, mut during) = (0, 0);
    while audits < 3 || during < 200 {
        let before = moved.load(Ordering::SeqCst);
        let report = audit_with(&store, &audit).await;
        assert!(report.is_clean(), "{:#?}", report.findings);
        (audits, during) = (audits + 1, during + moved.load(Ordering::SeqCst) - before);
    }
    stop.store(true, Ordering::SeqCst);
    for worker in workers {
        worker.await.expect("a worker that worked");
    }
    at.assert_invariants().await;
}

#[tokio::test]
async fn what_is_no_namespace_is_not_audited() {
    let redis = Launch::default().start().await;
    let options = Options::new(redis.url().parse().expect("a URL"));
    let error = Store::for_audit(options).await.expect_err("nothing was founded there");
    assert!(error.to_string().contains("nothing was founded here"), "{error}");
}
