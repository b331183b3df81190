//! Listens to a program's stderr: passes lines on as they come, and remembers the last ones.

use std::collections::VecDeque;

use baton_core::limits;
use baton_store::calls::task::Level;
use tokio::time::Instant;

use super::directive::Directive;
use super::rate::{LINES_PER_SECOND, Rate};
use crate::handler::Reporter;

/// What of the log is kept for the error of a failed run.
const LAST_LINES: usize = 20;

/// What a program said that its run's end depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) last_lines: String,
    pub(super) retry_after_ms: Option<u64>,
}

pub(super) struct Ear {
    reporter: Reporter,
    rate: Rate,
    last: VecDeque<String>,
    retry_after_ms: Option<u64>,
}

impl Ear {
    pub(super) fn new(reporter: Reporter, now: Instant) -> Ear {
        Ear { reporter, rate: Rate::new(now), last: VecDeque::new(), retry_after_ms: None }
    }

    pub(super) fn hear(&mut self, line: &str, now: Instant) {
        let directive = Directive::of(line);
        // Decides how the run ends, so it counts even in a flood.
        if let Directive::RetryAfter { ms } = directive {
            self.retry_after_ms = Some(ms);
            return;
        }
        let (admitted, dropped) = self.rate.admit(now);
        self.complain(dropped);
        match directive {
            Directive::Progress { fraction, text } if admitted => self.reporter.progress(fraction, text),
            Directive::Line { level, text } => {
                self.remember(text);
                if admitted {
                    self.reporter.log(level, text);
                }
            }
            Directive::Progress { .. } | Directive::RetryAfter { .. } => {}
        }
    }

    pub(super) fn said(self) -> Said {
        self.complain(self.rate.dropped());
        let mut text = self.last.into_iter().collect::<Vec<_>>().join("\n");
        // The end of a long error says more than its beginning.
        let surplus = text.len().saturating_sub(limits::ERROR_BYTES_MAX as usize);
        text.drain(..text.ceil_char_boundary(surplus));
        Said { last_lines: text, retry_after_ms: self.retry_after_ms }
    }

    fn complain(&self, dropped: u64) {
        if dropped > 0 {
            let text = format!("{dropped} lines were dropped: more than {LINES_PER_SECOND} came in a second");
            self.reporter.log(Level::Warning, text);
        }
    }

    fn remember(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(text.to_owned());
    }
}
