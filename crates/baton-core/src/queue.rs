//! What a queue allows, and how long it keeps what has ended.

use std::fmt;
use std::str::FromStr;

use crate::limits;

/// At most `count` starts in any `per_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub count: u64,
    pub per_ms: u64,
}

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    Ms(u64),
    Forever,
}

impl fmt::Display for Keep {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Keep::Ms(ms) => write!(out, "{ms}"),
            Keep::Forever => out.write_str("forever"),
        }
    }
}

impl FromStr for Keep {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Keep, RuleError> {
        match text {
            "forever" => Ok(Keep::Forever),
            ms => ms
                .parse()
                .map(Keep::Ms)
                .map_err(|_| RuleError::new("a retention", "it is a number of ms, or forever")),
        }
    }
}

/// What a queue allows. Without a limit there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueRules {
    /// Tasks that run at once.
    pub concurrency: Option<u64>,
    /// Tasks that start.
    pub rate: Option<Rate>,
    /// Tasks of one group that run at once.
    pub group_concurrency: Option<u64>,
    /// Groups take turns.
    pub fair: bool,
    /// A task that waits so long counts as one of the next priority, and so on.
    pub aging_ms: Option<u64>,
}

/// How long a queue keeps tasks that have ended: by how they ended, or all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    pub any: Option<Keep>,
    pub completed: Option<Keep>,
    pub failed: Option<Keep>,
    pub timeout: Option<Keep>,
    pub cancelled: Option<Keep>,
}

/// What a queue cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("set {what}: {problem}")]
pub struct RuleError {
    pub what: &'static str,
    pub problem: String,
}

impl RuleError {
    fn new(what: &'static str, problem: impl Into<String>) -> RuleError {
        RuleError { what, problem: problem.into() }
    }
}

/// The part of one shard: all parts together are the whole, and none is larger than another by more than one.
fn part(whole: u64, shard: u64, shards: u64) -> u64 {
    whole / shards + u64::from(shard < whole % shards)
}

impl QueueRules {
    /// What is wrong with it in a namespace of so many shards: each holds a part of every limit.
    pub fn check(&self, shards: u64) -> Result<(), RuleError> {
        let between = |what, value: Option<u64>, min: u64, max: u64| match value {
            Some(value) if !(min..=max).contains(&value) => {
                let why = if value < min && min > 1 {
                    format!(", as each of {shards} shards holds a part of it")
                } else {
                    String::new()
                };
                Err(RuleError::new(what, format!("{value} is not between {min} and {max}{why}")))
            }
            _ => Ok(()),
        };
        between("concurrency", self.concurrency, shards, limits::CONCURRENCY_MAX)?;
        between("group_concurrency", self.group_concurrency, shards, limits::CONCURRENCY_MAX)?;
        between("rate.count", self.rate.map(|rate| rate.count), shards, limits::RATE_COUNT_MAX)?;
        between("rate.per_ms", self.rate.map(|rate| rate.per_ms), 1, limits::RATE_MS_MAX)?;
        between("aging_ms", self.aging_ms, 1, limits::AGING_MS_MAX)?;
        match self.fair && self.aging_ms.is_some() {
            true => Err(RuleError::new("aging_ms", "where groups take turns, waits are not compared")),
            false => Ok(()),
        }
    }

    /// What one shard allows.
    #[must_use]
    pub fn part(&self, shard: u64, shards: u64) -> QueueRules {
        let of = |whole: u64| part(whole, shard, shards);
        QueueRules {
            concurrency: self.concurrency.map(of),
            rate: self.rate.map(|rate| Rate { count: of(rate.count), ..rate }),
            group_concurrency: self.group_concurrency.map(of),
            ..self.clone()
        }
    }

    /// What this shard allows and the others do.
    #[must_use]
    pub fn and(&self, other: &QueueRules) -> QueueRules {
        let sum = |one: Option<u64>, other: Option<u64>| one.zip(other).map(|(one, other)| one + other);
        QueueRules {
            concurrency: sum(self.concurrency, other.concurrency),
            rate: self
                .rate
                .zip(other.rate)
                .map(|(one, other)| Rate { count: one.count + other.count, ..one }),
            group_concurrency: sum(self.group_concurrency, other.group_concurrency),
            ..self.clone()
        }
    }
}

impl Retention {
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), RuleError> {
        let all = [self.any, self.completed, self.failed, self.timeout, self.cancelled];
        match all
            .into_iter()
            .flatten()
            .find(|keep| matches!(keep, Keep::Ms(ms) if *ms > limits::DELAY_MS_MAX))
        {
            Some(_) => Err(RuleError::new("a retention", "beyond ten years, say forever")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules(concurrency: u64) -> QueueRules {
        QueueRules { concurrency: Some(concurrency), ..QueueRules::default() }
    }

    #[test]
    fn what_no_queue_can_keep_is_refused() {
        assert_eq!(rules(1).check(1), Ok(()));
        let sentence = rules(1).check(4).unwrap_err().to_string();
        assert_eq!(
            sentence,
            "set concurrency: 1 is not between 4 and 1000000, as each of 4 shards holds a part of it"
        );
        assert!(rules(0).check(1).is_err() && rules(u64::MAX).check(1).is_err());
        let rate = |count, per_ms| QueueRules { rate: Some(Rate { count, per_ms }), ..QueueRules::default() };
        assert!(rate(1, 1).check(1).is_ok());
        assert!(
            rate(0, 1).check(1).is_err()
                && rate(1, 0).check(1).is_err()
                && rate(1, u64::MAX).check(1).is_err()
        );
        let both = QueueRules { fair: true, aging_ms: Some(1), ..QueueRules::default() };
        assert!(both.check(1).is_err());
        let kept = Retention { failed: Some(Keep::Ms(u64::MAX)), ..Retention::default() };
        assert!(kept.check().is_err() && "never".parse::<Keep>().is_err() && "-1".parse::<Keep>().is_err());
    }

    proptest! {
        #[test]
        fn the_parts_are_the_whole(whole in 1_u64..=1_000_000, shards in 1_u64..=64) {
            prop_assume!(whole >= shards);
            let parts = (0..shards).map(|shard| rules(whole).part(shard, shards));
            let sum = parts.clone().reduce(|sum, part| sum.and(&part)).unwrap();
            prop_assert_eq!(&sum, &rules(whole));
            prop_assert!(parts.clone().all(|part| part.concurrency >= Some(1)));
        }
    }
}
