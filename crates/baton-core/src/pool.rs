//! Pools: how the workers that are wanted are shared out among supervisors.

/// How many workers each supervisor keeps, of `desired` altogether; `most` says what each could. As even as that allows;
/// what cannot be divided goes to the first ones, so whoever knows the same supervisors in the same order comes to the same shares.
pub fn shares(desired: u64, most: &[u64]) -> Vec<u64> {
    let mut shares = vec![0; most.len()];
    let mut left = desired.min(most.iter().sum());
    while left > 0 {
        let open: Vec<usize> = (0..most.len()).filter(|at| shares[*at] < most[*at]).collect();
        let each = (left / open.len() as u64).max(1);
        for at in open {
            let more = each.min(most[at] - shares[at]).min(left);
            shares[at] += more;
            left -= more;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shares_are_even_and_the_first_ones_get_the_rest() {
        assert_eq!(shares(5, &[10, 10]), [3, 2]);
        assert_eq!(shares(2, &[10, 10, 10]), [1, 1, 0]);
        assert_eq!(shares(0, &[10]), [0]);
        assert_eq!(shares(7, &[]), [0; 0]);
    }

    #[test]
    fn what_one_cannot_the_others_do() {
        assert_eq!(shares(9, &[2, 10, 3]), [2, 4, 3]);
        assert_eq!(shares(9, &[0, 4]), [0, 4]);
    }

    proptest! {
        #[test]
        fn all_that_is_possible_is_shared_out_evenly(
            desired in 0u64..2_000,
            most in prop::collection::vec(0u64..300, 0..20),
        ) {
            let shares = shares(desired, &most);
            prop_assert_eq!(shares.iter().sum::<u64>(), desired.min(most.iter().sum()));
            let full = |at: usize| shares[at] == most[at];
            for (at, share) in shares.iter().enumerate() {
                prop_assert!(*share <= most[at]);
                prop_assert!((0..at).all(|earlier| full(earlier) || shares[earlier] >= *share));
                let largest = shares.iter().max().copied().unwrap_or_default();
                prop_assert!(full(at) || share + 1 >= largest);
            }
        }
    }
}
