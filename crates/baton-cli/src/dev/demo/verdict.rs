//! What the histories prove: nothing lost, nothing doubled, no two runs of a task at once, and none before its parents
//! had completed.

use std::collections::HashSet;
use std::fmt;

use baton::{Status, TaskId};

use super::set::Submitted;
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
    /// Tasks with a run that began before a parent had completed.
    out_of_order: usize,
}

impl Verdict {
    pub(super) fn is_good(&self) -> bool {
        self.lost + self.ended_otherwise + self.doubled + self.overlapping + self.out_of_order == 0
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verdict { completed, lost, ended_otherwise, doubled, overlapping, out_of_order } = self;
        write!(out, "{completed} completed: {lost} lost, {doubled} doubled, {overlapping} overlapping, ")?;
        write!(out, "{out_of_order} out of order")?;
        if *ended_otherwise > 0 { write!(out, ", {ended_otherwise} did not complete") } else { Ok(()) }
    }
}

/// Judges the lives of the tasks that were submitted.
pub(super) fn judge(submitted: &Submitted, lives: &[Life]) -> Verdict {
    let mut verdict = Verdict::default();
    for id in &submitted.ids {
        match lives.iter().find(|life| life.task.id == *id) {
            None => verdict.lost += 1,
            Some(life) => add(&mut verdict, life),
        }
    }
    let early: HashSet<TaskId> =
        submitted.edges.iter().filter(|edge| is_early(**edge, lives)).map(|(child, _)| *child).collect();
    verdict.out_of_order = early.len();
    verdict
}

/// Did a run of the child begin before the parent had completed? Redis stamps both, so their times can be compared.
fn is_early((child, parent): (TaskId, TaskId), lives: &[Life]) -> bool {
    let history = |id: TaskId| lives.iter().find(|life| life.task.id == id).map(|life| &life.history);
    let mut steps = history(parent).into_iter().flat_map(|history| &history.history);
    let completed = steps.find(|entry| entry.event == "complete").map(|entry| entry.at.ms());
    let runs = history(child).map(runs::of).unwrap_or_default();
    runs.iter().any(|run| completed.is_none_or(|completed| run.from_ms < completed))
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
        // One that nobody has told yet is that of a run that goes on.
        let is_older = pair[1].fence.is_some_and(|fence| Some(fence) <= pair[0].fence);
        !ended || is_older
    });
    verdict.overlapping += usize::from(disordered);
}

#[cfg(test)]
mod tests {
    use super::super::runs::tests::{history, id};
    use super::*;
    use baton::api::task::Task;

    fn life(id: TaskId, status: &str, steps: &[&str]) -> Life {
        let text = format!(
            r#"{{"id":"{id}","kind":"echo","queue":"default","status":"{status}","priority":5,"version":1,
               "created_at":"2026-11-21T09:30:00.000Z","attempt":0,"max_attempts":5,"crashes":0,"max_crashes":3,
               "timeout_ms":1000}}"#
        );
        let task: Task = serde_json::from_str(&text).unwrap();
        Life { task, history: history(id, steps) }
    }

    fn submitted(ids: &[TaskId], edges: &[(TaskId, TaskId)]) -> Submitted {
        let flow = "01a1fc29-8a56-7000-ba14-c38b1c000000".parse().unwrap();
        Submitted { flow, ids: ids.to_vec(), edges: edges.to_vec() }
    }

    fn check(status: &str, steps: &[&str], expected: &str) {
        let verdict = judge(&submitted(&[id()], &[]), &[life(id(), status, steps)]);
        let expected = expected.replace("overlapping", "overlapping, 0 out of order");
        assert_eq!(verdict.to_string(), expected, "{steps:?}");
        let good = "1 completed: 0 lost, 0 doubled, 0 overlapping, 0 out of order";
        assert_eq!(verdict.is_good(), expected == good);
    }

    fn check_order(parent: &[&str], child: &[&str], out_of_order: usize) {
        let other: TaskId = "01a1fc29-8a56-7000-ba14-c38b1cfc5000".parse().unwrap();
        let lives = [life(id(), "completed", parent), life(other, "completed", child)];
        let verdict = judge(&submitted(&[id(), other], &[(other, id())]), &lives);
        assert_eq!((verdict.out_of_order, verdict.is_good()), (out_of_order, out_of_order == 0), "{child:?}");
    }

    #[test]
    fn a_child_that_began_before_its_parent_had_completed_is_out_of_order() {
        let parent =
            ["submit @1", "claim a 1 @2", "retry a 1 @3", "mature @4", "claim a 2 @4", "complete a 2 @9"];
        check_order(&parent, &["submit @1", "claim b 1 @9", "complete b 1 @12"], 0);
        check_order(&parent, &["submit @1", "claim b 1 @8", "complete b 1 @12"], 1);
        let again = ["submit @1", "claim b 1 @5", "reclaim @6", "claim b 2 @10", "complete b 2 @12"];
        check_order(&parent, &again, 1);
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
        let steps = ["submit @1", "claim a 1 @2", "takeover a 1 @5", "complete a 2 @9"];
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
        let kept = ["submit @1", "claim a 1 @2", "takeover a 1 @5", "complete a 1 @9"];
        check("completed", &kept, "1 completed: 0 lost, 0 doubled, 1 overlapping");
        let steps = ["submit @1", "claim a 1 @2", "fail a 1 @3"];
        check("failed", &steps, "0 completed: 0 lost, 0 doubled, 0 overlapping, 1 did not complete");
        assert_eq!(judge(&submitted(&[id()], &[]), &[]).lost, 1);
    }
}
