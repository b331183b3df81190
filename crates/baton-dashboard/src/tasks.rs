//! Tasks: a list with a search, and what is done to many of them.

use askama::Template;
use baton_api::operation::{Foreseen, Operation};
use baton_api::task::{Task, Tasks};
use baton_core::Status;
use baton_core::operation::Act;

use crate::link::Link;
use crate::page::pages;
use crate::shell::Shell;
use crate::words;

/// What stands in the address and narrows the list, in the order in which it is shown.
pub const FILTERS: [&str; 7] = ["queue", "kind", "worker", "tag", "key", "flow", "q"];

/// A list of tasks.
#[derive(Debug, Template)]
#[template(path = "tasks.html", blocks = ["live"])]
pub struct TasksPage {
    pub shell: Shell,
    pub list: Tasks,
    /// One of the eight, or none for all.
    pub status: String,
    /// Of [`FILTERS`], those that say something.
    pub filters: Vec<(&'static str, String)>,
    pub cursor: String,
}

impl TasksPage {
    fn q(&self) -> &str {
        self.filters.iter().find(|(name, _)| *name == "q").map_or("", |(_, value)| value)
    }

    /// This list, but in that status.
    fn in_status(&self, status: &str) -> Link {
        let link = self.shell.tasks().with_some("status", status);
        self.filters.iter().fold(link, |link, (name, value)| link.with(name, value))
    }

    /// This list without that filter.
    fn without(&self, gone: &str) -> Link {
        let link = self.shell.tasks().with_some("status", &self.status);
        let rest = self.filters.iter().filter(|(name, _)| *name != gone);
        rest.fold(link, |link, (name, value)| link.with(name, value))
    }

    fn further(&self) -> Option<Link> {
        Some(self.in_status(&self.status).with("cursor", self.list.next_cursor.as_ref()?))
    }

    /// Filters that are taken off one by one; the search has a field of its own.
    fn chips(&self) -> impl Iterator<Item = &(&'static str, String)> {
        self.filters.iter().filter(|(name, _)| *name != "q")
    }

    /// How many there are in a status. With a filter nobody knows without looking at all of them; of a queue it is known.
    fn count(&self, status: &Status) -> Option<u64> {
        match &self.filters[..] {
            [] => self.shell.bar.as_ref()?.count(status),
            [("queue", queue)] => {
                let queues = &self.shell.bar.as_ref()?.stats.as_ref()?.queues;
                queues.get(queue)?.get(status.as_str()).copied()
            }
            _ => None,
        }
    }

    fn counted(&self, status: &Status) -> String {
        self.count(status).map_or_else(String::new, words::grouped)
    }

    /// What is done to those that are ticked.
    fn acts(&self) -> Vec<(&'static str, &'static str)> {
        let all = [
            ("cancel", "tasks:cancel", "Cancel"),
            ("rerun", "tasks:write", "Run again"),
            ("promote", "tasks:write", "Run now"),
        ];
        all.into_iter()
            .filter(|(_, scope, _)| self.shell.may(scope))
            .map(|(act, _, button)| (act, button))
            .collect()
    }

    /// A sentence on how far was looked, where that was not to the end.
    fn looked(&self) -> Option<String> {
        let scanned = self.list.scanned?;
        let more = if self.list.truncated == Some(true) { ", and there are more" } else { "" };
        Some(format!("Looked at {} tasks{more}.", words::grouped(scanned)))
    }
}

/// What a row says of a task beside its numbers.
pub fn remark(task: &Task) -> String {
    if let Some(progress) = task.progress.as_ref().filter(|_| task.status == Status::Running) {
        return format!("{:.0}\u{202f}% {}", progress.fraction * 100.0, words::line(&progress.text));
    }
    let said = task.error.as_ref().or(task.reason.as_ref()).filter(|_| task.status != Status::Completed);
    said.map(words::line).or_else(|| task.name.as_ref().map(words::line)).unwrap_or_default()
}

/// How old a task is: since it ended, since it runs, or since it came.
pub fn age(task: &Task, shell: &Shell) -> String {
    let at = match task.status {
        Status::Scheduled => task.run_at.unwrap_or(task.created_at),
        _ => task.finished_at.or(task.started_at).unwrap_or(task.created_at),
    };
    shell.since(&at)
}

/// Asks before something is done to many tasks.
#[derive(Debug, Template)]
#[template(path = "many.html", blocks = ["live"])]
pub struct ManyPage {
    pub shell: Shell,
    pub foreseen: Foreseen,
    pub ids: Vec<String>,
}

impl ManyPage {
    fn verb(&self) -> &'static str {
        match self.foreseen.action {
            Act::Cancel => "Cancel",
            Act::Rerun => "Run again",
            Act::Promote => "Run now",
            Act::Reprioritise => "Move",
        }
    }

    /// `Cancel 12 tasks`.
    fn button(&self) -> String {
        let many = if self.foreseen.matched == 1 { "task" } else { "tasks" };
        format!("{} {} {many}", self.verb(), words::grouped(self.foreseen.matched))
    }
}

/// What became of it.
#[derive(Debug, Template)]
#[template(path = "operation.html", blocks = ["live"])]
pub struct OperationPage {
    pub shell: Shell,
    pub operation: Operation,
}

pages!(TasksPage, ManyPage, OperationPage);
