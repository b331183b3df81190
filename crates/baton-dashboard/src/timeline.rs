//! A flow as it went through time: a row for each task, and on it when the task waited and when it ran, attempt by attempt.

use baton_api::Timestamp;
use baton_api::task::{HistoryEntry, Task};

use crate::task::{attempts, pieces_within};
use crate::words;

/// From when to when a timeline goes.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub from: Timestamp,
    pub to: Timestamp,
}

/// A stretch of time on a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    pub class: String,
    /// In thousandths of the whole.
    pub at: u64,
    pub wide: u64,
    pub about: String,
    pub is_run: bool,
}

impl Span {
    fn ms(&self) -> u64 {
        self.to.ms().saturating_sub(self.from.ms()).max(1)
    }

    fn bar(&self, class: &str, (from, to): (u64, u64), about: String, is_run: bool) -> Bar {
        let offset = |ms: u64| ms.clamp(self.from.ms(), self.from.ms() + self.ms()) - self.from.ms();
        let (at, end) = (offset(from) * 1_000 / self.ms(), offset(to.max(from)) * 1_000 / self.ms());
        // What was very short is seen, too.
        let wide = (end - at).max(3);
        Bar { class: class.to_owned(), at: at.min(1_000 - wide), wide, about, is_run }
    }

    /// How long after its beginning each quarter is.
    pub fn ticks(&self) -> Vec<String> {
        (0..5).map(|quarter| words::took(self.ms() * quarter / 4)).collect()
    }
}

/// When a task waited, and when it ran: what waits lies below what runs.
pub fn bars(task: &Task, span: Span) -> Vec<Bar> {
    let history: &[HistoryEntry] = task.history.as_deref().unwrap_or_default();
    let waits = pieces_within(history, span.to).into_iter().filter(|piece| piece.0 != "running");
    let mut bars: Vec<Bar> = waits
        .map(|(status, from, to)| {
            let about = format!("{status} for {}", words::took(to - from));
            span.bar(&status, (from, to), about, false)
        })
        .collect();
    for (number, run) in attempts(history).into_iter().enumerate() {
        let to = run.to.unwrap_or(span.to).ms().max(run.from.ms());
        let (class, ended) = match (run.to, run.ended.as_str()) {
            (None, _) => ("running", "runs".to_owned()),
            // It will be tried once more, but this attempt failed.
            (_, "retry") => ("failed", "failed, and is tried again".to_owned()),
            (_, event) => (ending(&run.into), event.replace('_', " ")),
        };
        let on =
            if run.worker.is_empty() { String::new() } else { format!(" on {}", words::line(&run.worker)) };
        let about = format!("run {}{on}: {}, {ended}", number + 1, words::took(to - run.from.ms()));
        bars.push(span.bar(class, (run.from.ms(), to), about, true));
    }
    bars
}

/// What became of a run, from the status that followed it.
fn ending(into: &str) -> &'static str {
    match into {
        "completed" => "completed",
        "failed" => "failed",
        "timeout" => "timeout",
        // Given back, taken over or cancelled: it came to nothing.
        _ => "cancelled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> Task {
        let entry = |version: u64, event: &str, at: &str, from: &str, to: &str| {
            format!(
                r#"{{"version":{version},"event":"{event}","at":"2026-01-01T00:00:{at}Z","from":{from},"to":"{to}",
                    "worker":"worker-001-a","detail":""}}"#
            )
        };
        let history = [
            entry(1, "submit", "00.000", "null", "pending"),
            entry(2, "claim", "01.000", "\"pending\"", "running"),
            entry(3, "retry", "02.000", "\"running\"", "scheduled"),
            entry(4, "mature", "05.000", "\"scheduled\"", "pending"),
            entry(5, "claim", "06.000", "\"pending\"", "running"),
            entry(6, "complete", "08.000", "\"running\"", "completed"),
        ];
        let text = format!(
            r#"{{"id":"01a1fc29-8a56-7000-8a14-c38b1cfc4000","kind":"x","queue":"default","status":"completed",
                "priority":5,"version":6,"created_at":"2026-01-01T00:00:00Z","attempt":1,"max_attempts":3,"crashes":0,
                "max_crashes":3,"timeout_ms":1,"history_count":6,"history":[{}]}}"#,
            history.join(",")
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn waits_and_runs_are_told_apart() {
        let from: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let span = Span { from, to: Timestamp::from_ms(from.ms() + 10_000) };
        let bars = bars(&task(), span);
        let said: Vec<(&str, u64, u64, bool)> =
            bars.iter().map(|bar| (bar.class.as_str(), bar.at, bar.wide, bar.is_run)).collect();
        assert_eq!(
            said,
            [
                ("pending", 0, 100, false),
                ("scheduled", 200, 300, false),
                ("pending", 500, 100, false),
                ("failed", 100, 100, true),
                ("completed", 600, 200, true),
            ]
        );
        assert!(bars[3].about.starts_with("run 1 on worker-001-a: 1"), "{}", bars[3].about);
        assert_eq!(span.ticks().len(), 5);
    }

    #[test]
    fn what_lies_outside_is_cut_and_what_is_short_is_seen() {
        let span = Span { from: Timestamp::from_ms(1_000), to: Timestamp::from_ms(2_000) };
        let bar = |from, to| {
            let bar = span.bar("x", (from, to), String::new(), true);
            (bar.at, bar.wide)
        };
        assert_eq!((bar(0, 500), bar(5_000, 9_000)), ((0, 3), (997, 3)));
        assert_eq!((bar(1_500, 1_500), bar(0, 9_000)), ((500, 3), (0, 1_000)));
    }
}
