//! What is done to many tasks at once: the question before it, and what became of it.

use askama::Template;
use baton_api::operation::{Foreseen, Operation};
use baton_core::operation::{Act, OperationState};

use crate::deed::{Deed, Noun};
use crate::page::pages;
use crate::shell::Shell;
use crate::words;

/// Asks before something is done to many tasks: those that are named, or all that fit.
#[derive(Debug, Template)]
#[template(path = "many.html", blocks = ["live"])]
pub struct ManyPage {
    pub shell: Shell,
    pub foreseen: Foreseen,
    pub ids: Vec<String>,
    /// What they have in common: name and value. `None` where they are named.
    pub filters: Option<Vec<(&'static str, String)>>,
    /// The one that they are to have, of `reprioritise`.
    pub priority: String,
    /// Names the wish, so that it is done once however often it is sent.
    pub once: String,
    pub reason: String,
    pub refused: Option<String>,
}

/// What became of it.
#[derive(Debug, Template)]
#[template(path = "operation.html", blocks = ["live"])]
pub struct OperationPage {
    pub shell: Shell,
    pub operation: Operation,
}

pages!(ManyPage, OperationPage);

/// What is done, as buttons say it.
pub fn verb(act: Act) -> &'static str {
    match act {
        Act::Cancel => "Cancel",
        Act::Rerun => "Rerun",
        Act::Promote => "Run now",
        Act::Reprioritise => "Reprioritise",
    }
}

/// What it takes.
pub fn scope(act: Act) -> &'static str {
    match act {
        Act::Cancel => "tasks:cancel",
        Act::Rerun | Act::Promote | Act::Reprioritise => "tasks:write",
    }
}

impl ManyPage {
    fn verb(&self) -> &'static str {
        verb(self.foreseen.action)
    }

    fn ranks(&self) -> bool {
        self.foreseen.action == Act::Reprioritise
    }

    fn destroys(&self) -> bool {
        self.foreseen.action == Act::Cancel
    }

    /// `Cancel 12 tasks`.
    fn button(&self) -> String {
        let least = if self.foreseen.truncated { "at least " } else { "" };
        format!("{} {least}{}", self.verb(), words::tasks(self.foreseen.matched))
    }

    /// Of which tasks it is the question.
    fn those(&self) -> String {
        match &self.filters {
            None => format!("Of {} that are ticked.", words::grouped(self.ids.len() as u64)),
            Some(filters) if filters.iter().all(|(name, _)| *name == "status") => {
                "All that there are, in every queue.".to_owned()
            }
            Some(_) => "All that fit:".to_owned(),
        }
    }

    fn matching(&self) -> &[(&'static str, String)] {
        self.filters.as_deref().unwrap_or_default()
    }
}

impl OperationPage {
    fn verb(&self) -> &'static str {
        verb(self.operation.action)
    }

    /// How far it is, of what was expected.
    fn share(&self) -> Option<String> {
        let expected = self.operation.expected.filter(|expected| *expected > 0)?;
        let share = self.operation.matched as f64 / expected.max(self.operation.matched) as f64;
        Some(format!("{share:.3}"))
    }

    /// One that goes on can be called off.
    fn deeds(&self) -> Vec<&'static Deed> {
        let goes_on = self.operation.state == OperationState::Running;
        Deed::allowed(Noun::Operation, &self.shell).filter(|_| goes_on).collect()
    }

    /// How many of the expected ones stay as they are, where it was called off.
    fn undone(&self) -> Option<u64> {
        let called_off =
            matches!(self.operation.state, OperationState::Cancelling | OperationState::Cancelled);
        let met = self.operation.done + self.operation.refused.values().sum::<u64>();
        self.operation.expected.filter(|_| called_off).map(|expected| expected.saturating_sub(met))
    }

    /// What it was asked of, as JSON.
    fn filter(&self) -> Option<String> {
        baton_api::Json::of(self.operation.filter.as_ref()?).ok().map(|json| json.get().to_owned())
    }
}
