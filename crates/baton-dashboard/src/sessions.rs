//! Logins: the sessions of whoever looks, one of them as a chain of tokens, and sessions that two may have held.

use std::borrow::Borrow;

use askama::Template;
use baton_api::auth::{Alarm, Family, Session};

use crate::chain::Chain;
use crate::link::Link;
use crate::page::pages;
use crate::shell::Shell;

/// The sessions of whoever looks, and what is wrong with anybody's.
#[derive(Debug, Template)]
#[template(path = "sessions.html", blocks = ["live"])]
pub struct SessionsPage {
    pub shell: Shell,
    /// None: whoever looks has none, because they came with a key, or because there are no logins.
    pub sessions: Option<Vec<Session>>,
    /// None: they cannot be read now, or whoever looks may not see them.
    pub alarms: Option<Vec<Alarm>>,
    /// Why the password was not changed.
    pub refused: Option<String>,
    /// It was.
    pub changed: bool,
}

/// One session.
#[derive(Debug, Template)]
#[template(path = "session.html", blocks = ["live"])]
pub struct SessionPage {
    pub shell: Shell,
    pub family: Family,
    /// It is looked at by somebody who looks after users.
    pub of_user: bool,
}

pages!(SessionsPage, SessionPage);

/// An alarm is news for this long.
const NEWS_MS: u64 = 7 * 86_400_000;

/// Alarms that stand on a page.
const SHOWN: usize = 100;

impl SessionsPage {
    /// Those that are news, and then those that are older.
    fn alarms(&self) -> [Vec<&Alarm>; 2] {
        let is_news = |alarm: &&Alarm| self.shell.now.ms().saturating_sub(alarm.at.ms()) <= NEWS_MS;
        let shown = self.alarms.iter().flatten().take(SHOWN);
        let (news, older): (Vec<&Alarm>, Vec<&Alarm>) = shown.partition(is_news);
        [news, older]
    }

    /// Whether there would be some for whoever looks: a session has its own, and who looks after users all.
    fn sees_alarms(&self) -> bool {
        !self.shell.viewer.open && (self.sessions.is_some() || self.shell.may("admin:users"))
    }
}

impl SessionPage {
    fn chain(&self) -> Chain {
        Chain::of(&self.family)
    }

    fn is_alarming(&self) -> bool {
        self.has("reused")
    }

    fn has(&self, outcome: &str) -> bool {
        self.family.came_again.iter().any(|came| came.outcome == outcome)
    }

    /// Where it is asked first whether it shall end.
    fn end(&self) -> Link {
        let Family { user_id, session_id, .. } = &self.family;
        self.shell.session(self.of_user.then_some(user_id.as_str()), session_id).and("/end")
    }

    /// Whether somebody else than whoever logged in brought that token, as far as addresses tell.
    fn is_elsewhere(&self, ip: &str) -> bool {
        self.family.session.as_ref().is_some_and(|session| session.ip != ip)
    }
}

impl Shell {
    /// A session of whoever looks, or of a user.
    pub fn session<'a>(&self, user: impl Borrow<Option<&'a str>>, id: impl AsRef<str>) -> Link {
        match user.borrow() {
            Some(user) => self.user(user).and("/sessions").below(id),
            None => self.base.of("/ui/sessions", id),
        }
    }

    pub fn user(&self, id: impl AsRef<str>) -> Link {
        self.base.of("/ui/users", id)
    }
}
