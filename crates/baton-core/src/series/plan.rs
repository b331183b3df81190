//! Which buckets a series is put together from.

use super::Resolution;

/// Steps that people like, ms.
const STEPS: [u64; 11] = [
    10_000, 30_000, 60_000, 300_000, 900_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000, 43_200_000,
    86_400_000,
];

/// A series from here to there, in points of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub resolution: Resolution,
    /// The beginning of the first point, and the end of the last.
    pub from_ms: u64,
    pub to_ms: u64,
    /// The length of a point: a number of buckets.
    pub step_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("take a span that ends before it begins, or that has not begun")]
    Empty,
    #[error("go back so far: series are kept for 90 days")]
    TooOld,
    #[error(
        "take this step: it must be a multiple of {least_ms} ms, as finer pictures of that time are not kept"
    )]
    Step { least_ms: u64 },
    #[error("take so long a step: it may be at most ninety days, as series are kept no longer")]
    Long,
    #[error("show so many points: at most {0} fit one answer")]
    Points(u64),
}

impl Plan {
    /// Points of a step that was not asked for.
    pub const POINTS: u64 = 400;
    /// Points of any answer.
    pub const POINTS_MAX: u64 = 1_500;

    /// What shows this span best: in steps as asked for, or the shortest that do not make too many points. What has not
    /// come yet is no part of it.
    pub fn new(from_ms: u64, to_ms: u64, step_ms: Option<u64>, now_ms: u64) -> Result<Plan, PlanError> {
        let to_ms = to_ms.min(now_ms);
        if to_ms <= from_ms {
            return Err(PlanError::Empty);
        }
        let finest = finest(from_ms, now_ms).ok_or(PlanError::TooOld)?;
        let fits = |step_ms: u64| step_ms >= finest.step_ms() && (to_ms - from_ms) / step_ms <= Plan::POINTS;
        let likeable = STEPS.into_iter().find(|step_ms| fits(*step_ms));
        let step_ms = step_ms.or(likeable).unwrap_or(STEPS[STEPS.len() - 1]);
        if step_ms == 0 || !step_ms.is_multiple_of(finest.step_ms()) {
            return Err(PlanError::Step { least_ms: finest.step_ms() });
        }
        if step_ms > Resolution::Coarse.kept_ms() {
            return Err(PlanError::Long);
        }
        let divides = |resolution: &Resolution| step_ms.is_multiple_of(resolution.step_ms());
        let resolution = Resolution::ALL.into_iter().rfind(divides).unwrap_or(finest);
        let plan = Plan {
            resolution,
            from_ms: from_ms - from_ms % step_ms,
            to_ms: to_ms.div_ceil(step_ms).saturating_mul(step_ms),
            step_ms,
        };
        if plan.points() > Plan::POINTS_MAX { Err(PlanError::Points(Plan::POINTS_MAX)) } else { Ok(plan) }
    }

    pub fn points(&self) -> u64 {
        (self.to_ms - self.from_ms) / self.step_ms
    }

    /// The beginnings of its buckets.
    pub fn buckets(&self) -> impl Iterator<Item = u64> + use<> {
        (self.from_ms..self.to_ms).step_by(self.resolution.step_ms() as usize)
    }

    /// Which point a bucket belongs to.
    pub fn point_of(&self, bucket_ms: u64) -> Option<usize> {
        let since = bucket_ms.checked_sub(self.from_ms).filter(|_| bucket_ms < self.to_ms)?;
        usize::try_from(since / self.step_ms).ok()
    }
}

/// The finest picture that is kept of that time.
fn finest(from_ms: u64, now_ms: u64) -> Option<Resolution> {
    let age_ms = now_ms.saturating_sub(from_ms);
    Resolution::ALL.into_iter().find(|resolution| age_ms <= resolution.kept_ms())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: u64 = 1_763_682_345_678;
    const HOUR: u64 = 3_600_000;

    fn last(hours: u64) -> Plan {
        Plan::new(NOW - hours * HOUR, NOW, None, NOW).unwrap()
    }

    #[test]
    fn the_spans_of_the_overview_come_in_steps_that_people_like() {
        let shown =
            [1, 24, 24 * 7, 24 * 90].map(|hours| (last(hours).resolution, last(hours).step_ms / 1_000));
        let fine = [(Resolution::Fine, 10), (Resolution::Medium, 300), (Resolution::Medium, 1_800)];
        assert_eq!(shown[..3], fine);
        assert_eq!(shown[3], (Resolution::Coarse, 21_600));
    }

    #[test]
    fn what_cannot_be_shown_is_refused_with_the_reason() {
        let plan =
            |from_ms, to_ms, step_ms| Plan::new(from_ms, to_ms, step_ms, NOW).map(|plan| plan.points());
        assert_eq!(plan(NOW, NOW + HOUR, None), Err(PlanError::Empty));
        assert_eq!(plan(0, NOW, None), Err(PlanError::TooOld));
        assert_eq!(plan(NOW - HOUR, NOW, Some(0)), Err(PlanError::Step { least_ms: 10_000 }));
        assert_eq!(plan(NOW - 3 * HOUR, NOW, Some(10_000)), Err(PlanError::Step { least_ms: 300_000 }));
        assert_eq!(plan(NOW - 24 * 8 * HOUR, NOW, Some(300_000)), Err(PlanError::Points(1_500)));
        assert_eq!(plan(NOW - HOUR, NOW, Some(HOUR)), Ok(2));
        let longest_ms = Resolution::Coarse.kept_ms();
        assert_eq!(plan(NOW - HOUR, NOW, Some(longest_ms)), Ok(1));
        assert_eq!(plan(NOW - HOUR, NOW, Some(longest_ms + HOUR)), Err(PlanError::Long));
        assert!(PlanError::Long.to_string().contains("at most ninety days"));
    }

    proptest! {
        #[test]
        fn every_bucket_is_in_one_point_and_all_of_the_span_is_shown(
            ago in 1_u64..Resolution::Coarse.kept_ms(),
            length in 1_u64..Resolution::Coarse.kept_ms(),
        ) {
            let (from_ms, to_ms) = (NOW - ago, NOW - ago + length);
            let plan = Plan::new(from_ms, to_ms, None, NOW).unwrap();
            prop_assert!(plan.from_ms <= from_ms && plan.to_ms >= to_ms.min(NOW));
            prop_assert!(plan.to_ms < NOW + plan.step_ms);
            prop_assert!(plan.points() >= 1 && plan.points() <= Plan::POINTS + 2);
            prop_assert!(NOW.saturating_sub(from_ms) <= plan.resolution.kept_ms());
            let points: Vec<usize> = plan.buckets().filter_map(|bucket| plan.point_of(bucket)).collect();
            prop_assert_eq!(points.len() as u64, (plan.to_ms - plan.from_ms) / plan.resolution.step_ms());
            prop_assert_eq!(points.last().copied(), Some(plan.points() as usize - 1));
            prop_assert!(points.len() <= 2_400);
            prop_assert_eq!(plan.point_of(plan.to_ms), None);
        }
    }
}
