//! flow/submit: a flow that is one call: what is stored, and what is refused.

use baton_core::{FlowState, OnParentFailure, Priority, Refusal, Status, TaskRef, limits};
use baton_store::calls::flow::{FlowAnswer, NewFlow};
use baton_store::calls::task::{EdgeState, Side, Submitted};
use baton_store::{Error, State};
use baton_testkit::{Fixture, Life, queue, with_store};

use super::super::flow_support::*;
use super::super::task_submit::submit;
use super::super::task_support::*;
use crate::hand::{by_hand, events};

async fn try_submit(at: &Fixture, flow: &NewFlow) -> Result<FlowAnswer, Error> {
    refuses_unchanged(at, async || at.store.submit_flow(flow).await).await
}

#[tokio::test]
async fn it_is_there_with_all_its_tasks_and_edges() {
    with_store(async |at| {
        let name = |text: &str| Some(TaskRef::new(text).expect("a ref"));
        let mut new = flow_of(at, vec![vec![], vec![], vec![1, 2], vec![3]]);
        new.name = name("nightly");
        new.tasks[2].name = name("join");
        new.tasks[2].on_parent_failure = OnParentFailure::Run;
        new.tasks[3].payload = hostile_bytes();
        let id = create(at, &new).await;
        assert_eq!(id, new.id);
        let flow = flow(at, id).await;
        assert_eq!((flow.tasks, flow.edges, flow.state), (4, 3, FlowState::Running));
        assert_eq!((&flow.name, flow.submitted_by), (&new.name, Some(principal())));
        assert_eq!((flow.created_ms, flow.finished_ms, flow.doing), (at.now_ms(), None, None));
        assert_eq!(flow.counts.into_iter().collect::<Vec<_>>(), [(Status::Blocked, 2), (Status::Pending, 2)]);
        let join = at.read(id.task(3)).await;
        assert_eq!((join.family.flow, &join.family.name), (Some(id), &new.tasks[2].name));
        assert_eq!((join.family.parents, join.family.open_parents, join.family.children), (2, 2, 1));
        assert_eq!(join.family.on_parent_failure, OnParentFailure::Run);
        assert_eq!((join.version.0, join.created_ms), (1, at.now_ms()));
        let last = at.read(id.task(4)).await;
        assert_eq!((last.payload, last.submitted_by), (Some(hostile_bytes()), Some(principal())));
        let parents = [1, 2].map(|position| (id.task(position), EdgeState::Open));
        assert_eq!(edges(at, id.task(3), Side::Parents).await, parents);
        let granted = at.claim(&Life::new(1, 1), 4).await;
        assert_eq!(ids(&granted), tasks_of(id, 2));
        assert_eq!(granted.iter().map(|grant| grant.parents).collect::<Vec<_>>(), [0, 0]);
    })
    .await;
}

#[tokio::test]
async fn the_stream_tells_the_children_before_their_parents() {
    with_store(async |at| {
        let id = create_of(at, chain(5)).await;
        let told = events(at).await;
        assert!(told.iter().all(|entry| entry.event == "submit" && entry.by == Some(principal())));
        let told: Vec<_> = told.into_iter().flat_map(|entry| entry.tasks).collect();
        let backwards: Vec<_> = tasks_of(id, 5).into_iter().rev().collect();
        assert_eq!(told.iter().map(|event| event.task).collect::<Vec<_>>(), backwards);
        assert_eq!(told[0].why.as_deref(), Some("parents=1"));
        assert_eq!(told[4].why, None);
    })
    .await;
}

#[tokio::test]
async fn times_queues_and_priorities_are_kept() {
    with_store(async |at| {
        let mut new = flow_of(at, vec![vec![]; 4]);
        new.tasks[0].run_at_ms = Some(at.now_ms() + 5);
        new.tasks[1].delay_ms = Some(5);
        new.tasks[2].run_at_ms = Some(at.now_ms() - 5);
        new.tasks[3].queue = queue("other");
        new.tasks[3].priority = Priority::new(9).expect("a priority");
        let id = create(at, &new).await;
        for position in [1, 2] {
            let due = State::Scheduled { run_at_ms: at.now_ms() + 5 };
            assert_eq!(at.read(id.task(position)).await.state, due);
        }
        assert_eq!(at.read(id.task(3)).await.state, State::Pending);
        assert_eq!(listed(at, &queue("other"), Status::Pending).await, [id.task(4)]);
        at.pass_ms(5);
        tick(at).await;
        assert_eq!(count_of(at, id, Status::Pending).await, 4);
    })
    .await;
}

#[tokio::test]
async fn a_key_names_one_live_task_of_its_flow() {
    with_store(async |at| {
        // The same key in two flows, and outside of them.
        let mut flows = Vec::new();
        for _ in 0..2 {
            let mut new = flow_of(at, chain(2));
            new.tasks[0] = with_key(new.tasks[0].clone(), "once");
            flows.push(create(at, &new).await);
        }
        at.submit(&[with_key(at.new_task("noop"), "once")]).await;
        let mut joining = with_key(at.new_task("noop"), "once");
        joining.flow = Some(flows[0]);
        let each = refuses_unchanged(at, async || submit(at, std::slice::from_ref(&joining)).await).await;
        assert!(matches!(each[0], Submitted::Duplicate { id, .. } if id == flows[0].task(1)), "{each:?}");
        end(at, flows[0].task(1), Status::Completed).await;
        let each = submit(at, &[joining]).await;
        assert!(matches!(each[0], Submitted::Created { .. }), "{each:?}");
        let keys: Vec<String> = by_hand(at, "KEYS baton:{0}:*:key:once").await;
        assert_eq!(keys.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn sent_twice_it_is_one_flow_and_its_idempotency_key_no_other() {
    with_store(async |at| {
        // Without an idempotency key its own id tells.
        let new = flow_of(at, chain(2));
        create(at, &new).await;
        assert_eq!(try_submit(at, &new).await.expect("an answer"), FlowAnswer::Replayed { flow: new.id });
        let keyed = NewFlow { op: Some(op("op-1")), ..flow_of(at, chain(3)) };
        let id = create(at, &keyed).await;
        // Through another gateway, which draws other ids.
        let again = NewFlow { id: at.store.draw_flow(baton_core::Shard::FIRST), ..keyed.clone() };
        assert_eq!(try_submit(at, &again).await.expect("an answer"), FlowAnswer::Replayed { flow: id });
        let mut others = vec![again.clone(), again.clone(), again.clone()];
        others[0].tasks[2].payload = b"another".to_vec();
        others[1].parents[2] = vec![1];
        others[2].name = Some(TaskRef::new("named").expect("a ref"));
        for other in others {
            match try_submit(at, &other).await.expect("an answer") {
                FlowAnswer::Refused(refused) => assert_eq!(refused.refusal, Refusal::IdempotencyMismatch),
                other => panic!("not refused: {other:?}"),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_graph_or_too_large_is_refused_before_it_is_sent() {
    with_store(async |at| {
        let graphs = [vec![], vec![vec![1]], vec![vec![2], vec![]], vec![vec![0]], vec![vec![], vec![3]]];
        for parents in graphs {
            invalid(try_submit(at, &flow_of(at, parents)).await);
        }
        let mut new = flow_of(at, chain(2));
        new.parents.pop();
        invalid(try_submit(at, &new).await);
        let mut new = flow_of(at, chain(2));
        new.tasks[1].payload = vec![0; limits::PAYLOAD_BYTES_MAX as usize + 1];
        invalid(try_submit(at, &new).await);
        let mut new = flow_of(at, chain(1));
        new.tasks = vec![new.tasks[0].clone(); limits::FLOW_TASKS_MAX as usize + 1];
        new.parents = vec![vec![]; new.tasks.len()];
        invalid(try_submit(at, &new).await);
        new.tasks.truncate(2);
        new.parents = vec![vec![], vec![1; limits::FLOW_EDGES_MAX as usize + 1]];
        invalid(try_submit(at, &new).await);
    })
    .await;
}

#[tokio::test]
async fn a_newer_release_takes_it_itself() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        match try_submit(at, &flow_of(at, chain(2))).await.expect("an answer") {
            FlowAnswer::Refused(refused) => assert_eq!(refused.refusal, Refusal::SchemaTooNew),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}
