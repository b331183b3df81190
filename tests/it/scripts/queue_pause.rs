//! queue/pause: claims from a queue stop, what runs goes on.

use baton_core::{Principal, QueueName, Refusal, Shard, Status};
use baton_store::calls::queue::{Paused, SetPaused};
use baton_store::calls::task::Settled;
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, Life, queue, with_store};

use crate::hand::{changes, events, make_schema_too_new, refused, unchanged};

async fn check(at: &Fixture, queue: &QueueName, paused: bool) -> Paused {
    let by = Principal::new("ada").expect("a name");
    let set = SetPaused { queue, paused, by: Some(&by) };
    at.store.set_paused(Shard::FIRST, &set).await.expect("an answer")
}

#[tokio::test]
async fn claims_stop_and_runs_go_on() {
    with_store(async |at| {
        at.submit_many(2).await;
        let life = Life::new(1, 1);
        let grants = at.claim(&life, 1).await;
        let queue = QueueName::default();
        let (answer, changed) = changes(at, check(at, &queue, true)).await;
        assert_eq!(answer, Paused::Since(START_MS));
        assert_eq!(
            changed,
            "- baton:{0}:meta events \"4\"\n\
             + baton:{0}:meta events \"5\"\n\
             + baton:{0}:queue:default paused_ms \"1700000000000\"\n"
        );
        let pair = [grants[0].pair()];
        let claimed = at.try_claim(&life, 1, &pair).await;
        assert!(
            matches!(&claimed, baton_store::calls::task::Claimed::Tasks(grants) if grants.tasks.is_empty()),
            "{claimed:?}"
        );
        let done = at.complete(&life, &grants[0]).await;
        assert!(matches!(done, Settled::Now { status: Status::Completed, .. }), "{done:?}");
        assert_eq!(check(at, &queue, false).await, Paused::Resumed);
        assert_eq!(at.claim(&life, 1).await.len(), 1);
        let told = events(at).await;
        let told: Vec<_> = told.iter().filter(|entry| entry.subject.as_deref() == Some("default")).collect();
        assert_eq!((told[0].event.as_str(), told[1].event.as_str()), ("pause", "resume"));
        assert_eq!(told[0].by, Some(Principal::new("ada").unwrap()));
    })
    .await;
}

#[tokio::test]
async fn a_repeat_changes_nothing_and_says_since_when() {
    with_store(async |at| {
        let queue = queue("media");
        assert_eq!(unchanged(at, check(at, &queue, false)).await, Paused::Resumed);
        check(at, &queue, true).await;
        at.pass_ms(5);
        assert_eq!(unchanged(at, check(at, &queue, true)).await, Paused::Since(START_MS));
        check(at, &queue, false).await;
        assert_eq!(unchanged(at, check(at, &queue, false)).await, Paused::Resumed);
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_stops_it() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        for paused in [true, false] {
            let answer = unchanged(at, check(at, &QueueName::default(), paused)).await;
            assert_eq!(answer, Paused::Refused(refused(Refusal::SchemaTooNew, "")));
        }
    })
    .await;
}

/// No name of a queue may meet a key that belongs to another one.
#[tokio::test]
async fn no_queue_is_named_like_the_index_of_another() {
    with_store(async |at| {
        at.submit_many(1).await;
        for name in ["default:pending", "default:completed", "default:key:x"] {
            let Ok(queue) = QueueName::new(name) else { continue };
            let task = baton_store::calls::task::NewTask { queue: queue.clone(), ..at.new_task("noop") };
            let submission = baton_store::calls::task::Submission { tasks: &[task], by: None, op: None };
            at.store.submit(&submission).await.expect("an answer");
            at.store.counts(Shard::FIRST, 0, 100).await.expect("an answer");
            let by_name = SetPaused { queue: &queue, paused: true, by: None };
            at.store.set_paused(Shard::FIRST, &by_name).await.expect("an answer");
        }
    })
    .await;
}
