//! What a listener wants to hear of, as it stands in the query.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::str::FromStr;

use axum::http::HeaderMap;
use baton_api::schemas;
use baton_core::{Kind, QueueName, TaskId};
use utoipa::openapi::Schema;

use super::place::Place;
use super::told::{Told, Topic};
use crate::extract::{FromTerms, Terms};
use crate::problem::Fail;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    tasks: bool,
    queues: bool,
    workers: bool,
    pub(super) counts: bool,
    /// Each of these that is not empty must have what the event is about.
    queue: HashSet<QueueName>,
    task: HashSet<TaskId>,
    kind: HashSet<Kind>,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) filter: Filter,
    /// Behind which place to go on.
    pub(super) after: Option<Place>,
}

/// The parameters of the feed, for the API document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read from the query by their names")]
pub(super) struct FeedQuery {
    /// What to hear of. Repeat it, or put commas between; so with the next three.
    #[param(value_type = Option<Vec<String>>, schema_with = topics)]
    topics: (),
    /// Only of these queues.
    #[param(value_type = Option<Vec<String>>, schema_with = queues)]
    queue: (),
    /// Only of these tasks.
    #[param(value_type = Option<Vec<String>>, schema_with = tasks)]
    task: (),
    /// Only of tasks of these kinds.
    #[param(value_type = Option<Vec<String>>, schema_with = schemas::kinds)]
    kind: (),
    /// Go on behind this event.
    last_event_id: Option<String>,
    /// In the place of a header, for browsers: what `POST /auth/ticket` has given.
    #[param(pattern = "^btt_")]
    ticket: Option<String>,
}

pub(super) fn topics() -> Schema {
    schemas::each(schemas::word(&["tasks", "queues", "workers", "counts"]))
}

pub(super) fn queues() -> Schema {
    schemas::each(schemas::queue())
}

pub(super) fn tasks() -> Schema {
    schemas::each(schemas::task())
}

/// A word of the parameter `topics`.
#[derive(Clone, Copy, Debug)]
enum Choice {
    Tasks,
    Queues,
    Workers,
    Counts,
}

/// A word that is no topic.
#[derive(Debug)]
struct NoTopic(String);

impl fmt::Display for NoTopic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "take {:?} as a topic: there are tasks, queues, workers and counts", self.0)
    }
}

impl FromStr for Choice {
    type Err = NoTopic;

    fn from_str(word: &str) -> Result<Choice, NoTopic> {
        match word {
            "tasks" => Ok(Choice::Tasks),
            "queues" => Ok(Choice::Queues),
            "workers" => Ok(Choice::Workers),
            "counts" => Ok(Choice::Counts),
            other => Err(NoTopic(other.to_owned())),
        }
    }
}

impl Filter {
    pub(super) fn read(terms: &mut Terms) -> Filter {
        let mut filter = Filter {
            queue: terms.many("queue").into_iter().collect(),
            task: terms.many("task").into_iter().collect(),
            kind: terms.many("kind").into_iter().collect(),
            ..Filter::default()
        };
        filter.choose(&terms.many("topics"));
        filter
    }

    pub(super) fn wants(&self, told: &Told) -> bool {
        let topic = match told.topic {
            Topic::Task => self.tasks,
            Topic::Queue | Topic::Webhook => self.queues,
            Topic::Worker => self.workers,
        };
        topic
            && among(&self.queue, &told.queue)
            && among(&self.task, &told.task)
            && among(&self.kind, &told.kind)
    }

    fn is_narrow(&self) -> bool {
        !(self.queue.is_empty() && self.task.is_empty() && self.kind.is_empty())
    }

    /// Without a choice of topics it is all of them; counts are of the whole fleet, so a filter leaves them out.
    fn choose(&mut self, topics: &[Choice]) {
        if topics.is_empty() {
            (self.tasks, self.queues, self.workers, self.counts) = (true, true, true, !self.is_narrow());
        }
        for topic in topics {
            match topic {
                Choice::Tasks => self.tasks = true,
                Choice::Queues => self.queues = true,
                Choice::Workers => self.workers = true,
                Choice::Counts => self.counts = true,
            }
        }
    }
}

fn among<T: Eq + Hash>(wanted: &HashSet<T>, given: &Option<T>) -> bool {
    wanted.is_empty() || given.as_ref().is_some_and(|given| wanted.contains(given))
}

impl FromTerms for Wish {
    const KNOWN: &[&str] = &["topics", "queue", "task", "kind", "last_event_id", "ticket"];

    fn read(terms: &mut Terms) -> Wish {
        let filter = Filter::read(terms);
        // Redeemed before the route was asked; here it is only known.
        let _: Option<String> = terms.one("ticket");
        Wish { filter, after: terms.one("last_event_id") }
    }
}

impl Wish {
    /// Browsers go on with a header. It is newer than the address, which they repeat as it was at first.
    pub(super) fn resumed(mut self, headers: &HeaderMap) -> Result<Wish, Fail> {
        if let Some(value) = headers.get("last-event-id").filter(|value| !value.is_empty()) {
            let place = value.to_str().unwrap_or_default().parse();
            self.after =
                Some(place.map_err(|error| Fail::invalid("Last-Event-ID", format!("failed to {error}")))?);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Uri;

    use super::*;

    fn wish(query: &str, header: Option<&str>) -> Result<Wish, Fail> {
        let uri: Uri = format!("/api/v1/events?{query}").parse().unwrap();
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert("last-event-id", header.parse().unwrap());
        }
        Terms::read_all::<Wish>(&uri)?.resumed(&headers)
    }

    #[test]
    fn without_a_choice_it_is_everything() {
        let all = wish("", None).unwrap().filter;
        assert!(all.tasks && all.queues && all.workers && all.counts);
        let narrow = wish("queue=a,b&queue=c", None).unwrap().filter;
        assert!(narrow.tasks && !narrow.counts && narrow.queue.len() == 3);
        let counts = wish("topics=counts,workers&queue=a", None).unwrap().filter;
        assert!(counts.counts && counts.workers && !counts.tasks);
    }

    #[test]
    fn the_header_is_newer_than_the_address() {
        let after = |query: &str, header| wish(query, header).unwrap().after.map(|place| place.to_string());
        assert_eq!(after("", None), None);
        assert_eq!(after("last_event_id=1-1.0", None).as_deref(), Some("1-1.0"));
        assert_eq!(after("last_event_id=1-1.0", Some("2-0")).as_deref(), Some("2-0"));
        assert_eq!(after("", Some("")), None);
        assert!(wish("", Some("x")).is_err());
    }

    #[test]
    fn a_ticket_may_stand_there_and_is_not_repeated() {
        assert_eq!(wish("ticket=btt_abc&queue=a", None), wish("queue=a", None));
        let refused = wish("ticket=btt_abc&ticket=btt_abc", None).unwrap_err();
        assert!(!format!("{refused:?}").contains("abc"), "{refused:?}");
    }
}
