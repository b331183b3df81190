//! worker/register: who is current, and by whose word.

use baton_core::{Boot, LeaseLength, Refusal, Shard, limits};
use baton_store::Error;
use baton_store::calls::worker::{Register, Registered, Renew, Renewed};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, Life, with_store};

use crate::hand::{
    by_hand, changes, events, field, hold, make_schema_too_new, only_refused, refused, score, tick, unchanged,
};

async fn check(at: &Fixture, life: &Life, expects: Option<&Life>) -> Registered {
    at.register(life, expects.map(|life| &life.boot)).await
}

fn current(taken_over: u64) -> Registered {
    Registered::Current { lease: LeaseLength::default(), taken_over, tick_ms: None }
}

fn no(refusal: Refusal, detail: &str) -> Registered {
    Registered::Refused(refused(refusal, detail))
}

#[tokio::test]
async fn the_first_boot_is_current_and_has_a_lease() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let (answer, changed) = changes(at, check(at, &life, None)).await;
        assert_eq!(answer, current(0));
        assert_eq!(
            changed,
            "+ baton:{0}:leases (zset)\n\
             + baton:{0}:leases \"worker-001-test:b1\" 1700000030000\n\
             + baton:{0}:meta events \"1\"\n\
             + baton:{0}:worker:worker-001-test (hash)\n\
             + baton:{0}:worker:worker-001-test boot \"b1\"\n\
             + baton:{0}:worker:worker-001-test kind \"test\"\n\
             + baton:{0}:worker:worker-001-test lease_ms \"30000\"\n\
             + baton:{0}:worker:worker-001-test registered_ms \"1700000000000\"\n\
             + baton:{0}:workers (zset)\n\
             + baton:{0}:workers \"worker-001-test\" 1700000000000\n"
        );
        let told = &events(at).await[0];
        assert_eq!(
            (told.event.as_str(), &told.worker, &told.boot),
            ("register", &Some(life.worker), &Some(life.boot))
        );
    })
    .await;
}

#[tokio::test]
async fn a_repeat_changes_nothing_and_renews_when_time_has_passed() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        check(at, &life, None).await;
        assert_eq!(unchanged(at, check(at, &life, None)).await, current(0));
        assert_eq!(unchanged(at, check(at, &life, Some(&life))).await, current(0));
        at.pass_ms(5_000);
        let (_, changed) = changes(at, check(at, &life, None)).await;
        assert_eq!(
            changed,
            "- baton:{0}:leases \"worker-001-test:b1\" 1700000030000\n\
             + baton:{0}:leases \"worker-001-test:b1\" 1700000035000\n"
        );
        assert_eq!(events(at).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_lease_length_is_fixed_for_the_life_of_a_boot() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let with = async |ms| {
            let register = Register {
                worker: &life.worker,
                boot: &life.boot,
                expects: None,
                lease: LeaseLength::from_ms(ms).unwrap(),
                about: &[],
            };
            match at.store.register(Shard::FIRST, &register).await.unwrap() {
                Registered::Current { lease, .. } => lease.ms(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(with(1_000).await, 1_000);
        assert_eq!(with(3_600_000).await, 1_000);
        assert_eq!(score(at, "leases", "worker-001-test:b1").await, Some(START_MS + 1_000));
    })
    .await;
}

#[tokio::test]
async fn a_boot_that_names_the_wrong_one_is_told_the_current_one() {
    with_store(async |at| {
        let [first, second, third] = [1, 2, 3].map(|boot| Life::new(1, boot));
        assert_eq!(unchanged(at, check(at, &second, Some(&first))).await, no(Refusal::Conflict, ""));
        check(at, &first, None).await;
        assert_eq!(unchanged(at, check(at, &second, None)).await, no(Refusal::Conflict, "b1"));
        assert_eq!(unchanged(at, check(at, &second, Some(&third))).await, no(Refusal::Conflict, "b1"));
        assert_eq!(check(at, &second, Some(&first)).await, current(0));
    })
    .await;
}

#[tokio::test]
async fn of_two_boots_that_follow_the_same_one_only_one_becomes_current() {
    with_store(async |at| {
        let [first, second, third] = [1, 2, 3].map(|boot| Life::new(1, boot));
        check(at, &first, None).await;
        let answers = tokio::join!(check(at, &second, Some(&first)), check(at, &third, Some(&first)));
        match answers {
            (Registered::Current { .. }, refused) => assert_eq!(refused, no(Refusal::Conflict, "b2")),
            (refused, Registered::Current { .. }) => assert_eq!(refused, no(Refusal::Conflict, "b3")),
            other => panic!("{other:?}"),
        }
    })
    .await;
}

#[tokio::test]
async fn what_a_past_boot_says_late_changes_nothing() {
    with_store(async |at| {
        at.submit_many(2).await;
        let [first, second] = [1, 2].map(|boot| Life::new(1, boot));
        check(at, &first, None).await;
        let grants = at.claim(&first, 1).await;
        assert_eq!(check(at, &second, Some(&first)).await, current(1));

        let late = no(Refusal::Superseded, "");
        assert_eq!(unchanged(at, check(at, &first, None)).await, late);
        assert_eq!(unchanged(at, check(at, &first, Some(&second))).await, late);
        let claimed = unchanged(at, at.try_claim(&first, 1, &[])).await;
        let superseded = refused(Refusal::Superseded, "");
        assert_eq!(claimed, baton_store::calls::task::Claimed::Refused(superseded.clone()));
        let left = unchanged(at, at.store.deregister(Shard::FIRST, &first.worker, &first.boot)).await;
        assert_eq!(left.unwrap(), baton_store::calls::worker::Deregistered::Refused(superseded.clone()));
        let renew = Renew {
            worker: &first.worker,
            boot: &first.boot,
            holding: &[grants[0].pair()],
            alone: false,
            about: &[],
        };
        let renewed = unchanged(at, at.store.renew(Shard::FIRST, &renew)).await.unwrap();
        assert_eq!(renewed, Renewed::Refused(superseded));
        let (settled, _) = only_refused(at, at.complete(&first, &grants[0])).await;
        assert_eq!(
            settled,
            baton_store::calls::task::Settled::Refused {
                refusal: Refusal::Fenced,
                status: Some(baton_core::Status::Running)
            }
        );
    })
    .await;
}

#[tokio::test]
async fn eight_past_boots_are_remembered() {
    with_store(async |at| {
        let lives: Vec<Life> = (1..=10).map(|boot| Life::new(1, boot)).collect();
        check(at, &lives[0], None).await;
        for pair in lives.windows(2) {
            assert_eq!(check(at, &pair[1], Some(&pair[0])).await, current(0));
        }
        let late = no(Refusal::Superseded, "");
        for past in &lives[1..9] {
            assert_eq!(unchanged(at, check(at, past, None)).await, late, "{past:?}");
        }
        // Forgotten, and yet refused: it names a boot that is not current.
        assert_eq!(unchanged(at, check(at, &lives[0], None)).await, no(Refusal::Conflict, "b10"));
        assert_eq!(field(at, "worker:worker-001-test", "past").await.split(' ').count(), 8);
    })
    .await;
}

#[tokio::test]
async fn past_boots_are_forgotten_after_a_day() {
    with_store(async |at| {
        let lives: Vec<Life> = (1..=4).map(|boot| Life::new(1, boot)).collect();
        check(at, &lives[0], None).await;
        check(at, &lives[1], Some(&lives[0])).await;
        at.pass_ms(1);
        check(at, &lives[2], Some(&lives[1])).await;
        at.pass_ms(86_400_000);
        check(at, &lives[3], Some(&lives[2])).await;
        let past = field(at, "worker:worker-001-test", "past").await;
        assert_eq!(past, "b3@1700086400001 b2@1700000000001");
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_stops_it() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        let answer = unchanged(at, check(at, &Life::new(1, 1), None)).await;
        assert_eq!(answer, no(Refusal::SchemaTooNew, ""));
    })
    .await;
}

#[tokio::test]
async fn it_is_refused_while_its_own_lease_is_being_reaped() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        check(at, &life, None).await;
        hold(at, &life, limits::REAP_TASKS_MAX + 1).await;
        at.pass_ms(30_000);
        assert_eq!(tick(at).await.reaped, limits::REAP_TASKS_MAX);
        assert_eq!(unchanged(at, check(at, &life, None)).await, no(Refusal::LeaseLost, ""));
        at.pass_ms(1);
        assert_eq!(tick(at).await.reaped, 1);
        assert_eq!(
            check(at, &life, None).await,
            Registered::Current {
                lease: LeaseLength::default(),
                taken_over: 0,
                tick_ms: Some(at.now_ms() + 1_000),
            }
        );
    })
    .await;
}

#[tokio::test]
async fn what_a_worker_says_of_itself_is_checked_before_it_is_sent() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let long = "x".repeat(limits::ABOUT_BYTES_MAX as usize + 1);
        let many: Vec<(String, &str)> =
            (0..33).map(|number| (format!("field_{}", (b'a' + number) as char), "x")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let mut bad: Vec<&[(&str, &str)]> = vec![&many];
        let ours =
            ["boot", "past", "lease_ms", "registered_ms", "seen_ms", "directive", "", "Kind", "two words"];
        let ours: Vec<[(&str, &str); 1]> = ours.iter().map(|name| [(*name, "x")]).collect();
        bad.extend(ours.iter().map(|pair| &pair[..]));
        let long = [("kind", long.as_str())];
        bad.push(&long);
        let most = "x".repeat(limits::ABOUT_BYTES_MAX as usize);
        let much = [("queues", most.as_str()), ("kinds", &most), ("host", "x")];
        bad.push(&much);
        for about in bad {
            let register = Register {
                worker: &life.worker,
                boot: &life.boot,
                expects: None,
                lease: LeaseLength::default(),
                about,
            };
            let answer = unchanged(at, at.store.register(Shard::FIRST, &register)).await;
            assert!(matches!(answer, Err(Error::Invalid { .. })), "{about:?}: {answer:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_directive_is_for_the_boot_that_it_was_given_to() {
    with_store(async |at| {
        let [first, second] = [1, 2].map(|boot| Life::new(1, boot));
        check(at, &first, None).await;
        by_hand::<()>(at, "HSET baton:{0}:worker:worker-001-test directive stop").await;
        check(at, &first, None).await;
        assert_eq!(field(at, "worker:worker-001-test", "directive").await, "stop");
        check(at, &second, Some(&first)).await;
        assert_eq!(field(at, "worker:worker-001-test", "directive").await, "");
    })
    .await;
}

#[tokio::test]
async fn a_boot_expected_by_name_need_not_have_registered() {
    with_store(async |at| {
        at.submit_many(1).await;
        let [first, second] = [1, 2].map(|boot| Life::new(1, boot));
        at.claim(&first, 1).await;
        let expects: Option<&Boot> = Some(&first.boot);
        assert_eq!(at.register(&second, expects).await, current(1));
    })
    .await;
}
