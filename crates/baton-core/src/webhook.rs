//! Webhooks: of which ends of tasks somebody elsewhere is told, and when telling him is tried again.

use std::fmt;
use std::str::FromStr;

use crate::lifecycle::{Move, Status};
use crate::limits;
use crate::name::{AnyName, Kind, NameError, QueueName};

/// Names: one, or with a star at its end all that begin so.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Box<str>);

impl Pattern {
    pub fn new(text: &str) -> Result<Pattern, NameError> {
        // With one more letter the beginning must be a name.
        match text.strip_suffix('*') {
            Some(start) => AnyName::new(&format!("{start}x"))?,
            None => AnyName::new(text)?,
        };
        Ok(Pattern(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn holds(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => *self.0 == *name,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", &*self.0)
    }
}

impl FromStr for Pattern {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Pattern, NameError> {
        Pattern::new(text)
    }
}

/// The ends of a life, in the order of the lifecycle.
pub const ENDS: [Status; 4] = [Status::Completed, Status::Failed, Status::Timeout, Status::Cancelled];

/// The end that this event of a task is, if it is one.
pub fn end_of(event: &str) -> Option<Status> {
    match event.parse::<Move>().ok()?.targets() {
        [only] if only.is_terminal() => Some(*only),
        _ => None,
    }
}

/// Which ends a webhook is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Empty: of every queue.
    pub queues: Vec<Pattern>,
    /// Empty: of every kind.
    pub kinds: Vec<Pattern>,
    /// Some of [`ENDS`].
    pub statuses: Vec<Status>,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter { queues: Vec::new(), kinds: Vec::new(), statuses: ENDS.to_vec() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {0:?} as the filter of a webhook")]
pub struct FilterError(String);

impl Filter {
    pub fn wants(&self, queue: &QueueName, kind: &Kind, end: Status) -> bool {
        let one_of = |patterns: &[Pattern], name: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.holds(name))
        };
        self.statuses.contains(&end)
            && one_of(&self.queues, queue.as_str())
            && one_of(&self.kinds, kind.as_str())
    }
}

/// Three words: queues, kinds and statuses, with commas between; `*` for all.
impl fmt::Display for Filter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |each: Vec<&str>| if each.is_empty() { "*".to_owned() } else { each.join(",") };
        let names = |patterns: &[Pattern]| word(patterns.iter().map(Pattern::as_str).collect());
        let statuses = word(self.statuses.iter().map(|status| status.as_str()).collect());
        write!(out, "{} {} {statuses}", names(&self.queues), names(&self.kinds))
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Filter, FilterError> {
        fn each<T: FromStr>(word: &str) -> Option<Vec<T>> {
            match word {
                "*" => Some(Vec::new()),
                word => word.split(',').map(|name| name.parse().ok()).collect(),
            }
        }
        let wrong = || FilterError(text.chars().take(200).collect());
        let words: Vec<&str> = text.split(' ').collect();
        let [queues, kinds, statuses] = words[..] else { return Err(wrong()) };
        let read = || Some(Filter { queues: each(queues)?, kinds: each(kinds)?, statuses: each(statuses)? });
        read().filter(|filter| filter.statuses.iter().all(|status| status.is_terminal())).ok_or_else(wrong)
    }
}

/// How a webhook does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookState {
    Active,
    /// Somebody lets it rest: what happens meanwhile waits.
    Paused,
    /// It was given up: nothing waits, and nothing is noted for it.
    Disabled,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {0:?} as the state of a webhook")]
pub struct StateError(String);

impl WebhookState {
    pub const ALL: [WebhookState; 3] = [WebhookState::Active, WebhookState::Paused, WebhookState::Disabled];

    pub fn as_str(self) -> &'static str {
        match self {
            WebhookState::Active => "active",
            WebhookState::Paused => "paused",
            WebhookState::Disabled => "disabled",
        }
    }
}

impl fmt::Display for WebhookState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for WebhookState {
    type Err = StateError;

    fn from_str(text: &str) -> Result<WebhookState, StateError> {
        let known = WebhookState::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or_else(|| StateError(text.chars().take(32).collect()))
    }
}

/// From the first failure of a delivery on, in seconds; the last one holds for all that follow.
const WAITS_S: [u64; 9] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800];

/// How long a delivery waits after so many failures. What the receiver asks for counts if it is longer, up to a day.
pub fn again_in_ms(failed: u64, asked_ms: Option<u64>) -> u64 {
    let at = usize::try_from(failed.saturating_sub(1)).unwrap_or(usize::MAX).min(WAITS_S.len() - 1);
    (WAITS_S[at] * 1_000).max(asked_ms.unwrap_or(0).min(limits::WEBHOOK_AGE_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| Pattern::new(text).unwrap()).collect()
    }

    #[test]
    fn a_star_stands_for_the_rest_and_only_at_the_end() {
        let of = |text: &str| Pattern::new(text).unwrap();
        assert!(of("img-*").holds("img-") && of("img-*").holds("img-a") && !of("img-*").holds("img"));
        assert!(of("mail").holds("mail") && !of("mail").holds("mail2") && of("*").holds("anything"));
        for text in ["", "a*b", "**", "a b", "a,b", "{x}*", "img/*", &"x".repeat(200)] {
            assert!(Pattern::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_filter_wants_what_fits_all_of_it_and_reads_back() {
        let (mail, images) = (QueueName::new("mail").unwrap(), QueueName::new("img-1").unwrap());
        let (send, other) = (Kind::new("mail.send").unwrap(), Kind::new("x").unwrap());
        assert!(ENDS.iter().all(|end| Filter::default().wants(&mail, &send, *end)));
        let filter = Filter {
            queues: patterns(&["mail", "img-*"]),
            kinds: patterns(&["mail.*"]),
            statuses: vec![Status::Failed, Status::Timeout],
        };
        assert!(filter.wants(&mail, &send, Status::Failed) && filter.wants(&images, &send, Status::Timeout));
        assert!(!filter.wants(&mail, &other, Status::Failed));
        assert!(!filter.wants(&QueueName::new("m").unwrap(), &send, Status::Failed));
        assert!(!filter.wants(&mail, &send, Status::Completed));
        for filter in [filter, Filter::default()] {
            assert_eq!(filter.to_string().parse(), Ok(filter));
        }
        for text in ["", "* *", "* * running", "a b c", "* * completed x", "a*b * failed"] {
            assert!(text.parse::<Filter>().is_err(), "{text}");
        }
    }

    #[test]
    fn ends_are_told_from_other_events() {
        let ends = ["complete", "fail", "time_out", "cancel"].map(|event| end_of(event).unwrap());
        assert_eq!(ends, ENDS);
        for event in ["submit", "claim", "retry", "rerun", "prune", "reclaim", "progress", ""] {
            assert_eq!(end_of(event), None, "{event}");
        }
    }

    #[test]
    fn waits_grow_and_a_receiver_may_ask_for_longer_ones() {
        let waits: Vec<u64> = (0..12).map(|failed| again_in_ms(failed, None) / 1_000).collect();
        assert_eq!(waits, [5, 5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800, 28_800]);
        assert_eq!(again_in_ms(u64::MAX, None), 28_800_000);
        assert_eq!((again_in_ms(1, Some(60_000)), again_in_ms(2, Some(1))), (60_000, 30_000));
        assert_eq!(again_in_ms(1, Some(u64::MAX)), limits::WEBHOOK_AGE_MS_MAX);
    }

    #[test]
    fn states_read_back() {
        for state in WebhookState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("gone".parse::<WebhookState>().is_err());
    }
}
