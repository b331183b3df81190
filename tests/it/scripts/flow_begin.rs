//! `flow/begin`: a whole flow is cancelled or rerun, a bounded piece at a time, by whoever comes.

use baton_core::{FlowId, FlowState, OnParentFailure, Refusal, Shard, Status, limits};
use baton_store::Error;
use baton_store::calls::flow::{Begin, Begun, Work};
use baton_store::calls::task::NewTask;
use baton_testkit::{Fixture, Life, with_store};

use super::flow_support::*;
use super::task_support::*;

/// More than one call can move.
const MANY: u32 = 1_000;
/// How many tasks one call moves at most.
const STEP: u64 = limits::CASCADE_ROOM / limits::WEIGHT_OF_MOVE;

async fn cancel_flow(at: &Fixture, flow: FlowId) -> u64 {
    concerned(at.store.cancel_flow(&begin(flow)).await.expect("an answer"))
}

async fn rerun_flow(at: &Fixture, flow: FlowId) -> u64 {
    concerned(at.store.rerun_flow(&begin(flow)).await.expect("an answer"))
}

async fn refused(
    at: &Fixture,
    call: impl AsyncFnOnce() -> Result<Begun, Error>,
) -> (Refusal, Option<String>) {
    match refuses_unchanged(at, call).await.expect("an answer") {
        Begun::Refused(refused) => (refused.refusal, refused.detail),
        other => panic!("not refused: {other:?}"),
    }
}

async fn cascade(at: &Fixture) -> bool {
    at.pass_ms(1);
    at.store.cascade(Shard::FIRST).await.expect("an answer")
}

#[tokio::test]
async fn what_has_not_ended_is_cancelled_and_what_ended_badly_is_rerun() {
    with_store(async |at| {
        let flow = create_of(at, vec![vec![], vec![], vec![], vec![], vec![2, 3]]).await;
        end(at, flow.task(1), Status::Completed).await;
        end(at, flow.task(2), Status::Failed).await;
        let life = Life::new(7, 1);
        Ask::new(&life, 1).only(flow.task(4)).send(at).await;
        assert_eq!(cancel_flow(at, flow).await, 3);
        assert_eq!(self::flow(at, flow).await.doing, Some(Work::Cancel));
        pass_on(at).await;
        use Status::{Cancelled, Completed, Failed, Pending};
        assert_eq!(
            statuses(at, &tasks_of(flow, 5)).await,
            [Completed, Failed, Cancelled, Cancelled, Cancelled]
        );
        let ended = self::flow(at, flow).await;
        assert_eq!((ended.state, ended.doing), (FlowState::Failed, None));
        assert!(ended.finished_ms.is_some());
        assert_eq!(at.read(flow.task(3)).await.reason.as_deref(), Some("enough"));

        assert_eq!(rerun_flow(at, flow).await, 4);
        pass_on(at).await;
        assert_eq!(
            statuses(at, &tasks_of(flow, 5)).await,
            [Completed, Pending, Pending, Pending, Status::Blocked]
        );
        let again = self::flow(at, flow).await;
        assert_eq!((again.state, again.finished_ms, again.doing), (FlowState::Running, None, None));
    })
    .await;
}

#[tokio::test]
async fn a_thousand_are_cancelled_in_steps_and_rerun_in_steps_whoever_goes_on() {
    with_store(async |at| {
        let flow = create_of(at, chain(MANY)).await;
        assert_eq!(cancel_flow(at, flow).await, u64::from(MANY));
        // The one that began dies half-way; another one goes on.
        for _ in 0..5 {
            cascade(at).await;
        }
        let half = count_of(at, flow, Status::Cancelled).await;
        assert!(half > 0 && half <= 5 * (STEP + 1), "{half}");
        // From the last on: nobody's policy starts anything.
        assert_eq!(at.read(flow.task(MANY)).await.status(), Status::Cancelled);
        assert_eq!(at.read(flow.task(1)).await.status(), Status::Pending);
        let other = at.store.apart().expect("another store");
        while other.cascade(Shard::FIRST).await.expect("an answer") {}
        assert_eq!(self::flow(at, flow).await.state, FlowState::Cancelled);

        assert_eq!(rerun_flow(at, flow).await, u64::from(MANY));
        let mut before = 0;
        while cascade(at).await {
            let now = u64::from(MANY) - count_of(at, flow, Status::Cancelled).await;
            assert!(now > before && now - before <= STEP + 1, "{before}, then {now}");
            before = now;
        }
        assert_eq!(count_of(at, flow, Status::Blocked).await, u64::from(MANY) - 1);
        assert_eq!(ids(&at.claim(&Life::new(1, 1), 2).await), [flow.task(1)]);
    })
    .await;
}

#[tokio::test]
async fn nobody_runs_because_a_parent_was_cancelled_first() {
    with_store(async |at| {
        let mut new = flow_of(at, fan_out(200));
        new.tasks.iter_mut().for_each(|task| task.on_parent_failure = OnParentFailure::Run);
        let flow = create(at, &new).await;
        cancel_flow(at, flow).await;
        while cascade(at).await {
            assert!(count_of(at, flow, Status::Pending).await <= 1);
        }
        assert_eq!(count_of(at, flow, Status::Cancelled).await, 201);
    })
    .await;
}

#[tokio::test]
async fn a_cancel_overtakes_a_rerun_and_everything_else_waits_its_turn() {
    with_store(async |at| {
        let flow = create_of(at, chain(MANY)).await;
        cancel_flow(at, flow).await;
        let conflict = |work: &str| (Refusal::Conflict, Some(work.to_owned()));
        assert_eq!(refused(at, async || at.store.cancel_flow(&begin(flow)).await).await, conflict("cancel"));
        assert_eq!(refused(at, async || at.store.rerun_flow(&begin(flow)).await).await, conflict("cancel"));
        pass_on(at).await;
        rerun_flow(at, flow).await;
        cascade(at).await;
        assert_eq!(refused(at, async || at.store.rerun_flow(&begin(flow)).await).await, conflict("rerun"));
        let rerun_so_far = u64::from(MANY) - count_of(at, flow, Status::Cancelled).await;
        assert!(rerun_so_far > 0);
        assert_eq!(cancel_flow(at, flow).await, rerun_so_far);
        pass_on(at).await;
        assert_eq!(count_of(at, flow, Status::Cancelled).await, u64::from(MANY));
    })
    .await;
}

#[tokio::test]
async fn a_flow_that_is_laid_out_cannot_be_begun_with() {
    with_store(async |at| {
        let flow = create_of(at, chain(2)).await;
        // As though its submitter had died before it was laid out.
        let key = at.store.keys(Shard::FIRST).expect("its shard").flow(flow);
        by_hand(at, "HSET", &[&key, "doing", "lay_out"]).await;
        let conflict = (Refusal::Conflict, Some("lay_out".to_owned()));
        assert_eq!(refused(at, async || at.store.cancel_flow(&begin(flow)).await).await, conflict);
        assert_eq!(refused(at, async || at.store.rerun_flow(&begin(flow)).await).await, conflict);
        by_hand(at, "HDEL", &[&key, "doing"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_rerun_waits_for_an_end_that_is_being_passed_on() {
    with_store(async |at| {
        let flow = create_of(at, fan_out(MANY)).await;
        end(at, flow.task(1), Status::Failed).await;
        assert_eq!(rerun_flow(at, flow).await, 1);
        let mut waited = 0;
        while at.read(flow.task(1)).await.status() == Status::Failed {
            cascade(at).await;
            waited += 1;
            assert!(waited < 100, "it waits for ever");
        }
        assert!(waited > 1, "nothing to wait for");
        pass_on(at).await;
        let flow = self::flow(at, flow).await;
        assert_eq!((flow.doing, flow.counts[&Status::Blocked]), (None, u64::from(MANY)));
    })
    .await;
}

#[tokio::test]
async fn what_a_rerun_brings_back_is_not_ended_once_more_by_an_end_from_before() {
    with_store(async |at| {
        let size = 200;
        let mut new = flow_of(at, chain(size));
        new.tasks.iter_mut().for_each(|task| task.on_parent_failure = OnParentFailure::Cancel);
        let flow = create(at, &new).await;
        // The end of the chain is cancelled already when the end of its beginning sets out for it.
        cancel(at, &[flow.task(size - 10)]).await;
        pass_on(at).await;
        end(at, flow.task(1), Status::Failed).await;
        assert!(rerun_flow(at, flow).await < u64::from(size), "it has arrived already");
        pass_on(at).await;
        let flow = self::flow(at, flow).await;
        let counts: Vec<_> = flow.counts.into_iter().collect();
        assert_eq!(counts, [(Status::Blocked, u64::from(size) - 1), (Status::Pending, 1)]);
    })
    .await;
}

#[tokio::test]
async fn where_nothing_is_concerned_nothing_is_begun() {
    with_store(async |at| {
        let flow = create_of(at, chain(1)).await;
        assert_eq!(rerun_flow(at, flow).await, 0);
        end(at, flow.task(1), Status::Completed).await;
        assert_eq!(cancel_flow(at, flow).await, 0);
        assert_eq!(self::flow(at, flow).await.doing, None);
        assert!(!cascade(at).await);
    })
    .await;
}

#[tokio::test]
async fn a_task_that_joins_meanwhile_is_not_concerned() {
    with_store(async |at| {
        let flow = create_of(at, chain(MANY)).await;
        cancel_flow(at, flow).await;
        cascade(at).await;
        let late = NewTask { flow: Some(flow), ..at.new_task("noop") };
        let late = at.submit(&[late]).await[0];
        pass_on(at).await;
        assert_eq!(at.read(late).await.status(), Status::Pending);
        assert_eq!(count_of(at, flow, Status::Cancelled).await, u64::from(MANY));
    })
    .await;
}

#[tokio::test]
async fn the_repeat_of_a_lost_answer_gets_it_and_another_request_does_not() {
    with_store(async |at| {
        let flow = create_of(at, chain(2)).await;
        let (op, by) = (op("op-1"), principal());
        let ask = Begin { op: Some(&op), by: Some(&by), ..begin(flow) };
        assert_eq!(concerned(at.store.cancel_flow(&ask).await.expect("an answer")), 2);
        pass_on(at).await;
        rerun_flow(at, flow).await;
        pass_on(at).await;
        let again = refuses_unchanged(at, async || at.store.cancel_flow(&ask).await).await;
        assert_eq!(again.expect("an answer"), Begun::Tasks { concerned: 2, replayed: true });
        let mismatch = (Refusal::IdempotencyMismatch, None);
        assert_eq!(refused(at, async || at.store.rerun_flow(&ask).await).await, mismatch);
        let other = Begin { reason: "another", ..ask };
        assert_eq!(refused(at, async || at.store.cancel_flow(&other).await).await, mismatch);
    })
    .await;
}

#[tokio::test]
async fn unknown_flows_long_reasons_and_newer_releases_are_refused() {
    with_store(async |at| {
        let ghost = at.store.draw_flow(Shard::FIRST);
        let unknown = (Refusal::UnknownFlow, None);
        assert_eq!(refused(at, async || at.store.cancel_flow(&begin(ghost)).await).await, unknown);
        let flow = create_of(at, chain(2)).await;
        let long = "x".repeat(limits::REASON_BYTES_MAX as usize + 1);
        for reason in ["a\nb", &long] {
            invalid(at.store.cancel_flow(&Begin { reason, ..begin(flow) }).await);
        }
        // The longest there may be comes through whole.
        let reason = &long[1..];
        at.store.cancel_flow(&Begin { reason, ..begin(flow) }).await.expect("an answer");
        pass_on(at).await;
        let mut tasks = at.store.read_tasks(Shard::FIRST, &[flow.task(1)], true).await.expect("an answer");
        assert_eq!(tasks.remove(0).expect("it exists").reason.as_deref(), Some(reason));
        make_schema_too_new(at).await;
        assert_eq!(
            refused(at, async || at.store.rerun_flow(&begin(flow)).await).await.0,
            Refusal::SchemaTooNew
        );
    })
    .await;
}
