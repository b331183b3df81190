//! What a program may say of its run beside its log: whole lines on stderr.

use std::time::Duration;

use baton_core::limits;
use baton_store::calls::task::Level;
use jiff::SignedDuration;

/// A line, understood. What only looks like a directive is a line like any other.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Directive<'a> {
    /// `::progress 0.4 typesetting`
    Progress { fraction: f64, text: &'a str },
    /// `::retry-after 30s`
    RetryAfter { ms: u64 },
    /// `::level warning the paper is low`, and every line without a level.
    Line { level: Level, text: &'a str },
}

impl Directive<'_> {
    pub(super) fn of(line: &str) -> Directive<'_> {
        understand(line).unwrap_or(Directive::Line { level: Level::Info, text: line })
    }
}

fn understand(line: &str) -> Option<Directive<'_>> {
    let (name, rest) = line.strip_prefix("::")?.split_once(' ')?;
    let (first, text) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    match name {
        "progress" => {
            let fraction = first.parse().ok().filter(|fraction: &f64| fraction.is_finite())?;
            Some(Directive::Progress { fraction, text })
        }
        "retry-after" => Some(Directive::RetryAfter { ms: wait_ms(rest.trim())? }),
        "level" => Some(Directive::Line { level: level(first)?, text }),
        _ => None,
    }
}

/// `30s`, `5m`, `1h 30m`, or seconds without a unit.
fn wait_ms(text: &str) -> Option<u64> {
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()?,
    };
    Some(bounded(wait))
}

/// No program puts a task off for longer than the longest backoff.
pub(in super::super) fn bounded(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).min(limits::BACKOFF_CAP_MS_MAX)
}

fn level(word: &str) -> Option<Level> {
    [Level::Debug, Level::Info, Level::Warning, Level::Error, Level::Critical]
        .into_iter()
        .find(|level| level.to_string() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: Level, text: &str) -> Directive<'_> {
        Directive::Line { level, text }
    }

    #[test]
    fn directives_are_understood() {
        for (text, directive) in [
            ("::progress 0.4 half way", Directive::Progress { fraction: 0.4, text: "half way" }),
            ("::progress 1", Directive::Progress { fraction: 1.0, text: "" }),
            ("::retry-after 30s", Directive::RetryAfter { ms: 30_000 }),
            ("::retry-after 1h 30m", Directive::RetryAfter { ms: 5_400_000 }),
            ("::retry-after 250ms", Directive::RetryAfter { ms: 250 }),
            ("::retry-after 7", Directive::RetryAfter { ms: 7_000 }),
            ("::retry-after 9000h", Directive::RetryAfter { ms: 86_400_000 }),
            ("::level warning low on paper", line(Level::Warning, "low on paper")),
            ("::level debug", line(Level::Debug, "")),
        ] {
            assert_eq!(Directive::of(text), directive, "{text}");
        }
    }

    #[test]
    fn what_is_no_directive_is_a_line() {
        for text in [
            "",
            "::",
            "::progress",
            "::progress nan x",
            "::progress inf",
            "::retry-after -5s",
            "::retry-after soon",
            "::level loud x",
            "::else 1",
            " ::progress 1",
            "a ::progress 1",
        ] {
            assert_eq!(Directive::of(text), line(Level::Info, text));
        }
    }
}
