//! Queues with every limit there is, tasks with as many tags and groups as they may have, and long texts and lives.

use baton_core::queue::{QueueRules, Rate};
use baton_core::schedule::{Missed, Overlap, Timing};
use baton_core::{GroupName, Kind, QueueName, ScheduleName, Shard, Tag, TaskId, WebhookName, limits};
use baton_store::behind::Step;
use baton_store::calls::flow::NewFlow;
use baton_store::calls::queue::{QueueSet, SetQueue};
use baton_store::calls::schedule::{Begins, PutSchedule, Template};
use baton_store::calls::task::{Cancel, NewTask, Outcome};
use baton_store::calls::webhook::{PutWebhook, Room};

use super::{Bench, ROUNDS};

/// Of whom nobody else takes anything.
const WORKER: u64 = 800;

pub(super) async fn measure(bench: &Bench) {
    measure_claims(bench).await;
    measure_weights(bench).await;
    measure_schedules(bench).await;
    measure_groups(bench).await;
    measure_tags(bench).await;
    measure_webhooks(bench).await;
    measure_texts(bench).await;
}

async fn allow(bench: &Bench, queue: &QueueName, rules: &QueueRules) {
    let set = SetQueue { queue, rules: Some(rules), retention: None, version: None, by: None };
    let answer = bench.store.set_queue(Shard::FIRST, &set).await.unwrap();
    assert!(matches!(answer, QueueSet::Done { .. }), "{answer:?}");
}

fn queues() -> Vec<QueueName> {
    (0..limits::CLAIM_QUEUES_MAX).map(|number| QueueName::new(&format!("limited{number}")).unwrap()).collect()
}

/// Of a group for each, with as many tags as there may be.
fn laden(bench: &Bench, queue: &QueueName, count: u64) -> Vec<NewTask> {
    let mut tasks = bench.tasks(count, 100, None);
    for (at, task) in tasks.iter_mut().enumerate() {
        task.queue = queue.clone();
        task.group = Some(GroupName::new(&format!("{}{at}", "group".repeat(10))).unwrap());
        let tag = |tag: u64| Tag::new(&format!("{}{at}:{tag}", "tag".repeat(10))).unwrap();
        task.tags = (0..limits::TAGS_MAX).map(tag).collect();
    }
    tasks
}

/// As few to a call as they weigh.
async fn submit_laden(bench: &Bench, queue: &QueueName, count: u64) -> Vec<TaskId> {
    let tasks = laden(bench, queue, count);
    let most = limits::SUBMIT_TASKS_MAX / tasks[0].weight();
    let mut ids = Vec::new();
    for some in tasks.chunks(most as usize) {
        ids.extend(bench.submit(some).await);
    }
    ids
}

/// Each of the two things that a task may be laden with, alone.
async fn measure_weights(bench: &Bench) {
    let queue = QueueName::new("fair").unwrap();
    allow(bench, &queue, &QueueRules { fair: true, ..QueueRules::default() }).await;
    let most = limits::SUBMIT_TASKS_MAX / 2;
    bench
        .measure("task/submit, 100 tasks of 8 tags", async |_| {
            let lighter = |task| NewTask { group: None, ..task };
            let mut tasks: Vec<_> = laden(bench, &queue, most).into_iter().map(lighter).collect();
            tasks.iter_mut().for_each(|task| task.tags.truncate(limits::TAGS_WEIGH_ONE as usize));
            drop(bench.submit(&tasks).await);
        })
        .await;
    bench
        .measure("task/submit, 100 tasks in turns of their groups", async |_| {
            let lighter = |task| NewTask { tags: Vec::new(), ..task };
            let tasks: Vec<_> = laden(bench, &queue, most).into_iter().map(lighter).collect();
            drop(bench.submit(&tasks).await);
        })
        .await;
    bench
        .measure("flow/submit, pieces of 25 such tasks", async |_| {
            let id = bench.store.draw_flow(Shard::FIRST);
            let mut tasks = laden(bench, &queue, 75);
            (1..).zip(&mut tasks).for_each(|(at, task)| task.id = id.task(at));
            let parents = (0..75).map(|at: u32| (1..=at.min(1)).collect()).collect();
            let flow = NewFlow { id, name: None, tasks, parents, by: None, op: None };
            bench.store.submit_flow(&flow).await.unwrap();
        })
        .await;
}

/// One that was due every second of a day, with the most that its tasks may carry.
async fn measure_schedules(bench: &Bench) {
    let tags = laden(bench, &QueueName::default(), 1).remove(0).tags;
    let payload = vec![b'x'; limits::SCHEDULE_PAYLOAD_BYTES_MAX as usize];
    let task = Template { tags, ..Template::new(Kind::new("bench").unwrap(), payload) };
    let day_ago_ms = bench.store.draw(Shard::FIRST).drawn_ms() - 86_400_000;
    bench
        .measure("schedule/fire, all that was missed in a day", async |round| {
            let put = PutSchedule {
                name: &ScheduleName::new(&format!("bench{round}")).unwrap(),
                timing: &Timing::Every { every_ms: 1_000, aligned_ms: 0 },
                missed: Missed::All,
                overlap: Overlap::Allow,
                task: &task,
                begins: Begins::AtMs(day_ago_ms),
                version: None,
                by: None,
                owner: None,
                op: None,
            };
            bench.store.put_schedule(&put).await.unwrap();
            assert!(bench.store.fire_due(Shard::FIRST).await.unwrap().made > 100);
            bench.store.remove_schedule(put.name, None, None).await.unwrap();
        })
        .await;
}

async fn measure_claims(bench: &Bench) {
    let queues = queues();
    let every = QueueRules {
        concurrency: Some(100_000),
        rate: Some(Rate { count: 10_000, per_ms: 60_000 }),
        group_concurrency: Some(1_000),
        fair: true,
        aging_ms: None,
    };
    for queue in &queues {
        allow(bench, queue, &every).await;
    }
    bench
        .measure("task/submit, 50 tasks of 16 tags in turns of their groups", async |round| {
            submit_laden(bench, &queues[round % queues.len()], 200).await;
        })
        .await;
    let mut held = Vec::new();
    bench
        .measure("task/claim, 100 tasks of 32 queues with every limit", async |round| {
            let grants = bench.claim_of(WORKER + round as u64, &queues, limits::CLAIM_TASKS_MAX, &[]).await;
            assert_eq!(grants.len() as u64, limits::CLAIM_TASKS_MAX);
            held.push(grants);
        })
        .await;
    let outcome = Outcome::Complete { result: Vec::new() };
    bench
        .measure("task/settle, 100 of queues with every limit", async |round| {
            let pairs: Vec<_> = held[round].iter().map(|grant| grant.pair()).collect();
            drop(bench.settle(WORKER + round as u64, &queues[0], &pairs, &outcome).await);
        })
        .await;
}

/// A limit that was set when much waited already, and one that is lifted again.
async fn measure_groups(bench: &Bench) {
    let queue = QueueName::new("grouped").unwrap();
    for _ in 0..ROUNDS {
        submit_laden(bench, &queue, limits::SUBMIT_TASKS_MAX).await;
    }
    let queues = std::slice::from_ref(&queue);
    let one = QueueRules { group_concurrency: Some(1), ..QueueRules::default() };
    allow(bench, &queue, &one).await;
    bench
        .measure("task/claim, of a queue whose groups are all full", async |round| {
            let worker = WORKER + 50 + round as u64;
            drop(bench.claim_of(worker, queues, limits::CLAIM_TASKS_MAX, &[]).await);
        })
        .await;
    bench
        .measure("queue/set, a limit of groups comes and goes", async |round| {
            let rules = if round % 2 == 0 { &QueueRules::default() } else { &one };
            allow(bench, &queue, rules).await;
        })
        .await;
}

async fn measure_tags(bench: &Bench) {
    let queue = QueueName::new("tagged").unwrap();
    let ended = async || {
        let ids = submit_laden(bench, &queue, 100).await;
        let cancel = Cancel { tasks: &ids, by: None, reason: "", op: None };
        bench.store.cancel(Shard::FIRST, &cancel).await.unwrap();
        while let Step::Wrote { more: true, .. } =
            bench.store.write_behind(Shard::FIRST, false).await.unwrap()
        {}
    };
    ended().await;
    bench.measure("shard/facts, 100 tasks of 16 tags", async |_| ended().await).await;
    bench.measure("shard/behind, 100 tasks of 16 tags", async |_| ended().await).await;
}

/// All webhooks that there may be want to hear of all ends of one call.
async fn measure_webhooks(bench: &Bench) {
    let filter = "* * completed,failed,timeout,cancelled".parse().unwrap();
    for number in 0..limits::WEBHOOKS_MAX {
        let name = WebhookName::new(&format!("hook{number}")).unwrap();
        let url = "https://hooks.example/baton";
        let put = PutWebhook {
            name: &name,
            url,
            description: "",
            filter: &filter,
            root: "print",
            version: None,
            by: None,
        };
        bench.store.put_webhook(&put).await.unwrap();
    }
    let told = async || {
        let ids = bench.submit(&bench.tasks(100, 10, None)).await;
        let cancel = Cancel { tasks: &ids, by: None, reason: "not needed any more", op: None };
        bench.store.cancel(Shard::FIRST, &cancel).await.unwrap();
        while let Step::Wrote { more: true, .. } =
            bench.store.write_behind(Shard::FIRST, false).await.unwrap()
        {}
    };
    bench.measure("shard/behind, 100 ends told to 16 webhooks", async |_| told().await).await;
    let known = bench.store.webhooks().await.unwrap().webhooks;
    let rooms: Vec<Room<'_>> =
        known.iter().map(|webhook| Room { webhook, room: limits::WEBHOOK_AT_ONCE }).collect();
    bench
        .measure("webhook/take, 128 deliveries", async |_| {
            drop(bench.store.take_deliveries(Shard::FIRST, &rooms).await.unwrap())
        })
        .await;
}

async fn measure_texts(bench: &Bench) {
    let tasks = bench.tasks(limits::QUERY_VALUES_TASKS_MAX, limits::QUERY_PAYLOAD_BYTES as usize, None);
    let ids: Vec<TaskId> = bench.submit(&tasks).await;
    bench
        .measure("task/values, 50 payloads of 16 KiB", async |_| {
            drop(bench.store.task_values(Shard::FIRST, &ids).await.unwrap())
        })
        .await;
    let one = std::slice::from_ref(&ids[0]);
    for _ in 0..500 {
        let cancel = Cancel { tasks: one, by: None, reason: "", op: None };
        bench.store.cancel(Shard::FIRST, &cancel).await.unwrap();
        let rerun = baton_store::calls::task::Rerun { tasks: one, by: None, reason: "", op: None };
        bench.store.rerun(Shard::FIRST, &rerun).await.unwrap();
    }
    bench
        .measure("task/history, 1,000 lines", async |_| drop(bench.store.history(ids[0]).await.unwrap()))
        .await;
}
