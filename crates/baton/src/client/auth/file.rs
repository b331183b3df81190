//! The credentials file: the logins of one person on one machine, by gateway, shared by all his processes.
//!
//! It is his alone: others must not be able to read it, and one that they can read is not used. It is replaced whole, so
//! that nobody ever reads half of it. Two locks lie beside it: one for the moment in which it is rewritten, and one for
//! each gateway, held while a login there is refreshed.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::store::{TokenStore, Tokens};
use crate::client::send::draw_key;
use crate::error::Error;

/// The form of the file. A newer one is left alone.
const VERSION: u32 = 1;

/// The logins in a credentials file, at one gateway.
#[derive(Clone, Debug)]
pub struct CredentialsFile {
    path: PathBuf,
    gateway: String,
}

#[derive(Default, Serialize, Deserialize)]
struct Content {
    version: u32,
    gateways: BTreeMap<String, Tokens>,
}

impl CredentialsFile {
    /// The logins in this file at the gateway of this address. Nothing is read or made yet.
    pub fn new(path: impl Into<PathBuf>, gateway: &str) -> CredentialsFile {
        CredentialsFile { path: path.into(), gateway: gateway.trim_end_matches('/').to_owned() }
    }

    /// Where the command line keeps logins: `baton/credentials.json` under `$XDG_CONFIG_HOME`, else under `~/.config`.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the edge: programs that want no environment call `new`"
    )]
    pub fn usual_path() -> Option<PathBuf> {
        let directory = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let config = directory("XDG_CONFIG_HOME").or_else(|| Some(directory("HOME")?.join(".config")));
        Some(config?.join("baton/credentials.json"))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn read(&self) -> Result<Content, Error> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
            Err(error) => return Err(self.failed("read", error)),
        };
        // Of the file that was opened: a name could stand for another one by now.
        let mode = file.metadata().map_err(|error| self.failed("read", error))?.permissions().mode();
        if mode & 0o077 != 0 {
            let path = self.path.display();
            let message = format!(
                "use {path}: others may read or change it (mode {:03o}); type `chmod 600 {path}`, and if others could \
                 have read it, log out",
                mode & 0o777
            );
            return Err(Error::Credential(message));
        }
        let content: Content =
            serde_json::from_reader(io::BufReader::new(file)).map_err(|error| self.failed("read", error))?;
        if content.version > VERSION {
            return Err(self.failed("use", "a newer version has written it"));
        }
        Ok(content)
    }

    fn write(&self, content: &Content) -> Result<(), Error> {
        let failed = |error: io::Error| self.failed("write", error);
        let text = serde_json::to_vec_pretty(content).map_err(|error| self.failed("write", error))?;
        let name = draw_key().ok_or_else(|| self.failed("write", "the system has no random numbers"))?;
        let new = self.directory()?.join(format!(".credentials.{name}"));
        let written = write_new(&new, &text).and_then(|()| fs::rename(&new, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written.map_err(failed)
    }

    /// Where the file is, made if need be, for its owner alone.
    fn directory(&self) -> Result<&Path, Error> {
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| self.failed("make the directory of", error))?;
        Ok(directory)
    }

    fn lock_file(&self, name: &str) -> Result<File, Error> {
        let path = self.directory()?.join(name);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        opened.map_err(|error| self.failed("lock", error))
    }

    /// For each gateway one, so that one that does not answer holds up no other.
    fn lock_name(&self) -> String {
        let plain =
            |one: char| if one.is_ascii_alphanumeric() || matches!(one, '.' | '-') { one } else { '_' };
        format!("credentials.{}.lock", self.gateway.chars().take(120).map(plain).collect::<String>())
    }

    fn failed(&self, verb: &str, why: impl std::fmt::Display) -> Error {
        Error::Credential(format!("{verb} {}: {why}", self.path.display()))
    }
}

/// On the disk before it gets its name: after a crash there is the old one or the new one.
fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

impl TokenStore for CredentialsFile {
    fn load(&self) -> Result<Option<Tokens>, Error> {
        Ok(self.read()?.gateways.remove(&self.gateway))
    }

    fn save(&self, tokens: Option<&Tokens>) -> Result<(), Error> {
        let lock = self.lock_file("credentials.lock")?;
        lock.lock().map_err(|error| self.failed("lock", error))?;
        let mut content = self.read()?;
        let before = match tokens {
            Some(tokens) => content.gateways.insert(self.gateway.clone(), tokens.clone()),
            None => content.gateways.remove(&self.gateway),
        };
        if before.as_ref() == tokens {
            return Ok(());
        }
        content.version = VERSION;
        self.write(&content)
    }

    fn try_lock(&self) -> Result<Option<Box<dyn Send>>, Error> {
        let lock = self.lock_file(&self.lock_name())?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Box::new(lock))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(self.failed("lock", error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use baton_api::Timestamp;
    use baton_api::auth::Secret;

    use super::*;

    fn tokens(name: &str) -> Tokens {
        Tokens {
            username: name.to_owned(),
            session_id: "s".to_owned(),
            scope: "admin".to_owned(),
            access_token: Secret("at".to_owned()),
            refresh_token: Secret(format!("btr_{name}")),
            renew_at: Timestamp::from_ms(1),
            expires_at: Timestamp::from_ms(2),
            refresh_key: None,
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn logins_are_kept_by_gateway_and_for_their_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/baton/credentials.json");
        let (one, other) =
            (CredentialsFile::new(&path, "http://a:1/"), CredentialsFile::new(&path, "http://b:1"));
        assert_eq!(one.load().unwrap(), None);
        one.save(Some(&tokens("alice"))).unwrap();
        other.save(Some(&tokens("bob"))).unwrap();
        assert_eq!(CredentialsFile::new(&path, "http://a:1").load().unwrap(), Some(tokens("alice")));
        one.save(None).unwrap();
        assert_eq!((one.load().unwrap(), other.load().unwrap()), (None, Some(tokens("bob"))));
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        let names = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["credentials.json", "credentials.lock"], "nothing half-written is left");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let file = CredentialsFile::new(directory.path().join("c.json"), "http://a:1");
        file.save(Some(&tokens("alice"))).unwrap();
        for wrong in [0o640, 0o604, 0o660, 0o644] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(wrong)).unwrap();
            for error in [file.load().unwrap_err(), file.save(None).unwrap_err()] {
                assert_eq!(error.code(), "credential");
                assert!(error.to_string().contains("chmod 600"), "{error}");
            }
        }
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(file.load().unwrap(), Some(tokens("alice")));
    }

    #[test]
    fn what_is_no_credentials_file_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let file = CredentialsFile::new(directory.path().join("c.json"), "http://a:1");
        for text in ["", "{}x", r#"{"version":2,"gateways":{}}"#] {
            write_new(file.path(), text.as_bytes()).unwrap();
            assert_eq!(file.load().unwrap_err().code(), "credential", "{text}");
            assert_eq!(file.save(Some(&tokens("alice"))).unwrap_err().code(), "credential", "{text}");
            assert_eq!(fs::read_to_string(file.path()).unwrap(), text);
            fs::remove_file(file.path()).unwrap();
        }
    }

    #[test]
    fn one_at_a_time_refreshes_a_login() {
        let directory = tempfile::tempdir().unwrap();
        let file = |gateway| CredentialsFile::new(directory.path().join("c.json"), gateway);
        let held = file("http://a:1").try_lock().unwrap();
        assert!(held.is_some());
        assert!(file("http://a:1").try_lock().unwrap().is_none());
        assert!(file("http://b:1").try_lock().unwrap().is_some(), "another gateway is not held up");
        drop(held);
        assert!(file("http://a:1").try_lock().unwrap().is_some());
    }

    #[test]
    fn writers_at_once_lose_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c.json");
        std::thread::scope(|scope| {
            for number in 0..8 {
                let file = CredentialsFile::new(&path, &format!("http://host:{number}"));
                scope.spawn(move || file.save(Some(&tokens("alice"))).unwrap());
            }
        });
        let content = CredentialsFile::new(&path, "http://host:0").read().unwrap();
        assert_eq!(content.gateways.len(), 8);
    }
}
