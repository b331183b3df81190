//! shard/tick: what others depend on, and what belongs to a flow, is removed only when all of it may go.

use baton_core::{FlowId, QueueName, Shard, Status, TaskId, limits};
use baton_store::calls::task::{EdgesOf, NewTask, Side};
use baton_testkit::{Fixture, Life, queue, with_store};

use super::super::flow_support::*;
use super::super::task_support::*;
use crate::hand::{by_hand, field, tick as ticked};

const RETENTION: i64 = limits::RETENTION_MS as i64;

/// How many one tick removes, a tick's time later.
async fn prune(at: &Fixture) -> u64 {
    at.pass_ms(limits::TICK_EVERY_MS as i64);
    ticked(at).await.pruned
}

/// How many the ticks of a minute remove.
async fn prune_all(at: &Fixture) -> u64 {
    let mut removed = 0;
    for _ in 0..60 {
        removed += prune(at).await;
    }
    removed
}

async fn exists(at: &Fixture, tasks: &[TaskId]) -> Vec<bool> {
    let read = at.store.read_tasks(Shard::FIRST, tasks, false).await.expect("an answer");
    read.iter().map(Option::is_some).collect()
}

/// Keys of tasks, edges and flows.
async fn keys(at: &Fixture) -> Vec<String> {
    let mut keys: Vec<String> = by_hand(at, "KEYS baton:{0}:task:*").await;
    keys.extend(by_hand::<Vec<String>>(at, "KEYS baton:{0}:flow*").await);
    keys
}

#[tokio::test]
async fn a_parent_stays_for_as_long_as_a_child_has_not_ended() {
    with_store(async |at| {
        let made = at.submit_many(3).await;
        let (parent, child, alone) = (made[0], made[1], made[2]);
        link(at, parent, child).await;
        end(at, parent, Status::Completed).await;
        end(at, alone, Status::Completed).await;
        at.pass_ms(RETENTION);
        // The parent is older: it is passed over, and what comes behind it goes.
        assert_eq!(prune_all(at).await, 1);
        assert_eq!(exists(at, &made).await, [true, true, false]);
        // The child may want to see what became of it.
        end(at, child, Status::Completed).await;
        assert_eq!(prune_all(at).await, 1);
        assert_eq!(exists(at, &made).await, [false, true, false]);
        let read = at.read(child).await;
        assert_eq!((read.family.parents, read.family.open_parents), (0, 0));
        at.pass_ms(RETENTION);
        assert_eq!(prune_all(at).await, 1);
        assert_eq!(keys(at).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_parent_that_ended_badly_stays_for_those_it_holds() {
    with_store(async |at| {
        let made = at.submit_many(2).await;
        link(at, made[0], made[1]).await;
        end(at, made[0], Status::Failed).await;
        at.pass_ms(2 * RETENTION);
        assert_eq!(prune_all(at).await, 0);
        rerun(at, &made[..1]).await;
        for id in &made {
            end(at, *id, Status::Completed).await;
        }
        at.pass_ms(RETENTION);
        assert_eq!(prune_all(at).await, 2);
        assert_eq!(keys(at).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn many_that_stay_do_not_stop_those_behind_them() {
    with_store(async |at| {
        let stay = 2 * limits::PRUNE_TASKS_MAX;
        let (parents, child) = (at.submit_many(stay as usize).await, at.submit_many(1).await[0]);
        for parent in &parents {
            link(at, *parent, child).await;
            end(at, *parent, Status::Completed).await;
        }
        at.pass_ms(1);
        let behind = at.submit_many(3).await;
        for id in &behind {
            end(at, *id, Status::Completed).await;
        }
        // The child is claimable now and not claimed: it lives.
        assert_eq!(at.read(child).await.status(), Status::Pending);
        at.pass_ms(RETENTION);
        let mut calls = 0;
        while prune(at).await == 0 {
            calls += 1;
            assert!(calls <= stay / limits::PRUNE_TASKS_MAX, "it does not come to what is behind");
        }
        assert_eq!(exists(at, &behind).await, [false; 3]);
        // And it goes round: as soon as they may go they do.
        end(at, child, Status::Completed).await;
        assert_eq!(prune_all(at).await, stay);
        assert_eq!(exists(at, &[child]).await, [true]);
    })
    .await;
}

#[tokio::test]
async fn the_place_at_which_it_goes_on_is_kept() {
    with_store(async |at| {
        let stay = limits::PRUNE_TASKS_MAX + 5;
        let (parents, child) = (at.submit_many(stay as usize).await, at.submit_many(1).await[0]);
        for parent in &parents {
            link(at, *parent, child).await;
            end(at, *parent, Status::Completed).await;
        }
        at.pass_ms(RETENTION);
        assert_eq!(prune(at).await, 0);
        assert_eq!(field(at, "meta", "prune_at").await, format!("0 1 {}", limits::PRUNE_TASKS_MAX));
        assert_eq!(prune(at).await, 0);
        assert_eq!(field(at, "meta", "prune_at").await, "0 1 0");
    })
    .await;
}

#[tokio::test]
async fn edges_are_forgotten_in_pieces_before_their_task_goes() {
    with_store(async |at| {
        // As many children as one tick may look at, and more parents than that, which are kept for ever.
        let room = limits::PRUNE_EDGES_MAX;
        let kept = queue("kept");
        let parents = (0..room + 50).map(|_| NewTask { queue: kept.clone(), ..at.new_task("noop") });
        let parents = submit_each(at, parents.collect()).await;
        let middle = at.submit_many(1).await[0];
        for parent in &parents {
            link(at, *parent, middle).await;
        }
        let children = (0..room).map(|_| NewTask { parents: vec![middle], ..at.new_task("noop") });
        let children = submit_each(at, children.collect()).await;
        complete_all(at, &kept, parents.len()).await;
        complete_all(at, &queue("default"), 1).await;
        pass_on(at).await;
        complete_all(at, &queue("default"), children.len()).await;
        by_hand::<()>(at, "HSET baton:{0}:queue:kept retention_ms forever").await;
        at.pass_ms(RETENTION);
        let (mut before, mut ticks, mut removed) = (edges_left(at, middle).await, 0, 0);
        assert_eq!(before, 2 * room + 50);
        while exists(at, &[middle]).await[0] {
            removed += prune(at).await;
            let after = edges_left(at, middle).await;
            assert!(after < before && before - after <= room, "{before} edges, then {after}");
            (before, ticks) = (after, ticks + 1);
        }
        assert!(ticks >= 3, "{ticks}");
        assert_eq!(removed + prune_all(at).await, room + 1);
        assert_eq!(exists(at, &parents[..1]).await, [true]);
    })
    .await;
}

async fn submit_each(at: &Fixture, tasks: Vec<NewTask>) -> Vec<TaskId> {
    let mut made = Vec::new();
    for some in tasks.chunks(limits::SUBMIT_TASKS_MAX as usize) {
        made.extend(at.submit(some).await);
    }
    made
}

async fn complete_all(at: &Fixture, queue: &QueueName, count: usize) {
    let (life, queues) = (Life::new(9, 1), [queue.clone()]);
    let mut left = count;
    while left > 0 {
        let granted = Ask::new(&life, limits::CLAIM_TASKS_MAX).queues(&queues).send(at).await.tasks;
        left -= granted.len();
        for grant in granted {
            at.complete(&life, &grant).await;
        }
    }
}

async fn edges_left(at: &Fixture, task: TaskId) -> u64 {
    let mut left = 0;
    for side in [Side::Parents, Side::Children] {
        let of = EdgesOf { task, side, first: 0, limit: 1, only_open: false };
        left += at.store.edges(of).await.expect("a page").total;
    }
    left
}

#[tokio::test]
async fn a_flow_goes_as_a_whole_counted_from_its_end() {
    with_store(async |at| {
        let flow = create_of(at, chain(3)).await;
        end(at, flow.task(1), Status::Completed).await;
        end(at, flow.task(2), Status::Completed).await;
        at.pass_ms(RETENTION);
        assert_eq!(prune_all(at).await, 0);
        end(at, flow.task(3), Status::Failed).await;
        at.pass_ms(RETENTION - 60_001);
        assert_eq!(prune_all(at).await, 0);
        assert_eq!(exists(at, &tasks_of(flow, 3)).await, [true; 3]);
        at.pass_ms(1);
        assert_eq!(prune_all(at).await, 3);
        assert_eq!(at.store.read_flow(flow).await.expect("an answer"), None);
        assert_eq!(keys(at).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn what_is_left_of_a_flow_can_be_rerun_and_keeps_the_rest() {
    with_store(async |at| {
        let size = limits::PRUNE_TASKS_MAX as u32 + 5;
        let flow = create_of(at, vec![vec![]; size as usize]).await;
        cancel(at, &tasks_of(flow, size)).await;
        at.pass_ms(RETENTION);
        assert_eq!(prune(at).await, limits::PRUNE_TASKS_MAX);
        let left: Vec<TaskId> = left_of(at, flow, size).await;
        assert_eq!(left.len(), 5);
        assert_eq!(outcomes(&rerun(at, &left[..1]).await), [Ok(Status::Pending)]);
        assert_eq!(prune_all(at).await, 0);
        cancel(at, &left[..1]).await;
        at.pass_ms(RETENTION);
        assert_eq!(prune_all(at).await, 5);
        assert_eq!(keys(at).await, [""; 0]);
    })
    .await;
}

/// What others wait for outlives the retention of its flow, and lets them go on.
#[tokio::test]
async fn a_parent_that_holds_a_task_of_elsewhere_can_be_rerun_when_the_rest_of_its_flow_is_gone() {
    with_store(async |at| {
        let flow = create_of(at, vec![vec![]; 2]).await;
        let child = NewTask { parents: vec![flow.task(2)], ..at.new_task("noop") };
        let child = at.submit(&[child]).await[0];
        end(at, flow.task(1), Status::Completed).await;
        end(at, flow.task(2), Status::Failed).await;
        at.pass_ms(RETENTION);
        assert_eq!(prune_all(at).await, 1);
        assert_eq!(outcomes(&rerun(at, &[flow.task(2)]).await), [Ok(Status::Pending)]);
        end(at, flow.task(2), Status::Completed).await;
        assert_eq!(at.read(child).await.status(), Status::Pending);
    })
    .await;
}

async fn left_of(at: &Fixture, flow: FlowId, size: u32) -> Vec<TaskId> {
    let tasks = tasks_of(flow, size);
    let there = exists(at, &tasks).await;
    tasks.into_iter().zip(there).filter(|(_, there)| *there).map(|(id, _)| id).collect()
}

#[tokio::test]
async fn a_flow_with_which_something_is_being_done_stays() {
    with_store(async |at| {
        let flow = create_of(at, chain(2)).await;
        cancel(at, &tasks_of(flow, 2)).await;
        at.pass_ms(2 * RETENTION);
        at.store.rerun_flow(&begin(flow)).await.expect("an answer");
        assert_eq!(prune(at).await, 0);
        pass_on(at).await;
        assert_eq!(at.read(flow.task(1)).await.status(), Status::Pending);
        assert_eq!(prune_all(at).await, 0);
    })
    .await;
}
