//! All that is due, done now.

use std::time::Duration;

use baton_core::{Shard, Status};
use baton_store::Error;
use baton_store::calls::task::NewTask;
use baton_store::ticker::{Recovered, Recovery};
use baton_testkit::{Fixture, Life, with_store};

/// Recovers while Redis's clock goes on as ours does: one that ran ahead would look like a stall.
async fn recover(at: &Fixture) -> Result<Recovery, Error> {
    let clock = async {
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            at.pass_ms(10);
        }
    };
    tokio::select! {
        recovery = at.store.recover() => recovery,
        () = clock => unreachable!("the clock goes on"),
    }
}

#[tokio::test]
async fn what_a_dead_worker_held_waits_again_and_all_else_stays() {
    with_store(async |at| {
        let ids = at.submit_many(3).await;
        let (dead, living) = (Life::new(1, 1), Life::new(2, 1));
        let lost = at.claim(&dead, 1).await;
        let done = at.claim(&living, 1).await;
        at.complete(&living, &done[0]).await;
        let later = NewTask { delay_ms: Some(3_600_000), ..at.new_task("noop") };
        let scheduled = at.submit(&[later]).await[0];
        at.pass_ms(30_000);
        let recovery = recover(at).await.unwrap();
        assert_eq!(recovery, Recovery::Done(Recovered { reclaimed: 1, matured: 0 }));
        for (id, status) in [
            (lost[0].task, Status::Pending),
            (done[0].task, Status::Completed),
            (ids[2], Status::Pending),
            (scheduled, Status::Scheduled),
        ] {
            assert_eq!(at.read(id).await.status(), status);
        }
        assert_eq!(at.read(lost[0].task).await.crashes, 1);
        assert_eq!(recover(at).await.unwrap(), Recovery::Done(Recovered::default()));
    })
    .await;
}

#[tokio::test]
async fn a_living_holder_keeps_what_it_holds() {
    with_store(async |at| {
        at.submit_many(2).await;
        let life = Life::new(1, 1);
        let held = at.claim(&life, 2).await;
        assert_eq!(recover(at).await.unwrap(), Recovery::Done(Recovered::default()));
        assert_eq!(at.read(held[0].task).await.status(), Status::Running);
        assert_eq!(at.store.workers(Shard::FIRST, 0, 1).await.unwrap().workers[0].holds, 2);
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_stops_it() {
    with_store(async |at| {
        crate::hand::make_schema_too_new(at).await;
        assert!(matches!(recover(at).await.unwrap(), Recovery::Refused(_)));
    })
    .await;
}
