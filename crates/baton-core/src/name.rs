//! Names that people choose. Each is checked once, where it enters; afterwards the type is the proof.
//!
//! The alphabet keeps every name safe inside a key, a log line and a URL: no braces (they would make a hash tag),
//! no slash, no white space, no control characters.

use std::fmt;
use std::str::FromStr;

use crate::lifecycle::Status;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    #[error("take an empty {0}")]
    Empty(&'static str),
    #[error("take a {what} of {length} bytes: at most {max} are allowed")]
    TooLong { what: &'static str, length: usize, max: usize },
    #[error("take a {what} with the character {character:?} at byte {at}: only {allowed} are allowed")]
    Character { what: &'static str, character: char, at: usize, allowed: &'static str },
    #[error("take {0:?} as a worker id: it must look like worker-001-media")]
    WorkerId(String),
    #[error("take {name:?} as a queue name: behind a colon {part:?} has a meaning of its own")]
    Reserved { name: String, part: String },
}

struct Shape {
    what: &'static str,
    max: usize,
    allowed: &'static str,
    fits: fn(char) -> bool,
}

impl Shape {
    fn check(&self, text: &str) -> Result<(), NameError> {
        let what = self.what;
        if text.is_empty() {
            return Err(NameError::Empty(what));
        }
        if text.len() > self.max {
            return Err(NameError::TooLong { what, length: text.len(), max: self.max });
        }
        match text.char_indices().find(|(_, character)| !(self.fits)(*character)) {
            Some((at, character)) => Err(NameError::Character { what, character, at, allowed: self.allowed }),
            None => Ok(()),
        }
    }
}

fn word(character: char) -> bool {
    character.is_ascii_alphanumeric() || "._:-".contains(character)
}

fn lower_word(character: char) -> bool {
    character.is_ascii_digit() || character.is_ascii_lowercase() || "._-".contains(character)
}

fn label(character: char) -> bool {
    character.is_ascii_digit() || character.is_ascii_lowercase() || character == '-'
}

const WORD: &str = "letters, digits and . _ : -";
const LOWER: &str = "lower-case letters, digits and . _ -";
const LABEL: &str = "lower-case letters, digits and -";

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident = $what:literal, $max:literal, $allowed:ident, $fits:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            pub fn new(text: &str) -> Result<$name, NameError> {
                Shape { what: $what, max: $max, allowed: $allowed, fits: $fits }.check(text)?;
                $name::check_form(text)?;
                Ok($name(text.into()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<$name, NameError> {
                $name::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{:?}", &*self.0)
            }
        }
    )*};
}

names! {
    /// A queue: where tasks wait, and what a worker claims from.
    QueueName = "queue name", 128, WORD, word;
    /// What a task is: which handler runs it.
    Kind = "kind", 128, WORD, word;
    /// At most one live task of a queue carries a given one.
    DedupeKey = "key", 128, WORD, word;
    /// What many tasks of a queue share: groups can have limits of their own, and take turns.
    GroupName = "group", 128, WORD, word;
    /// A word to find tasks by.
    Tag = "tag", 64, WORD, word;
    /// What a task is called within its flow.
    TaskRef = "ref", 128, WORD, word;
    /// Who asked: a user, an API key or a worker, as it stands in histories.
    Principal = "principal", 64, WORD, word;
    /// Names one call, so that repeating it is safe. Clients send it as `Idempotency-Key`.
    OpId = "idempotency key", 128, WORD, word;
    /// One life of a worker process: random, drawn when it starts.
    Boot = "boot", 32, LOWER, lower_word;
    /// A worker: `worker-<three or more digits>-<what it is for>`.
    WorkerId = "worker id", 64, LOWER, lower_word;
    /// What every key of a deployment begins with.
    Namespace = "namespace", 32, LOWER, lower_word;
    /// A set of equal workers; also the last part of their ids.
    PoolName = "pool name", 32, LABEL, label;
    /// A schedule: what makes tasks at given times.
    ScheduleName = "schedule name", 48, LOWER, lower_word;
    /// What a pattern of names is tried with.
    AnyName = "name", 128, WORD, word;
    /// A webhook: where somebody elsewhere is told of ends.
    WebhookName = "webhook name", 48, LOWER, lower_word;
    /// What is done to many tasks at once: its id begins with the time, so that ids lie in that order.
    OperationId = "operation id", 36, LOWER, lower_word;
    /// One process that keeps workers of a pool alive on one host.
    SupervisorId = "supervisor id", 64, LOWER, lower_word;
    /// One process that serves HTTP.
    GatewayId = "gateway id", 64, LOWER, lower_word;
}

macro_rules! any_form {
    ($($name:ident)*) => {$(
        impl $name {
            fn check_form(_text: &str) -> Result<(), NameError> {
                Ok(())
            }
        }
    )*};
}

any_form! {
    Kind DedupeKey GroupName Tag TaskRef Principal OpId Boot Namespace ScheduleName AnyName WebhookName OperationId SupervisorId
    GatewayId
}

/// What lies beside the record of a queue and is no status.
const BESIDE_QUEUES: [&str; 5] = ["key", "waiting", "groups", "turns", "starts"];

impl QueueName {
    /// Beside a queue's own key lie `<name>:<status>`, `<name>:key:<dedupe key>` and what [`BESIDE_QUEUES`] names. No other
    /// queue may be called so.
    fn check_form(text: &str) -> Result<(), NameError> {
        let reserved = |part: &&str| BESIDE_QUEUES.contains(part) || part.parse::<Status>().is_ok();
        match text.split(':').skip(1).find(reserved) {
            Some(part) => Err(NameError::Reserved { name: text.to_owned(), part: part.to_owned() }),
            None => Ok(()),
        }
    }
}

impl WorkerId {
    fn check_form(text: &str) -> Result<(), NameError> {
        let form = || -> Option<bool> {
            let (number, kind) = text.strip_prefix("worker-")?.split_once('-')?;
            let numbered = number.len() >= 3 && number.bytes().all(|byte| byte.is_ascii_digit());
            let first = kind.bytes().next()?;
            let plain = kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            Some(numbered && first != b'-' && plain)
        };
        match form() {
            Some(true) => Ok(()),
            _ => Err(NameError::WorkerId(text.to_owned())),
        }
    }
}

impl PoolName {
    fn check_form(text: &str) -> Result<(), NameError> {
        match text.starts_with('-') {
            true => Err(NameError::Character {
                what: "pool name",
                character: '-',
                at: 0,
                allowed: "letters and digits",
            }),
            false => Ok(()),
        }
    }

    /// The id of the worker of this pool with this number.
    pub fn worker(&self, number: u64) -> Result<WorkerId, NameError> {
        WorkerId::new(&format!("worker-{number:03}-{self}"))
    }
}

impl Default for PoolName {
    fn default() -> Self {
        PoolName("default".into())
    }
}

impl Default for QueueName {
    fn default() -> Self {
        QueueName("default".into())
    }
}

impl Default for Namespace {
    fn default() -> Self {
        Namespace("baton".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_would_break_a_key_or_a_log_line_are_refused() {
        let long = "x".repeat(129);
        let huge = "x".repeat(4096);
        for hostile in [
            "",
            " ",
            "a b",
            "a{1}b",
            "{0}",
            "a\nb",
            "a\0b",
            "a/b",
            "..\u{202e}",
            "dеfault",
            "a*",
            &long,
            &huge,
        ] {
            assert!(QueueName::new(hostile).is_err(), "{hostile:?}");
            assert!(DedupeKey::new(hostile).is_err(), "{hostile:?}");
            assert!(Kind::new(hostile).is_err(), "{hostile:?}");
            assert!(TaskRef::new(hostile).is_err(), "{hostile:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_is_wrong_and_where() {
        let error = QueueName::new("media{0}").unwrap_err().to_string();
        assert_eq!(
            error,
            "take a queue name with the character '{' at byte 5: only letters, digits and . _ : - are allowed"
        );
    }

    #[test]
    fn a_queue_is_not_called_like_a_key_of_another() {
        for bad in ["a:pending", "a:key", "a:key:b", "a:b:cancelled", "a:running:b"] {
            assert!(QueueName::new(bad).is_err(), "{bad}");
        }
        for good in ["pending", "key", "a:keys", "a:b", "a:", "completed:a", "a.pending"] {
            assert!(QueueName::new(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn the_longest_pool_still_names_workers() {
        let pool = PoolName::new(&"p".repeat(32)).unwrap();
        assert!(pool.worker(u64::MAX).is_ok());
        assert_eq!(PoolName::default().worker(7).unwrap().as_str(), "worker-007-default");
        for bad in ["", "-a", "A", "a.b", "a_b", "a:b", &"p".repeat(33)] {
            assert!(PoolName::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn worker_ids_have_a_number_and_a_purpose() {
        for good in ["worker-001-media", "worker-1234-a-b", "worker-000-0"] {
            assert!(WorkerId::new(good).is_ok(), "{good}");
        }
        for bad in [
            "worker-01-media",
            "worker-001-",
            "worker-001",
            "worker-001--a",
            "media-001",
            "worker-00a-b",
            "worker-001-a.b",
        ] {
            assert!(WorkerId::new(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_what_comes_back(text in "[A-Za-z0-9._:-]{1,128}") {
            let name = Kind::new(&text).unwrap();
            prop_assert_eq!(name.as_str(), &text);
        }

        #[test]
        fn any_text_at_all_is_accepted_or_refused(text in ".{0,200}") {
            if let Ok(name) = QueueName::new(&text) {
                let safe = |byte: u8| byte.is_ascii_graphic() && !b"{}*?[]/\\".contains(&byte);
                prop_assert!(name.as_str().bytes().all(safe));
            }
        }
    }
}
