//! How far something is that takes a while: a line on standard error, on a terminal only.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

/// Redrawn at most so often, and only for what takes longer than that.
const EVERY_MS: u128 = 200;
const WIDTH: u64 = 24;

#[derive(Debug)]
pub(crate) struct Progress {
    /// 0 where nobody knows.
    total: u64,
    what: &'static str,
    terminal: bool,
    drawn: Instant,
    is_drawn: bool,
}

impl Progress {
    #[expect(clippy::disallowed_methods, reason = "a person watches, and nothing follows from the time")]
    pub(crate) fn new(total: u64, what: &'static str) -> Progress {
        let terminal = io::stderr().is_terminal();
        Progress { total, what, terminal, drawn: Instant::now(), is_drawn: false }
    }

    #[expect(clippy::disallowed_methods, reason = "a person watches, and nothing follows from the time")]
    pub(crate) fn at(&mut self, done: u64) {
        if self.terminal && self.drawn.elapsed().as_millis() >= EVERY_MS {
            self.drawn = Instant::now();
            self.is_drawn = true;
            let _ = write!(io::stderr().lock(), "\r\x1b[K{}", line(done, self.total, self.what));
        }
    }
}

/// What is said next begins on an empty line.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_drawn {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

fn line(done: u64, total: u64, what: &str) -> String {
    let Some(percent) = (done.min(total) * 100).checked_div(total) else { return format!("{done} {what}") };
    let full = usize::try_from(percent * WIDTH / 100).unwrap_or_default();
    let rest = usize::try_from(WIDTH).unwrap_or_default() - full;
    format!("[{}{}] {percent:>3} %  {done} of {total} {what}", "#".repeat(full), ".".repeat(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is() {
        assert_eq!(line(3, 0, "tasks"), "3 tasks");
        assert_eq!(line(50, 100, "lines"), "[############............]  50 %  50 of 100 lines");
        assert_eq!(line(7, 5, "lines"), "[########################] 100 %  7 of 5 lines");
    }
}
