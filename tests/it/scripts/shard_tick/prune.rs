//! shard/tick: what is removed when its time is over: finished tasks, and old entries of the stream.

use baton_core::{DedupeKey, Shard, Status, TaskId, limits};
use baton_store::calls::task::{Append, Level, Line, NewTask, Outcome};
use baton_testkit::{Fixture, Launch, Life, queue, with_launch, with_store};

use crate::hand::{by_hand, events, score, steps, tick};

/// What one tick removes at most.
const PIECE: u64 = limits::PRUNE_TASKS_MAX;
const WEEK_MS: i64 = 604_800_000;

/// Tasks that have ended well, in their queue.
async fn ended(at: &Fixture, tasks: Vec<NewTask>) -> Vec<TaskId> {
    let life = Life::new(1, 1);
    let mut ids = Vec::new();
    for some in tasks.chunks(100) {
        let submitted = at.submit(some).await;
        for id in &submitted {
            let claim = baton_store::calls::task::Claim {
                worker: &life.worker,
                boot: &life.boot,
                expects: None,
                lease: Default::default(),
                queues: &[],
                in_order: false,
                max: 1,
                only: Some(*id),
                holding: &[],
            };
            match at.store.claim(Shard::FIRST, &claim).await.expect("an answer") {
                baton_store::calls::task::Claimed::Tasks(grants) => {
                    at.complete(&life, &grants.tasks[0]).await
                }
                refused => panic!("{refused:?}"),
            };
        }
        ids.extend(submitted);
    }
    ids
}

async fn exists(at: &Fixture, id: TaskId) -> bool {
    let tasks = at.store.read_tasks(Shard::FIRST, &[id], false).await.expect("an answer");
    tasks[0].is_some()
}

#[tokio::test]
async fn a_finished_task_is_kept_for_a_week_and_then_gone_with_all_it_had() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let long = vec![b'x'; 65];
        let task = NewTask {
            payload: long.clone(),
            key: Some(DedupeKey::new("once").unwrap()),
            tags: (0..9).map(|n| baton_core::Tag::new(&format!("a-long-tag-{n}")).unwrap()).collect(),
            max_attempts: 2,
            ..at.new_task("noop")
        };
        let id = at.submit(&[task]).await[0];
        let fail = Outcome::Fail { error: long.clone(), reason: "r".repeat(65), retry_in_ms: Some(0) };
        for _ in 0..2 {
            let grant = at.claim(&life, 1).await.remove(0);
            let line = [Line { level: Level::Info, text: b"a line" }];
            let append = Append { task: id, worker: &life.worker, fence: grant.fence, lines: &line };
            at.store.append_log(&append).await.unwrap();
            at.report(&life, id, grant.fence, fail.clone()).await;
            at.pass_ms(1_000);
            tick(at).await;
        }
        assert_eq!(at.read(id).await.status(), Status::Failed);
        let keys: Vec<String> = by_hand(at, &format!("KEYS baton:{{0}}:task:{id}:*")).await;
        assert!(keys.len() >= 5, "{keys:?}");
        at.pass_ms(WEEK_MS - 1_001);
        assert_eq!(tick(at).await.pruned, 0);
        assert!(exists(at, id).await);
        at.pass_ms(1_000);
        assert_eq!(tick(at).await.pruned, 1);
        let left: Vec<String> = by_hand(at, "KEYS baton:{0}:task:*").await;
        assert_eq!(left, [""; 0]);
        assert_eq!(score(at, "queue:default:failed", &id.to_string()).await, None);
        assert_eq!(steps(at, id).await.last().unwrap(), "prune");
    })
    .await;
}

#[tokio::test]
async fn what_lives_is_never_pruned() {
    with_store(async |at| {
        let scheduled = NewTask { run_at_ms: Some(at.now_ms() + 10 * WEEK_MS as u64), ..at.new_task("noop") };
        let ids = at.submit(&[at.new_task("noop"), scheduled]).await;
        at.pass_ms(2 * WEEK_MS);
        assert_eq!(tick(at).await.pruned, 0);
        assert!(exists(at, ids[0]).await && exists(at, ids[1]).await);
    })
    .await;
}

#[tokio::test]
async fn a_queue_may_keep_its_tasks_shorter_longer_or_for_ever() {
    with_store(async |at| {
        let of = |name: &str| NewTask { queue: queue(name), ..at.new_task("noop") };
        let ids = ended(at, vec![of("short"), of("default"), of("kept"), of("now")]).await;
        by_hand::<()>(at, "HSET baton:{0}:queue:short retention_ms 5000").await;
        by_hand::<()>(at, "HSET baton:{0}:queue:kept retention_ms forever").await;
        by_hand::<()>(at, "HSET baton:{0}:queue:now retention_ms 0").await;
        assert_eq!(tick(at).await.pruned, 1);
        at.pass_ms(4_999);
        assert_eq!(tick(at).await.pruned, 0);
        at.pass_ms(1_000);
        assert_eq!(tick(at).await.pruned, 1);
        at.pass_ms(20 * WEEK_MS);
        assert_eq!(tick(at).await.pruned, 1);
        let mut left = Vec::new();
        for id in &ids {
            left.push(exists(at, *id).await);
        }
        assert_eq!(left, [false, false, true, false]);
    })
    .await;
}

#[tokio::test]
async fn a_bounded_piece_goes_at_once() {
    with_store(async |at| {
        let tasks = (0..2 * PIECE + 5).map(|_| at.new_task("noop")).collect();
        ended(at, tasks).await;
        at.pass_ms(WEEK_MS);
        for (pruned, wait) in [(PIECE, 1), (PIECE, 1), (5, 1_000)] {
            let did = tick(at).await;
            assert_eq!((did.pruned, did.tick_ms), (pruned, at.now_ms() + wait));
            at.pass_ms(wait as i64);
        }
        let told = events(at).await;
        let told: Vec<usize> =
            told.iter().filter(|entry| entry.event == "prune").map(|entry| entry.tasks.len()).collect();
        assert_eq!(told, [PIECE as usize, PIECE as usize, 5]);
    })
    .await;
}

#[tokio::test]
async fn every_queue_has_its_turn() {
    with_store(async |at| {
        let of = |number| NewTask { queue: queue(&format!("queue-{number:02}")), ..at.new_task("noop") };
        ended(at, (0..45).map(of).collect()).await;
        at.pass_ms(WEEK_MS);
        let mut pruned = 0;
        for _ in 0..4 {
            pruned += tick(at).await.pruned;
            at.pass_ms(1_000);
        }
        assert_eq!(pruned, 45);
        // And it begins again.
        ended(at, vec![of(0)]).await;
        at.pass_ms(WEEK_MS);
        pruned = 0;
        for _ in 0..4 {
            pruned += tick(at).await.pruned;
            at.pass_ms(1_000);
        }
        assert_eq!(pruned, 1);
    })
    .await;
}

#[tokio::test]
async fn an_index_that_names_tasks_long_gone_is_cleared() {
    with_store(async |at| {
        ended(at, vec![at.new_task("noop")]).await;
        let ghosts: Vec<String> =
            (0..PIECE + 5).map(|_| format!("1 {}", at.store.draw(Shard::FIRST))).collect();
        by_hand::<()>(at, &format!("ZADD baton:{{0}}:queue:default:completed {}", ghosts.join(" "))).await;
        at.pass_ms(WEEK_MS);
        for _ in 0..2 {
            tick(at).await;
            at.pass_ms(1);
        }
        assert_eq!(by_hand::<u64>(at, "EXISTS baton:{0}:queue:default:completed").await, 0);
    })
    .await;
}

async fn exact_stream(test: impl AsyncFnOnce(&mut Fixture)) {
    with_launch(Launch::default().with("stream-node-max-entries", "1"), test).await;
}

async fn length(at: &Fixture) -> u64 {
    by_hand(at, "XLEN baton:{0}:events").await
}

#[tokio::test]
async fn the_stream_keeps_a_million_task_events() {
    exact_stream(async |at| {
        at.submit_many(1).await;
        at.submit_many(1).await;
        by_hand::<()>(at, "HSET baton:{0}:meta events 9999").await;
        tick(at).await;
        assert_eq!(by_hand::<u64>(at, "EXISTS baton:{0}:events:marks").await, 0);
        by_hand::<()>(at, "HSET baton:{0}:meta events 10000").await;
        at.pass_ms(1_000);
        tick(at).await;
        let marked: Vec<String> = by_hand(at, "ZRANGE baton:{0}:events:marks 0 -1 WITHSCORES").await;
        assert_eq!(marked[1], "10000");
        let last = events(at).await.last().unwrap().id.to_string();
        assert_eq!(marked[0], last);

        at.submit_many(1).await;
        by_hand::<()>(at, "HSET baton:{0}:meta events 1009999").await;
        at.pass_ms(1_000);
        tick(at).await;
        assert_eq!(length(at).await, 3);
        by_hand::<()>(at, "HSET baton:{0}:meta events 1010000").await;
        at.pass_ms(1_000);
        tick(at).await;
        // What the mark names stays, and what came after it.
        assert_eq!(events(at).await[0].id.to_string(), last);
        assert_eq!(length(at).await, 2);
    })
    .await;
}

#[tokio::test]
async fn the_stream_keeps_a_week_a_bounded_piece_at_once() {
    exact_stream(async |at| {
        let fill = "for _ = 1, 2500 do redis.call('XADD', KEYS[1], '*', 'event', 'pause', 'queue', 'q') end";
        let mut eval = deadpool_redis::redis::Cmd::new();
        eval.arg("EVAL").arg(fill).arg(1).arg("baton:{0}:events");
        eval.exec_async(&mut at.redis.connection().await).await.unwrap();
        let newest = events(at).await.last().unwrap().id.ms;
        // The stream's ids are of the real clock.
        let today = newest as i64 - at.now_ms() as i64;
        at.pass_ms(today + WEEK_MS - 60_000);
        tick(at).await;
        assert_eq!(length(at).await, 2_500);
        at.pass_ms(120_000);
        let did = tick(at).await;
        assert_eq!(length(at).await, 500);
        // A busy shard writes more than that in a second: what is left does not wait for the next.
        assert_eq!(did.tick_ms, at.now_ms() + 1);
        at.pass_ms(1);
        tick(at).await;
        assert_eq!(length(at).await, 0);
        at.pass_ms(1);
        let did = tick(at).await;
        assert_eq!(did.tick_ms, at.now_ms() + 1_000);
    })
    .await;
}
