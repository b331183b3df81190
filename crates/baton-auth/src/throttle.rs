//! How often one may try to sign in.

/// A bucket that refills one drop each `every_ms` and holds `burst` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    pub every_ms: u64,
    pub burst: u64,
}

impl Gate {
    /// So many in any window of this length, more or less: all at once, or spread.
    pub fn per(count: u64, window_ms: u64) -> Gate {
        let burst = count.max(1);
        Gate { every_ms: (window_ms / burst).max(1), burst }
    }
}

/// From this many failures of one user in a day on there is one attempt in `SLOW_MS`. Never none: whoever could lock
/// a user out for good need not guess.
pub const SLOW_FROM: u64 = 100;
pub const SLOW_MS: u64 = 15 * 60 * 1000;

/// How long the next attempt must wait after this many failures in a row.
pub fn wait_ms_after(failures: u64) -> u64 {
    match failures {
        0 => 0,
        1 => 1_000,
        2 => 3_000,
        3 => 5_000,
        SLOW_FROM.. => SLOW_MS,
        _ => 10_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_in_a_quarter_of_an_hour_are_one_each_ninety_seconds() {
        assert_eq!(Gate::per(10, 15 * 60 * 1000), Gate { every_ms: 90_000, burst: 10 });
        assert_eq!(Gate::per(0, 1_000), Gate { every_ms: 1_000, burst: 1 });
        assert_eq!(Gate::per(5_000, 1_000), Gate { every_ms: 1, burst: 5_000 });
    }

    #[test]
    fn case_94_waits_grow_and_never_become_a_lock() {
        let waits = [0, 1, 2, 3, 4, 99, 100, u64::MAX].map(wait_ms_after);
        assert_eq!(waits, [0, 1_000, 3_000, 5_000, 10_000, 10_000, 900_000, 900_000]);
    }
}
