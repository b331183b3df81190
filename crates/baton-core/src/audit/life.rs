//! A3, A4, A5, A7: what the stream tells of a task is a life that the rules allow.

use super::rule::{
    ATTEMPTS_DIFFER, CRASHES_DIFFER, FENCE_BACK, FENCE_DIFFERS, NO_MOVE, NOT_HOLDER, OVERLAP, STATUS_DIFFERS,
    VERSION_DIFFERS, VERSION_GAP,
};
use super::{Fields, Rule, Wrong, number, status, word};
use crate::lifecycle::{Move, Status};

/// What one event tells of one task.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    pub event: &'a str,
    pub worker: &'a str,
    pub version: u64,
    pub fence: u64,
    pub attempt: u64,
}

/// Statuses that are possible, a bit each: a release or a submit does not say whether it led to pending or scheduled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Possible(u8);

impl Possible {
    const ANY: Possible = Possible(u8::MAX);

    fn of(statuses: &[Status]) -> Possible {
        Possible(statuses.iter().fold(0, |bits, status| bits | Possible::bit(*status)))
    }

    fn bit(status: Status) -> u8 {
        Status::ALL.iter().position(|known| *known == status).map_or(0, |at| 1 << at)
    }

    fn has(self, status: Status) -> bool {
        self.0 & Possible::bit(status) != 0
    }

    fn after(self, step: Move) -> Possible {
        if step.sources().iter().any(|from| self.has(*from)) {
            Possible::of(step.targets())
        } else {
            Possible(0)
        }
    }

    fn words(self) -> String {
        let words = Status::ALL.iter().filter(|status| self.has(**status)).map(|status| status.as_str());
        words.collect::<Vec<_>>().join(" or ")
    }
}

/// Who holds a task, as far as has been told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Holder {
    #[default]
    Nobody,
    Is(Box<str>),
    /// The stream begins in the middle of a run.
    Unknown,
}

/// One life, walked from its beginning, or from where the stream begins.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    possible: Possible,
    version: u64,
    fence: u64,
    holder: Holder,
    attempts: u64,
    /// `None` where the stream begins too late to tell.
    crashes: Option<u64>,
    submitted: bool,
    pruned: bool,
    runs: u32,
    completions: u32,
}

impl Walk {
    /// The walk has seen the submission.
    pub fn is_whole(&self) -> bool {
        self.submitted
    }

    pub fn is_pruned(&self) -> bool {
        self.pruned
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    /// How often it was claimed or taken over.
    pub fn runs(&self) -> u32 {
        self.runs
    }

    /// How often it completed.
    pub fn completions(&self) -> u32 {
        self.completions
    }

    fn has_begun(&self) -> bool {
        self.version > 0
    }

    /// What happened next. `late`: the stream may have lost its beginning, so the first that is told need not be the submission.
    pub fn step(&mut self, told: Told<'_>, late: bool) -> Vec<Wrong> {
        let mut found = Vec::new();
        if !self.has_begun() && late && told.event != "submit" {
            self.begin_late(told);
            return found;
        }
        let moves = !matches!(told.event, "progress" | "prune");
        let expected = self.version + u64::from(moves);
        if told.version != expected {
            found.push(at(VERSION_GAP, told, format!("version {expected}"), told.version.to_string()));
        }
        self.version = told.version;
        match told.event {
            "submit" => self.submit(),
            "prune" => self.prune(told, &mut found),
            "progress" | "reprioritise" | "link" | "unlink" => self.change(told, &mut found),
            word => match word.parse::<Move>() {
                Ok(step) => self.go(step, told, &mut found),
                Err(_) => found.push(at(NO_MOVE, told, "a move of the table", word)),
            },
        }
        found
    }

    fn begin_late(&mut self, told: Told<'_>) {
        let step = told.event.parse::<Move>().ok();
        self.possible = match (step, told.event) {
            (Some(step), _) => Possible::of(step.targets()),
            (None, "progress") => Possible::of(&[Status::Running]),
            (None, _) => Possible::ANY,
        };
        self.holder = match step {
            Some(Move::Claim | Move::TakeOver) => Holder::Is(told.worker.into()),
            Some(_) => Holder::Nobody,
            None => Holder::Unknown,
        };
        (self.version, self.fence, self.attempts) = (told.version, told.fence, told.attempt);
        self.crashes = (step == Some(Move::Rerun)).then_some(0);
        if step == Some(Move::Rerun) {
            self.attempts = 0;
        }
        self.pruned = told.event == "prune";
        self.runs = u32::from(matches!(step, Some(Move::Claim | Move::TakeOver)));
    }

    fn submit(&mut self) {
        self.possible = Possible::of(&[Status::Pending, Status::Scheduled, Status::Blocked]);
        (self.submitted, self.crashes) = (true, Some(0));
    }

    fn prune(&mut self, told: Told<'_>, found: &mut Vec<Wrong>) {
        if !Status::ALL.iter().any(|status| status.is_terminal() && self.possible.has(*status)) {
            found.push(at(NO_MOVE, told, "a task that has ended", self.possible.words()));
        }
        self.pruned = true;
    }

    /// What leaves the status as it is.
    fn change(&self, told: Told<'_>, found: &mut Vec<Wrong>) {
        let by_holder = match &self.holder {
            _ if told.event != "progress" => true,
            Holder::Unknown => true,
            Holder::Is(worker) => **worker == *told.worker,
            Holder::Nobody => false,
        };
        if !by_holder || told.fence != self.fence {
            found.push(self.not_by_holder(told));
        }
    }

    fn not_by_holder(&self, told: Told<'_>) -> Wrong {
        let holder = match &self.holder {
            Holder::Is(worker) => worker,
            Holder::Nobody => "nobody",
            Holder::Unknown => "anybody",
        };
        at(
            NOT_HOLDER,
            told,
            format!("{holder} with fence {}", self.fence),
            format!("{:?} with fence {}", told.worker, told.fence),
        )
    }

    fn go(&mut self, step: Move, told: Told<'_>, found: &mut Vec<Wrong>) {
        let next = self.possible.after(step);
        if next == Possible::default() {
            let rule =
                if step == Move::Claim && self.possible.has(Status::Running) { OVERLAP } else { NO_MOVE };
            let sources = Possible::of(step.sources()).words();
            found.push(at(rule, told, format!("it to be {sources}"), self.possible.words()));
        }
        // What cannot be is told once: the life goes on from where the event says.
        self.possible = if next == Possible::default() { Possible::of(step.targets()) } else { next };
        match step {
            Move::Claim | Move::TakeOver => self.hold(told, found),
            Move::Complete | Move::Retry | Move::Fail | Move::TimeOut | Move::Release | Move::Reclaim => {
                let is_holder = match &self.holder {
                    Holder::Is(worker) => **worker == *told.worker,
                    Holder::Unknown => true,
                    Holder::Nobody => false,
                };
                if told.fence != self.fence || !is_holder {
                    found.push(self.not_by_holder(told));
                }
                self.holder = Holder::Nobody;
            }
            // These end a run, or find none, without showing a fence.
            Move::Cancel | Move::Rerun => self.holder = Holder::Nobody,
            Move::Mature | Move::Unblock | Move::Block | Move::RejectClaim | Move::Promote => {}
        }
        self.count(step, told);
    }

    fn hold(&mut self, told: Told<'_>, found: &mut Vec<Wrong>) {
        if told.fence <= self.fence {
            found.push(at(FENCE_BACK, told, format!("a fence above {}", self.fence), told.fence.to_string()));
        }
        self.fence = told.fence;
        self.holder = Holder::Is(told.worker.into());
        self.runs += 1;
    }

    /// A7: only failures burn attempts, only crashes count as crashes.
    fn count(&mut self, step: Move, told: Told<'_>) {
        let mut crash = || self.crashes = self.crashes.map(|crashes| crashes + 1);
        match step {
            Move::Retry | Move::TimeOut => self.attempts += 1,
            // A failure burns an attempt; a poisoning does not.
            Move::Fail if told.attempt > self.attempts => self.attempts += 1,
            Move::Fail | Move::Reclaim | Move::TakeOver => crash(),
            Move::Rerun => (self.attempts, self.crashes) = (0, Some(0)),
            Move::Complete => self.completions += 1,
            Move::Mature | Move::Unblock | Move::Block | Move::Claim | Move::RejectClaim => {}
            Move::Promote | Move::Release | Move::Cancel => {}
        }
    }

    /// The record of the task at the version to which the walk has come.
    pub fn compare(&self, task: &Fields) -> Vec<Wrong> {
        let mut found = Vec::new();
        if !status(task).is_some_and(|status| self.possible.has(status)) {
            found.push(STATUS_DIFFERS.broken(self.possible.words(), word(task, "status")));
        }
        if number(task, "version") != Some(self.version) {
            found.push(VERSION_DIFFERS.broken(self.version.to_string(), word(task, "version")));
        }
        let said = |field| number(task, field).unwrap_or_default();
        if said("fence") != self.fence {
            found.push(FENCE_DIFFERS.broken(self.fence.to_string(), said("fence").to_string()));
        }
        let counted =
            [(ATTEMPTS_DIFFER, "attempt", Some(self.attempts)), (CRASHES_DIFFER, "crashes", self.crashes)];
        for (rule, field, counted) in counted {
            if let Some(counted) = counted.filter(|counted| *counted != said(field)) {
                found.push(
                    rule.broken(format!("{field} {counted}, as its events say"), said(field).to_string()),
                );
            }
        }
        found
    }
}

fn at(rule: Rule, told: Told<'_>, expected: impl Into<String>, found: impl std::fmt::Display) -> Wrong {
    rule.broken(expected, format!("{found} (at `{}`, version {})", told.event, told.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `event version fence attempt [worker]`, step by step.
    fn walk(steps: &[&str], late: bool) -> (Walk, Vec<&'static str>) {
        let (mut walk, mut names) = (Walk::default(), Vec::new());
        for step in steps {
            let words: Vec<&str> = step.split(' ').collect();
            let of = |at: usize| words.get(at).and_then(|word| word.parse().ok()).unwrap_or_default();
            let told = Told {
                event: words[0],
                version: of(1),
                fence: of(2),
                attempt: of(3),
                worker: words.get(4).copied().unwrap_or_default(),
            };
            names.extend(walk.step(told, late).iter().map(|wrong| wrong.rule.name));
        }
        (walk, names)
    }

    #[test]
    fn a_good_life_is_good() {
        let steps = [
            "submit 1 0 0",
            "claim 2 5 0 a",
            "progress 2 5 0 a",
            "retry 3 5 1 a",
            "mature 4 5 1",
            "claim 5 9 1 b",
            "takeover 6 10 1 b",
            "reclaim 7 10 1 b",
            "claim 8 11 1 a",
            "complete 9 11 1 a",
        ];
        let (whole, names) = walk(&steps, false);
        assert_eq!(names, Vec::<&str>::new());
        assert_eq!((whole.runs(), whole.is_whole(), whole.version()), (4, true, 9));
        let task = |words: &[(&str, &str)]| -> Fields {
            words.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let good = task(&[
            ("status", "completed"),
            ("version", "9"),
            ("fence", "11"),
            ("attempt", "1"),
            ("crashes", "2"),
        ]);
        assert_eq!(whole.compare(&good), []);
        let bad = task(&[("status", "running"), ("version", "8"), ("fence", "10")]);
        let names: Vec<&str> = whole.compare(&bad).iter().map(|wrong| wrong.rule.name).collect();
        let expected =
            ["status_differs", "version_differs", "fence_differs", "attempts_differ", "crashes_differ"];
        assert_eq!(names, expected);
        // From the middle on the same life is as good; what crashed before is not known.
        let (part, names) = walk(&steps[3..], true);
        assert_eq!((names.len(), part.is_whole()), (0, false));
        assert_eq!(
            part.compare(&task(&[
                ("status", "completed"),
                ("version", "9"),
                ("fence", "11"),
                ("attempt", "1"),
                ("crashes", "7"),
            ])),
            []
        );
    }

    #[test]
    fn what_is_wrong_is_told_by_name() {
        let cases: [(&[&str], &str); 8] = [
            (&["submit 1 0 0", "claim 3 5 0 a"], "version_gap"),
            (&["submit 1 0 0", "claim 2 5 0 a", "claim 3 6 0 b"], "overlap"),
            (&["submit 1 0 0", "claim 2 5 0 a", "release 3 5 0 a", "claim 4 4 0 b"], "fence_not_rising"),
            (&["submit 1 0 0", "claim 2 5 0 a", "complete 3 5 0 b"], "not_the_holder"),
            (&["submit 1 0 0", "claim 2 5 0 a", "complete 3 4 0 a"], "not_the_holder"),
            (&["submit 1 0 0", "mature 2 0 0", "complete 3 0 0"], "impossible_move not_the_holder"),
            (&["submit 1 0 0", "prune 1 0 0"], "impossible_move"),
            (&["submit 1 0 0", "odd 2 0 0"], "impossible_move"),
        ];
        for (steps, expected) in cases {
            assert_eq!(walk(steps, false).1.join(" "), expected, "{steps:?}");
        }
    }
}
