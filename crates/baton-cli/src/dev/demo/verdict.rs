//! What the histories prove: nothing lost, nothing doubled, no two runs of a task at once.

use std::fmt;

use baton::{Status, TaskId};

use super::{Life, runs};

/// Numbers that should be zero, but for the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    completed: usize,
    /// Tasks that are not there, or have not ended.
    lost: usize,
    /// Tasks that ended, but did not complete.
    ended_otherwise: usize,
    /// Tasks that completed more than once.
    doubled: usize,
    /// Tasks with a run that began before the one before it had ended, or under an older fence.
    overlapping: usize,
}

impl Verdict {
    pub(super) fn is_good(&self) -> bool {
        self.lost + self.ended_otherwise + self.doubled + self.overlapping == 0
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verdict { completed, lost, ended_otherwise, doubled, overlapping } = self;
        write!(out, "{completed} completed: {lost} lost, {doubled} doubled, {overlapping} overlapping")?;
        if *ended_otherwise > 0 { write!(out, ", {ended_otherwise} did not complete") } else { Ok(()) }
    }
}

/// Judges the lives of the tasks that were submitted under these ids.
pub(super) fn judge(submitted: &[TaskId], lives: &[Life]) -> Verdict {
    let mut verdict = Verdict::default();
    for id in submitted {
        match lives.iter().find(|life| life.task.id == *id) {
            None => verdict.lost += 1,
            Some(life) => add(&mut verdict, life),
        }
    }
    verdict
}

fn add(verdict: &mut Verdict, Life { task, history }: &Life) {
    let completions = history.history.iter().filter(|entry| entry.event == "complete").count();
    match task.status {
        Status::Completed if completions == 1 => verdict.completed += 1,
        // A completion that the history does not know is one that nobody can vouch for.
        Status::Completed if completions == 0 => verdict.lost += 1,
        Status::Completed => verdict.doubled += 1,
        status if status.is_terminal() => verdict.ended_otherwise += 1,
        _ => verdict.lost += 1,
    }
    let runs = runs::of(history);
    let disordered = runs.windows(2).any(|pair| {
        let ended = pair[0].end.as_ref().is_some_and(|(at, _)| *at <= pair[1].from_ms);
        !ended || pair[1].fence <= pair[0].fence
    });
    verdict.overlapping += usize::from(disordered);
}

#[cfg(test)]
mod tests {
    use super::super::runs::tests::{history, id};
    use super::*;
    use baton::api::task::Task;

    fn check(status: &str, steps: &[&str], expected: &str) {
        let text = format!(
            r#"{{"id":"{}","kind":"echo","queue":"default","status":"{status}","priority":5,"version":1,
               "created_at":"2026-11-21T09:30:00.000Z","attempt":0,"max_attempts":5,"crashes":0,"max_crashes":3,
               "timeout_ms":1000}}"#,
            id()
        );
        let task: Task = serde_json::from_str(&text).unwrap();
        let verdict = judge(&[id()], &[Life { task, history: history(id(), steps) }]);
        assert_eq!(verdict.to_string(), expected, "{steps:?}");
        assert_eq!(verdict.is_good(), expected == "1 completed: 0 lost, 0 doubled, 0 overlapping");
    }

    #[test]
    fn a_good_life_is_good() {
        let good = "1 completed: 0 lost, 0 doubled, 0 overlapping";
        check("completed", &["submit @1", "claim a 1 @2", "complete a 1 @3"], good);
        let steps = ["submit @1", "claim a 1 @2", "reclaim @5", "claim b 2 @6", "complete b 2 @9"];
        check("completed", &steps, good);
        let steps =
            ["submit @1", "claim a 1 @2", "retry a 1 @3", "mature @4", "claim a 2 @4", "complete a 2 @9"];
        check("completed", &steps, good);
    }

    #[test]
    fn what_is_wrong_is_counted() {
        check("running", &["submit @1", "claim a 1 @2"], "0 completed: 1 lost, 0 doubled, 0 overlapping");
        let twice = ["submit @1", "claim a 1 @2", "complete a 1 @3", "complete a 1 @4"];
        check("completed", &twice, "0 completed: 0 lost, 1 doubled, 0 overlapping");
        let both = ["submit @1", "claim a 1 @2", "claim b 2 @3", "complete b 2 @9"];
        check("completed", &both, "1 completed: 0 lost, 0 doubled, 1 overlapping");
        let older = ["submit @1", "claim a 2 @2", "release a 2 @3", "claim b 1 @4", "complete b 1 @9"];
        check("completed", &older, "1 completed: 0 lost, 0 doubled, 1 overlapping");
        let steps = ["submit @1", "claim a 1 @2", "fail a 1 @3"];
        check("failed", &steps, "0 completed: 0 lost, 0 doubled, 0 overlapping, 1 did not complete");
        assert_eq!(judge(&[id()], &[]).lost, 1);
    }
}
