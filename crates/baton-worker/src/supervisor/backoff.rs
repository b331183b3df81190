//! How long a seat stays empty after its worker ended.

/// After the end of a life that had proved itself.
const FIRST_MS: u64 = 200;
/// Never longer.
const LONGEST_MS: u64 = 10_000;

/// The wait after so many lives in a row that did not prove themselves. `chance` is from 0 to 1; it moves the wait
/// within its upper half, so that what fell together does not rise together.
pub(super) fn wait_ms(unproven: u32, chance: f64) -> u64 {
    let full = FIRST_MS.saturating_mul(1 << unproven.min(16)).min(LONGEST_MS);
    full / 2 + (full as f64 / 2.0 * chance.clamp(0.0, 1.0)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit() {
        let longest: Vec<u64> = (0..8).map(|unproven| wait_ms(unproven, 1.0)).collect();
        assert_eq!(longest, [200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(wait_ms(u32::MAX, 1.0), 10_000);
    }

    #[test]
    fn chance_moves_the_upper_half_only() {
        assert_eq!((wait_ms(0, 0.0), wait_ms(0, 0.5), wait_ms(3, 0.0)), (100, 150, 800));
        assert_eq!((wait_ms(0, -1.0), wait_ms(0, 7.0)), (100, 200));
    }
}
