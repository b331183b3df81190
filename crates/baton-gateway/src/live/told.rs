//! An entry of the stream as listeners get it: one event for each task, written as JSON once for all of them.

use baton_api::Timestamp;
use baton_api::event::Event;
use baton_auth::Action;
use baton_core::{Kind, Move, QueueName, Shard, TaskId};
use baton_store::event::{Entry, StreamId, TaskEvent};
use serde_json::value::RawValue;

use crate::auth::Grant;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Task,
    Queue,
    /// Of any queue, so for those who administer all of them; heard of with what happens to queues.
    Webhook,
    Worker,
}

impl Topic {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Topic::Task => "task",
            Topic::Queue | Topic::Webhook => "queue",
            Topic::Worker => "worker",
        }
    }
}

/// One event.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) topic: Topic,
    pub(super) task: Option<TaskId>,
    pub(super) queue: Option<QueueName>,
    pub(super) kind: Option<Kind>,
    pub(super) json: Box<RawValue>,
}

impl Told {
    /// What happens in a queue is for those who read it; what happens to workers, for those who see workers.
    pub(super) fn is_for(&self, grant: &Grant) -> bool {
        match (self.topic, &self.queue) {
            (Topic::Task | Topic::Queue, Some(queue)) => grant.reads(queue),
            (Topic::Task | Topic::Queue, None) => grant.reaches_all(Action::TasksRead),
            (Topic::Webhook, _) => {
                [Action::TasksRead, Action::QueuesAdmin].into_iter().all(|action| grant.reaches_all(action))
            }
            (Topic::Worker, _) => grant.must(Action::WorkersRead).is_ok(),
        }
    }
}

/// The events of one entry, in order of effect.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) shard: Shard,
    pub(super) entry: StreamId,
    pub(super) events: Vec<Told>,
}

impl Batch {
    pub(super) fn new(shard: Shard, entry: &Entry) -> Batch {
        let events = match &entry.tasks[..] {
            [] => vec![told_alone(entry)],
            tasks => tasks.iter().map(|task| told_of(entry, task)).collect(),
        };
        Batch { shard, entry: entry.id, events }
    }

    pub(super) fn tasks(&self) -> impl Iterator<Item = TaskId> {
        self.events.iter().filter_map(|event| event.task)
    }
}

/// What all events of the entry share.
fn common(entry: &Entry) -> Event {
    Event {
        event: entry.event.clone(),
        at: Timestamp::from_ms(entry.id.ms),
        task: None,
        version: None,
        to: None,
        queue: None,
        kind: None,
        worker: entry.worker.as_ref().map(ToString::to_string),
        boot: entry.boot.as_ref().map(ToString::to_string),
        pool: None,
        schedule: None,
        webhook: None,
        fence: None,
        attempt: None,
        by: entry.by.as_ref().map(ToString::to_string),
        why: None,
    }
}

fn told_of(entry: &Entry, task: &TaskEvent) -> Told {
    let event = Event {
        task: Some(task.task.to_string()),
        version: Some(task.version.0),
        to: to(&entry.event),
        queue: Some(task.queue.to_string()),
        kind: Some(task.kind.to_string()),
        fence: Some(task.fence.0).filter(|fence| *fence > 0),
        attempt: Some(task.attempt),
        why: task.why.clone(),
        ..common(entry)
    };
    Told {
        topic: Topic::Task,
        task: Some(task.task),
        queue: Some(task.queue.clone()),
        kind: Some(task.kind.clone()),
        json: json(&event),
    }
}

/// What happens to pools.
const OF_POOLS: [&str; 6] = ["scale", "start", "halt", "remove", "attend", "part"];

/// An entry that names no task: of a queue, of a schedule, of a kind, of a worker, of a pool, or of the whole shard.
fn told_alone(entry: &Entry) -> Told {
    if let Some(schedule) = &entry.schedule {
        return told_of_schedule(entry, schedule);
    }
    if OF_POOLS.contains(&entry.event.as_str()) {
        return told_of_pool(entry);
    }
    if entry.event.starts_with("webhook_") {
        return told_of_webhook(entry);
    }
    let queue = match entry.event.as_str() {
        "pause" | "resume" | "queue_set" => {
            let name = entry.subject.as_deref().and_then(|subject| subject.split(' ').next());
            name.and_then(|name| name.parse::<QueueName>().ok())
        }
        _ => None,
    };
    let said =
        entry.subject.as_deref().and_then(|subject| subject.split_once(' ')).map(|(_, said)| said.to_owned());
    let rest = if queue.is_none() { entry.subject.clone() } else { said };
    let (kind, why) = if entry.event.starts_with("kind_") { (rest, None) } else { (None, rest) };
    let event = Event { queue: queue.as_ref().map(ToString::to_string), kind, why, ..common(entry) };
    let topic = if queue.is_some() { Topic::Queue } else { Topic::Worker };
    Told { topic, task: None, queue, kind: None, json: json(&event) }
}

/// Its size or its supervisor stands behind its name.
fn told_of_pool(entry: &Entry) -> Told {
    let subject = entry.subject.as_deref().unwrap_or_default();
    let (pool, rest) = subject.split_once(' ').map_or((subject, None), |(pool, rest)| (pool, Some(rest)));
    let event = Event { pool: Some(pool.to_owned()), why: rest.map(str::to_owned), ..common(entry) };
    Told { topic: Topic::Worker, task: None, queue: None, kind: None, json: json(&event) }
}

/// Why it was given up stands behind its name.
fn told_of_webhook(entry: &Entry) -> Told {
    let subject = entry.subject.as_deref().unwrap_or_default();
    let (webhook, rest) = subject.split_once(' ').map_or((subject, None), |(name, rest)| (name, Some(rest)));
    let event = Event { webhook: Some(webhook.to_owned()), why: rest.map(str::to_owned), ..common(entry) };
    Told { topic: Topic::Webhook, task: None, queue: None, kind: None, json: json(&event) }
}

/// The queue of its tasks stands behind its name, and then what there is to say.
fn told_of_schedule(entry: &Entry, schedule: &str) -> Told {
    let mut words = schedule.splitn(3, ' ').map(str::to_owned);
    let (schedule, queue) = (words.next(), words.next());
    let event = Event { schedule, queue: queue.clone(), why: words.next(), ..common(entry) };
    let queue = queue.and_then(|name| name.parse::<QueueName>().ok());
    Told { topic: Topic::Queue, task: None, queue, kind: None, json: json(&event) }
}

/// The status that a move leads to, where it is only one.
fn to(event: &str) -> Option<String> {
    match event.parse::<Move>().ok()?.targets() {
        [only] => Some(only.to_string()),
        _ => None,
    }
}

fn json(event: &Event) -> Box<RawValue> {
    // Texts and numbers can always be written; the fallback spares a panic.
    serde_json::value::to_raw_value(event).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::of_key;

    #[test]
    fn each_event_is_for_those_who_read_what_it_is_about() {
        let told = |topic, queue: Option<&str>| Told {
            topic,
            task: None,
            queue: queue.map(|name| name.parse().unwrap()),
            kind: None,
            json: Box::default(),
        };
        let (a, b) = (told(Topic::Task, Some("a")), told(Topic::Queue, Some("b")));
        let (worker, odd) = (told(Topic::Worker, None), told(Topic::Task, None));
        for (scopes, heard) in [
            ("tasks:read", [true, true, false, true]),
            ("tasks:read@a workers:read", [true, false, true, false]),
            ("tasks:read@b", [false, true, false, false]),
            ("tasks:claim@a tasks:write@b", [false, false, false, false]),
        ] {
            let grant = of_key(scopes);
            assert_eq!([&a, &b, &worker, &odd].map(|told| told.is_for(&grant)), heard, "{scopes}");
        }
    }
}
