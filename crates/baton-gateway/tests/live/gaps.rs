//! Going on after a pause: nothing is missing, nothing comes twice, and what cannot be told any more is said.

use std::collections::HashMap;

use baton_core::{Shard, TaskId};
use baton_store::Store;
use baton_testkit::Launch;

use crate::support::{World, submit};

const WRITERS: usize = 4;
const CALLS: usize = 40;

/// How many tasks a writer submits by one call.
fn size(writer: usize, call: usize) -> usize {
    1 + (writer * 37 + call * 11) % 120
}

async fn write(store: Store, writer: usize) -> Vec<TaskId> {
    let shards: Vec<Shard> = store.shards().all().collect();
    let mut submitted = Vec::new();
    for call in 0..CALLS {
        let shard = shards[(writer + call) % shards.len()];
        submitted.extend(submit(&store, shard, size(writer, call)).await.unwrap());
    }
    submitted
}

/// Four writers, and a listener whose connection is cut again and again: it hears of each task exactly once.
async fn storm(shards: u32) {
    let world = World::with(Launch::default(), shards).await;
    let all: usize = (0..WRITERS).flat_map(|writer| (0..CALLS).map(move |call| size(writer, call))).sum();
    let mut events = world.gateway.listen("topics=tasks", None).await;
    let writers: Vec<_> =
        (0..WRITERS).map(|writer| tokio::spawn(write(world.store.clone(), writer))).collect();
    let (mut heard, mut cuts) = (Vec::new(), 0);
    while heard.len() < all {
        // In the middle of an entry as often as between two.
        let some = 1 + cuts * 53 % 700;
        heard.extend(events.take(some.min(all - heard.len())).await);
        let id = events.id.clone();
        events = world.gateway.listen("topics=tasks", Some(&id)).await;
        cuts += 1;
    }
    let mut versions: HashMap<String, usize> = HashMap::new();
    for got in &heard {
        assert_eq!(got.topic, "task", "{got:?}");
        *versions.entry(got.event().task.unwrap()).or_default() += 1;
    }
    assert!(versions.values().all(|count| *count == 1), "something came twice");
    for writer in writers {
        let submitted = writer.await.unwrap();
        assert!(submitted.iter().all(|id| versions.contains_key(&id.to_string())), "something is missing");
    }
    // And nothing more comes.
    let id = world.submit(1).await[0];
    assert_eq!(events.next().await.unwrap().event().task, Some(id.to_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_storm_a_listener_that_comes_and_goes_hears_all_of_it_once() {
    storm(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_so_it_does_over_several_shards() {
    storm(3).await;
}

#[tokio::test]
async fn who_comes_back_too_late_is_told_to_read_anew() {
    let world = World::new().await;
    let mut events = world.gateway.listen("topics=tasks", None).await;
    world.submit(1).await;
    let old = events.next().await.unwrap().id;
    world.submit(1).await;
    world.submit(1).await;
    events.take(2).await;
    let entries: u64 = world.redis.say(&["XTRIM", "baton:{0}:events", "MAXLEN", "1"]).await;
    assert_eq!(entries, 2);
    let mut late = world.gateway.listen("topics=tasks", Some(&old)).await;
    let reset = late.next().await.unwrap();
    assert_eq!((reset.topic.as_str(), reset.data.as_str()), ("reset", "{}"));
    // From here on it is like any other.
    let id = world.submit(1).await[0];
    assert_eq!(late.next().await.unwrap().event().task, Some(id.to_string()));
    assert_eq!(events.next().await.unwrap().event().task, Some(id.to_string()));
    // And who is where the stream ends has missed nothing, although what it heard last is gone.
    let end = events.id.clone();
    let _: u64 = world.redis.say(&["XTRIM", "baton:{0}:events", "MAXLEN", "1"]).await;
    let mut punctual = world.gateway.listen("topics=tasks", Some(&end)).await;
    let id = world.submit(1).await[0];
    assert_eq!(punctual.next().await.unwrap().event().task, Some(id.to_string()));
}

#[tokio::test]
async fn an_id_of_another_life_of_the_namespace_is_a_reset() {
    let world = World::new().await;
    world.submit(1).await;
    for other in ["9999999999999-0", "1-0,1-0", "9999999999999-0.5"] {
        let mut events = world.gateway.listen("topics=tasks", Some(other)).await;
        assert_eq!(events.next().await.unwrap().topic, "reset", "{other}");
        let id = world.submit(1).await[0];
        assert_eq!(events.next().await.unwrap().event().task, Some(id.to_string()));
    }
}

#[tokio::test]
async fn a_restart_of_redis_is_not_noticed_by_listeners() {
    let mut world = World::with(Launch::default().durable(), 1).await;
    let mut ids = world.submit(1).await;
    let mut events = world.gateway.listen("topics=tasks", None).await;
    ids.extend(world.submit(2).await);
    for _ in 0..2 {
        world.redis.restart().await;
        ids.extend(world.submit(2).await);
    }
    let heard = events.take(6).await;
    let tasks: Vec<String> = heard.iter().map(|got| got.event().task.unwrap()).collect();
    let submitted: Vec<String> = ids[1..].iter().map(ToString::to_string).collect();
    assert_eq!(tasks, submitted);
}

#[tokio::test]
async fn a_redis_that_comes_back_empty_is_a_reset_for_all() {
    let mut world = World::new().await;
    world.submit(1).await;
    let mut events = world.gateway.listen("topics=tasks", None).await;
    world.redis.restart().await;
    assert_eq!(events.next().await.unwrap().topic, "reset");
}
