//! The first administrator and the first API key of a fleet, from a file that `baton init` writes. It has hashes only, so
//! whoever reads it can neither sign in nor ask for anything.

use std::io;
use std::path::{Path, PathBuf};

use baton_auth::password::{self, Profile};
use baton_auth::{Scopes, api_key, user_tag};
use baton_core::login::{KeyId, UserId};
use baton_store::Store;
use baton_store::calls::token::{NewApiKey, NewUser};

/// Why a file of first users cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    #[error("read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("read line {line} of {}: it is `admin <name> <hash>` or `key <id> <owner> <hash> <scopes>`", path.display())]
    Line { path: PathBuf, line: usize },
    #[error("hash the password of {0}")]
    Hash(String),
    #[error("draw a key: the operating system has no chance to give")]
    Chance,
    #[error("make the first administrator")]
    Store(#[source] baton_store::Error),
}

/// The text of such a file, and the secret of the key in it.
#[derive(Debug)]
pub struct Drawn {
    pub text: String,
    pub api_key: baton_auth::SecretText,
}

/// What the first key may do: submit tasks and see what becomes of them.
const FIRST_SCOPES: &str = "tasks:read,tasks:write,tasks:cancel";

/// Makes the text for an administrator of this name and password, and an API key of his.
pub fn draw(username: &UserId, password: &str) -> Result<Drawn, BootstrapError> {
    let (mut salt, mut id, mut secret) = ([0; 16], [0; 16], [0; 32]);
    for bytes in [&mut salt[..], &mut id[..], &mut secret[..]] {
        getrandom::fill(bytes).map_err(|_| BootstrapError::Chance)?;
    }
    let name = username.name();
    let failed = || BootstrapError::Hash(name.to_owned());
    let phc = password::hash(password, salt, Profile::Standard).map_err(|_| failed())?;
    let (id, api_key) = api_key::new(id, secret).map_err(|_| BootstrapError::Chance)?;
    let (_, hash) = api_key::parse(api_key.expose()).map_err(|_| BootstrapError::Chance)?;
    let text = format!("admin {name} {phc}\nkey {id} {name} {hash} {FIRST_SCOPES}\n");
    Ok(Drawn { text, api_key })
}

enum Line {
    Admin { user: UserId, phc: String },
    Key { id: KeyId, owner: UserId, hash: String, scopes: Scopes },
}

fn line(text: &str) -> Option<Line> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    match words[..] {
        ["admin", name, phc] if phc.starts_with("$argon2id$") => {
            Some(Line::Admin { user: UserId::person(name).ok()?, phc: phc.to_owned() })
        }
        ["key", id, owner, hash, scopes] => Some(Line::Key {
            id: id.parse().ok()?,
            owner: UserId::person(owner).ok()?,
            hash: hash.to_owned(),
            scopes: scopes.replace(',', " ").parse().ok()?,
        }),
        _ => None,
    }
}

/// Makes what the file names, while there is no user at all. A file that is gone has done its work.
pub(crate) async fn carry_out(store: &Store, path: &Path) -> Result<(), BootstrapError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(BootstrapError::Read { path: path.to_owned(), source }),
    };
    let wrong = |line| BootstrapError::Line { path: path.to_owned(), line };
    let lines = text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty());
    let lines: Vec<Line> =
        lines.map(|(at, text)| line(text).ok_or_else(|| wrong(at + 1))).collect::<Result<_, _>>()?;
    if somebody(store).await.map_err(BootstrapError::Store)? {
        return Ok(());
    }
    for line in &lines {
        make(store, line).await.map_err(BootstrapError::Store)?;
    }
    tracing::info!(file = %path.display(), "the first administrator is made; the file can be deleted");
    Ok(())
}

/// Whether there is a user. A list may name some that were never made: a gateway may have died on the way to the first.
async fn somebody(store: &Store) -> Result<bool, baton_store::Error> {
    for user in store.users(None, LISTED).await? {
        if store.read_user(user_tag(&user), &user).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many listed users are looked at: one that is there is enough.
const LISTED: u64 = 100;

/// Another gateway may be at it, too: whatever is there already stays.
async fn make(store: &Store, line: &Line) -> Result<(), baton_store::Error> {
    match line {
        Line::Admin { user, phc } => {
            let ask = NewUser {
                tag: user_tag(user),
                user_id: user,
                roles: "admin",
                password: Some(phc),
                disabled: false,
            };
            store.create_user(&ask).await.map(|_| ())
        }
        Line::Key { id, owner, hash, scopes } => {
            let scopes = scopes.to_string();
            let ask = NewApiKey {
                id,
                tag: user_tag(owner),
                owner,
                name: "first",
                scopes: &scopes,
                worker: "",
                cidrs: "",
                expires_at_ms: None,
                hash,
            };
            store.put_key(&ask).await.map(|_| ())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_read_and_holds_no_secret() {
        let user = UserId::person("admin").unwrap();
        let drawn = draw(&user, "a long password of somebody").unwrap();
        let lines: Vec<Option<Line>> = drawn.text.lines().map(line).collect();
        assert!(matches!(lines[..], [Some(Line::Admin { .. }), Some(Line::Key { .. })]), "{}", drawn.text);
        assert!(!drawn.text.contains("a long password"));
        let secret = drawn.api_key.expose();
        assert!(!drawn.text.contains(&secret[17..]), "{}", drawn.text);
    }

    #[test]
    fn other_lines_are_refused() {
        for wrong in
            ["admin a", "admin a hunter2", "key x a h tasks:read", "key abcDEF012345 a h nonsense", "user a"]
        {
            assert!(line(wrong).is_none(), "{wrong}");
        }
    }
}
