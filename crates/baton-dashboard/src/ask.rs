//! A page that asks first, for what is done with logins: these are no rows of the table of deeds, because the interface keeps
//! them apart from tasks and workers.

use askama::Template;

use crate::link::Link;
use crate::page::pages;
use crate::shell::Shell;

/// Asks first.
#[derive(Debug, Template)]
#[template(path = "ask.html", blocks = ["live"])]
pub struct AskPage {
    pub shell: Shell,
    /// What is done.
    pub verb: &'static str,
    /// To what; anybody's text.
    pub to: String,
    /// What comes of it.
    pub means: &'static str,
    /// Where the form is sent.
    pub action: Link,
    /// Where one goes who leaves it.
    pub back: Link,
    /// What must be typed first; empty: nothing.
    pub typed: &'static str,
    /// A number must be said: what it is, and what it is now.
    pub number: Option<(&'static str, u64)>,
    /// The own password must be shown once more.
    pub password: bool,
    pub destroys: bool,
    /// Why the last try did not succeed.
    pub refused: Option<String>,
}

pages!(AskPage);

/// Something that is done to a login, a key or a pool: what its button says, and what comes of it.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// As the address has it.
    pub word: &'static str,
    pub verb: &'static str,
    pub means: &'static str,
    pub destroys: bool,
}

impl Question {
    /// The one of that word.
    pub fn find(all: &'static [Question], word: &str) -> Option<&'static Question> {
        all.iter().find(|question| question.word == word)
    }
}

impl AskPage {
    /// Asks whether this is to be done to that; more is asked of those who say so.
    pub fn new(shell: Shell, question: &Question, to: String, action: Link, back: Link) -> AskPage {
        AskPage {
            shell,
            verb: question.verb,
            to,
            means: question.means,
            action,
            back,
            typed: "",
            number: None,
            password: false,
            destroys: question.destroys,
            refused: None,
        }
    }
}
