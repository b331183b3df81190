//! Users, their API keys, and the keys that sign access tokens.

use askama::Template;
use baton_api::auth::{Key, KeyWithSecret, Session, SigningKey, User, Users};

use crate::page::pages;
use crate::shell::Shell;

/// All users.
#[derive(Debug, Template)]
#[template(path = "users.html", blocks = ["live"])]
pub struct UsersPage {
    pub shell: Shell,
    /// None: whoever looks may not see them.
    pub users: Option<Users>,
}

/// One user.
#[derive(Debug, Template)]
#[template(path = "user.html", blocks = ["live"])]
pub struct UserPage {
    pub shell: Shell,
    pub user: User,
    pub sessions: Vec<Session>,
    /// None: whoever looks may not see them.
    pub keys: Option<Vec<Key>>,
}

/// API keys.
#[derive(Debug, Template)]
#[template(path = "keys.html", blocks = ["live"])]
pub struct KeysPage {
    pub shell: Shell,
    /// None: whoever looks has none and may see none.
    pub keys: Option<Vec<Key>>,
    /// Whose they are; empty: those of whoever looks.
    pub owner: String,
    /// None: whoever looks may not see them.
    pub signing: Option<Vec<SigningKey>>,
    /// Why none was made, and what was asked for.
    pub refused: Option<String>,
    pub wish: Wish,
}

/// A key to be, as a form says it.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    pub name: String,
    pub scopes: String,
    pub days: String,
    /// Names the wish, so that it makes one key however often it is sent.
    pub once: String,
}

/// A key that was just made, with its secret.
#[derive(Debug, Template)]
#[template(path = "new_key.html", blocks = ["live"])]
pub struct NewKeyPage {
    pub shell: Shell,
    pub made: KeyWithSecret,
}

pages!(UsersPage, UserPage, KeysPage, NewKeyPage);

impl NewKeyPage {
    fn secret(&self) -> &str {
        self.made.secret.as_ref().map_or("", |secret| &secret.0)
    }
}

/// What is said of a key beside its name.
pub fn state(key: &Key, shell: &Shell) -> &'static str {
    match key.expires_at {
        _ if key.disabled => "disabled",
        Some(at) if at.ms() <= shell.now.ms() => "expired",
        _ if key.rotating => "rotating",
        _ => "",
    }
}
