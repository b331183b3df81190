//! A7, A10, A11: what the record of a task says by itself.

use super::rule::{
    ATTEMPTS_OVER, BLOCKED_BY_NOTHING, CLAIMABLE_EARLY, CRASHES_OVER, RUNS_EARLY, STRAY_FIELD,
};
use super::{Fields, Wrong, is_terminal, number, status, word};
use crate::lifecycle::Status;
use crate::limits;

pub fn check(task: &Fields) -> Vec<Wrong> {
    let mut found = Vec::new();
    let most = |field: &str, usual| number(task, field).unwrap_or(usual);
    for (rule, field, most) in [
        (ATTEMPTS_OVER, "attempt", most("max_attempts", limits::MAX_ATTEMPTS)),
        (CRASHES_OVER, "crashes", most("max_crashes", limits::MAX_CRASHES)),
    ] {
        let used = number(task, field).unwrap_or_default();
        if used > most {
            found.push(rule.broken(format!("{field} of {most} at most"), used.to_string()));
        }
    }
    let open = number(task, "open_parents").unwrap_or_default();
    if status(task) == Some(Status::Running) && open > 0 {
        found.push(RUNS_EARLY.broken("no open parents", open.to_string()));
    }
    if matches!(status(task), Some(Status::Pending | Status::Scheduled)) && open > 0 {
        found.push(CLAIMABLE_EARLY.broken("no open parents, or it blocked", open.to_string()));
    }
    if status(task) == Some(Status::Blocked) && open == 0 {
        found.push(BLOCKED_BY_NOTHING.broken("open parents", "none"));
    }
    found.extend(stray_fields(task));
    found
}

/// Fields that belong to some statuses only.
fn stray_fields(task: &Fields) -> impl Iterator<Item = Wrong> {
    let is = |wanted: &[Status]| status(task).is_some_and(|status| wanted.contains(&status));
    let ended = is_terminal(task);
    let bound = [
        ("progress", is(&[Status::Running])),
        ("progress_ms", is(&[Status::Running])),
        ("run_at_ms", is(&[Status::Scheduled, Status::Blocked])),
        ("finished_ms", ended),
        ("finished_by", is(&[Status::Cancelled])),
        ("result", is(&[Status::Completed])),
        ("result_until_ms", is(&[Status::Completed])),
        ("outcome", !is(&[Status::Running])),
    ];
    bound.into_iter().filter(|(field, fits)| !fits && task.contains_key(*field)).map(|(field, _)| {
        STRAY_FIELD.broken(format!("no {field}"), format!("it is {} and has one", word(task, "status")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_says_what_its_status_allows() {
        let cases = [
            ("status pending attempt 5", ""),
            ("status pending attempt 6", "attempts_over_max"),
            ("status pending attempt 2 max_attempts 1", "attempts_over_max"),
            ("status failed crashes 4", "crashes_over_max"),
            ("status running open_parents 1", "runs_with_open_parents"),
            ("status pending open_parents 1", "claimable_with_open_parents"),
            ("status scheduled open_parents 1 run_at_ms 5", "claimable_with_open_parents"),
            ("status pending open_parents 0", ""),
            ("status cancelled open_parents 1", ""),
            ("status blocked", "blocked_by_nothing"),
            ("status blocked open_parents 1 run_at_ms 5", ""),
            ("status pending finished_ms 5", "stray_field"),
            ("status running outcome complete", "stray_field"),
            ("status completed result x finished_ms 5", ""),
        ];
        for (words, expected) in cases {
            let words: Vec<&str> = words.split(' ').collect();
            let task = words.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect();
            let names: Vec<&str> = check(&task).iter().map(|wrong| wrong.rule.name).collect();
            assert_eq!(names.join(" "), expected, "{words:?}");
        }
    }
}
