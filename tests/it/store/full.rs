//! Redis at its memory limit: nothing new is taken, and what is there still gets done.

use baton_core::{Shard, Status};
use baton_store::Error;
use baton_store::calls::Answered;
use baton_store::calls::task::{Cancel, Settled};
use baton_store::calls::worker::{Renew, Renewed};
use baton_testkit::{Life, with_store};

use super::{open, options, submit};
use crate::hand::{by_hand, tick, unchanged};

#[tokio::test]
async fn a_full_store_refuses_what_is_new_and_drains() {
    with_store(async |at| {
        let ids = at.submit_many(4).await;
        let life = Life::new(1, 1);
        let held = at.claim(&life, 1).await.remove(0);
        by_hand::<()>(at, "CONFIG SET maxmemory 1").await;

        let answer = unchanged(at, submit(&at.store)).await;
        assert!(matches!(answer, Err(Error::StorageFull)), "{answer:?}");
        let pairs = [held.pair()];
        let claimed = at.try_claim(&life, 1, &pairs).await;
        let baton_store::calls::task::Claimed::Tasks(grants) = claimed else { panic!("{claimed:?}") };
        let renew =
            Renew { worker: &life.worker, boot: &life.boot, holding: &pairs, alone: false, about: &[] };
        let renewed = at.store.renew(Shard::FIRST, &renew).await.unwrap();
        assert!(matches!(renewed, Renewed::Until(_)), "{renewed:?}");
        for grant in [&held, &grants.tasks[0]] {
            let done = at.complete(&life, grant).await;
            assert!(matches!(done, Settled::Now { status: Status::Completed, .. }), "{done:?}");
        }
        let cancel = Cancel { tasks: &ids[2..3], by: None, reason: "", op: None };
        let cancelled = at.store.cancel(Shard::FIRST, &cancel).await.unwrap();
        assert!(matches!(cancelled, Answered::Tasks { .. }), "{cancelled:?}");
        tick(at).await;

        // The scripts may be sent again, and a process may be started anew.
        by_hand::<()>(at, "SCRIPT FLUSH").await;
        assert_eq!(at.claim(&life, 1).await.len(), 1);
        open(options(&at.redis.url())).await.expect("opens what is there");

        by_hand::<()>(at, "CONFIG SET maxmemory 0").await;
        submit(&at.store).await.unwrap();
    })
    .await;
}
