//! A7: tasks that have failed waited before they were tried again. Each time shows in the history of the task; how long it had to
//! wait, for the last failure alone: of the others the fence is gone, from which the wait is drawn.

use baton_core::TaskId;
use baton_core::audit::retry::{self, Line};
use baton_core::audit::rule::RETRIED_EARLY;
use baton_core::audit::{Fields, Wrong, number, word};
use baton_core::retry::Backoff;

use super::Auditor;
use super::ask::{lossy, some};
use crate::calls::digest;
use crate::calls::task::HistoryRead;
use crate::error::Error;
use crate::history::Entry;

/// What is read of a task to judge its last wait.
const RECORD: [&str; 9] = [
    "version",
    "fence",
    "attempt",
    "outcome",
    "run_at_ms",
    "kind",
    "backoff_ms",
    "backoff_cap_ms",
    "backoff_factor",
];

impl Auditor<'_> {
    pub(super) async fn retries(&mut self, task: TaskId) -> Result<(), Error> {
        let entries = match self.store.history(task).await {
            Ok(HistoryRead::Entries { entries, .. }) => entries,
            Ok(HistoryRead::Refused(_)) => return Ok(()),
            Err(Error::Fault { .. }) => {
                self.report.skip("A7", "waits of tasks whose history cannot be read are not judged");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let mut wrong = retry::check(entries.iter().map(line));
        if let Some(last) = entries.last().filter(|last| last.step == "retry") {
            wrong.extend(self.last_wait(task, last).await?);
        }
        self.tell_task(task, wrong);
        Ok(())
    }

    /// One that waits now, and has not moved since its history was read.
    async fn last_wait(&mut self, task: TaskId, last: &Entry) -> Result<Option<Wrong>, Error> {
        let record = self.store.keys(task.shard())?.task(task);
        let beside = ["error", "reason"].map(|name| format!("{record}:{name}"));
        let version = || vec!["HGET", record.as_str(), "version"];
        let texts = |at: usize, name| [vec!["HGET", record.as_str(), name], vec!["GET", beside[at].as_str()]];
        let [error, long_error] = texts(0, "error");
        let [reason, long_reason] = texts(1, "reason");
        let all = [&["HMGET", &record][..], &RECORD].concat();
        let answers = self.store.ask_all([all, error, long_error, reason, long_reason, version()]).await?;
        let bytes = |at: usize| answers.get(at).cloned().and_then(some::<Option<Vec<u8>>>).flatten();
        let said: Vec<Option<String>> =
            answers.first().cloned().and_then(|one| some(lossy(one))).unwrap_or_default();
        let pairs = RECORD.iter().zip(said).filter_map(|(name, value)| Some(((*name).to_owned(), value?)));
        let fields: Fields = pairs.collect();
        let now = bytes(5).and_then(|text| String::from_utf8(text).ok()).and_then(|text| text.parse().ok());
        let (Some(due_ms), true) =
            (due(last), number(&fields, "version") == Some(last.version.0) && now == Some(last.version.0))
        else {
            return Ok(None);
        };
        let run_at_ms = number(&fields, "run_at_ms").unwrap_or_default();
        if run_at_ms < due_ms {
            return Ok(Some(
                RETRIED_EARLY.broken(format!("run_at_ms {due_ms}, as it failed"), run_at_ms.to_string()),
            ));
        }
        let (error, reason) = (bytes(1).or(bytes(2)), bytes(3).or(bytes(4)));
        let wait_ms = due_ms.saturating_sub(last.at_ms);
        if !is_unnamed(&fields, &error.unwrap_or_default(), &reason.unwrap_or_default()) {
            let why = "a wait that a holder named is what it was, as only the wait itself is kept";
            self.report.skip("A7", why);
            return Ok(None);
        }
        let usual = self.stream_of(task).is_some_and(|stream| stream.whole && !stream.kinds_said);
        let Some(backoff) = retry::own_backoff(&fields).or(usual.then(Backoff::default)) else {
            self.report.skip(
                "A7",
                "waits by the rules of a kind are not computed again: these may have changed since",
            );
            return Ok(None);
        };
        self.report.look("A7", 1);
        let failed = number(&fields, "attempt").unwrap_or_default();
        Ok(retry::check_wait(wait_ms, backoff, failed, chance(task, word(&fields, "fence"))))
    }
}

fn line(entry: &Entry) -> Line<'_> {
    Line { version: entry.version.0, step: &entry.step, at_ms: entry.at_ms, due_ms: due(entry) }
}

fn due(entry: &Entry) -> Option<u64> {
    entry.word("due")?.parse().ok()
}

/// The report is kept as a digest of all that was in it, the wait included: with none in it, is it that digest?
fn is_unnamed(fields: &Fields, error: &[u8], reason: &[u8]) -> bool {
    let outcome = word(fields, "outcome");
    let (verb, said) = outcome.split_once(' ').unwrap_or((outcome, ""));
    match (verb, said) {
        // Ended by a chore, or in so many words.
        ("overdue", _) | (_, "") => true,
        (_, said) => said == digest([reason, b"", error]),
    }
}

/// Sixteen bits, as the script takes them.
fn chance(task: TaskId, fence: &str) -> u16 {
    let text = sha1_smol::Sha1::from(format!("{task}{fence}")).digest().to_string();
    text.get(..4).and_then(|digits| u16::from_str_radix(digits, 16).ok()).unwrap_or_default()
}
