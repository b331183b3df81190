//! What a task costs, in counts that do not depend on the machine: commands and write commands per task, bytes of the
//! append-only log, bytes of memory. A number here that must grow is a decision; change it with its reason.

use baton_core::Shard;
use baton_store::behind::Step;
use baton_store::calls::task::{Claimed, Grant, NewTask, Next, Outcome, Report, Settle, SettleAnswer};
use baton_testkit::{Fixture, Launch, Life, with_launch, with_store};
use deadpool_redis::redis::{FromRedisValue, cmd};

async fn ask<T: FromRedisValue>(at: &Fixture, words: &[&str]) -> T {
    let mut command = cmd(words[0]);
    words[1..].iter().for_each(|word| {
        command.arg(*word);
    });
    command.query_async(&mut at.redis.connection().await).await.unwrap()
}

async fn info(at: &Fixture, section: &str, field: &str) -> u64 {
    let info: String = ask(at, &["INFO", section]).await;
    let value = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    value.unwrap_or_else(|| panic!("no {field} in {info}")).trim().parse().unwrap()
}

/// Calls inside and outside of scripts since the last reset, per command.
async fn commands(at: &Fixture) -> Vec<(String, u64)> {
    let info: String = ask(at, &["INFO", "commandstats"]).await;
    let calls = info.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((name.to_owned(), rest.split(',').next()?.parse().unwrap()))
    });
    // The connection's own greetings and our own questions are not the task's.
    calls
        .filter(|(name, _)| {
            !["info", "ping", "hello"].iter().any(|own| name.starts_with(own)) && !name.contains('|')
        })
        .collect()
}

const WRITES: [&str; 12] = [
    "hset",
    "hdel",
    "hincrby",
    "set",
    "del",
    "unlink",
    "zadd",
    "zrem",
    "zremrangebyrank",
    "xadd",
    "xtrim",
    "rpush",
];

/// Commands and write commands of one call that handles `tasks` tasks.
async fn counted(at: &Fixture, work: impl AsyncFnOnce(&Fixture)) -> (u64, u64) {
    let _: String = ask(at, &["CONFIG", "RESETSTAT"]).await;
    work(at).await;
    let commands = commands(at).await;
    let all = commands.iter().map(|(_, calls)| calls).sum();
    let writes =
        commands.iter().filter(|(name, _)| WRITES.contains(&name.as_str())).map(|(_, calls)| calls).sum();
    (all, writes)
}

fn tasks(at: &Fixture, count: usize) -> Vec<NewTask> {
    let new = |_| NewTask { payload: vec![b'x'; 100], ..at.new_task("bench") };
    (0..count).map(new).collect()
}

/// Settles these and claims as many.
async fn turn(at: &Fixture, life: &Life, done: &[Grant], max: u64) -> Vec<Grant> {
    let complete = |grant: &Grant| Report {
        task: grant.task,
        fence: grant.fence,
        outcome: Outcome::Complete { result: Vec::new() },
    };
    let reports: Vec<Report> = done.iter().map(complete).collect();
    let next = Next { queues: &[Default::default()], in_order: false, max, holding: &[] };
    let settle =
        Settle { worker: &life.worker, boot: Some(&life.boot), reports: &reports, claim: Some(next) };
    match at.store.settle(Shard::FIRST, &settle).await.unwrap() {
        SettleAnswer::Reports { claimed: Some(Claimed::Tasks(grants)), .. } => grants.tasks,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn commands_per_task_do_not_grow() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        at.submit(&tasks(at, 100)).await;
        at.submit(&tasks(at, 100)).await;
        let one = tasks(at, 1);
        // One read for what is said of the kind, however many tasks of it there are.
        assert_eq!(counted(at, async |at| drop(at.submit(&one).await)).await, (11, 6), "submit 1");
        let hundred = tasks(at, 100);
        assert_eq!(counted(at, async |at| drop(at.submit(&hundred).await)).await, (308, 204), "submit 100");
        let mut held = turn(at, &life, &[], 1).await;
        assert_eq!(counted(at, async |at| held = turn(at, &life, &held, 1).await).await, (21, 10), "turn 1");
        let mut held = turn(at, &life, &held, 100).await;
        assert_eq!(
            counted(at, async |at| held = turn(at, &life, &held, 100).await).await,
            (516, 208),
            "turn 100"
        );
        turn(at, &life, &held, 0).await;
    })
    .await;
}

/// Only where claimers are idle, and took the hints that were there, does a call write some.
#[tokio::test]
async fn hints_are_written_where_none_are_left() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        at.submit(&tasks(at, 3)).await;
        let idle = async || ask::<()>(at, &["DEL", "baton:{0}:hints:default"]).await;
        idle().await;
        let one = tasks(at, 1);
        assert_eq!(counted(at, async |at| drop(at.submit(&one).await)).await, (13, 7), "submit 1");
        let mut held = turn(at, &life, &[], 1).await;
        idle().await;
        assert_eq!(counted(at, async |at| held = turn(at, &life, &held, 1).await).await, (23, 11), "turn 1");
        // The last two: nothing is left that somebody else should come for, so it does not even look.
        idle().await;
        assert_eq!(counted(at, async |at| held = turn(at, &life, &held, 2).await).await, (24, 12), "turn 2");
        turn(at, &life, &held, 0).await;
    })
    .await;
}

#[tokio::test]
async fn bytes_of_the_log_per_task_do_not_grow() {
    let launch = Launch::default().with("appendonly", "yes").with("auto-aof-rewrite-percentage", "0");
    with_launch(launch, async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        let before = info(at, "persistence", "aof_current_size").await;
        for _ in 0..10 {
            at.submit(&tasks(at, 100)).await;
        }
        let submitted = info(at, "persistence", "aof_current_size").await;
        let mut held = Vec::new();
        for _ in 0..=10 {
            held = turn(at, &life, &held, 100).await;
        }
        let settled = info(at, "persistence", "aof_current_size").await;
        let per_task = ((submitted - before) / 1_000, (settled - submitted) / 1_000);
        assert!(per_task.0 <= 560 && per_task.1 <= 1_000, "bytes of the log per task: {per_task:?}");
    })
    .await;
}

async fn memory(at: &Fixture) -> u64 {
    let used = info(at, "memory", "used_memory").await;
    let stream: Option<u64> = ask(at, &["MEMORY", "USAGE", "baton:{0}:events", "SAMPLES", "0"]).await;
    // Buffers of connections come and go, and are not the tasks'.
    used - stream.unwrap_or_default() - info(at, "memory", "mem_clients_normal").await
}

/// What is written behind the work is a part of what a task takes.
async fn write_all_behind(at: &Fixture) {
    while at.store.write_behind(Shard::FIRST, false).await.unwrap() != Step::Idle {}
}

async fn run_all(at: &Fixture, life: &Life) {
    let mut held = turn(at, life, &[], 100).await;
    while !held.is_empty() {
        held = turn(at, life, &held, 100).await;
    }
    write_all_behind(at).await;
}

#[tokio::test]
async fn a_task_stays_small_in_memory() {
    let at = &Fixture::start(Launch::default()).await;
    const TASKS: u64 = 20_000;
    let life = Life::new(1, 1);
    at.register(&life, None).await;
    // What scripts take when they are used for the first time is nobody's.
    at.submit(&tasks(at, 200)).await;
    run_all(at, &life).await;
    let empty = memory(at).await;
    for _ in 0..TASKS / 200 {
        at.submit(&tasks(at, 200)).await;
    }
    write_all_behind(at).await;
    let pending = (memory(at).await - empty) / TASKS;
    run_all(at, &life).await;
    let finished = (memory(at).await - empty) / TASKS;
    println!("bytes per task with a payload of 100: pending {pending}, finished {finished}");
    // The aim is 600 and 900; what the allocator and the server's own tables take differs by some bytes from run to run.
    assert!(pending <= 610 && finished <= 910, "bytes per task: pending {pending}, finished {finished}");
}
