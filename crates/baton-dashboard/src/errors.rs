//! Failures in groups: all of them, one, and the question before all tasks of one are run again.

use askama::Template;
use baton_api::error_group::{ErrorGroup, ErrorGroups};
use baton_api::operation::Foreseen;
use baton_api::worker::Worker;

use crate::chart::{self, Chart, Spark};
use crate::link::Link;
use crate::page::pages;
use crate::shell::Shell;
use crate::words;

/// Which tasks ended badly: what others call dead letters.
pub const DEAD: &str = "failed,timeout";

/// A list of groups.
#[derive(Debug, Template)]
#[template(path = "errors.html", blocks = ["live"])]
pub struct ErrorsPage {
    pub shell: Shell,
    pub list: ErrorGroups,
    /// What narrows the list: name and value.
    pub filters: Vec<(&'static str, String)>,
    pub cursor: String,
}

/// One group.
#[derive(Debug, Template)]
#[template(path = "error.html", blocks = ["live"])]
pub struct ErrorPage {
    pub shell: Shell,
    pub group: ErrorGroup,
    /// The workers that there are now, for their versions.
    pub known: Vec<Worker>,
}

/// Asks before all tasks of a group are run again.
#[derive(Debug, Template)]
#[template(path = "rerun.html", blocks = ["live"])]
pub struct RerunPage {
    pub shell: Shell,
    pub group: ErrorGroup,
    pub foreseen: Foreseen,
    /// Names the wish, so that it is done once however often it is sent.
    pub once: String,
    pub reason: String,
    pub refused: Option<String>,
}

/// Asks for how long a group is to draw no attention.
#[derive(Debug, Template)]
#[template(path = "silence.html", blocks = ["live"])]
pub struct SilencePage {
    pub shell: Shell,
    pub group: ErrorGroup,
    /// One of [`SILENCES`].
    pub for_ms: String,
    pub reason: String,
    pub refused: Option<String>,
}

/// Lengths that are offered, ms.
pub const SILENCES: [(&str, &str); 5] = [
    ("3600000", "an hour"),
    ("86400000", "a day"),
    ("604800000", "a week"),
    ("2592000000", "30 days"),
    ("", "until it is taken back"),
];

pages!(ErrorsPage, ErrorPage, RerunPage, SilencePage);

impl SilencePage {
    fn place(&self) -> Link {
        place(&self.shell, &self.group)
    }
}

/// What narrows the list of groups.
pub const FILTERS: [&str; 3] = ["queue", "kind", "silenced"];

impl ErrorsPage {
    fn all(&self) -> Link {
        self.shell.base.to("/ui/errors")
    }

    fn without(&self, gone: &str) -> Link {
        let rest = self.filters.iter().filter(|(name, _)| *name != gone);
        rest.fold(self.all(), |link, (name, value)| link.with(name, value))
    }

    fn further(&self) -> Option<Link> {
        Some(self.without("").with("cursor", self.list.next_cursor.as_ref()?))
    }

    fn dead(&self) -> Link {
        self.shell.tasks().with("status", DEAD)
    }

    /// To those that are silenced, and to those that are not; not where one of these is shown.
    fn by_silence(&self) -> Option<[(Link, &'static str); 2]> {
        let chosen = self.filters.iter().any(|(name, _)| *name == "silenced");
        let rest = || self.without("");
        let links = [
            (rest().with("silenced", "false"), "Without silenced ones"),
            (rest().with("silenced", "true"), "Silenced"),
        ];
        (!chosen).then_some(links)
    }

    fn spark(&self, group: &ErrorGroup) -> Option<Spark> {
        chart::failures_spark(&group.last_day)
    }
}

impl ErrorPage {
    /// Queues, or workers, those that saw it most often in front.
    fn most(counts: &std::collections::BTreeMap<String, u64>) -> Vec<(&String, &u64)> {
        let mut counts: Vec<_> = counts.iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        counts
    }

    fn queues(&self) -> Vec<(&String, &u64)> {
        ErrorPage::most(&self.group.queues)
    }

    fn workers(&self) -> Vec<(&String, &u64)> {
        ErrorPage::most(&self.group.workers)
    }

    /// What a worker of that name runs now.
    fn version(&self, worker: &str) -> String {
        let known = self.known.iter().find(|known| known.id.as_str() == worker);
        known.and_then(|known| known.version.as_ref()).map_or_else(String::new, words::line)
    }

    fn chart(&self) -> Option<Chart> {
        chart::failures(&self.group.last_day, self.shell.now)
    }

    /// Its tasks that are dead letters now.
    fn dead(&self) -> Link {
        self.shell.tasks().with("status", DEAD).with("q", format!("error:{}", self.group.fingerprint))
    }

    fn rerun(&self) -> Option<Link> {
        self.shell.may("tasks:write").then(|| self.place().and("/rerun"))
    }

    /// The other way round than it is: where to, and what the button says.
    fn silence(&self) -> Option<(Link, &'static str)> {
        let (word, says) = match self.group.silenced {
            Some(_) => ("/unsilence", "Unsilence"),
            None => ("/silence", "Silence"),
        };
        self.shell.may("tasks:write").then(|| (self.place().and(word), says))
    }

    fn place(&self) -> Link {
        place(&self.shell, &self.group)
    }
}

impl RerunPage {
    /// `Rerun 12 tasks`.
    fn button(&self) -> String {
        format!("Rerun {}", words::tasks(self.foreseen.matched))
    }

    fn place(&self) -> Link {
        place(&self.shell, &self.group)
    }
}

/// Where a group is.
pub fn place(shell: &Shell, group: &ErrorGroup) -> Link {
    shell.base.of("/ui/errors", group.fingerprint.to_string())
}

/// What all its messages have in common, or what stands for that.
pub fn title(group: &ErrorGroup) -> String {
    let said = if group.message.is_empty() { &group.reason } else { &group.message };
    if said.is_empty() { "It failed without a word".to_owned() } else { words::line(said) }
}
