//! A1, A2: the one place of a task.

use super::rule::{ELSEWHERE, HELD_BY_ANOTHER, NOT_HELD, NOT_IN_ITS_INDEX, UNKNOWN_STATUS, WRONG_SCORE};
use super::{Fields, Wrong, number, queue, status, word};
use crate::lifecycle::Status;
use crate::limits;
use crate::priority::Priority;

/// The index that must name the task, without the prefix of its shard; `None` where it has no status that we know.
pub fn index_of(task: &Fields) -> Option<String> {
    Some(match status(task)? {
        Status::Running => format!("held:{}:{}", word(task, "worker"), word(task, "boot")),
        Status::Scheduled => "scheduled".to_owned(),
        status => format!("queue:{}:{status}", queue(task)),
    })
}

/// Where a pending task is instead whose group has no place.
pub fn waiting_of(task: &Fields) -> Option<String> {
    let waits = status(task) == Some(Status::Pending) && task.contains_key("group");
    waits.then(|| format!("queue:{}:waiting", queue(task)))
}

/// What stands there for it, `<group> <9 - priority><ms> <id>`.
pub fn waiting_member(id: &str, task: &Fields) -> String {
    let front = 9 - number(task, "priority").unwrap_or(5).min(9);
    format!("{} {front}{:013} {id}", word(task, "group"), pending_since(task))
}

fn pending_since(task: &Fields) -> u64 {
    number(task, "pending_ms").or(number(task, "created_ms")).unwrap_or_default()
}

/// Where indexes have it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// Its score in its index, where it stands there.
    pub score: Option<f64>,
    /// It waits for a place of its group instead.
    pub waits: bool,
}

/// A task against the index of its status. `ruled`: queues of its shard have rules for groups, and scores may say whose turn it is.
pub fn check(task: &Fields, standing: Standing, ruled: bool) -> Option<Wrong> {
    let Some(index) = index_of(task) else {
        return Some(UNKNOWN_STATUS.broken("a status of the table", format!("{:?}", word(task, "status"))));
    };
    let rule = if index.starts_with("held:") { NOT_HELD } else { NOT_IN_ITS_INDEX };
    match standing {
        Standing { score: None, waits: true } if waiting_of(task).is_some() => None,
        Standing { score: None, .. } => Some(rule.broken(format!("it in {index}"), "it is not there")),
        Standing { waits: true, .. } => {
            Some(ELSEWHERE.broken(format!("it in {index} alone"), "it also waits for a place of its group"))
        }
        Standing { score: Some(score), .. } => {
            let expected = score_of(task, score, ruled)?;
            (expected as f64 != score)
                .then(|| WRONG_SCORE.broken(format!("the score {expected} in {index}"), format!("{score}")))
        }
    }
}

/// The score that its record gives it: claim order, due time, run deadline. `None` where the record does not tell.
fn score_of(task: &Fields, score: f64, ruled: bool) -> Option<u64> {
    match status(task)? {
        Status::Running => {
            let timeout_ms = number(task, "timeout_ms").unwrap_or(limits::TIMEOUT_MS);
            number(task, "fence").map(|fence| fence.saturating_add(timeout_ms * 1_000))
        }
        Status::Scheduled => number(task, "run_at_ms"),
        Status::Pending => {
            let priority = Priority::new(number(task, "priority").unwrap_or(5) as i64).unwrap_or_default();
            // Where groups take turns, or took them, the score says whose turn it is, within the priority.
            let band = limits::PRIORITY_BAND;
            let same = score as u64 / band == priority.score(0) / band;
            (!same || !ruled).then(|| priority.score(pending_since(task)))
        }
        Status::Blocked => None,
        _ => number(task, "finished_ms"),
    }
}

/// A task that this index names, against what it says of itself.
pub fn check_named(index: &str, task: &Fields) -> Option<Wrong> {
    let own = index_of(task);
    if own.as_deref() == Some(index) || waiting_of(task).as_deref() == Some(index) {
        return None;
    }
    let rule = if index.starts_with("held:") { HELD_BY_ANOTHER } else { ELSEWHERE };
    Some(rule.broken(format!("it in {} alone", own.unwrap_or_default()), format!("it is also in {index}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(words: &[(&str, &str)]) -> Fields {
        words.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn at(score: f64) -> Standing {
        Standing { score: Some(score), waits: false }
    }

    fn name(wrong: Option<Wrong>) -> &'static str {
        wrong.map_or("", |wrong| wrong.rule.name)
    }

    #[test]
    fn a_task_is_in_the_index_of_its_status_where_its_record_puts_it() {
        let pending = task(&[("status", "pending"), ("created_ms", "7"), ("priority", "9")]);
        assert_eq!(index_of(&pending).as_deref(), Some("queue:default:pending"));
        assert_eq!(check(&pending, at(7.0), false), None);
        assert_eq!(name(check(&pending, at(8.0), false)), "wrong_score");
        assert_eq!(name(check(&pending, at(8.0), true)), "");
        assert_eq!(name(check(&pending, Standing::default(), false)), "hash_without_index");
        let running = task(&[("status", "running"), ("worker", "w"), ("boot", "b"), ("fence", "5")]);
        assert_eq!(check(&running, at(1_800_000_005.0), false), None);
        assert_eq!(name(check(&running, Standing::default(), false)), "running_not_held");
        assert_eq!(name(check(&task(&[("status", "odd")]), at(1.0), false)), "unknown_status");
    }

    #[test]
    fn a_task_without_a_place_for_its_group_waits_beside_its_index() {
        let grouped = task(&[("status", "pending"), ("created_ms", "7"), ("group", "g")]);
        assert_eq!(check(&grouped, Standing { score: None, waits: true }, true), None);
        let both = Standing { score: Some(grouped.len() as f64), waits: true };
        assert_eq!(name(check(&grouped, both, true)), "in_another_index");
        assert_eq!(waiting_member("x", &grouped), "g 40000000000007 x");
        assert_eq!(name(check_named("queue:default:waiting", &grouped)), "");
        assert_eq!(name(check_named("held:w:b", &grouped)), "held_by_another");
        assert_eq!(name(check_named("scheduled", &grouped)), "in_another_index");
    }
}
