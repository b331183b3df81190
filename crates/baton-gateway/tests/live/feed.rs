//! What listeners hear, and what they can choose.

use baton_core::{QueueName, Shard};
use baton_store::calls::queue::SetPaused;
use baton_store::calls::task::Outcome;
use baton_testkit::{Fixture, Launch, Life, queue};

use crate::support::{Gateway, World, get, in_time};

#[tokio::test]
async fn the_life_of_a_task_is_heard_in_order() {
    let at = Fixture::start(Launch::default()).await;
    let gateway = Gateway::start(&at.store).await;
    let mut events = gateway.listen("topics=tasks,queues,workers", None).await;
    assert_eq!(events.headers["content-type"], "text/event-stream");
    assert_eq!(events.headers["cache-control"], "no-store");
    assert_eq!(events.headers["x-accel-buffering"], "no");

    let life = Life::new(1, 1);
    let ids = at.submit_many(2).await;
    at.register(&life, None).await;
    let grants = at.claim(&life, 2).await;
    at.complete(&life, &grants[0]).await;
    let default = QueueName::default();
    at.store.set_paused(Shard::FIRST, &SetPaused { queue: &default, paused: true, by: None }).await.unwrap();

    let got = events.take(7).await;
    let told: Vec<String> = got.iter().map(|got| format!("{} {}", got.topic, got.short())).collect();
    let expected = [
        "task submit 1",
        "task submit 1",
        "worker register",
        "task claim 2",
        "task claim 2",
        "task complete 3",
        "queue pause",
    ];
    assert_eq!(told, expected);
    assert_eq!(
        [&got[0], &got[1]].map(|got| got.event().task.unwrap()),
        [ids[0].to_string(), ids[1].to_string()]
    );
    let (claim, complete) = (got[3].event(), got[5].event());
    assert_eq!(claim.to.as_deref(), Some("running"));
    assert_eq!((claim.worker.as_deref(), claim.fence), (Some(life.worker.as_str()), Some(grants[0].fence.0)));
    assert_eq!((complete.to.as_deref(), complete.queue.as_deref()), (Some("completed"), Some("default")));
    assert_eq!(got[6].event().queue.as_deref(), Some("default"));
    // The id is where the event lies in the stream.
    let (one, other) = (got[0].id.rsplit_once('.').unwrap(), got[1].id.rsplit_once('.').unwrap());
    assert_eq!((one.0, one.1, other.1), (other.0, "0", "1"));
    at.assert_invariants().await;
}

#[tokio::test]
async fn listeners_hear_only_what_they_asked_for() {
    let at = Fixture::start(Launch::default()).await;
    let gateway = Gateway::start(&at.store).await;
    let (life, media) = (Life::new(1, 1), queue("media"));
    let other = baton_store::calls::task::NewTask { queue: media.clone(), ..at.new_task("resize") };
    let noop = at.new_task("noop");
    let (noop_id, other_id) = (noop.id, other.id);
    let mut workers = gateway.listen("topics=workers", None).await;
    let mut queues = gateway.listen("topics=queues", None).await;
    let mut of_queue = gateway.listen("queue=media", None).await;
    let mut of_kind = gateway.listen("kind=resize,crop&topics=tasks", None).await;
    let mut of_task = gateway.listen(&format!("task={noop_id}"), None).await;
    at.submit(&[noop, other]).await;
    at.register(&life, None).await;
    let grant = at.claim(&life, 1).await.remove(0);
    at.report(&life, grant.task, grant.fence, Outcome::Complete { result: Vec::new() }).await;
    at.store.set_paused(Shard::FIRST, &SetPaused { queue: &media, paused: true, by: None }).await.unwrap();
    assert_eq!(workers.next().await.unwrap().short(), "register");
    assert_eq!(queues.next().await.unwrap().short(), "pause");
    let heard: Vec<String> = of_queue.take(2).await.iter().map(|got| got.short()).collect();
    assert_eq!(heard, ["submit 1", "pause"]);
    assert_eq!(of_kind.next().await.unwrap().event().task, Some(other_id.to_string()));
    let heard: Vec<String> = of_task.take(3).await.iter().map(|got| got.short()).collect();
    assert_eq!(heard, ["submit 1", "claim 2", "complete 3"]);
}

#[tokio::test]
async fn counts_follow_what_happens() {
    let world = World::new().await;
    let mut events = world.gateway.listen("topics=counts", None).await;
    let pending =
        |data: &str| serde_json::from_str::<serde_json::Value>(data).unwrap()["pending"].as_u64().unwrap();
    let first = events.next().await.unwrap();
    assert_eq!((first.topic.as_str(), pending(&first.data)), ("counts", 0));
    world.submit(3).await;
    assert_eq!(pending(&events.next().await.unwrap().data), 3);
}

#[tokio::test]
async fn a_wish_that_makes_no_sense_is_refused_whole() {
    let world = World::new().await;
    for path in ["events", "ws"] {
        let address = format!("/api/v1/{path}?topics=flows&task=7&colour=red&last_event_id=x");
        let mut request = crate::support::client().get(format!("http://{}{address}", world.gateway.address));
        if path == "ws" {
            let upgrade =
                [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")];
            request = upgrade.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            request = request.header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 422, "{path}");
        let problem: baton_api::Problem = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let mut pointers: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        pointers.sort_unstable();
        assert_eq!(
            (problem.code.as_str(), pointers),
            ("validation", vec!["colour", "last_event_id", "task", "topics"])
        );
    }
    let (status, body) = get(world.gateway.address, "/api/v1/ws").await;
    assert!((400..500).contains(&status) && body.contains("\"code\""), "{status} {body}");
}

#[tokio::test]
async fn who_waits_for_a_task_hears_of_it() {
    let world = World::new().await;
    let id = world.submit(1).await[0];
    let mut watch = world.gateway.app.feed.watch(id);
    // The reader may still be on its way to the submit, so the first wake may be that.
    let cancel = baton_store::calls::task::Cancel { tasks: &[id], by: None, op: None, reason: "" };
    world.store.cancel(Shard::FIRST, &cancel).await.unwrap();
    in_time("the cancel", watch.changed()).await;
}
