//! Time series: what happened per span of time, in counters and histograms that add up.
//!
//! A bucket holds what happened between two round times. There are buckets of three lengths, each kept as long as somebody
//! looks at so fine a picture: whoever looks at ninety days sees hours.

mod depth;
mod histogram;
mod plan;

use std::fmt;
use std::str::FromStr;

use crate::Status;

pub use depth::{Depth, Look, Looks};
pub use histogram::Histogram;
pub use plan::{Plan, PlanError};

/// How long the buckets of a series are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    Fine,
    Medium,
    Coarse,
}

impl Resolution {
    /// From the finest.
    pub const ALL: [Resolution; 3] = [Resolution::Fine, Resolution::Medium, Resolution::Coarse];

    /// As it stands in keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Resolution::Fine => "10s",
            Resolution::Medium => "5m",
            Resolution::Coarse => "1h",
        }
    }

    pub fn step_ms(self) -> u64 {
        match self {
            Resolution::Fine => 10_000,
            Resolution::Medium => 300_000,
            Resolution::Coarse => 3_600_000,
        }
    }

    /// How long a bucket is kept: 2 hours, 8 days, 90 days.
    pub fn kept_ms(self) -> u64 {
        match self {
            Resolution::Fine => 7_200_000,
            Resolution::Medium => 691_200_000,
            Resolution::Coarse => 7_776_000_000,
        }
    }

    /// The beginning of the bucket that this time is in.
    pub fn bucket_ms(self, at_ms: u64) -> u64 {
        at_ms - at_ms % self.step_ms()
    }

    /// When the bucket of this time is forgotten.
    pub fn forgotten_ms(self, at_ms: u64) -> u64 {
        self.bucket_ms(at_ms) + self.step_ms() + self.kept_ms()
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$of:meta])* $variant:ident = $word:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$of])* $variant),* }

        impl $name {
            pub const ALL: &[$name] = &[$($name::$variant),*];

            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<$name, UnknownWord> {
                let known = $name::ALL.iter().find(|known| known.as_str() == text);
                let words = || $name::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>().join(", ");
                known.copied().ok_or_else(|| UnknownWord { text: text.into(), what: $what, known: words() })
            }
        }
    };
}

/// A word that is none of those that there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {text:?} as a {what}: there are {known}")]
pub struct UnknownWord {
    text: Box<str>,
    what: &'static str,
    known: String,
}

words! {
    /// What is counted, per queue.
    Counter, "counter" {
        Submitted = "submitted";
        /// Runs that began.
        Started = "started";
        Completed = "completed";
        Failed = "failed";
        Timeout = "timeout";
        Cancelled = "cancelled";
        /// Attempts that failed, or took too long, and that another one follows.
        Retried = "retried";
        /// Runs whose worker was lost.
        Crashed = "crashed";
    }
}

words! {
    /// What is measured of each run, per queue.
    Measure, "measure" {
        /// From the time at which the task could have been claimed to the time at which it was.
        Wait = "wait";
        /// From the claim to the report.
        Run = "run";
    }
}

words! {
    /// What a series shows.
    Metric, "metric" {
        Submitted = "submitted";
        Started = "started";
        Completed = "completed";
        Failed = "failed";
        Timeout = "timeout";
        Cancelled = "cancelled";
        Retried = "retried";
        Crashed = "crashed";
        Wait = "wait";
        Run = "run";
        Scheduled = "scheduled";
        Blocked = "blocked";
        Pending = "pending";
        Running = "running";
    }
}

impl Metric {
    /// What it counts; `None` if it measures something.
    pub fn counter(self) -> Option<Counter> {
        Counter::ALL.iter().copied().find(|counter| counter.as_str() == self.as_str())
    }

    pub fn measure(self) -> Option<Measure> {
        Measure::ALL.iter().copied().find(|measure| measure.as_str() == self.as_str())
    }

    /// The status of which it shows how many tasks there were.
    pub fn depth(self) -> Option<Status> {
        Depth::STATUSES.into_iter().find(|status| status.as_str() == self.as_str())
    }
}

/// What happened in one bucket, or in several together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: [u64; Counter::ALL.len()],
    pub wait: Histogram,
    pub run: Histogram,
}

impl Tally {
    pub fn count(&mut self, counter: Counter, by: u64) {
        if let Some(count) = self.counts.get_mut(counter as usize) {
            *count = count.saturating_add(by);
        }
    }

    pub fn of(&self, counter: Counter) -> u64 {
        self.counts.get(counter as usize).copied().unwrap_or_default()
    }

    pub fn measured(&self, measure: Measure) -> &Histogram {
        match measure {
            Measure::Wait => &self.wait,
            Measure::Run => &self.run,
        }
    }

    pub fn measured_mut(&mut self, measure: Measure) -> &mut Histogram {
        match measure {
            Measure::Wait => &mut self.wait,
            Measure::Run => &mut self.run,
        }
    }

    pub fn merge(&mut self, other: &Tally) {
        Counter::ALL.iter().for_each(|counter| self.count(*counter, other.of(*counter)));
        self.wait.merge(&other.wait);
        self.run.merge(&other.run);
    }

    /// Which share of the tasks that ended completed; `None` if none ended. A cancelled one neither did well nor badly.
    pub fn success_rate(&self) -> Option<f64> {
        let completed = self.of(Counter::Completed);
        let ended = completed + self.of(Counter::Failed) + self.of(Counter::Timeout);
        (ended > 0).then(|| completed as f64 / ended as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_measure_and_depth_is_a_metric_of_the_same_word() {
        for metric in Metric::ALL {
            let of = [metric.counter().is_some(), metric.measure().is_some(), metric.depth().is_some()];
            assert_eq!(of.iter().filter(|of| **of).count(), 1, "{metric}");
            assert_eq!(metric.as_str().parse(), Ok(*metric));
        }
        assert_eq!(Metric::ALL.len(), Counter::ALL.len() + Measure::ALL.len() + Depth::STATUSES.len());
        let unknown = "bananas".parse::<Metric>().unwrap_err().to_string();
        assert!(unknown.starts_with("read \"bananas\" as a metric: there are submitted, "), "{unknown}");
    }

    #[test]
    fn a_bucket_begins_at_a_round_time_and_is_forgotten_after_its_end() {
        assert_eq!(Resolution::Fine.bucket_ms(1_234_567), 1_230_000);
        assert_eq!(Resolution::Fine.forgotten_ms(1_234_567), 1_240_000 + 7_200_000);
        for resolution in Resolution::ALL {
            assert_eq!(Resolution::Coarse.step_ms() % resolution.step_ms(), 0);
        }
    }

    #[test]
    fn tallies_add_up() {
        let mut sum = Tally::default();
        assert_eq!(sum.success_rate(), None);
        let mut one = Tally::default();
        one.count(Counter::Completed, 3);
        one.count(Counter::Failed, 1);
        one.count(Counter::Cancelled, 9);
        one.run.add(70, 4);
        sum.merge(&one);
        sum.merge(&one);
        assert_eq!((sum.of(Counter::Completed), sum.run.count(), sum.success_rate()), (6, 8, Some(0.75)));
    }
}
