//! The cases: each a name, what is expected, and how it is played.

mod bytes;
mod claims;
mod leases;
mod orders;
mod reports;
mod trouble;

use std::pin::Pin;

use super::stage::{Played, Stage};

/// One thing that a worker has to get right.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) expected: &'static str,
    pub(super) play: for<'a> fn(&'a Stage) -> Playing<'a>,
}

type Playing<'a> = Pin<Box<dyn Future<Output = Played> + Send + 'a>>;

macro_rules! cases {
    ($($name:literal, $play:path, $expected:literal;)*) => {
        /// In the order in which they are shown.
        pub(super) const CASES: &[Case] = &[$(Case {
            name: $name, expected: $expected, play: |stage| Box::pin($play(stage)),
        }),*];
    };
}

cases! {
    "register", claims::register, "it registers with a boot, claims under it and waits for work";
    "claim-again", claims::again, "an answer to a claim that was lost is asked for again, and its task runs once";
    "unknown-kind", claims::unknown_kind, "a kind without a handler is released with a delay";
    "complete-again", reports::again, "a report whose answer was lost is sent again, and the task is not run again";
    "fenced", reports::fenced, "a report that is refused is dropped, and work goes on";
    "heartbeat", leases::heartbeat, "what it works on is listed in a heartbeat at every third of the lease";
    "lease-lost", leases::lost, "a lost lease stops the work, and it claims afresh";
    "cancel", orders::cancel, "a cancelled task is stopped and not reported";
    "quiet", orders::quiet, "told to be quiet it finishes what it has, claims no more and stays";
    "stop", orders::stop, "told to stop it leaves and ends";
    "drain", orders::drain, "after SIGTERM it claims no more, ends what it has, leaves and ends";
    "retry-after", trouble::retry_after, "a 503 is answered by the same request, and not before Retry-After";
    "rate-limit", trouble::rate_limit, "a 429 is answered by the same request, and not before Retry-After";
    "storm", trouble::storm, "eight seconds of 503 are survived, without a burst of requests";
    "integers", bytes::integers, "integers of 64 bits pass as they are";
    "unicode", bytes::unicode, "text passes as it is, in every script and with every escape";
    "large", bytes::large, "a payload and a result of 1 MiB pass";
    "clock", trouble::clock, "a server whose clock is hours off changes nothing";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_and_each_is_one() {
        for (at, case) in CASES.iter().enumerate() {
            assert!(case.name.bytes().all(|one| one.is_ascii_lowercase() || one == b'-'), "{}", case.name);
            assert!(CASES[..at].iter().all(|other| other.name != case.name), "{}", case.name);
            assert!(!case.expected.ends_with('.'), "{}", case.expected);
        }
    }
}
