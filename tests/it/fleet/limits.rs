//! The limits of a queue while twenty workers claim from it and some of them are killed.

use baton_core::queue::{QueueRules, Rate};
use baton_core::{GroupName, QueueName, Shard, Status, TaskId};
use baton_store::calls::queue::SetQueue;
use baton_store::calls::task::{NewTask, Submission};
use baton_store::event::Entry;

use super::support::{Fleet, until};

const TASKS: usize = 200;
const AT_ONCE: usize = 6;
const OF_A_GROUP: usize = 2;
const RATE: Rate = Rate { count: 40, per_ms: 1_000 };

#[tokio::test(flavor = "multi_thread")]
async fn twenty_workers_and_kills_never_start_one_task_too_many() {
    let fleet = Fleet::start().await;
    let rules = QueueRules {
        concurrency: Some(AT_ONCE as u64),
        group_concurrency: Some(OF_A_GROUP as u64),
        rate: Some(RATE),
        ..QueueRules::default()
    };
    let queue = QueueName::default();
    let set = SetQueue { queue: &queue, rules: Some(&rules), retention: None, version: None, by: None };
    fleet.store.set_queue(Shard::FIRST, &set).await.expect("an answer");
    let mut workers: Vec<_> = (0..20).map(|number| fleet.worker(&format!("w{number}"))).collect();
    let of = |number: usize| {
        let group = GroupName::new(&format!("g{}", number % 5)).expect("a name");
        NewTask { group: Some(group), max_crashes: 100, ..fleet.new_task("sleep", r#"{"ms":30}"#) }
    };
    let tasks: Vec<NewTask> = (0..TASKS).map(of).collect();
    let groups: Vec<(TaskId, usize)> =
        tasks.iter().enumerate().map(|(number, task)| (task.id, number % 5)).collect();
    for tasks in tasks.chunks(TASKS / 2) {
        fleet.store.submit(&Submission { tasks, by: None, op: None }).await.expect("an answer");
    }
    let completed = async || {
        let counts = fleet.store.queue(Shard::FIRST, &queue).await.expect("an answer").expect("the queue");
        counts.of(Status::Completed) as usize
    };
    // Three times some die in the middle of it, whatever they hold.
    for (wave, share) in [TASKS / 5, TASKS / 3, TASKS / 2].into_iter().enumerate() {
        until("some are done", async || completed().await >= share).await;
        workers[wave * 3..wave * 3 + 3].iter_mut().for_each(|worker| worker.kill());
    }
    until("all are done", async || completed().await == TASKS).await;
    let entries = whole_stream(&fleet).await;
    assert!(entries.iter().any(|entry| entry.event == "claim"), "there is something to judge by");
    judge(&entries, &groups);
}

async fn whole_stream(fleet: &Fleet) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map(|entry| entry.id);
        let more = fleet.store.events(Shard::FIRST, after, 500).await.expect("events");
        if more.is_empty() {
            return entries;
        }
        entries.extend(more);
    }
}

/// Replays the stream, in which every step stands in order of effect.
fn judge(entries: &[Entry], groups: &[(TaskId, usize)]) {
    let mut running: Vec<TaskId> = Vec::new();
    let mut starts: Vec<u64> = Vec::new();
    let mut most = 0;
    for entry in entries {
        for told in &entry.tasks {
            match entry.event.as_str() {
                "claim" => {
                    running.push(told.task);
                    // The fence is the µs of the start.
                    starts.push(told.fence.0);
                }
                "complete" | "reclaim" | "release" | "retry" | "fail" | "time_out" => {
                    running.retain(|task| *task != told.task);
                }
                _ => {}
            }
            most = most.max(running.len());
            assert!(running.len() <= AT_ONCE, "{} run at once", running.len());
            for group in 0..5 {
                let of_group = |task: &&TaskId| groups.iter().any(|(id, of)| id == *task && *of == group);
                assert!(running.iter().filter(of_group).count() <= OF_A_GROUP, "too many of a group run");
            }
        }
    }
    assert_eq!(most, AT_ONCE, "the limit was reached, so it was tested");
    starts.sort_unstable();
    let window_us = RATE.per_ms * 1_000;
    for (number, start) in starts.iter().enumerate().skip(RATE.count as usize) {
        let earlier = starts[number - RATE.count as usize];
        assert!(start - earlier >= window_us, "{} starts within {} µs", RATE.count + 1, start - earlier);
    }
}
