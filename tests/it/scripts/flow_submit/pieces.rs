//! flow/submit: a flow that comes in pieces, each of which may come twice, and none of which may be missing.

use baton_core::{Shard, Status, limits};
use baton_store::calls::flow::Work;
use baton_testkit::{Life, with_store};

use super::super::flow_support::*;
use super::super::task_support::*;
use super::piece::*;
use crate::hand::events;

#[tokio::test]
async fn a_repeated_piece_is_written_once_and_the_last_makes_it_a_flow() {
    with_store(async |at| {
        let new = flow_of(at, chain(3));
        let first = Piece { flow: &new, tasks: 1..=2, edges: true, first: true, last: false };
        let last = Piece { tasks: 3..=3, first: false, last: true, ..first.clone() };
        assert_eq!(first.send(at).await, ["drafted"]);
        assert_eq!(refuses_unchanged(at, async || first.send(at).await).await, ["drafted"]);
        assert_eq!(last.send(at).await, ["submitted", ""]);
        for late in [&last, &first] {
            let answer = refuses_unchanged(at, async || late.send(at).await).await;
            assert_eq!(answer, ["replayed", &new.id.to_string(), "submitted"]);
        }
        let flow = flow(at, new.id).await;
        assert_eq!((flow.tasks, flow.edges, flow.doing), (3, 2, None));
        assert_eq!(statuses(at, &tasks_of(new.id, 3)).await[0], Status::Pending);
    })
    .await;
}

#[tokio::test]
async fn without_a_piece_it_does_not_become_a_flow() {
    with_store(async |at| {
        let new = flow_of(at, chain(3));
        let whole = Piece { flow: &new, tasks: 1..=3, edges: true, first: true, last: true };
        let refused = ["refused", "unknown_flow", ""];
        // A task is missing; then the edges of one.
        for lacking in [
            Piece { tasks: 1..=2, ..whole.clone() },
            Piece { tasks: 3..=3, edges: false, first: false, ..whole.clone() },
        ] {
            assert_eq!(lacking.send(at).await, refused);
            assert_eq!(at.store.read_flow(new.id).await.expect("an answer"), None);
            assert!(at.claim(&Life::new(1, 1), 3).await.is_empty());
            assert_eq!(events(at).await.iter().filter(|entry| entry.event == "submit").count(), 0);
        }
        let rest = Piece { tasks: 3..=3, first: false, ..whole.clone() };
        assert_eq!(rest.send(at).await, ["submitted", ""]);
        assert_eq!(count_of(at, new.id, Status::Blocked).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_later_piece_begins_no_draft() {
    with_store(async |at| {
        let new = flow_of(at, chain(3));
        let later = Piece { flow: &new, tasks: 2..=2, edges: true, first: false, last: false };
        let answer = refuses_unchanged(at, async || later.send(at).await).await;
        assert_eq!(answer, ["refused", "unknown_flow", ""]);
    })
    .await;
}

#[tokio::test]
async fn a_flow_of_many_pieces_is_laid_out_when_its_submission_is_answered() {
    with_store(async |at| {
        let size = 3 * limits::FLOW_CHUNK_TASKS as u32 + 7;
        let id = create_of(at, fan_in(size)).await;
        let flow = flow(at, id).await;
        assert_eq!((flow.tasks, flow.edges, flow.doing), (u64::from(size) + 1, u64::from(size), None));
        assert_eq!(count_of(at, id, Status::Pending).await, u64::from(size));
        // Each of the edges lists is longer than one call carries.
        let wide = (limits::FLOW_CHUNK_EDGES + 5) as u32;
        for parents in [fan_in(wide), fan_out(wide)] {
            let id = create_of(at, parents).await;
            assert_eq!(self::flow(at, id).await.edges, u64::from(wide));
        }
        // And long payloads fill a call before there are many of them.
        let mut new = flow_of(at, chain(5));
        new.tasks.iter_mut().for_each(|task| task.payload = vec![7; limits::PAYLOAD_BYTES_MAX as usize / 2]);
        let id = create(at, &new).await;
        assert_eq!(at.read(id.task(5)).await.payload.map(|payload| payload.len()), Some(1 << 19));
    })
    .await;
}

#[tokio::test]
async fn laid_out_half_way_nobody_sees_a_task_without_its_children() {
    with_store(async |at| {
        let size = 2 * limits::FLOW_CHUNK_TASKS as u32;
        let new = flow_of(at, chain(size));
        let piece = Piece { flow: &new, tasks: 1..=size, edges: true, first: true, last: true };
        assert_eq!(piece.send(at).await, ["submitted", "1"]);
        let other = at.store.apart().expect("another store");
        let mut calls = 0;
        loop {
            let flow = flow(at, new.id).await;
            let there: u64 = flow.counts.values().sum();
            let Some(work) = flow.doing else { break };
            assert_eq!((work, flow.finished_ms), (Work::LayOut, None));
            let mut seen = Vec::new();
            for some in tasks_of(new.id, size).chunks(limits::PAGE_MAX as usize) {
                let read = at.store.read_tasks(Shard::FIRST, some, false).await.expect("an answer");
                seen.extend(read.into_iter().map(|task| task.is_some()));
            }
            let hidden = (u64::from(size) - there) as usize;
            let expected: Vec<bool> = (0..size as usize).map(|position| position >= hidden).collect();
            assert_eq!(seen, expected);
            assert!(at.claim(&Life::new(1, 1), 1).await.is_empty());
            at.assert_invariants().await;
            let stores = [&at.store, &other];
            stores[calls % 2].cascade(Shard::FIRST).await.expect("an answer");
            calls += 1;
        }
        assert!(calls as u64 >= u64::from(size) * limits::WEIGHT_OF_MOVE / limits::CASCADE_ROOM, "{calls}");
        assert_eq!(ids(&at.claim(&Life::new(1, 1), 1).await), [new.id.task(1)]);
    })
    .await;
}
