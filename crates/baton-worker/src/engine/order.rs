//! In which order a worker empties its queues.

use std::borrow::Cow;
use std::str::FromStr;

use baton_core::QueueName;

#[derive(Clone, Debug, Default, PartialEq)]
pub enum QueueOrder {
    /// By priority, then by age, whatever queue it is in.
    #[default]
    Priority,
    /// Nothing of a queue while one named before it has something.
    Listed,
    /// By chance, each queue as often first as its weight says among those that have something.
    Weighted(Vec<u32>),
}

/// A queue as it is configured: `mail`, or `mail=3` with its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weighted {
    pub queue: QueueName,
    pub weight: Option<u32>,
}

impl FromStr for Weighted {
    type Err = String;

    fn from_str(text: &str) -> Result<Weighted, String> {
        let (name, weight) = text.split_once('=').map_or((text, None), |(name, weight)| (name, Some(weight)));
        let queue = name.parse().map_err(|error| format!("{error}"))?;
        let weight = match weight.map(str::parse::<u32>) {
            None => None,
            Some(Ok(weight @ 1..=1_000)) => Some(weight),
            Some(_) => return Err(format!("the weight in {text:?} goes from 1 to 1000")),
        };
        Ok(Weighted { queue, weight })
    }
}

impl QueueOrder {
    /// The queues of the next claim, and whether their order comes first. `chance` is drawn for each, within 0 and 1.
    pub(super) fn next<'a>(
        &self,
        queues: &'a [QueueName],
        mut chance: impl FnMut() -> f64,
    ) -> (Cow<'a, [QueueName]>, bool) {
        let weights = match self {
            QueueOrder::Priority => return (Cow::Borrowed(queues), false),
            QueueOrder::Listed => return (Cow::Borrowed(queues), true),
            QueueOrder::Weighted(weights) => weights,
        };
        // The one whose clock rings first, where each rings as often as it weighs.
        let mut rings: Vec<(f64, &QueueName)> = queues
            .iter()
            .zip(weights)
            .map(|(queue, weight)| {
                (-(1.0 - chance()).max(f64::MIN_POSITIVE).ln() / f64::from(*weight), queue)
            })
            .collect();
        rings.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        (Cow::Owned(rings.into_iter().map(|(_, queue)| queue.clone()).collect()), true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queues(names: &[&str]) -> Vec<QueueName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn queues_are_first_as_often_as_they_weigh() {
        let queues = queues(&["mail", "media", "reports"]);
        let order = QueueOrder::Weighted(vec![6, 3, 1]);
        let mut state = 7_u64;
        let mut chance = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut first = [0_u32; 3];
        for _ in 0..10_000 {
            let (drawn, in_order) = order.next(&queues, &mut chance);
            assert!(in_order && drawn.len() == 3);
            first[queues.iter().position(|queue| *queue == drawn[0]).unwrap()] += 1;
        }
        assert!(first[0].abs_diff(6_000) < 300 && first[1].abs_diff(3_000) < 300, "{first:?}");
    }

    #[test]
    fn the_other_orders_leave_the_queues_as_they_are() {
        let queues = queues(&["b", "a"]);
        let chance = || 0.5;
        assert_eq!(QueueOrder::Priority.next(&queues, chance), (Cow::Borrowed(&queues[..]), false));
        assert_eq!(QueueOrder::Listed.next(&queues, chance), (Cow::Borrowed(&queues[..]), true));
    }

    #[test]
    fn weights_are_read_with_the_names() {
        let weighted = |text: &str| text.parse::<Weighted>();
        assert_eq!(weighted("mail=3"), Ok(Weighted { queue: "mail".parse().unwrap(), weight: Some(3) }));
        assert_eq!(weighted("mail").map(|queue| queue.weight), Ok(None));
        for wrong in ["mail=0", "mail=", "mail=-1", "mail=1001", "=3", "mail=3=4", "mail=1.5"] {
            assert!(weighted(wrong).is_err(), "{wrong}");
        }
    }
}
