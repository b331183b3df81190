//! What happened, and what operators did.

use std::collections::HashMap;

use askama::Template;
use baton_api::event::{Event, Events};
use baton_api::operation::{Trail, TrailEntry};

use crate::link::Link;
use crate::page::pages;
use crate::shell::Shell;
use crate::words;

/// What happened.
#[derive(Debug, Template)]
#[template(path = "events.html", blocks = ["live"])]
pub struct EventsPage {
    pub shell: Shell,
    pub list: Events,
    /// What is looked for: names and values of [`EVENT_FILTERS`], and `topics`.
    pub filters: Filters,
    pub cursor: String,
}

/// What operators did.
#[derive(Debug, Template)]
#[template(path = "audit.html", blocks = ["live"])]
pub struct AuditPage {
    pub shell: Shell,
    /// None: whoever looks may not see it.
    pub list: Option<Trail>,
    /// Names and values of [`AUDIT_FILTERS`].
    pub filters: Filters,
    pub cursor: String,
}

pages!(EventsPage, AuditPage);

/// The fields of the form, as the interface calls them.
pub const EVENT_FILTERS: [&str; 5] = ["event", "queue", "kind", "task", "by"];
pub const AUDIT_FILTERS: [&str; 4] = ["action", "by", "subject", "address"];

/// Tabs: a word, and the topics behind it.
const TABS: [(&str, &str); 4] = [
    ("Everything", ""),
    ("Tasks", "tasks"),
    ("Queues and schedules", "queues"),
    ("Workers and pools", "workers"),
];

/// What is looked for, by name.
#[derive(Clone, Debug, Default)]
pub struct Filters(pub Vec<(&'static str, String)>);

impl Filters {
    pub fn get(&self, name: &str) -> String {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map_or_else(String::new, |(_, value)| words::line(value))
    }

    /// To a page or a list of the interface that shows the same.
    pub fn onto(&self, link: Link) -> Link {
        self.0.iter().fold(link, |link, (name, value)| link.with_some(name, value))
    }

    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|(_, value)| value.is_empty())
    }
}

impl EventsPage {
    fn tabs(&self) -> Vec<(&'static str, Link, bool)> {
        let others: Vec<_> = self.filters.0.iter().filter(|(name, _)| *name != "topics").cloned().collect();
        let chosen = self.filters.0.iter().find(|(name, _)| *name == "topics").map_or("", |(_, value)| value);
        let to = |topic: &str| {
            Filters(others.clone()).onto(self.shell.base.to("/ui/events").with_some("topics", topic))
        };
        TABS.into_iter().map(|(word, topic)| (word, to(topic), topic == chosen)).collect()
    }

    /// It looks for what few events may have. That reads many of them, so the page is not asked for again by itself.
    fn searches(&self) -> bool {
        self.filters.0.iter().any(|(name, value)| *name != "topics" && !value.is_empty())
    }

    /// What makes the page be asked for again.
    fn heard(&self) -> String {
        let topics = self.filters.get("topics");
        match self.searches() || !self.cursor.is_empty() {
            true => String::new(),
            false if topics.is_empty() => "tasks,queues,workers".to_owned(),
            false => topics,
        }
    }

    /// With a name for each that stays the same while others come.
    fn rows(&self) -> Vec<(String, &Event)> {
        let mut seen: HashMap<String, u32> = HashMap::new();
        // From the oldest on: a newer one of the same name does not change those of the others.
        let mut rows: Vec<_> = self
            .list
            .events
            .iter()
            .rev()
            .map(|event| {
                let name = name(event);
                let many = seen.entry(name.clone()).and_modify(|many| *many += 1).or_insert(0);
                (format!("{name}-{many}"), event)
            })
            .collect();
        rows.reverse();
        rows
    }

    fn next(&self) -> Option<Link> {
        let cursor = self.list.next_cursor.as_ref()?;
        Some(self.filters.onto(self.shell.base.to("/ui/events")).with("cursor", cursor))
    }

    fn lines(&self) -> Link {
        let all = self.shell.base.to("/api/v1/events/history").with("limit", 500).with("format", "ndjson");
        self.filters.onto(all).with_some("cursor", &self.cursor)
    }
}

fn name(event: &Event) -> String {
    let about =
        event.task.as_ref().or(event.worker.as_ref()).or(event.queue.as_ref()).or(event.pool.as_ref());
    let about: String =
        about.map(String::as_str).unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("event-{}-{}-{about}-{}", event.at.ms(), event.event, event.version.unwrap_or_default())
}

impl AuditPage {
    fn entries(&self) -> &[TrailEntry] {
        self.list.as_ref().map_or(&[], |list| &list.entries)
    }

    fn next(&self) -> Option<Link> {
        let cursor = self.list.as_ref()?.next_cursor.as_ref()?;
        Some(self.filters.onto(self.shell.base.to("/ui/audit")).with("cursor", cursor))
    }

    fn lines(&self) -> Link {
        let all = self.shell.base.to("/api/v1/audit").with("limit", 500).with("format", "ndjson");
        self.filters.onto(all).with_some("cursor", &self.cursor)
    }

    fn by(&self, who: &str) -> Link {
        self.shell.base.to("/ui/audit").with("by", who)
    }
}

/// A word of the interface, as people say it: `pause_queue` is "pause queue".
pub fn spoken(action: impl AsRef<str>) -> String {
    words::line(action.as_ref().replace('_', " "))
}

/// Whether it came to an end that is not good.
pub fn is_bad(outcome: &str) -> bool {
    outcome.starts_with(['4', '5'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_follow_along() {
        let filters =
            Filters(vec![("topics", "tasks".to_owned()), ("by", "<a>".to_owned()), ("queue", String::new())]);
        let base = crate::Base::default();
        assert_eq!(filters.onto(base.to("/ui/events")).to_string(), "/ui/events?topics=tasks&by=%3Ca%3E");
        assert_eq!((filters.get("by").as_str(), filters.is_empty()), ("<a>", false));
    }

    #[test]
    fn outcomes_are_those_of_the_interface() {
        assert!(is_bad("503 redis_unavailable") && !is_bad("200") && !is_bad("ended"));
        assert_eq!(spoken("pause_queue"), "pause queue");
    }
}
