//! One task: where it is and why, what it tried, what it says, and what is around it.

use askama::Template;
use baton_api::Timestamp;
use baton_api::flow::{EdgeState, Graph, GraphNode};
use baton_api::task::{Explanation, HistoryEntry, Level, LogLine, Logs, Task};
use baton_api::worker::Worker;
use baton_core::Status;

use crate::deed::{Deed, Noun};
use crate::drawing;
use crate::link::Link;
use crate::page::pages;
use crate::shell::Shell;
use crate::surroundings::Surroundings;
use crate::words;

/// How many lines of a log are read for one page.
pub const LINES: usize = 500;

/// What is read of a task.
#[derive(Debug, Template)]
#[template(path = "task.html", blocks = ["live"])]
pub struct TaskPage {
    pub shell: Shell,
    pub task: Task,
    pub explanation: Option<Explanation>,
    pub logs: Option<Logs>,
    /// The least level of lines that is shown.
    pub level: String,
    /// The attempt whose lines are shown; none: of all.
    pub attempt: Option<u64>,
    /// The place in the log behind which it is shown; empty: from its beginning.
    pub after: String,
    /// The last place that is shown, if there are lines behind it.
    pub more: Option<String>,
    pub graph: Option<Graph>,
    /// Whoever runs it.
    pub holder: Option<Worker>,
    /// Those that had it last, as far as they are still known.
    pub workers: Vec<Worker>,
    /// Its key in Redis.
    pub key: String,
    /// Where the interface is reached: scheme and host.
    pub origin: String,
}

pages!(TaskPage);

/// One time that a worker had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// As its lines in the log have it: those in which only the worker was lost have the same.
    pub number: u64,
    /// From when it could have been claimed.
    pub waited_ms: Option<u64>,
    pub worker: String,
    pub fence: Option<u64>,
    pub from: Timestamp,
    pub to: Option<Timestamp>,
    /// The step that ended it.
    pub ended: String,
    /// Where that led.
    pub into: String,
    pub why: String,
}

/// A time in one status, as a piece of a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub status: String,
    /// In thousandths of the whole.
    pub at: u64,
    pub wide: u64,
    pub about: String,
}

/// The workers that had it last, each once, so many at most.
pub fn lately_at(history: &[HistoryEntry], most: usize) -> Vec<String> {
    let mut workers: Vec<String> = Vec::new();
    for attempt in attempts(history).into_iter().rev().filter(|attempt| !attempt.worker.is_empty()) {
        if workers.len() < most && !workers.contains(&attempt.worker) {
            workers.push(attempt.worker);
        }
    }
    workers
}

/// What workers did with it: each begins where it came to run, or to run under a new fence.
pub fn attempts(history: &[HistoryEntry]) -> Vec<Attempt> {
    let mut attempts: Vec<Attempt> = Vec::new();
    let (mut number, mut ready) = (1, None);
    for entry in history {
        match (entry.event.as_str(), entry.to.as_deref()) {
            ("rerun", _) => number = 1,
            ("retry", _) => number += 1,
            _ => {}
        }
        if entry.to.as_deref() == Some("pending") {
            ready = Some(entry.at.ms());
        }
        let (was, is) = (entry.from.as_deref() == Some("running"), entry.to.as_deref() == Some("running"));
        let open = attempts.last_mut().filter(|attempt| attempt.to.is_none());
        if let Some(open) = open.filter(|_| (was && entry.to.is_some()) || is) {
            open.to = Some(entry.at);
            open.ended.clone_from(&entry.event);
            open.into = entry.to.clone().unwrap_or_default();
            open.why = entry.why.clone().unwrap_or_default();
        }
        if is {
            attempts.push(Attempt {
                number,
                waited_ms: ready.take().map(|since: u64| entry.at.ms().saturating_sub(since)),
                worker: entry.worker.clone().unwrap_or_default(),
                fence: entry.fence,
                from: entry.at,
                to: None,
                ended: String::new(),
                into: String::new(),
                why: String::new(),
            });
        }
    }
    attempts
}

/// The time in each status, one after the other, from its beginning until now or its end: status, from and to, in ms.
pub fn pieces_within(history: &[HistoryEntry], now: Timestamp) -> Vec<(String, u64, u64)> {
    let moves: Vec<(&str, u64)> =
        history.iter().filter_map(|entry| Some((entry.to.as_deref()?, entry.at.ms()))).collect();
    let Some((last, last_at)) = moves.last() else { return Vec::new() };
    let is_over = last.parse::<Status>().is_ok_and(Status::is_terminal);
    let until = if is_over { *last_at } else { now.ms().max(*last_at) };
    let ends = moves.iter().skip(1).map(|(_, at)| *at).chain([until]);
    let pieces = moves.iter().zip(ends).filter(|((_, at), end)| end > at);
    pieces.map(|((status, at), end)| ((*status).to_owned(), *at, end)).collect()
}

/// The same as pieces of a bar.
pub fn pieces(history: &[HistoryEntry], now: Timestamp) -> Vec<Piece> {
    let times = pieces_within(history, now);
    let (Some((_, from, _)), Some((_, _, until))) = (times.first(), times.last()) else { return Vec::new() };
    let (from, whole) = (*from, until.saturating_sub(*from).max(1));
    let pieces = times.into_iter().map(|(status, at, end)| {
        let long = end.saturating_sub(at);
        Piece {
            about: format!("{status} for {}", words::took(long)),
            status,
            at: at.saturating_sub(from) * 1_000 / whole,
            wide: (long * 1_000 / whole).max(2),
        }
    });
    pieces.collect()
}

/// A task beside this one.
#[derive(Clone, Debug)]
pub struct Relative {
    pub node: GraphNode,
    /// What it does to whoever waits for it.
    pub edge: &'static str,
}

impl TaskPage {
    fn id(&self) -> String {
        self.task.id.to_string()
    }

    fn history(&self) -> &[HistoryEntry] {
        self.task.history.as_deref().unwrap_or_default()
    }

    fn attempts(&self) -> Vec<Attempt> {
        attempts(self.history())
    }

    /// Where a worker runs now.
    fn host(&self, worker: &str) -> String {
        let known = self.workers.iter().find(|known| known.id.as_str() == worker);
        known.and_then(|known| known.host.as_ref()).map_or_else(String::new, words::line)
    }

    /// What an attempt said. Where the beginning of its history is gone, nobody knows which one it was.
    fn log_of(&self, attempt: &Attempt) -> Option<Link> {
        let link = self.shell.task(self.task.id).with("attempt", attempt.number).and("#log-title");
        (self.forgotten() == 0).then_some(link)
    }

    fn pieces(&self) -> Vec<Piece> {
        pieces(self.history(), self.shell.now)
    }

    /// Steps of its history that are no longer kept.
    fn forgotten(&self) -> u64 {
        self.task.history_count.saturating_sub(self.history().len() as u64)
    }

    /// What can be done to it now, by whoever looks.
    fn deeds(&self) -> Vec<&'static Deed> {
        Deed::allowed(Noun::Task, &self.shell).filter(|deed| deed.takes(self.task.status)).collect()
    }

    /// Those that matter enough, of the lines that were read.
    fn lines(&self) -> Vec<&LogLine> {
        let least = match self.level.as_str() {
            "info" => Level::Info,
            "warning" => Level::Warning,
            "error" => Level::Error,
            _ => Level::Debug,
        };
        let lines = self.logs.iter().flat_map(|logs| &logs.logs);
        let of = |line: &&LogLine| self.attempt.is_none_or(|attempt| line.attempt == attempt);
        lines.filter(|line| line.level >= least).filter(of).collect()
    }

    /// Which part of the log it is, where that is not all of it.
    fn part(&self) -> Option<&'static str> {
        match (self.after.is_empty(), self.more.is_some()) {
            (true, false) => None,
            (true, true) => Some("From its first 500 lines."),
            (false, true) => Some("From 500 lines further on."),
            (false, false) => Some("From its last lines."),
        }
    }

    /// What is said instead of lines.
    fn silence(&self) -> &'static str {
        if self.attempt.is_some() {
            return "This attempt has no such line here.";
        }
        match (self.part().is_some(), self.level == "debug") {
            (false, true) => "No line was written.",
            (false, false) => "No line of this level was written.",
            (true, true) => "No further line was written.",
            (true, false) => "None of the lines here is of this level.",
        }
    }

    /// This page with its log from there.
    fn log_from(&self, after: &str) -> Link {
        self.log_at(&self.level).with_some("after", after)
    }

    /// This page with its log from this level on.
    fn log_at(&self, level: &str) -> Link {
        let attempt = self.attempt.map_or_else(String::new, |attempt| attempt.to_string());
        self.shell.task(self.task.id).with("level", level).with_some("attempt", attempt)
    }

    fn levels(&self) -> [(&'static str, &'static str); 4] {
        [("debug", "All"), ("info", "Info"), ("warning", "Warnings"), ("error", "Errors")]
    }

    /// Those that it waits for, or those that wait for it.
    fn relatives(&self, parents: bool) -> Vec<Relative> {
        let beside = self.graph.iter().flat_map(|graph| drawing::beside(graph, self.task.id, parents));
        beside.map(|(node, state)| Relative { node: node.clone(), edge: held(state) }).collect()
    }

    /// What is around it, where there is anything.
    fn around(&self) -> Vec<(&'static str, Vec<Relative>)> {
        let both = [("Waits for", self.relatives(true)), ("Waited for by", self.relatives(false))];
        both.into_iter().filter(|(_, relatives)| !relatives.is_empty()).collect()
    }

    /// The same, drawn.
    fn surroundings(&self) -> Option<Surroundings> {
        Surroundings::of(self.graph.as_ref()?, self.task.id, &self.shell)
    }

    /// When the lease ends that it is under.
    fn lease_ends(&self) -> Option<String> {
        let ends = self.holder.as_ref()?.lease_expires_at?;
        Some(words::since(ends, self.shell.now))
    }

    /// The same question to the interface, to the command line and to Redis.
    fn commands(&self) -> [(&'static str, &'static str, String); 3] {
        let (id, base) = (self.id(), self.shell.base.of("/api/v1/tasks", self.id()));
        [
            ("curl", "copy-curl", self.shell.curl(&self.origin, &base)),
            ("CLI", "copy-cli", format!("baton task get {id}")),
            ("redis-cli", "copy-redis", format!("redis-cli HGETALL '{}'", self.key)),
        ]
    }
}

fn held(state: EdgeState) -> &'static str {
    match state {
        EdgeState::Open => "waited for",
        EdgeState::Held => "holds it back",
        EdgeState::Closed => "",
    }
}

/// The word of a level, as the style sheet knows it.
pub fn level(line: &LogLine) -> &'static str {
    match line.level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
        Level::Critical => "critical",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(event: &str, ms: u64, from: &str, to: &str) -> HistoryEntry {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        HistoryEntry {
            version: 1,
            event: event.to_owned(),
            at: Timestamp::from_ms(ms),
            from: some(from),
            to: some(to),
            worker: Some("worker-001-a".to_owned()),
            fence: Some(ms),
            by: None,
            why: some(if event == "retry" { "boom" } else { "" }),
            detail: String::new(),
        }
    }

    fn life() -> Vec<HistoryEntry> {
        vec![
            entry("submit", 0, "", "pending"),
            entry("claim", 100, "pending", "running"),
            entry("progress", 150, "", ""),
            entry("retry", 200, "running", "scheduled"),
            entry("mature", 600, "scheduled", "pending"),
            entry("claim", 600, "pending", "running"),
            entry("takeover", 700, "running", "running"),
            entry("complete", 1_000, "running", "completed"),
        ]
    }

    #[test]
    fn a_life_branches_at_attempts() {
        let attempts = attempts(&life());
        let told: Vec<(u64, Option<u64>)> =
            attempts.iter().map(|attempt| (attempt.number, attempt.waited_ms)).collect();
        // Whoever takes it over goes on with the same attempt, and nobody waited.
        assert_eq!(told, [(1, Some(100)), (2, Some(0)), (2, None)]);
        assert_eq!(lately_at(&life(), 5), ["worker-001-a"]);
        let said: Vec<(u64, Option<u64>, &str, &str)> = attempts
            .iter()
            .map(|attempt| {
                (
                    attempt.from.ms(),
                    attempt.to.map(Timestamp::ms),
                    attempt.ended.as_str(),
                    attempt.why.as_str(),
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                (100, Some(200), "retry", "boom"),
                (600, Some(700), "takeover", ""),
                (700, Some(1_000), "complete", "")
            ]
        );
        assert_eq!(attempts[2].fence, Some(700));
    }

    #[test]
    fn a_bar_has_a_piece_for_each_time_in_a_status() {
        let pieces = pieces(&life(), Timestamp::from_ms(9_000));
        let said: Vec<(&str, u64, u64)> =
            pieces.iter().map(|piece| (piece.status.as_str(), piece.at, piece.wide)).collect();
        assert_eq!(
            said,
            [
                ("pending", 0, 100),
                ("running", 100, 100),
                ("scheduled", 200, 400),
                ("running", 600, 100),
                ("running", 700, 300)
            ]
        );
    }

    #[test]
    fn what_goes_on_lasts_until_now() {
        let running = &life()[..2];
        assert_eq!(pieces(running, Timestamp::from_ms(1_000))[1].wide, 900);
        assert_eq!(attempts(running)[0].to, None);
        assert!(pieces(&[], Timestamp::from_ms(1)).is_empty());
    }
}
