//! What a shard knows of webhooks, and what waits for their receivers, as words.

use baton_core::webhook::{Filter, WebhookState, end_of};
use baton_core::{Fence, Kind, Principal, QueueName, Status, TaskId, Version, WebhookName, WorkerId};

use crate::behind::Fact;

/// A webhook, as a shard knows it: it is told of what fits its filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    pub name: WebhookName,
    /// That it was made under.
    pub id: String,
    pub filter: Filter,
}

impl Watch {
    /// `None` if it takes nothing, or was written by a newer release.
    pub(crate) fn read(name: &str, text: &str) -> Option<Watch> {
        let mut words = text.splitn(4, ' ');
        let (_version, id, state, filter) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let state: WebhookState = state.parse().ok()?;
        if state == WebhookState::Disabled {
            return None;
        }
        Some(Watch { name: name.parse().ok()?, id: id.to_owned(), filter: filter.parse().ok()? })
    }
}

/// An end of a task that waits for a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Since when it waits.
    pub since_ms: u64,
    pub task: TaskId,
    pub version: Version,
    pub end: Status,
    /// When it happened.
    pub at_ms: u64,
    pub fence: Fence,
    /// Attempts of the task that have failed.
    pub attempt: u64,
    pub queue: QueueName,
    pub kind: Kind,
    pub worker: Option<WorkerId>,
    pub by: Option<Principal>,
    pub why: Option<String>,
}

/// Stands for nobody.
const NONE: &str = "-";

impl Delivery {
    /// The same for each attempt, and for no other event. After a failover that lost a moment a task may come to an end once
    /// more under the same version, at another time.
    pub fn id(&self) -> String {
        format!("{}.{}.{}", self.task, self.version.0, self.at_ms)
    }

    /// What follows from a fact, without the time at which it begins to wait: the script puts that in front.
    pub(crate) fn words(fact: &Fact) -> String {
        let worker = fact.worker.as_ref().map_or(NONE, WorkerId::as_str);
        let by = fact.by.as_ref().map_or(NONE, Principal::as_str);
        format!(
            "{}.{}.{} {} {} {} {} {} {worker} {by} {}",
            fact.id,
            fact.version.0,
            fact.at_ms,
            fact.event,
            fact.fence.0,
            fact.attempt,
            fact.queue,
            fact.kind,
            fact.why.as_deref().unwrap_or_default(),
        )
    }

    pub(crate) fn read(text: &str) -> Option<Delivery> {
        let words: Vec<&str> = text.splitn(10, ' ').collect();
        let [since, id, event, fence, attempt, queue, kind, worker, by, why] = words[..] else {
            return None;
        };
        let (task, moved) = id.split_once('.')?;
        let (version, at) = moved.split_once('.')?;
        let some = |word: &'_ str| (word != NONE).then(|| word.to_owned());
        Some(Delivery {
            since_ms: since.parse().ok()?,
            task: task.parse().ok()?,
            version: Version(version.parse().ok()?),
            end: end_of(event)?,
            at_ms: at.parse().ok()?,
            fence: Fence(fence.parse().ok()?),
            attempt: attempt.parse().ok()?,
            queue: queue.parse().ok()?,
            kind: kind.parse().ok()?,
            worker: some(worker).and_then(|word| word.parse().ok()),
            by: some(by).and_then(|word| word.parse().ok()),
            why: Some(why.to_owned()).filter(|why| !why.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact() -> Fact {
        Fact {
            id: "01a1fc29-8a56-7000-ba14-c38b1cfc4000".parse().unwrap(),
            event: "fail".to_owned(),
            queue: QueueName::new("media:eu").unwrap(),
            kind: Kind::new("mail.send").unwrap(),
            at_ms: 7,
            version: Version(3),
            fence: Fence(9),
            attempt: 2,
            why: Some("http 4xx: two  words".to_owned()),
            by: None,
            worker: Some(WorkerId::new("worker-001-test").unwrap()),
            boot: None,
        }
    }

    #[test]
    fn a_delivery_is_read_as_it_was_written() {
        let read = Delivery::read(&format!("5 {}", Delivery::words(&fact()))).unwrap();
        assert_eq!((read.since_ms, read.end, read.at_ms, read.attempt), (5, Status::Failed, 7, 2));
        assert_eq!((read.why, read.worker, read.by), (fact().why, fact().worker, None));
        let bare = Fact { why: None, worker: None, by: Some(Principal::new("ada").unwrap()), ..fact() };
        let read = Delivery::read(&format!("5 {}", Delivery::words(&bare))).unwrap();
        assert_eq!((read.id(), read.why, read.by), (format!("{}.3.7", bare.id), None, bare.by));
        for text in ["", "5", "5 x.3 fail", "5 x.3.1 fail 1 1 q k - - "] {
            assert_eq!(Delivery::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_shard_watches_for_those_that_take_something() {
        let read = |text: &str| Watch::read("ops", text).map(|watch| watch.id);
        assert_eq!(read("7 a1 active * * completed").as_deref(), Some("a1"));
        assert_eq!(read("7 a1 paused mail * failed").as_deref(), Some("a1"));
        for text in ["7 a1 disabled * * completed", "7 a1 active * *", "7 a1 novel * * failed", ""] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
