//! A task from its submission to its end, and what a person sees of it with `redis-cli`.

use baton_core::Status;
use baton_store::calls::task::Settled;
use baton_testkit::{Life, with_store};

#[tokio::test]
async fn a_task_is_submitted_claimed_and_completed() {
    with_store(async |at| {
        let ids = at.submit_many(3).await;
        let life = Life::new(1, 1);
        let grants = at.claim(&life, 2).await;
        assert_eq!(grants.iter().map(|grant| grant.task).collect::<Vec<_>>(), ids[..2]);
        let settled = at.complete(&life, &grants[0]).await;
        assert!(matches!(settled, Settled::Now { status: Status::Completed, .. }), "{settled:?}");
        println!("{}", at.snapshot().await);
    })
    .await;
}
