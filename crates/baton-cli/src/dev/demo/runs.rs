//! The runs of a task, read from its history.

use baton::api::task::{History, HistoryEntry};

/// One holder's time with a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) worker: String,
    /// Absent until an entry tells it: that of a takeover names the fence of the life that it took from.
    pub(super) fence: Option<u64>,
    pub(super) from_ms: u64,
    /// When and how it ended; absent while it has not.
    pub(super) end: Option<(u64, String)>,
}

/// Every run, in order.
pub(super) fn of(history: &History) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for entry in &history.history {
        let open = runs.last_mut().filter(|run| run.end.is_none());
        // What begins a new run without an end of the last one is left open: whoever judges sees it.
        if let Some(run) = open.filter(|_| ends(entry)) {
            run.fence = run.fence.or(entry.fence);
            run.end = Some((entry.at.ms(), entry.event.clone()));
        }
        if begins(entry) {
            runs.push(Run {
                worker: entry.worker.clone().unwrap_or_default(),
                fence: entry.fence.filter(|_| entry.event == "claim"),
                from_ms: entry.at.ms(),
                end: None,
            });
        }
    }
    runs
}

fn begins(entry: &HistoryEntry) -> bool {
    entry.event == "claim" || entry.event == "takeover"
}

fn ends(entry: &HistoryEntry) -> bool {
    entry.from.as_deref() == Some("running")
}

#[cfg(test)]
pub(super) mod tests {
    use baton::{TaskId, Timestamp};

    use super::*;

    /// A history in words: `claim a 1 @10` is a claim by worker a with fence 1 at 10 ms.
    pub(in super::super) fn history(id: TaskId, steps: &[&str]) -> History {
        let history: Vec<HistoryEntry> =
            steps.iter().enumerate().map(|(at, step)| entry(at as u64 + 1, step)).collect();
        History { id, history_count: history.len() as u64, history, truncated: 0 }
    }

    fn entry(version: u64, step: &str) -> HistoryEntry {
        let (words, at) = step.split_once('@').unwrap();
        let words: Vec<&str> = words.split_whitespace().collect();
        let from = match words[0] {
            "submit" => None,
            "claim" => Some("pending"),
            "mature" => Some("scheduled"),
            _ => Some("running"),
        };
        HistoryEntry {
            version,
            event: words[0].to_owned(),
            at: Timestamp::from_ms(at.parse().unwrap()),
            from: from.map(str::to_owned),
            to: None,
            worker: words.get(1).map(|worker| (*worker).to_owned()),
            fence: words.get(2).map(|fence| fence.parse().unwrap()),
            by: None,
            why: None,
            detail: String::new(),
        }
    }

    pub(in super::super) fn id() -> TaskId {
        "01a1fc29-8a56-7000-ba14-c38b1cfc4000".parse().unwrap()
    }

    #[test]
    fn runs_are_read_from_claim_to_end() {
        let steps = ["submit @1", "claim a 1 @2", "reclaim @5", "claim b 2 @6", "complete b 2 @9"];
        let runs = of(&history(id(), &steps));
        assert_eq!(runs.len(), 2);
        assert_eq!(runs[0].end, Some((5, "reclaim".to_owned())));
        assert_eq!((runs[1].worker.as_str(), runs[1].from_ms), ("b", 6));
        assert_eq!((runs[0].fence, runs[1].fence), (Some(1), Some(2)));
    }

    #[test]
    fn a_takeover_names_the_fence_that_it_ends() {
        let steps = ["submit @1", "claim a 1 @2", "takeover a 1 @5", "takeover a 2 @7", "complete a 3 @9"];
        let runs = of(&history(id(), &steps));
        let fences: Vec<Option<u64>> = runs.iter().map(|run| run.fence).collect();
        assert_eq!(fences, [Some(1), Some(2), Some(3)]);
        assert!(of(&history(id(), &steps[..3]))[1].fence.is_none(), "nobody has told it yet");
    }
}
