//! A histogram of lengths of time that is small, adds up, and knows how wrong it is.
//!
//! Every power of two is cut into four equal parts, so a part is at most a quarter as long as the shortest time in it. A
//! quantile answers the middle of a part: at most an eighth away from the time that it stands for.

use std::collections::BTreeMap;

/// How often each length of time was seen, in ms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// By the shortest time of the part.
    parts: BTreeMap<u64, u64>,
    sum_ms: u64,
}

impl Histogram {
    /// Longer times count as this: 2^36 ms are two years.
    pub const MAX_MS: u64 = 1 << 36;

    /// The shortest time of the part that this one belongs to.
    pub fn part_of(ms: u64) -> u64 {
        let ms = ms.min(Histogram::MAX_MS);
        let below = 64 - ms.leading_zeros();
        // The three highest digits are kept: the power of two, and which quarter above it.
        let dropped = below.saturating_sub(3);
        ms >> dropped << dropped
    }

    /// The longest time of the part that begins with this one.
    fn last_of(part_ms: u64) -> u64 {
        let below = 64 - part_ms.leading_zeros();
        part_ms + (1_u64 << below.saturating_sub(3)) - 1
    }

    pub fn add(&mut self, ms: u64, times: u64) {
        if times > 0 {
            self.add_to_part(Histogram::part_of(ms), times);
            self.add_sum(ms.saturating_mul(times));
        }
    }

    /// As it was kept: what a part counts.
    pub fn add_to_part(&mut self, part_ms: u64, times: u64) {
        let count = self.parts.entry(Histogram::part_of(part_ms)).or_default();
        *count = count.saturating_add(times);
    }

    /// As it was kept: all that was added, together.
    pub fn add_sum(&mut self, sum_ms: u64) {
        self.sum_ms = self.sum_ms.saturating_add(sum_ms);
    }

    pub fn merge(&mut self, other: &Histogram) {
        other.parts().for_each(|(part_ms, times)| self.add_to_part(part_ms, times));
        self.add_sum(other.sum_ms);
    }

    /// The shortest time of each part that something is in, and how much is.
    pub fn parts(&self) -> impl Iterator<Item = (u64, u64)> {
        self.parts.iter().map(|(part_ms, times)| (*part_ms, *times))
    }

    pub fn count(&self) -> u64 {
        self.parts.values().fold(0, |sum, times| sum.saturating_add(*times))
    }

    pub fn sum_ms(&self) -> u64 {
        self.sum_ms
    }

    /// `None` if nothing was seen.
    pub fn average_ms(&self) -> Option<u64> {
        self.sum_ms.checked_div(self.count())
    }

    /// The time within which this many of a hundred stayed, give or take an eighth of it; `None` if nothing was seen.
    pub fn percentile_ms(&self, percent: u64) -> Option<u64> {
        let count = self.count();
        let rank = (u128::from(count) * u128::from(percent.min(100))).div_ceil(100).max(1);
        let mut seen = 0;
        let part = self.parts().find(|(_, times)| {
            seen += u128::from(*times);
            seen >= rank
        });
        part.map(|(part_ms, _)| part_ms.midpoint(Histogram::last_of(part_ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(times: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        times.iter().for_each(|ms| histogram.add(*ms, 1));
        histogram
    }

    #[test]
    fn parts_are_quarters_of_powers_of_two() {
        let parts: Vec<u64> = (0..=20).map(Histogram::part_of).collect();
        assert_eq!(parts, [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 10, 10, 12, 12, 14, 14, 16, 16, 16, 16, 20]);
        assert_eq!(Histogram::part_of(u64::MAX), Histogram::MAX_MS);
        assert_eq!(Histogram::last_of(16), 19);
    }

    #[test]
    fn nothing_has_no_average() {
        assert_eq!((of(&[]).average_ms(), of(&[]).percentile_ms(50)), (None, None));
        assert_eq!((of(&[3, 5]).average_ms(), of(&[3, 5]).percentile_ms(0)), (Some(4), Some(3)));
    }

    fn times() -> impl Strategy<Value = Vec<u64>> {
        prop::collection::vec(prop_oneof![0_u64..20, 0_u64..100_000, 0..Histogram::MAX_MS], 1..200)
    }

    proptest! {
        #[test]
        fn a_percentile_is_within_an_eighth(mut times in times(), percent in 0_u64..=100) {
            let said = of(&times).percentile_ms(percent).unwrap();
            times.sort_unstable();
            let rank = (times.len() as u64 * percent).div_ceil(100).max(1);
            let truth = times[rank as usize - 1];
            prop_assert!(said.abs_diff(truth) <= truth / 8, "{said} stands for {truth}");
        }

        #[test]
        fn the_order_of_merging_does_not_matter(one in times(), other in times()) {
            let (mut a, mut b) = (of(&one), of(&other));
            let whole = of(&[one, other].concat());
            let first = a.clone();
            a.merge(&b);
            b.merge(&first);
            prop_assert_eq!(&a, &b);
            prop_assert_eq!(a, whole);
        }

        #[test]
        fn a_histogram_is_made_again_from_its_parts_and_stays_small(times in times()) {
            let histogram = of(&times);
            let mut again = Histogram::default();
            histogram.parts().for_each(|(part_ms, times)| again.add_to_part(part_ms, times));
            again.add_sum(histogram.sum_ms());
            prop_assert_eq!(&again, &histogram);
            prop_assert!(histogram.parts().count() <= 144);
            prop_assert_eq!(histogram.count(), times.len() as u64);
        }

        #[test]
        fn parts_do_not_overlap(ms in 0..Histogram::MAX_MS) {
            let part = Histogram::part_of(ms);
            prop_assert!(part <= ms && ms <= Histogram::last_of(part));
            prop_assert_eq!(Histogram::part_of(part), part);
            prop_assert_eq!(Histogram::part_of(Histogram::last_of(part)), part);
        }
    }
}
