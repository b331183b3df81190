//! Exit codes: stable, so that scripts can tell what happened.

use std::fmt;
use std::process::ExitCode;

macro_rules! codes {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        /// How a command ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Exit { $(#[doc = $meaning] $name),* }

        impl Exit {
            const ALL: &[Exit] = &[$(Exit::$name),*];

            fn number(self) -> u8 {
                match self { $(Exit::$name => $code),* }
            }

            fn meaning(self) -> &'static str {
                match self { $(Exit::$name => $meaning),* }
            }
        }
    };
}

codes! {
    Fine = 0, "all is well";
    Failure = 1, "it failed";
    Usage = 2, "the command line, or what it asked for, is wrong";
    NotFound = 3, "there is no such task, flow, queue, worker, pool or program";
    Forbidden = 4, "not logged in, or not allowed";
    Conflict = 5, "it is not in a state in which this can be done, or has changed meanwhile";
    NotCompleted = 6, "the awaited task or flow did not complete";
    Unreachable = 7, "the server cannot be reached, or cannot answer at the moment";
    Warned = 8, "it works, and something should be looked at";
    Configuration = 78, "the configuration cannot be used";
    WaitOver = 124, "the time to wait ran out";
    Interrupted = 130, "interrupted with Ctrl-C";
}

impl Exit {
    /// A code of ours by its number; another one is a failure.
    pub(crate) fn of_number(number: u8) -> Exit {
        Exit::ALL.iter().copied().find(|exit| exit.number() == number).unwrap_or(Exit::Failure)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.number())
    }
}

/// The page `baton help exit-codes`.
pub(crate) fn page() -> String {
    let line = |exit: &Exit| format!("{:>5}  {}\n", exit.number(), exit.meaning());
    Exit::ALL.iter().map(line).collect()
}

/// An end with a sentence of its own.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) exit: Exit,
    sentence: String,
}

impl Stop {
    pub(crate) fn new(exit: Exit, sentence: impl Into<String>) -> Stop {
        Stop { exit, sentence: sentence.into() }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.sentence)
    }
}

impl std::error::Error for Stop {}

/// What an error means to a script.
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    error.chain().find_map(one).unwrap_or(Exit::Failure)
}

fn one(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    if let Some(stop) = cause.downcast_ref::<Stop>() {
        return Some(stop.exit);
    }
    let client = cause.downcast_ref::<baton::Error>().map(of_client);
    client.or_else(|| cause.downcast_ref::<baton_store::Error>().map(of_store))
}

/// Of commands that speak to Redis themselves.
fn of_store(error: &baton_store::Error) -> Exit {
    match error {
        baton_store::Error::Unavailable { .. } | baton_store::Error::NotConfirmed => Exit::Unreachable,
        baton_store::Error::Invalid { .. } => Exit::Usage,
        baton_store::Error::StorageFull | baton_store::Error::Fault { .. } => Exit::Failure,
    }
}

fn of_client(error: &baton::Error) -> Exit {
    match (error, error.status()) {
        (baton::Error::LoggedOut(_) | baton::Error::Credential(_), _) => Exit::Forbidden,
        (baton::Error::Unreachable { .. } | baton::Error::Timeout { .. }, _) | (_, Some(503)) => {
            Exit::Unreachable
        }
        (baton::Error::NotCompleted(_), _) => Exit::NotCompleted,
        (baton::Error::Invalid(_), _) | (_, Some(400 | 413 | 422)) => Exit::Usage,
        (_, Some(401 | 403)) => Exit::Forbidden,
        (_, Some(404)) => Exit::NotFound,
        (_, Some(409 | 412)) => Exit::Conflict,
        _ => Exit::Failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_behind_what_was_said_before() {
        let error = anyhow::Error::from(Stop::new(Exit::WaitOver, "it took too long")).context("wait");
        assert_eq!(of(&error), Exit::WaitOver);
        assert_eq!(of(&anyhow::anyhow!("what?")), Exit::Failure);
        assert_eq!(of(&baton::Error::Invalid("no".to_owned()).into()), Exit::Usage);
    }

    #[test]
    fn the_page_has_every_code() {
        assert_eq!(page().lines().count(), Exit::ALL.len());
        assert!(page().contains("  124  the time to wait ran out\n"));
    }
}
