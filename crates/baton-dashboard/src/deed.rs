//! What can be done to one thing, in one table. Each row has a button, a page that asks first, and a request of the HTTP
//! interface that does it. The paths of pages are those of the interface, so a new deed is a row here and nothing else.

use askama::Template;
use baton_core::{Move, Status};

use crate::link::Link;
use crate::page::pages;
use crate::shell::Shell;
use crate::words;

/// What it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    Task,
    Queue,
    Worker,
}

impl Noun {
    pub fn as_str(self) -> &'static str {
        match self {
            Noun::Task => "task",
            Noun::Queue => "queue",
            Noun::Worker => "worker",
        }
    }

    /// As it stands in paths, of pages and of the interface.
    pub fn plural(self) -> &'static str {
        match self {
            Noun::Task => "tasks",
            Noun::Queue => "queues",
            Noun::Worker => "workers",
        }
    }
}

/// Something that is done to one thing.
#[derive(Clone, Copy, Debug)]
pub struct Deed {
    pub noun: Noun,
    /// The last part of its path.
    pub word: &'static str,
    /// What it takes.
    pub scope: &'static str,
    pub button: &'static str,
    /// What comes of it.
    pub means: &'static str,
    /// It cannot be taken back.
    pub destroys: bool,
    /// The name must be typed first.
    pub typed: bool,
    /// There is room to say why.
    pub reasons: bool,
}

const BASE: Deed = Deed {
    noun: Noun::Task,
    word: "",
    scope: "",
    button: "",
    means: "",
    destroys: false,
    typed: false,
    reasons: false,
};

pub const DEEDS: [Deed; 10] = [
    Deed {
        word: "cancel",
        scope: "tasks:cancel",
        button: "Cancel",
        means: "It will not run; where it runs, its worker is told to stop. Tasks that wait for it go by their own rule.",
        destroys: true,
        reasons: true,
        ..BASE
    },
    Deed {
        word: "rerun",
        scope: "tasks:write",
        button: "Run again",
        means: "It goes back into its queue, with all of its attempts. Its history stays.",
        reasons: true,
        ..BASE
    },
    Deed {
        word: "promote",
        scope: "tasks:write",
        button: "Run now",
        means: "It does not wait for its time any longer.",
        reasons: true,
        ..BASE
    },
    Deed {
        noun: Noun::Queue,
        word: "pause",
        scope: "queues:admin",
        button: "Pause",
        means: "No more of its tasks are claimed. Those that run go on to their end.",
        ..BASE
    },
    Deed {
        noun: Noun::Queue,
        word: "resume",
        scope: "queues:admin",
        button: "Resume",
        means: "Its tasks are claimed again.",
        ..BASE
    },
    Deed {
        noun: Noun::Queue,
        word: "drain",
        scope: "queues:admin",
        button: "Drain",
        means: "It is paused, and runs empty: what runs now is finished, what waits stays. It takes tasks, and starts none.",
        ..BASE
    },
    Deed {
        noun: Noun::Queue,
        word: "purge",
        scope: "queues:admin",
        button: "Purge",
        means: "All of its tasks that wait are cancelled. Those that run go on to their end.",
        destroys: true,
        typed: true,
        reasons: true,
    },
    Deed {
        noun: Noun::Worker,
        word: "quiet",
        scope: "workers:admin",
        button: "Quiet",
        means: "It claims no more, finishes what it holds, and stays.",
        ..BASE
    },
    Deed {
        noun: Noun::Worker,
        word: "resume",
        scope: "workers:admin",
        button: "Resume",
        means: "It claims again.",
        ..BASE
    },
    Deed {
        noun: Noun::Worker,
        word: "stop",
        scope: "workers:admin",
        button: "Stop",
        means: "It finishes or gives back what it holds, and ends.",
        destroys: true,
        ..BASE
    },
];

impl Deed {
    pub fn find(noun: Noun, word: &str) -> Option<&'static Deed> {
        DEEDS.iter().find(|deed| deed.noun == noun && deed.word == word)
    }

    /// Those that whoever looks may do.
    pub fn allowed(noun: Noun, shell: &Shell) -> impl Iterator<Item = &'static Deed> {
        DEEDS.iter().filter(move |deed| deed.noun == noun && shell.may(deed.scope))
    }

    /// Whether it can be done to a task in this status.
    pub fn takes(&self, status: Status) -> bool {
        let sources = match self.word {
            "cancel" => Move::Cancel.sources(),
            "rerun" => Move::Rerun.sources(),
            _ => Move::Promote.sources(),
        };
        sources.contains(&status)
    }

    /// Where one is asked first; sent there as a form, it is done.
    pub fn page(&self, shell: &Shell, name: impl AsRef<str>) -> Link {
        shell.base.of(&format!("/ui/{}", self.noun.plural()), name).and("/").and(self.word)
    }
}

/// Asks first.
#[derive(Debug, Template)]
#[template(path = "confirm.html", blocks = ["live"])]
pub struct ConfirmPage {
    pub shell: Shell,
    pub deed: Deed,
    pub name: String,
}

impl ConfirmPage {
    /// To the thing itself.
    fn thing(&self) -> Link {
        self.shell.base.of(&format!("/ui/{}", self.deed.noun.plural()), &self.name)
    }

    fn called(&self) -> String {
        words::shown(&self.name)
    }
}

pages!(ConfirmPage);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_deed_is_there_once_and_says_what_comes_of_it() {
        for deed in DEEDS {
            let same = DEEDS.iter().filter(|other| other.noun == deed.noun && other.word == deed.word);
            assert_eq!(same.count(), 1, "{}", deed.word);
            assert!(deed.means.ends_with('.') && !deed.scope.is_empty() && !deed.button.is_empty());
        }
        assert!(Deed::find(Noun::Queue, "purge").is_some_and(|deed| deed.typed));
        assert!(Deed::find(Noun::Worker, "purge").is_none());
    }

    #[test]
    fn buttons_follow_the_lifecycle() {
        let takes = |word, status| Deed::find(Noun::Task, word).is_some_and(|deed| deed.takes(status));
        assert!(takes("cancel", Status::Running) && !takes("cancel", Status::Failed));
        assert!(takes("rerun", Status::Failed) && !takes("rerun", Status::Pending));
        assert!(takes("promote", Status::Scheduled) && !takes("promote", Status::Blocked));
    }
}
