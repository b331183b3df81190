//! `token/meter`: so many requests of one principal in a time that begins with the first of them.

use baton_core::Principal;
use baton_store::calls::token::{Meter, Metered};
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

const METER: &str = "baton:{u:r:ada}:requests";
const THREE: Meter = Meter { most: 3, window_ms: 60_000 };

async fn count(at: &Fixture, meter: Meter) -> Metered {
    at.store.meter(&Principal::new("ada").unwrap(), meter).await.expect("an answer")
}

/// How many more may come; all of these within the same time.
async fn left(at: &Fixture, meter: Meter) -> Option<u64> {
    match count(at, meter).await {
        Metered::Ok { left, reset_ms } => {
            assert!((1..=meter.window_ms).contains(&reset_ms), "{reset_ms}");
            Some(left)
        }
        Metered::Wait(ms) => {
            assert!((1..=meter.window_ms).contains(&ms), "{ms}");
            None
        }
    }
}

#[tokio::test]
async fn so_many_pass_and_not_one_more_until_the_time_is_over() {
    with_store(async |at| {
        let (first, changed) = changes(at, left(at, THREE)).await;
        assert_eq!((first, changed), (Some(2), format!("+ {METER} (string, expires)\n+ {METER} \"1\"\n")));
        lives_for(at, METER, 60_000).await;
        assert_eq!((left(at, THREE).await, left(at, THREE).await), (Some(1), Some(0)));
        assert_eq!(unchanged(at, left(at, THREE)).await, None);
        // As Redis does when the time is over.
        by_hand::<()>(at, &format!("DEL {METER}")).await;
        assert_eq!(left(at, THREE).await, Some(2));
    })
    .await;
}

#[tokio::test]
async fn it_does_not_get_longer_with_each_request_and_a_shorter_time_counts_at_once() {
    with_store(async |at| {
        left(at, THREE).await;
        by_hand::<u64>(at, &format!("PEXPIRE {METER} 40000")).await;
        assert!(matches!(count(at, THREE).await, Metered::Ok { left: 1, reset_ms: ..=40_000 }));
        lives_for(at, METER, 40_000).await;
        let shorter = Meter { most: 1, window_ms: 5_000 };
        assert_eq!((left(at, shorter).await, left(at, shorter).await), (Some(0), None));
    })
    .await;
}

#[tokio::test]
async fn of_many_at_once_exactly_so_many_pass() {
    with_store(async |at| {
        let most = Meter { most: 20, window_ms: 60_000 };
        let asked = futures_util::future::join_all((0..50).map(|_| left(at, most))).await;
        let mut passed: Vec<u64> = asked.into_iter().flatten().collect();
        passed.sort_unstable();
        assert_eq!(passed, (0..20).collect::<Vec<u64>>());
    })
    .await;
}
