//! shard/cascade: ends of a batch, and what else happens to a parent whose end is still being passed on.

use baton_core::{QueueName, Refusal, Shard, Status, limits};
use baton_store::calls::task::{Claimed, EdgeState, NewTask, Next, Report, Settle, SettleAnswer, Side};
use baton_testkit::{Life, with_store};

use super::super::flow_support::*;
use super::super::task_support::*;

const MANY: u32 = 1_000;

#[tokio::test]
async fn who_completes_the_last_parent_may_claim_the_child_in_the_same_trip() {
    with_store(async |at| {
        let flow = create_of(at, fan_in(3)).await;
        let life = Life::new(1, 1);
        let held = at.claim(&life, 3).await;
        let report = |grant: &baton_store::calls::task::Grant| Report {
            task: grant.task,
            fence: grant.fence,
            outcome: done_with(b"well"),
        };
        let reports: Vec<Report> = held.iter().map(report).collect();
        let next = Next { queues: &[QueueName::default()], in_order: false, max: 5, holding: &[] };
        let settle =
            Settle { worker: &life.worker, boot: Some(&life.boot), reports: &reports, claim: Some(next) };
        match at.store.settle(Shard::FIRST, &settle).await.expect("an answer") {
            SettleAnswer::Reports { claimed: Some(Claimed::Tasks(grants)), .. } => {
                assert_eq!(ids(&grants.tasks), [flow.task(4)]);
                assert_eq!(grants.tasks[0].parents, 3);
            }
            other => panic!("nothing is claimed: {other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn a_whole_batch_of_ends_is_passed_on_in_the_end() {
    with_store(async |at| {
        // Each parent of the one half has three children, and they are cancelled in one call.
        let parents = limits::OPERATE_TASKS_MAX as u32;
        let mut graph = vec![vec![]; parents as usize];
        graph.extend((0..3 * parents).map(|child| vec![child % parents + 1]));
        let flow = create_of(at, graph).await;
        cancel(at, &tasks_of(flow, parents)).await;
        let open = edges(at, flow.task(parents), Side::Children).await;
        assert_eq!(open.iter().map(|edge| edge.1).collect::<Vec<_>>(), [EdgeState::Open; 3]);
        pass_on(at).await;
        for position in [1, parents] {
            let held = edges(at, flow.task(position), Side::Children).await;
            assert_eq!(held.iter().map(|edge| edge.1).collect::<Vec<_>>(), [EdgeState::Held; 3]);
        }
        assert_eq!(count_of(at, flow, Status::Blocked).await, 3 * u64::from(parents));
    })
    .await;
}

#[tokio::test]
async fn a_new_child_meets_the_end_at_once_and_an_unlinked_one_never() {
    with_store(async |at| {
        for ended in [Status::Completed, Status::Failed] {
            let flow = create_of(at, fan_out(MANY)).await;
            let (parent, last) = (flow.task(1), flow.task(MANY + 1));
            end(at, parent, ended).await;
            assert_eq!(edges(at, last, Side::Parents).await, [(parent, EdgeState::Open)]);
            let made = at.submit(&[NewTask { parents: vec![parent], ..at.new_task("noop") }]).await;
            let linked = at.submit_many(1).await[0];
            let (state, status, _) = link(at, parent, linked).await;
            let expected = match ended {
                Status::Completed => (EdgeState::Closed, Status::Pending),
                _ => (EdgeState::Held, Status::Blocked),
            };
            assert_eq!((state, status), expected);
            assert_eq!(statuses(at, &made).await, [expected.1]);
            assert_eq!(unlink(at, parent, last).await.1, Status::Pending);
            pass_on(at).await;
            assert_eq!(edges(at, linked, Side::Parents).await, [(parent, expected.0)]);
            assert_eq!(at.read(last).await.status(), Status::Pending);
            assert_eq!(at.read(last).await.version.0, 2);
        }
    })
    .await;
}

#[tokio::test]
async fn a_child_that_is_cancelled_meanwhile_stays_cancelled() {
    with_store(async |at| {
        let flow = create_of(at, fan_out(MANY)).await;
        let last = flow.task(MANY + 1);
        end(at, flow.task(1), Status::Completed).await;
        cancel(at, &[last]).await;
        // What it waits for is on its way: run again, it waits for that.
        assert_eq!(outcomes(&rerun(at, &[last]).await), [Ok(Status::Blocked)]);
        cancel(at, &[last]).await;
        pass_on(at).await;
        let read = at.read(last).await;
        assert_eq!((read.status(), read.family.open_parents), (Status::Cancelled, 0));
        let refused = Ask::new(&Life::new(1, 1), 1).only(last).refused(at).await;
        assert_eq!(refused, (Refusal::AlreadyFinished, Some("cancelled".to_owned())));
    })
    .await;
}
