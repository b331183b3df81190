//! Tasks: a list with a search, and what is done to many of them.

use std::collections::BTreeSet;

use askama::Template;
use baton_api::task::{Task, Tasks};
use baton_core::Status;
use baton_core::operation::Act;

use crate::errors::DEAD;
use crate::link::Link;
use crate::many;
use crate::page::pages;
use crate::shell::Shell;
use crate::words;

/// What stands in the address and narrows the list, in the order in which it is shown.
pub const FILTERS: [&str; 7] = ["queue", "kind", "worker", "tag", "key", "flow", "q"];

/// Queues that the search offers.
const TERMS_MAX: usize = 100;

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
    /// What is shown of each task; none: the usual.
    pub columns: Vec<Column>,
}

/// What can be shown of a task beside its id and status: word of the address, title, class.
macro_rules! columns {
    ($($name:ident = $word:literal, $title:literal, $class:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Column { $($name,)* }

        impl Column {
            pub const ALL: &[Column] = &[$(Column::$name),*];

            pub fn word(self) -> &'static str {
                match self { $(Column::$name => $word,)* }
            }

            pub fn title(self) -> &'static str {
                match self { $(Column::$name => $title,)* }
            }

            fn class(self) -> &'static str {
                match self { $(Column::$name => $class,)* }
            }
        }
    };
}

columns! {
    Kind = "kind", "Kind", "name-column";
    Queue = "queue", "Queue", "name-column fold";
    Priority = "priority", "Priority", "number fold";
    Attempt = "attempt", "Attempt", "number fold";
    Waited = "waited", "Waited", "number fold";
    Ran = "ran", "Ran", "number fold";
    Age = "age", "Age", "number age";
    Created = "created", "Created, UTC", "time-column fold";
    Worker = "worker", "Worker", "worker-column fold";
    Key = "key", "Key", "name-column fold";
    Tags = "tags", "Tags", "name-column fold";
    Error = "error", "Note", "fold";
}

const USUAL: [Column; 8] = [
    Column::Kind,
    Column::Queue,
    Column::Attempt,
    Column::Waited,
    Column::Ran,
    Column::Age,
    Column::Worker,
    Column::Error,
];

impl Column {
    /// Those that are named, in the order of the table; words that name none are passed over.
    pub fn read<'a>(words: impl Iterator<Item = &'a str>) -> Vec<Column> {
        let named: Vec<&str> = words.flat_map(|words| words.split(',')).collect();
        Column::ALL.iter().copied().filter(|column| named.contains(&column.word())).collect()
    }
}

impl TasksPage {
    fn shown(&self) -> &[Column] {
        if self.columns.is_empty() { &USUAL } else { &self.columns }
    }

    fn shows(&self, column: &Column) -> bool {
        self.shown().contains(column)
    }

    fn all_columns(&self) -> &'static [Column] {
        Column::ALL
    }

    /// The columns as the address has them; nothing, if they are the usual ones.
    fn columns_said(&self) -> String {
        let words: Vec<&str> = self.columns.iter().map(|column| column.word()).collect();
        words.join(",")
    }

    /// A list with these columns.
    fn start(&self) -> Link {
        self.shell.tasks().with_some("columns", self.columns_said())
    }

    fn q(&self) -> &str {
        self.filters.iter().find(|(name, _)| *name == "q").map_or("", |(_, value)| value)
    }

    /// What may be looked for, of what is known of the fleet and of this list.
    fn terms(&self) -> Vec<String> {
        let queues =
            self.shell.bar.iter().filter_map(|bar| bar.stats.as_ref()).flat_map(|stats| stats.queues.keys());
        let kinds: BTreeSet<&str> = self.list.tasks.iter().map(|task| task.kind.as_str()).collect();
        let statuses = Status::ALL.iter().map(|status| format!("status:{status}"));
        let queues = queues.take(TERMS_MAX).map(|queue| format!("queue:{queue}"));
        statuses.chain(queues).chain(kinds.into_iter().map(|kind| format!("kind:{kind}"))).collect()
    }

    /// This list, but in that status.
    fn in_status(&self, status: &str) -> Link {
        let link = self.start().with_some("status", status);
        self.filters.iter().fold(link, |link, (name, value)| link.with(name, value))
    }

    /// This list without that filter.
    fn without(&self, gone: &str) -> Link {
        let link = self.start().with_some("status", &self.status);
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

    fn is_dead(&self) -> bool {
        self.status == DEAD
    }

    fn dead(&self) -> Link {
        self.in_status(DEAD)
    }

    /// `failed or timeout`.
    fn status_said(&self) -> String {
        words::line(self.status.replace(',', " or "))
    }

    /// The statuses of the list; none: all of them.
    fn statuses(&self) -> Vec<Status> {
        self.status.split(',').filter_map(|word| word.parse().ok()).collect()
    }

    /// What whoever looks may do to some task of the list.
    fn possible(&self) -> impl Iterator<Item = Act> {
        let asked = self.statuses();
        let allowed = Act::ALL.iter().copied().filter(|act| self.shell.may(many::scope(*act)));
        allowed.filter(move |act| asked.is_empty() || asked.iter().any(|status| act.takes().contains(status)))
    }

    /// What is done to those that are ticked.
    fn acts(&self) -> Vec<(&'static str, &'static str)> {
        self.possible().map(|act| (act.as_str(), many::verb(act))).collect()
    }

    /// What is done to all that fit: the act and its button, with their number where it is known.
    fn acts_on_all(&self) -> Vec<(&'static str, String)> {
        let asked = self.statuses();
        // The interface refuses statuses that do not take it.
        let fits = self.possible().filter(|act| asked.iter().all(|status| act.takes().contains(status)));
        let counted = fits.filter_map(|act| {
            let statuses = if asked.is_empty() { act.usual() } else { &asked };
            let counts: Option<Vec<u64>> = statuses.iter().map(|status| self.count(status)).collect();
            match counts.map(|counts| counts.iter().sum::<u64>()) {
                Some(0) => None,
                Some(count) => Some((act.as_str(), format!("{} {}", many::verb(act), words::grouped(count)))),
                None => Some((act.as_str(), many::verb(act).to_owned())),
            }
        });
        counted.collect()
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
    // An age is short, whatever way points in time are written.
    words::since(at, shell.now)
}

pages!(TasksPage);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_in_their_order_and_others_are_none() {
        let read = |words: &[&str]| Column::read(words.iter().copied());
        assert_eq!(read(&["age,kind"]), [Column::Kind, Column::Age]);
        assert_eq!(read(&["tags", "kind", "<script>"]), [Column::Kind, Column::Tags]);
        assert!(read(&[]).is_empty() && read(&["x"]).is_empty());
        for column in Column::ALL {
            assert_eq!(read(&[column.word()]), [*column]);
        }
    }
}
