//! What can be done to one thing, in one table. Each row has a button, a page that asks first, and a request of the HTTP
//! interface that does it. The paths of pages are those of the interface, so a new deed is a row here and nothing else.

use askama::Template;
use baton_api::flow::Flow;
use baton_api::operation::Operation;
use baton_api::queue::Queue;
use baton_core::operation::Act;
use baton_core::{Move, Status};

use crate::flows;
use crate::link::Link;
use crate::many;
use crate::page::pages;
use crate::shell::Shell;
use crate::words;

/// What it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    Task,
    Flow,
    Queue,
    Worker,
    Schedule,
    Operation,
    Webhook,
}

impl Noun {
    pub const ALL: [Noun; 7] =
        [Noun::Task, Noun::Flow, Noun::Queue, Noun::Worker, Noun::Schedule, Noun::Operation, Noun::Webhook];

    pub fn as_str(self) -> &'static str {
        match self {
            Noun::Task => "task",
            Noun::Flow => "flow",
            Noun::Queue => "queue",
            Noun::Worker => "worker",
            Noun::Schedule => "schedule",
            Noun::Operation => "operation",
            Noun::Webhook => "webhook",
        }
    }

    /// As it stands in paths, of pages and of the interface.
    pub fn plural(self) -> &'static str {
        match self {
            Noun::Task => "tasks",
            Noun::Flow => "flows",
            Noun::Queue => "queues",
            Noun::Worker => "workers",
            Noun::Schedule => "schedules",
            Noun::Operation => "operations",
            Noun::Webhook => "webhooks",
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
    /// It takes one of [`RANKS`].
    pub ranks: bool,
    /// It makes something: pressed twice, it is done once.
    pub makes: bool,
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
    ranks: false,
    makes: false,
};

/// The priorities.
pub const RANKS: &[&str] = &["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"];

/// A deed with this word takes a thing away altogether.
pub const DELETE: &str = "delete";

pub const DEEDS: [Deed; 23] = [
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
        button: "Rerun",
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
        word: "reprioritise",
        scope: "tasks:write",
        button: "Reprioritise",
        means: "It takes its place among those of its new priority, by its age.",
        ranks: true,
        ..BASE
    },
    Deed {
        noun: Noun::Operation,
        word: "cancel",
        scope: "tasks:write",
        button: "Call it off",
        means: "No further tasks are acted on, but for those that are under way, a hundred at most. What was done stays done.",
        destroys: true,
        ..BASE
    },
    Deed {
        noun: Noun::Flow,
        word: "cancel",
        scope: "tasks:cancel",
        button: "Cancel",
        means: "All of it that has not ended is cancelled; where a task runs, its worker is told to stop.",
        destroys: true,
        reasons: true,
        ..BASE
    },
    Deed {
        noun: Noun::Flow,
        word: "rerun",
        scope: "tasks:write",
        button: "Rerun the failed part",
        means: "Its tasks that failed, timed out or were cancelled run again, and what waits for them goes on when they complete.",
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
        ..BASE
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
    Deed {
        noun: Noun::Schedule,
        word: "trigger",
        scope: "tasks:write",
        button: "Trigger now",
        means: "One of its tasks is made now, whether or not it is due. Its next time stays where it is.",
        makes: true,
        ..BASE
    },
    Deed {
        noun: Noun::Schedule,
        word: "pause",
        scope: "tasks:write",
        button: "Pause",
        means: "It makes no more tasks. Times that come meanwhile are not made up for.",
        ..BASE
    },
    Deed {
        noun: Noun::Schedule,
        word: "resume",
        scope: "tasks:write",
        button: "Resume",
        means: "It makes tasks again, from its next time on.",
        ..BASE
    },
    Deed {
        noun: Noun::Schedule,
        word: DELETE,
        scope: "tasks:write",
        button: "Delete",
        means: "It is forgotten. Tasks that it has made stay.",
        destroys: true,
        ..BASE
    },
    Deed {
        noun: Noun::Webhook,
        word: "test",
        scope: "queues:admin",
        button: "Send a test",
        means: "It is sent at once, signed, and once; also while it rests. What came back is shown.",
        ..BASE
    },
    Deed {
        noun: Noun::Webhook,
        word: "pause",
        scope: "queues:admin",
        button: "Pause",
        means: "Nothing is sent. What happens meanwhile waits for a day at most.",
        ..BASE
    },
    Deed {
        noun: Noun::Webhook,
        word: "resume",
        scope: "queues:admin",
        button: "Resume",
        means: "What waits is sent. Where it was given up, what happened before is not told any more.",
        ..BASE
    },
    Deed {
        noun: Noun::Webhook,
        word: "rotate",
        scope: "queues:admin",
        button: "Rotate the secret",
        means: "It gets another secret, which is shown once. The one before signs, too, for a day.",
        makes: true,
        ..BASE
    },
    Deed {
        noun: Noun::Webhook,
        word: DELETE,
        scope: "queues:admin",
        button: "Delete",
        means: "It is forgotten, and so is what waits for its receiver.",
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
            "reprioritise" => Act::Reprioritise.takes(),
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
    /// Names the wish, so that it is done once however often it is sent.
    pub once: String,
    pub reason: String,
    pub priority: String,
    /// Why it was not done.
    pub refused: Option<String>,
    /// What the thing is called, and how many tasks it is about, where its name does not say so.
    pub about: Option<About>,
}

/// What somebody should know who is asked.
#[derive(Clone, Debug)]
pub struct About {
    pub called: String,
    pub tasks: u64,
    pub of: u64,
}

impl ConfirmPage {
    /// To the thing itself.
    fn thing(&self) -> Link {
        self.shell.base.of(&format!("/ui/{}", self.deed.noun.plural()), &self.name)
    }

    fn called(&self) -> String {
        words::shown(self.about.as_ref().map_or(&self.name, |about| &about.called))
    }

    /// How many tasks, of how many.
    fn counted(&self) -> Option<String> {
        let about = self.about.as_ref()?;
        Some(format!("{} of its {} tasks.", words::grouped(about.tasks), words::grouped(about.of)))
    }

    fn button(&self) -> String {
        let Some(about) = &self.about else { return self.deed.button.to_owned() };
        format!("{}: {}", self.deed.button, words::tasks(about.tasks))
    }
}

pages!(ConfirmPage);

/// How many tasks of a flow that is about.
pub fn of_flow(deed: &Deed, flow: &Flow) -> About {
    let fits = |status: &&Status| match deed.word {
        "rerun" => status.is_terminal() && **status != Status::Completed,
        _ => !status.is_terminal(),
    };
    let tasks = Status::ALL.iter().filter(fits).map(|status| flows::count(flow, *status)).sum();
    About { called: flows::called(flow), tasks, of: flow.tasks }
}

/// How many tasks of an operation are not done, where that is known.
pub fn of_operation(operation: &Operation) -> Option<About> {
    let called = format!("{} {}", many::verb(operation.action), operation.id);
    Some(About { called, tasks: operation.left?, of: operation.expected? })
}

/// How many tasks of a queue a purge takes: those that wait, whatever for.
pub fn of_queue(queue: &Queue) -> About {
    let waits = [Status::Pending, Status::Scheduled, Status::Blocked];
    let count = |status: Status| queue.tasks.get(status.as_str()).copied().unwrap_or_default();
    let tasks = waits.into_iter().map(count).sum();
    About { called: queue.name.to_string(), tasks, of: queue.tasks.values().sum() }
}

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
