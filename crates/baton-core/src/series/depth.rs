//! How deep a queue was. Somebody looks while something happens in it, so between two looks it stays as it was.

use std::collections::BTreeMap;

use super::Plan;
use crate::Status;

/// How many tasks of a queue were in each status that a task leaves again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    counts: [u64; Depth::STATUSES.len()],
}

impl Depth {
    /// In the order in which they are counted.
    pub const STATUSES: [Status; 4] = [Status::Scheduled, Status::Blocked, Status::Pending, Status::Running];

    pub fn new(counts: [u64; Depth::STATUSES.len()]) -> Depth {
        Depth { counts }
    }

    /// `None` where it is no matter of depth.
    pub fn of(&self, status: Status) -> Option<u64> {
        let at = Depth::STATUSES.iter().position(|known| *known == status)?;
        self.counts.get(at).copied()
    }

    pub fn merge(&mut self, other: &Depth) {
        let both = self.counts.iter_mut().zip(other.counts);
        both.for_each(|(count, more)| *count = count.saturating_add(more));
    }
}

/// What was seen in one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// By the look before the first one of the bucket; not known if there was none.
    pub before: Option<Depth>,
    /// By the last one of the bucket.
    pub last: Depth,
}

/// Looks at a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looks {
    /// By the beginning of their bucket; all of one plan.
    pub buckets: BTreeMap<u64, Look>,
    /// The last one of all, and when it was.
    pub last: Option<(u64, Depth)>,
}

impl Looks {
    /// Nobody has ever looked.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty() && self.last.is_none()
    }

    /// How deep it was at the end of each point; not known before the first look.
    pub fn levels(&self, plan: &Plan) -> Vec<Option<Depth>> {
        let first = self.buckets.first_key_value();
        let quiet = self.last.filter(|(at_ms, _)| *at_ms < plan.from_ms).map(|(_, depth)| depth);
        let mut level = first.map_or(quiet, |(_, look)| look.before);
        let mut levels = vec![None; plan.points() as usize];
        for bucket_ms in plan.buckets() {
            level = self.buckets.get(&bucket_ms).map(|look| look.last).or(level);
            let point = plan.point_of(bucket_ms).and_then(|at| levels.get_mut(at));
            point.into_iter().for_each(|point| *point = level);
        }
        levels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_763_682_345_678;

    fn depth(pending: u64) -> Depth {
        Depth::new([0, 0, pending, 1])
    }

    /// The last minute, in points of 20 s: two buckets each.
    fn levels(looks: &Looks) -> Vec<Option<u64>> {
        let plan = Plan::new(NOW - 40_000, NOW, Some(20_000), NOW).unwrap();
        looks.levels(&plan).iter().map(|level| level.and_then(|level| level.of(Status::Pending))).collect()
    }

    #[test]
    fn a_depth_lasts_until_the_next_look() {
        let first_ms = NOW - NOW % 20_000 - 40_000;
        let mut looks = Looks::default();
        assert_eq!(levels(&looks), [None, None, None]);
        looks.buckets.insert(first_ms + 20_000, Look { before: None, last: depth(7) });
        assert_eq!(levels(&looks), [None, Some(7), Some(7)]);
        looks.buckets.insert(first_ms + 20_000, Look { before: Some(depth(3)), last: depth(7) });
        assert_eq!(levels(&looks), [Some(3), Some(7), Some(7)]);
        looks.buckets.insert(first_ms + 50_000, Look { before: Some(depth(7)), last: depth(0) });
        assert_eq!(levels(&looks), [Some(3), Some(7), Some(0)]);
    }

    #[test]
    fn a_queue_in_which_nothing_happens_stays_as_it_was_last_seen() {
        let seen = |at_ms| Looks { last: Some((at_ms, depth(5))), ..Looks::default() };
        assert_eq!(levels(&seen(NOW - 90_000)), [Some(5); 3]);
        // What came later does not tell what was before.
        assert_eq!(levels(&seen(NOW)), [None; 3]);
    }

    #[test]
    fn depths_add_up_and_know_their_statuses() {
        let mut sum = Depth::new([1, 2, 3, u64::MAX]);
        sum.merge(&Depth::new([1, 1, 1, 1]));
        let of = Status::ALL.iter().map(|status| sum.of(*status));
        assert_eq!(of.flatten().collect::<Vec<_>>(), [2, 3, 4, u64::MAX]);
        assert_eq!(sum.of(Status::Completed), None);
    }
}
