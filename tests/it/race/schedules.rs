//! Several processes look at the same schedules, and each time is seen to once.

use std::collections::BTreeMap;

use baton_core::login::UserId;
use baton_core::schedule::{Cron, Denied, Missed, Overlap, Timing, Zone};
use baton_core::{QueueName, ScheduleName, Shard};
use baton_store::calls::schedule::{
    Begins, Owner, PauseSchedule, PutSchedule, SchedulePut, Template, Trigger, Verdict,
};
use baton_store::ticker::Judge;
use baton_store::{Error, Store};
use baton_testkit::fixture::START_MS;
use baton_testkit::kind;

use super::arena::{Arena, hold_back, race_on};

const HOUR_MS: u64 = 3_600_000;

fn name(text: &str) -> ScheduleName {
    ScheduleName::new(text).unwrap()
}

async fn put(store: &Store, text: &str, timing: Timing, begins: Begins) -> SchedulePut {
    let put = PutSchedule {
        name: &name(text),
        timing: &timing,
        missed: Missed::All,
        overlap: Overlap::Allow,
        task: &Template::new(kind("report"), *b"{}"),
        begins,
        version: None,
        by: None,
        owner: None,
        op: None,
    };
    store.put_schedule(&put).await.expect("an answer")
}

/// How many tasks each schedule has made, by the stream.
async fn made(arena: &Arena) -> BTreeMap<String, u64> {
    let mut made = BTreeMap::new();
    for entry in arena.stores[0].events(Shard::FIRST, None, 500).await.unwrap() {
        if entry.event == "submit" {
            *made.entry(entry.by.unwrap().to_string()).or_default() += entry.tasks.len() as u64;
        }
    }
    made
}

/// All of them see to whatever is due, until nothing is.
async fn all_fire(arena: &Arena, racers: usize) -> u64 {
    let fires = arena
        .together(racers, |racer, store| async move {
            hold_back(racer).await;
            let mut made = 0;
            loop {
                let fires = store.fire_due(Shard::FIRST).await.unwrap();
                made += fires.made;
                if fires.made == 0 && fires.stale == 0 {
                    return made;
                }
            }
        })
        .await;
    fires.into_iter().sum()
}

#[tokio::test]
async fn three_at_once_fire_each_time_once_across_the_changes_of_the_clocks() {
    // From noon of the last Saturday of October 2026 in UTC, and from that of March.
    for from_ms in [1_792_843_200_000, 1_774_699_200_000] {
        race_on(3, async |arena: &Arena| {
            arena.pass_ms(from_ms - START_MS);
            let zone = || Zone::new("Europe/Berlin").unwrap();
            for (text, cron) in [("nightly", "30 2 * * *"), ("hourly", "30 * * * *")] {
                let timing = Timing::Cron { cron: Cron::new(cron).unwrap(), zone: zone() };
                let next_ms = timing.next_after(from_ms).unwrap();
                put(&arena.stores[0], text, timing, Begins::AtMs(next_ms)).await;
            }
            let mut sum = 0;
            for _ in 0..2 * 48 {
                arena.pass_ms(HOUR_MS / 2);
                sum += all_fire(arena, 3).await;
            }
            let made = made(arena).await;
            assert_eq!((made["schedule:nightly"], made["schedule:hourly"]), (2, 48), "from {from_ms}");
            assert_eq!(sum, 50);
        })
        .await;
    }
}

#[tokio::test]
async fn a_hundred_schedules_at_one_moment_are_shared_out() {
    race_on(4, async |arena: &Arena| {
        for number in 0..100 {
            let timing = Timing::Every { every_ms: 60_000, aligned_ms: 0 };
            put(&arena.stores[0], &format!("s{number}"), timing, Begins::InMs(60_000)).await;
        }
        arena.pass_ms(60_000);
        assert_eq!(all_fire(arena, 8).await, 100);
        let made = made(arena).await;
        assert_eq!(made.len(), 100);
        assert!(made.values().all(|made| *made == 1), "{made:?}");
    })
    .await;
}

#[tokio::test]
async fn changes_pauses_and_triggers_in_between_lose_and_double_nothing() {
    race_on(4, async |arena: &Arena| {
        let timing = Timing::Every { every_ms: 1_000, aligned_ms: 0 };
        put(&arena.stores[0], "busy", timing, Begins::InMs(1_000)).await;
        for _ in 0..20 {
            arena.pass_ms(1_000);
            let now_ms = arena.now_ms();
            arena
                .together(8, |racer, store| async move {
                    hold_back(racer).await;
                    let schedule = store.schedule(&name("busy")).await.unwrap().schedule.unwrap();
                    let pause = PauseSchedule {
                        name: &schedule.name,
                        version: schedule.version,
                        pause: racer == 0,
                        next_ms: schedule.timing.next_after(now_ms),
                        by: None,
                    };
                    let trigger = Trigger { name: &schedule.name, by: None, op: None };
                    match racer {
                        0 | 1 => drop(store.pause_schedule(&pause).await.unwrap()),
                        2 => drop(store.trigger_schedule(&trigger).await.unwrap()),
                        _ => drop(store.fire_due(Shard::FIRST).await.unwrap()),
                    }
                })
                .await;
        }
        let schedule = arena.stores[0].schedule(&name("busy")).await.unwrap().schedule.unwrap();
        let made = made(arena).await["schedule:busy"];
        assert_eq!(schedule.fired, made);
        // One each time at most, and one for each that was asked for.
        assert!((20..=40).contains(&made), "{made}");
    })
    .await;
}

/// A judge for whom nothing is sure: by the owner's name, a fault, a no, or a yes.
#[derive(Clone)]
struct Fickle(u64);

impl Judge for Fickle {
    async fn judge(&self, _: &Owner, _: &QueueName) -> Result<Verdict, Error> {
        match self.0 % 3 {
            0 => Err(Error::Unavailable { reason: "a test", source: None }),
            1 => Ok(Verdict::Denied(Denied::Forbidden)),
            _ => Ok(Verdict::Granted),
        }
    }
}

/// Three processes that do not even agree on what the owner may: each time is made or skipped, and never both or twice.
#[tokio::test]
async fn three_judges_see_to_each_time_once() {
    race_on(3, async |arena: &Arena| {
        let owner = Owner { user: UserId::person("ada").unwrap(), born: String::new(), key: None };
        let put = PutSchedule {
            name: &name("owned"),
            timing: &Timing::Every { every_ms: 60_000, aligned_ms: 0 },
            missed: Missed::Once,
            overlap: Overlap::Allow,
            task: &Template::new(kind("report"), *b"{}"),
            begins: Begins::InMs(60_000),
            version: None,
            by: None,
            owner: Some(&owner),
            op: None,
        };
        arena.stores[0].put_schedule(&put).await.unwrap();
        for round in 0..60 {
            arena.pass_ms(60_000);
            let fires = arena
                .together(3, move |racer, store| async move {
                    hold_back(racer).await;
                    // Workers look for what is due, too.
                    store.fire_due(Shard::FIRST).await.unwrap();
                    store.fire_owned(Shard::FIRST, &Fickle(round + racer as u64)).await.unwrap().fires
                })
                .await;
            let seen_to: u64 = fires.iter().map(|fires| fires.made + fires.skipped).sum();
            assert_eq!(seen_to, 1, "round {round}: {fires:?}");
        }
        let schedule = arena.stores[0].schedule(&name("owned")).await.unwrap().schedule.unwrap();
        let made = made(arena).await.get("schedule:owned").copied().unwrap_or_default();
        assert_eq!((schedule.fired, schedule.fired + schedule.skipped), (made, 60));
    })
    .await;
}
