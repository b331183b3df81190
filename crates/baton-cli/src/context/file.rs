//! The file with the contexts of one person on one machine. It names places and files, and holds no secret; but whoever
//! can write it says where credentials are sent, so one that others can change is not used.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result};
use baton::CredentialsFile;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Stop};
use crate::private;

/// A gateway under a name, and how to ask it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    pub(crate) url: String,
    /// Destructive verbs ask first.
    #[serde(default)]
    pub(crate) production: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) colour: Option<Colour>,
    /// The API key or access token to ask with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_file: Option<PathBuf>,
    /// Where its logins are kept, instead of where all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credentials_file: Option<PathBuf>,
}

/// In which a context is shown, so that nobody takes it for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Colour {
    Red,
    Yellow,
    Green,
    Cyan,
    Blue,
    Magenta,
}

impl Colour {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Colour::Red => "31",
            Colour::Yellow => "33",
            Colour::Green => "32",
            Colour::Cyan => "36",
            Colour::Blue => "34",
            Colour::Magenta => "35",
        }
    }
}

/// The name of a context.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Name, String> {
        let fine = |one: char| one.is_ascii_alphanumeric() || matches!(one, '.' | '_' | '-');
        let first = text.starts_with(|one: char| one.is_ascii_alphanumeric());
        if first && text.len() <= 64 && text.chars().all(fine) {
            return Ok(Name(text.to_owned()));
        }
        Err("a context has a name of letters, digits, dots, dashes and underscores, 64 at most".to_owned())
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Name, String> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0
    }
}

/// All contexts, and the one that counts where nothing else is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contexts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<Name>,
    #[serde(default)]
    pub(crate) contexts: BTreeMap<Name, Context>,
}

/// Beside the logins.
pub(crate) fn path() -> Option<PathBuf> {
    Some(CredentialsFile::usual_path()?.with_file_name("contexts.toml"))
}

impl Contexts {
    pub(crate) fn load(path: &Path) -> Result<Contexts> {
        let read = |error: io::Error| unusable(path, format!("failed to read it: {error}"));
        match std::fs::metadata(path) {
            Ok(known) if known.permissions().mode() & 0o022 != 0 => {
                return Err(unusable(path, format!("others may change it: chmod 600 {}", path.display())));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contexts::default()),
            Err(error) => return Err(read(error)),
        }
        let text = std::fs::read_to_string(path).map_err(read)?;
        // The message alone: the line that is wrong may have a password in it.
        let wrong = |error: toml::de::Error| {
            let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
            unusable(path, format!("line {}: {}", line.unwrap_or(1), error.message()))
        };
        let contexts: Contexts = toml::from_str(&text).map_err(wrong)?;
        match contexts.contexts.iter().find(|(_, context)| baton::carries_credential(&context.url)) {
            Some((name, _)) => {
                Err(unusable(path, format!("the address of {name} has a credential in it: take it out")))
            }
            None => Ok(contexts),
        }
    }

    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let text = toml::to_string_pretty(self)?;
        let failed = || format!("failed to write {}", path.display());
        path.parent().map_or(Ok(()), private::directory).with_context(failed)?;
        private::write(path, &text).with_context(failed)
    }

    pub(crate) fn get(&self, name: &str) -> Result<(&Name, &Context), Stop> {
        let found = self.contexts.iter().find(|(known, _)| known.as_str() == name);
        found.ok_or_else(|| {
            let sentence = format!("there is no context {name:?}: `baton context ls` lists them");
            Stop::new(Exit::NotFound, sentence)
        })
    }
}

fn unusable(path: &Path, why: String) -> anyhow::Error {
    Stop::new(Exit::Configuration, format!("failed to use {}: {}", path.display(), why.trim_end())).into()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/contexts.toml");
        assert_eq!(Contexts::load(&path).unwrap(), Contexts::default());
        let mut all = Contexts { current: Some("prod".parse().unwrap()), ..Contexts::default() };
        let context = Context {
            url: "https://baton.example".to_owned(),
            production: true,
            colour: Some(Colour::Red),
            token_file: Some("/run/key".into()),
            credentials_file: None,
        };
        all.contexts.insert("prod".parse().unwrap(), context);
        all.save(&path).unwrap();
        assert_eq!(Contexts::load(&path).unwrap(), all);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_others_could_have_written_is_refused_and_what_is_wrong_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("contexts.toml");
        let check = |text: &str, mode: u32, said: &str| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = Contexts::load(&path).unwrap_err();
            assert_eq!(crate::exit::of(&error), Exit::Configuration);
            assert!(error.to_string().contains(said), "{error}");
            assert!(!error.to_string().contains("SECRET"), "{error}");
        };
        check("", 0o620, "chmod 600");
        check("", 0o602, "chmod 600");
        check("[contexts.a]\nurl = \"x\"\nprodution = true\n", 0o600, "prodution");
        check("[contexts.\"../a\"]\nurl = \"x\"\n", 0o600, "letters, digits");
        check("current = ", 0o600, "line 1");
        check("[contexts.a]\nurl = \"http://u:SECRET@h\"\n", 0o600, "the address of a has a credential");
        check("[contexts.a]\nurl = \"http://u:SECRET@h\n", 0o600, "line 2");
    }

    #[test]
    fn names_are_short_and_plain() {
        for fine in ["prod", "eu-1.prod_2", "7"] {
            assert!(fine.parse::<Name>().is_ok(), "{fine}");
        }
        for wrong in ["", "-a", ".a", "a b", "a/b", "\u{1b}[2J", &"a".repeat(65)] {
            assert!(wrong.parse::<Name>().is_err(), "{wrong:?}");
        }
    }
}
