//! shard/import: what an export beside a fleet at work has of one moment and not of another is mended, and what cannot be read is
//! left out.

use baton_core::{Shard, Status, TaskId};
use baton_store::Error;
use baton_store::calls::shard::Tick;
use baton_store::carry::{Begun, Broken, Carried, EdgeState, ShardSum, Value};
use baton_testkit::{Fixture, Launch, with_store};

use super::flow_support::{chain, create_of, end, fan_in, link, pass_on, tasks_of};
use super::shard_import::{Copy, exported, put_all, rich};
use super::task_support::*;
use crate::hand::by_hand;

fn is_task(carried: &Carried, id: TaskId) -> bool {
    matches!(carried, Carried::Task(task) if task.id == id)
}

/// What a shard that was not still has none of.
fn is_stream(carried: &Carried) -> bool {
    matches!(carried, Carried::Key(key) if key.name == "events")
}

fn moved(sums: &[ShardSum]) -> Vec<ShardSum> {
    sums.iter().map(|sum| ShardSum { still: false, ..*sum }).collect()
}

async fn in_copy(at: &Fixture, id: TaskId, field: &str) -> Option<String> {
    by_hand(at, &format!("HGET copy:{{0}}:task:{id} {field}")).await
}

#[tokio::test]
async fn edges_to_a_parent_that_did_not_come_are_forgotten() {
    with_store(async |at| {
        let made = at.submit_many(5).await;
        let (gone, stays, one, both, held) = (made[0], made[1], made[2], made[3], made[4]);
        link(at, gone, one).await;
        link(at, gone, both).await;
        link(at, stays, both).await;
        let failed = at.submit_many(1).await[0];
        link(at, failed, held).await;
        end(at, failed, Status::Failed).await;
        pass_on(at).await;
        let (mut all, sums) = exported(at).await;
        all.retain(|one| !is_stream(one));
        assert!(all.iter().any(|one| matches!(one, Carried::Task(task)
            if task.parents.iter().any(|edge| matches!(edge.state, EdgeState::Held(_))))));
        all.retain(|one| !is_task(one, gone) && !is_task(one, failed));
        let copy = Copy::of(at);
        copy.import(at, all, &moved(&sums)).await.unwrap();
        for (task, status, open) in [(one, "pending", "0"), (both, "blocked", "1"), (held, "cancelled", "0")]
        {
            let found = (in_copy(at, task, "status").await, in_copy(at, task, "open_parents").await);
            assert_eq!(found, (Some(status.to_owned()), Some(open.to_owned())));
        }
        copy.assert_invariants(at).await;
    })
    .await;
}

#[tokio::test]
async fn more_children_than_one_piece_has_go_on() {
    with_store(async |at| {
        let made = at.submit_many(51).await;
        for child in &made[1..] {
            link(at, made[0], *child).await;
        }
        let (mut all, sums) = exported(at).await;
        all.retain(|one| !is_stream(one));
        all.retain(|one| !is_task(one, made[0]));
        let copy = Copy::of(at);
        copy.import(at, all, &moved(&sums)).await.unwrap();
        for child in &made[1..] {
            assert_eq!(in_copy(at, *child, "status").await.as_deref(), Some("pending"));
        }
        copy.assert_invariants(at).await;
    })
    .await;
}

#[tokio::test]
async fn of_two_that_live_the_first_keeps_the_key() {
    with_store(async |at| {
        let one = at.submit(&[with_key(at.new_task("noop"), "k")]).await[0];
        let (mut all, sums) = exported(at).await;
        all.retain(|one| !is_stream(one));
        let Some(Carried::Task(mut other)) = all.iter().find(|carried| is_task(carried, one)).cloned() else {
            panic!("it is there")
        };
        other.id = at.store.draw(Shard::FIRST);
        let later = other.id;
        all.push(Carried::Task(other));
        let copy = Copy::of(at);
        copy.import(at, all, &moved(&sums)).await.unwrap();
        assert_eq!(in_copy(at, one, "key").await.as_deref(), Some("k"));
        assert_eq!(in_copy(at, later, "key").await, None);
        let noted: Option<String> = by_hand(at, "HGET copy:{0}:meta doubled").await;
        assert_eq!(noted, None, "it is of the import only");
        copy.assert_invariants(at).await;
    })
    .await;
}

#[tokio::test]
async fn flows_of_which_nothing_came_are_gone() {
    with_store(async |at| {
        let (stays, pruned, named, unnamed) = (
            create_of(at, chain(2)).await,
            create_of(at, chain(2)).await,
            create_of(at, fan_in(2)).await,
            create_of(at, chain(1)).await,
        );
        let (mut all, sums) = exported(at).await;
        all.retain(|one| !is_stream(one));
        // One without its tasks, one of which the list has the name only, and one that the list has not.
        let tasks = [tasks_of(pruned, 2), tasks_of(named, 3), tasks_of(unnamed, 1)].concat();
        all.retain(|one| !tasks.iter().any(|id| is_task(one, *id)));
        let record = format!("flow:{named}");
        all.retain(|one| !matches!(one, Carried::Key(key) if key.name == record));
        for one in &mut all {
            let Carried::Key(key) = one else { continue };
            let Value::Sorted(members) = &mut key.value else { continue };
            members.retain(|(member, _)| key.name != "flows" || *member != unnamed.to_string().into_bytes());
        }
        let copy = Copy::of(at);
        copy.import(at, all, &moved(&sums)).await.unwrap();
        let flows: Vec<String> = by_hand(at, "ZRANGE copy:{0}:flows 0 -1").await;
        assert_eq!(flows, [stays.to_string()]);
        for flow in [pruned, named, unnamed] {
            assert_eq!(by_hand::<u64>(at, &format!("EXISTS copy:{{0}}:flow:{flow}")).await, 0);
        }
        copy.assert_invariants(at).await;
    })
    .await;
}

#[tokio::test]
async fn one_that_is_begun_anew_is_marked_before_it_is_cleared() {
    with_store(async |at| {
        rich(at).await;
        let (all, sums) = exported(at).await;
        let copy = Copy::of(at);
        let Begun::Import(mut first) = copy.begin(at, false).await else { panic!("it does not begin") };
        for carried in all.clone() {
            first.put(carried).await.unwrap();
        }
        // Clearing comes to nothing: then the other one may not write either.
        by_hand::<u64>(at, "HSET copy:{0}:kind:left a b").await;
        by_hand::<String>(at, "ACL SETUSER default -unlink").await;
        let origin = at.store.origin().await.unwrap();
        baton_store::carry::Import::begin(&copy.store, &origin, true).await.unwrap_err();
        by_hand::<String>(at, "ACL SETUSER default +unlink").await;
        assert!(first.finish(&sums).await.is_err(), "another one is at it");
        let Begun::Import(second) = copy.begin(at, true).await else { panic!("it does not begin") };
        put_all(second, all, &sums).await.unwrap();
        copy.assert_same(at).await;
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_comes_twice_is_there_once() {
    with_store(async |at| {
        rich(at).await;
        let (all, sums) = exported(at).await;
        let streams =
            |one: &Carried| matches!(one, Carried::Key(key) if matches!(key.value, Value::Stream(_)));
        let again: Vec<Carried> = all.iter().filter(|one| streams(one)).cloned().collect();
        assert!(!again.is_empty());
        let copy = Copy::of(at);
        copy.import(at, [all, again].concat(), &sums).await.unwrap();
        copy.assert_same(at).await;
    })
    .await;
}

#[tokio::test]
async fn records_that_nobody_can_read_are_left_out_and_named() {
    // What it is broken of stays broken.
    let at = &Fixture::start(Launch::default()).await;
    let made = at.submit_many(6).await;
    link(at, made[0], made[5]).await;
    by_hand::<u64>(at, &format!("HDEL baton:{{0}}:task:{} status", made[0])).await;
    set_field(at, made[1], "status", "running").await;
    set_field(at, made[2], "status", "done").await;
    by_hand::<u64>(at, &format!("HSET baton:{{0}}:task:{}:log a b", made[3])).await;
    let (mut all, mut broken) = (Vec::new(), Vec::new());
    let take = |one| {
        all.push(one);
        Ok::<(), Error>(())
    };
    let sums = at.store.export(take, |Broken { id, .. }| broken.push(id)).await.unwrap();
    broken.sort_unstable();
    let mut expected = made[..4].to_vec();
    expected.sort_unstable();
    assert_eq!(broken, expected);
    assert_eq!((sums[0].tasks, sums[0].broken, sums[0].still), (2, 4, false));
    let copy = Copy::of(at);
    copy.import(at, all, &sums).await.unwrap();
    assert_eq!(in_copy(at, made[5], "status").await.as_deref(), Some("pending"));
    let store = copy.opened(at).await.unwrap();
    store.tick(Shard::FIRST, Tick { ticks: 3, ..Default::default() }).await.unwrap();
    copy.assert_invariants(at).await;
}
