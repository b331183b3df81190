//! What cannot be read is skipped and told, and the rest of the audit goes on.

use baton_core::Shard;
use baton_core::audit::rule::{UNREAD, WRONG_TYPE};

use super::Auditor;
use super::report::Finding;
use crate::error::Error;

/// As scripts and faces say it of data that they do not understand. What a user of Redis may not do is none of it.
const OF_DATA: [&str; 5] =
    ["WRONGTYPE", "it answered ", "its answer ended early", "user_script", "not an integer"];
const OF_RIGHTS: [&str; 2] = ["NOPERM", "ACL"];

/// Is it the data that is wrong?
pub(super) fn is_of_data(error: &Error) -> bool {
    let Error::Fault { what, problem } = error else { return false };
    let has = |words: &[&str]| words.iter().any(|word| problem.contains(word));
    (has(&OF_DATA) || what == "an answer of Redis") && !has(&OF_RIGHTS)
}

impl Auditor<'_> {
    /// A part of the audit that met data which cannot be read ends there, and says why. Where no key of a wrong type explains it,
    /// it is a finding of its own: nothing that was not looked at is called clean.
    pub(super) fn or_skip(&mut self, part: &'static str, done: Result<(), Error>) -> Result<(), Error> {
        let error = match done {
            Err(error) if is_of_data(&error) => error,
            done => return done,
        };
        self.report.skip(part, format!("it could not go on: {error}"));
        if !self.report.findings.iter().any(|finding| finding.rule == WRONG_TYPE) {
            let key = self.store.keys(Shard::FIRST)?.meta();
            let wrong = UNREAD.broken("data that can be read", error.to_string());
            self.find(Finding::of(wrong, format!("{part}, of which the rest was not looked at"), vec![key]));
        }
        Ok(())
    }
}
