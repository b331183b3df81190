//! How far long work is: one line on standard error, for a person at a terminal and for nobody else.
#![expect(clippy::disallowed_methods, reason = "how long is left is told by the time of the one who waits")]

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::out::span;

/// What is over sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// No eye reads faster.
const REDRAW_AFTER: Duration = Duration::from_millis(100);
/// Characters of the bar itself.
const BAR: usize = 24;

/// One bar. It is gone from the terminal when this is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    what: String,
    total: Option<u64>,
    shown: bool,
    began: Instant,
    drawn: Option<Instant>,
    terminal: bool,
}

impl Progress {
    /// Of work on so many things, or of nobody knows how many; `what` they are.
    pub(crate) fn new(total: Option<u64>, what: &str) -> Progress {
        let what = crate::out::plain(what);
        Progress { what, total, shown: false, began: Instant::now(), drawn: None, terminal: is_seen() }
    }

    /// It has turned out how many there are.
    pub(crate) fn of(&mut self, total: u64) {
        self.total = Some(total);
    }

    /// So many of them are through.
    pub(crate) fn at(&mut self, done: u64) {
        let soon = self.drawn.is_some_and(|drawn| drawn.elapsed() < REDRAW_AFTER);
        let passed = self.began.elapsed();
        if !self.terminal || soon || passed < PATIENCE {
            return;
        }
        self.drawn = Some(Instant::now());
        self.shown = true;
        // A terminal that does not know its width says 0.
        let size = rustix::termios::tcgetwinsize(io::stderr()).map_or(0, |size| usize::from(size.ws_col));
        let width = if size == 0 { 80 } else { size };
        let line = line(&self.what, done, self.total, passed);
        let line: String = line.chars().take(width - 1).collect();
        show(&format!("\r\x1b[2K{line}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            show("\r\x1b[2K");
        }
    }
}

fn is_seen() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let nobody = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !dumb && !nobody
}

fn show(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

fn line(what: &str, done: u64, total: Option<u64>, passed: Duration) -> String {
    let Some(total) = total.filter(|total| *total > 0) else {
        return format!("{done} {what}  {}", span(millis(passed)));
    };
    let done = done.min(total);
    let part = done as f64 / total as f64;
    let full = (part * BAR as f64) as usize;
    let bar = format!("{}{}", "█".repeat(full), "░".repeat(BAR - full));
    let left = match done {
        0 => String::new(),
        _ => format!("  {} left", span((millis(passed) as f64 * (1.0 - part) / part) as u64)),
    };
    format!("{bar} {:>3.0} %  {done} of {total} {what}{left}", (part * 100.0).floor())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_says_how_far_and_how_long_still() {
        let ten = Duration::from_secs(10);
        let half = format!("{}{}  50 %  6 of 12 tasks  10 s left", "█".repeat(12), "░".repeat(12));
        assert_eq!(line("tasks", 6, Some(12), ten), half);
        assert_eq!(line("tasks", 0, Some(12), ten), format!("{}   0 %  0 of 12 tasks", "░".repeat(24)));
        // Never full before the end, and never more than full.
        assert!(line("x", 999, Some(1_000), ten).contains(" 99 %"));
        assert!(line("x", 2_000, Some(1_000), ten).contains("100 %  1000 of 1000 x  0 ms left"));
    }

    #[test]
    fn where_nobody_knows_how_many_it_counts() {
        assert_eq!(line("keys", 7, None, Duration::from_secs(75)), "7 keys  1 m");
        assert_eq!(line("keys", 7, Some(0), Duration::from_secs(2)), "7 keys  2.0 s");
    }
}
