//! A7: a failed task waits before its next attempt.

use super::rule::RETRIED_EARLY;
use super::{Fields, Wrong, number};
use crate::limits;
use crate::retry::Backoff;

/// A line of a history, as far as it says when something is due.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub version: u64,
    pub step: &'a str,
    pub at_ms: u64,
    pub due_ms: Option<u64>,
}

/// What was put off is let go when it is due, or later: each line is of the clock by which that was decided.
pub fn check<'a>(lines: impl IntoIterator<Item = Line<'a>>) -> Vec<Wrong> {
    let (mut found, mut before): (Vec<Wrong>, Option<Line<'_>>) = (Vec::new(), None);
    for line in lines {
        if line.step == "mature" {
            let put_off = before.filter(|before| {
                before.version + 1 == line.version && matches!(before.step, "retry" | "release")
            });
            let due_ms = put_off.and_then(|before| before.due_ms).max(line.due_ms).unwrap_or_default();
            if line.at_ms < due_ms {
                let expected = format!("nothing before {due_ms}, when it was due");
                let found_at = format!("it was let go at {} (version {})", line.at_ms, line.version);
                found.push(RETRIED_EARLY.broken(expected, found_at));
            }
        }
        before = Some(line);
    }
    found
}

/// The backoff that a task says itself; `None` where its kind or the usual one holds.
pub fn own_backoff(task: &Fields) -> Option<Backoff> {
    let (base_ms, cap_ms) = (number(task, "backoff_ms"), number(task, "backoff_cap_ms"));
    base_ms.or(cap_ms)?;
    let cap_ms = cap_ms.unwrap_or(limits::BACKOFF_CAP_MS);
    let base_ms = base_ms.unwrap_or(limits::BACKOFF_MS).min(cap_ms);
    Backoff::new(base_ms, cap_ms)
        .ok()?
        .growing_by(number(task, "backoff_factor").unwrap_or(limits::BACKOFF_FACTOR))
}

/// The wait after the last failure, of which nobody named another length.
pub fn check_wait(wait_ms: u64, backoff: Backoff, failed: u64, chance: u16) -> Option<Wrong> {
    let least_ms = backoff.wait_ms(failed, chance);
    (wait_ms < least_ms).then(|| {
        RETRIED_EARLY.broken(format!("{least_ms} ms after the failure, its backoff"), format!("{wait_ms} ms"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &'static str) -> Line<'static> {
        let mut words = words.split(' ');
        let number = |words: &mut std::str::Split<'static, char>| words.next()?.parse().ok();
        let version = number(&mut words).unwrap_or_default();
        let step = words.next().unwrap_or_default();
        Line { version, step, at_ms: number(&mut words).unwrap_or_default(), due_ms: number(&mut words) }
    }

    #[test]
    fn what_is_let_go_before_it_is_due_is_told() {
        let cases: [(&[&'static str], usize); 6] = [
            (&["3 retry 10 20", "4 mature 20 20"], 0),
            (&["3 retry 10 20", "4 mature 19 20"], 1),
            (&["3 retry 10 20", "4 mature 19 19"], 1),
            (&["3 release 10 20", "4 mature 19"], 1),
            (&["3 retry 10 20", "4 promote 11", "7 mature 19 19"], 0),
            // What stood between them was given up for the latest lines.
            (&["3 retry 10 900", "700 mature 19 19"], 0),
        ];
        for (lines, expected) in cases {
            assert_eq!(check(lines.iter().map(|words| line(words))).len(), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_wait_is_as_long_as_the_backoff_of_the_task() {
        let task = |words: &[(&str, &str)]| -> Fields {
            words.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(own_backoff(&task(&[])), None);
        let own = own_backoff(&task(&[("backoff_cap_ms", "500")])).unwrap();
        assert_eq!((own.base_ms(), own.cap_ms()), (500, 500));
        assert_eq!(check_wait(250, own, 1, 32_768), None);
        assert!(check_wait(249, own, 1, 32_768).is_some());
    }
}
