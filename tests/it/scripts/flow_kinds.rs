//! flow/kinds: a flow by kinds, counted piece by piece.

use baton_core::{FlowId, Status, limits};
use baton_store::calls::flow::{FlowKinds, Sort};
use baton_store::calls::task::NewTask;
use baton_testkit::{Fixture, kind, queue, with_store};

use super::flow_support::*;
use crate::hand::unchanged;

async fn kinds(at: &Fixture, flow: FlowId) -> FlowKinds {
    unchanged(at, at.store.flow_kinds(flow)).await.expect("an answer")
}

fn sort(of: &str, kind_of: &str) -> Sort {
    Sort { queue: queue(of), kind: kind(kind_of) }
}

#[tokio::test]
async fn tasks_and_edges_are_counted_by_queue_and_kind() {
    with_store(async |at| {
        let mut draft = flow_of(at, vec![vec![], vec![], vec![1, 2], vec![1], vec![3, 4], vec![5]]);
        for (position, word) in [(2, "load"), (3, "load"), (4, "send"), (5, "noop")] {
            draft.tasks[position].kind = kind(word);
        }
        draft.tasks[4].queue = queue("mail");
        let flow = create(at, &draft).await;
        end(at, flow.task(1), Status::Completed).await;
        end(at, flow.task(2), Status::Failed).await;
        pass_on(at).await;
        // One that waits elsewhere is no part of it, and one that joined is.
        let parents = vec![flow.task(5)];
        let joins = NewTask { flow: Some(flow), parents: parents.clone(), ..at.new_task("noop") };
        at.submit(&[NewTask { parents, ..at.new_task("load") }, joins]).await;
        let found = kinds(at, flow).await;
        let [noop, load, send] = [sort("default", "noop"), sort("default", "load"), sort("mail", "send")];
        assert_eq!(found.order, [noop.clone(), load.clone(), send.clone()]);
        let of = |sort: &Sort, status| found.tasks[sort].get(&status).copied().unwrap_or_default();
        assert_eq!(
            (of(&noop, Status::Completed), of(&noop, Status::Failed), of(&noop, Status::Blocked)),
            (1, 1, 2)
        );
        assert_eq!(
            (of(&load, Status::Blocked), of(&load, Status::Pending), of(&send, Status::Blocked)),
            (1, 1, 1)
        );
        let edges: Vec<_> = found.edges.iter().map(|((from, to), count)| (from, to, *count)).collect();
        let expected = [(&load, &send, 2), (&noop, &load, 3), (&send, &noop, 2)];
        assert_eq!(edges, expected);
    })
    .await;
}

#[tokio::test]
async fn a_fan_that_is_wider_than_a_piece_is_counted_once() {
    with_store(async |at| {
        let children = limits::FLOW_KINDS_EDGES as u32 + limits::FLOW_KINDS_TASKS as u32 + 3;
        let mut parents = fan_out(children);
        // And one that ends exactly with a piece.
        parents.push(Vec::new());
        let flow = create_of(at, parents).await;
        let found = kinds(at, flow).await;
        let noop = sort("default", "noop");
        assert_eq!(found.tasks[&noop].values().sum::<u64>(), u64::from(children) + 2);
        assert_eq!(found.edges[&(noop.clone(), noop)], u64::from(children));
    })
    .await;
}

#[tokio::test]
async fn of_more_kinds_than_a_picture_can_have_the_rest_is_left_out() {
    with_store(async |at| {
        let mut draft = flow_of(at, vec![vec![]; 1_001]);
        for (number, task) in draft.tasks.iter_mut().enumerate() {
            task.kind = kind(&format!("kind-{number}"));
        }
        let found = kinds(at, create(at, &draft).await).await;
        assert_eq!((found.order.len(), found.tasks.len(), found.is_partial), (1_000, 1_000, true));
    })
    .await;
}

#[tokio::test]
async fn a_flow_that_there_is_not_has_no_kinds() {
    with_store(async |at| {
        let ghost = at.store.draw_flow(baton_core::Shard::FIRST);
        assert_eq!(kinds(at, ghost).await, FlowKinds::default());
    })
    .await;
}
