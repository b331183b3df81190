//! Pages that say one thing: what went wrong, who is asked to log in, what is about to be done.

use askama::Template;
use baton_api::Problem;

use crate::page::pages;
use crate::shell::Shell;

/// A request that did not succeed.
#[derive(Debug, Template)]
#[template(path = "problem.html", blocks = ["live"])]
pub struct ProblemPage {
    pub shell: Shell,
    pub problem: Problem,
}

/// Where one logs in.
#[derive(Debug, Template)]
#[template(path = "login.html", blocks = ["live"])]
pub struct LoginPage {
    pub shell: Shell,
    /// Where to go on.
    pub next: String,
    pub username: String,
    /// Why the last try, or what was sent before, did not succeed.
    pub refused: Option<String>,
}

/// Loads itself once more. Whoever comes by a link on another site has not brought his refresh token; asked by this page, his
/// browser does.
#[derive(Debug, Template)]
#[template(path = "again.html")]
pub struct AgainPage {
    pub to: String,
}

pages!(ProblemPage, LoginPage);

impl AgainPage {
    pub fn whole(&self) -> askama::Result<String> {
        self.render()
    }
}
