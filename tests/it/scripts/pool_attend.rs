//! pool/attend: supervisors report, and hear what their pool is to be.

use baton_core::{PoolName, Refusal, SupervisorId, limits};
use baton_store::calls::pool::{Attend, Attendance, Attended, SetPool};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use crate::hand::{by_hand, changes, events, make_schema_too_new, refused, unchanged};

fn named(id: &str) -> SupervisorId {
    SupervisorId::new(id).unwrap()
}

async fn attend(at: &Fixture, id: &str, first: bool, count: u64) -> Attended {
    let report = [("most", "64".to_owned()), ("pid", "7".to_owned()), ("live", "2".to_owned())];
    let (pool, id) = (PoolName::default(), named(id));
    let attend = Attend { pool: &pool, supervisor: &id, first, count, auto_start: true, report: &report };
    at.store.attend(&attend).await.expect("an answer")
}

async fn heard(at: &Fixture, id: &str, first: bool, count: u64) -> Attendance {
    match attend(at, id, first, count).await {
        Attended::Heard(attendance) => attendance,
        Attended::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

fn ids(attendance: &Attendance) -> Vec<&str> {
    attendance.supervisors.iter().map(|one| one.id.as_str()).collect()
}

#[tokio::test]
async fn the_first_one_founds_the_pool_as_it_is_configured() {
    with_store(async |at| {
        let (attendance, changed) = changes(at, heard(at, "host-a", true, 3)).await;
        assert_eq!((attendance.desired, attendance.running, attendance.generation), (3, true, 0));
        assert_eq!((ids(&attendance), attendance.supervisors[0].most), (vec!["host-a"], 64));
        assert_eq!(
            changed,
            "+ baton:{0}:meta events \"2\"\n\
             + baton:{0}:pool:default (hash)\n\
             + baton:{0}:pool:default configured \"1\"\n\
             + baton:{0}:pool:default created_ms \"1700000000000\"\n\
             + baton:{0}:pool:default desired \"3\"\n\
             + baton:{0}:pool:default generation \"0\"\n\
             + baton:{0}:pool:default running \"1\"\n\
             + baton:{0}:pool:default:supervisors (zset)\n\
             + baton:{0}:pool:default:supervisors \"host-a\" 1700000010000\n\
             + baton:{0}:pools (zset)\n\
             + baton:{0}:pools \"default\" 1700000000000\n\
             + baton:{0}:supervisor:host-a (hash)\n\
             + baton:{0}:supervisor:host-a joined_ms \"1700000000000\"\n\
             + baton:{0}:supervisor:host-a live \"2\"\n\
             + baton:{0}:supervisor:host-a most \"64\"\n\
             + baton:{0}:supervisor:host-a pid \"7\"\n\
             + baton:{0}:supervisor:host-a pool \"default\"\n\
             + baton:{0}:supervisor:host-a seen_ms \"1700000000000\"\n"
        );
        let told: Vec<_> = events(at).await.into_iter().map(|entry| (entry.event, entry.subject)).collect();
        assert!(told.contains(&("scale".to_owned(), Some("default 3".to_owned()))), "{told:?}");
        assert!(told.contains(&("attend".to_owned(), Some("default host-a".to_owned()))), "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn a_heartbeat_moves_the_lease_and_tells_nothing_new() {
    with_store(async |at| {
        heard(at, "host-a", true, 3).await;
        at.pass_ms(1_000);
        let (_, changed) = changes(at, heard(at, "host-a", false, 3)).await;
        assert_eq!(
            changed,
            "- baton:{0}:pool:default:supervisors \"host-a\" 1700000010000\n\
             + baton:{0}:pool:default:supervisors \"host-a\" 1700000011000\n\
             - baton:{0}:supervisor:host-a seen_ms \"1700000000000\"\n\
             + baton:{0}:supervisor:host-a seen_ms \"1700000001000\"\n"
        );
    })
    .await;
}

#[tokio::test]
async fn who_attends_is_told_in_the_order_in_which_they_came() {
    with_store(async |at| {
        for id in ["host-b", "host-a", "host-c"] {
            heard(at, id, true, 2).await;
            at.pass_ms(1);
        }
        assert_eq!(ids(&heard(at, "host-a", false, 2).await), ["host-b", "host-a", "host-c"]);
    })
    .await;
}

#[tokio::test]
async fn one_that_fell_silent_does_not_count_and_later_is_forgotten() {
    with_store(async |at| {
        heard(at, "host-a", true, 2).await;
        at.pass_ms(limits::SUPERVISOR_LEASE_MS as i64 - 1);
        assert_eq!(ids(&heard(at, "host-b", true, 2).await), ["host-a", "host-b"]);
        at.pass_ms(1);
        assert_eq!(ids(&heard(at, "host-b", false, 2).await), ["host-b"]);
        assert_eq!(by_hand::<u64>(at, "EXISTS baton:{0}:supervisor:host-a").await, 1);
        at.pass_ms(limits::SUPERVISOR_RETENTION_MS as i64);
        heard(at, "host-b", false, 2).await;
        assert_eq!(by_hand::<u64>(at, "EXISTS baton:{0}:supervisor:host-a").await, 0);
        assert_eq!(by_hand::<u64>(at, "ZCARD baton:{0}:pool:default:supervisors").await, 1);
    })
    .await;
}

#[tokio::test]
async fn the_configuration_counts_until_somebody_sets_the_pool() {
    with_store(async |at| {
        assert_eq!(heard(at, "host-a", true, 2).await.desired, 2);
        assert_eq!(heard(at, "host-a", false, 9).await.desired, 2, "only a beginning changes it");
        assert_eq!(heard(at, "host-a", true, 5).await.desired, 5);
        let pool = PoolName::default();
        let set = SetPool { pool: &pool, desired: Some(4), running: None, by: None };
        at.store.set_pool(&set).await.unwrap();
        assert_eq!(heard(at, "host-a", true, 9).await.desired, 4);
    })
    .await;
}

#[tokio::test]
async fn a_pool_that_nobody_set_runs_or_not_as_the_latest_beginning_is_configured() {
    with_store(async |at| {
        let (pool, id) = (PoolName::default(), named("host-a"));
        for auto_start in [false, true, false] {
            let attend =
                Attend { pool: &pool, supervisor: &id, first: true, count: 2, auto_start, report: &[] };
            let Attended::Heard(heard) = at.store.attend(&attend).await.unwrap() else { panic!("refused") };
            assert_eq!(heard.running, auto_start);
        }
        let set = SetPool { pool: &pool, desired: None, running: Some(true), by: None };
        at.store.set_pool(&set).await.unwrap();
        let attend =
            Attend { pool: &pool, supervisor: &id, first: true, count: 2, auto_start: false, report: &[] };
        let Attended::Heard(heard) = at.store.attend(&attend).await.unwrap() else { panic!("refused") };
        assert!(heard.running);
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_lies_too_far_ahead_ends_like_any_other() {
    with_store(async |at| {
        heard(at, "host-a", true, 2).await;
        // As a clock leaves it that went back by an hour.
        let ahead = START_MS + 3_600_000;
        by_hand::<u64>(at, &format!("ZADD baton:{{0}}:pool:default:supervisors {ahead} host-a")).await;
        heard(at, "host-b", true, 2).await;
        at.pass_ms(limits::SUPERVISOR_LEASE_MS as i64);
        assert_eq!(ids(&heard(at, "host-b", false, 2).await), ["host-b"]);
    })
    .await;
}

#[tokio::test]
async fn there_is_a_limit_to_supervisors() {
    with_store(async |at| {
        heard(at, "host-a", true, 2).await;
        let many: Vec<String> = (1..limits::POOL_SUPERVISORS_MAX)
            .map(|number| format!("{} x{number}", START_MS + 60_000))
            .collect();
        by_hand::<u64>(at, &format!("ZADD baton:{{0}}:pool:default:supervisors {}", many.join(" "))).await;
        let answer = unchanged(at, attend(at, "one-more", true, 2)).await;
        assert_eq!(answer, Attended::Refused(refused(Refusal::Conflict, "")));
        heard(at, "host-a", false, 2).await;
    })
    .await;
}

#[tokio::test]
async fn a_report_says_nothing_that_is_not_its_to_say() {
    with_store(async |at| {
        let (pool, id) = (PoolName::default(), named("a"));
        for field in ["joined_ms", "pool", "seen_ms", "", "A", "a b"] {
            let report = [(field, "1".to_owned())];
            let attend = Attend {
                pool: &pool,
                supervisor: &id,
                first: true,
                count: 1,
                auto_start: true,
                report: &report,
            };
            assert!(at.store.attend(&attend).await.is_err(), "{field:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_stops_it() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        let answer = unchanged(at, attend(at, "host-a", true, 2)).await;
        assert_eq!(answer, Attended::Refused(refused(Refusal::SchemaTooNew, "")));
    })
    .await;
}
