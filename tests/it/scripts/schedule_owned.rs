//! schedule/fire, schedule/put and schedule/list: what somebody owns is seen to by those who can say what he may.

use std::sync::Arc;

use baton_core::login::KeyId;
use baton_core::schedule::{Denied, Missed};
use baton_core::{QueueName, Shard, limits};
use baton_store::Error;
use baton_store::calls::schedule::{
    Begins, Fire, Fired, Owner, PauseSchedule, SchedulePaused, SchedulePut, Verdict,
};
use baton_store::ticker::{Fires, Judge, OwnedFires};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};
use tokio::sync::Notify;

use super::schedule_support::{EVERY_S, Wish, every, fire_due, made, name, owner, read, told};
use crate::hand::{by_hand, score, tick, unchanged};

/// A judge who always says the same of ada, and nothing of others.
#[derive(Clone)]
struct Says(Verdict);

const GRANTED: Says = Says(Verdict::Granted);
const DISABLED: Says = Says(Verdict::Denied(Denied::Disabled));

impl Judge for Says {
    async fn judge(&self, owner: &Owner, _: &QueueName) -> Result<Verdict, Error> {
        match owner.user.name() {
            "ada" => Ok(self.0),
            _ => Err(Error::Unavailable { reason: "a test", source: None }),
        }
    }
}

async fn fire(at: &Fixture, judge: Says) -> OwnedFires {
    at.store.fire_owned(Shard::FIRST, &judge).await.expect("an answer")
}

fn owned(text: &str, every_ms: u64) -> Wish {
    Wish { owner: Some(owner("ada")), ..Wish::new(text, every(every_ms)) }
}

#[tokio::test]
async fn it_waits_apart_and_nobody_is_called_for_it() {
    with_store(async |at| {
        owned("nightly", 1_000).put(at).await;
        assert_eq!(score(at, "schedules:due", "nightly").await, None);
        assert_eq!(score(at, "schedules:owned", "nightly").await, Some(START_MS + 1_000));
        let found = read(at, "nightly").await;
        assert_eq!((found.owner, found.denied), (Some(owner("ada")), None));
        at.pass_ms(1_000);
        // The shard is ticked once a second, as ever, and says nothing of it.
        assert_eq!(tick(at).await.tick_ms, START_MS + 2_000);
        assert_eq!(unchanged(at, fire_due(at)).await, Fires::default());
        let fires = fire(at, GRANTED).await;
        assert_eq!(fires, OwnedFires { fires: Fires { made: 1, ..Fires::default() }, wait_ms: 0 });
        assert_eq!(read(at, "nightly").await.next_ms, Some(START_MS + 2_000));
        // Until then there is nothing to do, and this says for how long.
        at.pass_ms(400);
        assert_eq!(unchanged(at, fire(at, GRANTED)).await.wait_ms, 600);
    })
    .await;
}

#[tokio::test]
async fn what_its_owner_may_not_is_skipped_and_said_and_never_made_up_for() {
    with_store(async |at| {
        Wish { missed: Missed::All, ..owned("nightly", 60_000) }.put(at).await;
        // Twenty minutes in which he had no right, all seen to at once.
        at.pass_ms(20 * 60_000);
        let fires = fire(at, DISABLED).await.fires;
        assert_eq!((fires.made, fires.skipped), (0, 20));
        let found = read(at, "nightly").await;
        assert_eq!((found.fired, found.skipped, found.last_task), (0, 20, None));
        assert_eq!(found.denied, Some((Denied::Disabled, at.now_ms())));
        assert_eq!(found.next_ms, Some(START_MS + 21 * 60_000));
        let due = START_MS + 20 * 60_000;
        let line = format!("schedule_fire nightly default made=0 skipped=20 due={due} denied=owner_disabled");
        assert_eq!(told(at).await[1], line);
        // The right comes back: the next time is seen to, and nothing of before.
        at.pass_ms(60_000);
        assert_eq!(fire(at, GRANTED).await.fires, Fires { made: 1, ..Fires::default() });
        let found = read(at, "nightly").await;
        assert_eq!((found.fired, found.skipped, found.denied), (1, 20, None));
        assert_eq!(made(at).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn who_cannot_be_judged_waits_and_holds_up_nobody() {
    with_store(async |at| {
        Wish { owner: Some(owner("bob")), ..owned("a", 1_000) }.put(at).await;
        owned("b", 1_000).put(at).await;
        at.pass_ms(1_000);
        assert_eq!(fire(at, GRANTED).await.fires.made, 1);
        let again = unchanged(at, fire(at, GRANTED)).await;
        // Not at once: what cannot be judged now is tried again in a while.
        assert_eq!(again, OwnedFires { fires: Fires::default(), wait_ms: 1_000 });
        let waits = read(at, "a").await;
        assert_eq!((waits.fired, waits.skipped, waits.next_ms), (0, 0, Some(START_MS + 1_000)));
    })
    .await;
}

#[tokio::test]
async fn whoever_changes_it_owns_it() {
    with_store(async |at| {
        let wish = owned("nightly", 1_000);
        wish.put(at).await;
        at.pass_ms(1_000);
        fire(at, DISABLED).await;
        let key = Some(KeyId::new("abcdefghijkl").unwrap());
        let of_key = Owner { key, ..owner("bob") };
        let change = |version, owner| Wish {
            version: Some(version),
            owner,
            begins: Some(Begins::AsBefore),
            ..wish.clone()
        };
        change(1, Some(of_key.clone())).put(at).await;
        let found = read(at, "nightly").await;
        // What was said of the one before is not said of him.
        assert_eq!((found.owner, found.denied), (Some(of_key), None));
        // Nobody: then it waits where all tickers look, for the same time.
        change(2, None).put(at).await;
        assert_eq!(read(at, "nightly").await.owner, None);
        assert_eq!(score(at, "schedules:owned", "nightly").await, None);
        assert_eq!(score(at, "schedules:due", "nightly").await, Some(START_MS + 2_000));
        change(3, Some(owner("ada"))).put(at).await;
        assert_eq!(score(at, "schedules:due", "nightly").await, None);
        assert_eq!(score(at, "schedules:owned", "nightly").await, Some(START_MS + 2_000));
    })
    .await;
}

#[tokio::test]
async fn the_same_wish_of_another_changes_no_owner() {
    with_store(async |at| {
        owned("nightly", 1_000).put(at).await;
        let same = Wish { owner: Some(owner("bob")), ..owned("nightly", 1_000) };
        let answer = unchanged(at, same.put(at)).await;
        assert_eq!(answer, SchedulePut::Same { version: 1, replayed: false });
        assert_eq!(read(at, "nightly").await.owner, Some(owner("ada")));
    })
    .await;
}

#[tokio::test]
async fn one_that_rests_waits_nowhere_and_goes_on_where_it_belongs() {
    with_store(async |at| {
        owned("nightly", 1_000).put(at).await;
        let pause = async |version, pause, next_ms| {
            let name = name("nightly");
            let ask = PauseSchedule { name: &name, version, pause, next_ms, by: None };
            at.store.pause_schedule(&ask).await.unwrap()
        };
        assert_eq!(pause(1, true, None).await, SchedulePaused::Done { version: 2 });
        assert_eq!(score(at, "schedules:owned", "nightly").await, None);
        // Changed while it rests, it goes on resting.
        let change = Wish { version: Some(2), begins: Some(Begins::AsBefore), ..owned("nightly", 1_000) };
        change.put(at).await;
        assert_eq!(score(at, "schedules:owned", "nightly").await, None);
        pause(3, false, Some(START_MS + 5_000)).await;
        assert_eq!(score(at, "schedules:owned", "nightly").await, Some(START_MS + 5_000));
        at.store.remove_schedule(&name("nightly"), None, None).await.unwrap();
        assert_eq!(score(at, "schedules:owned", "nightly").await, None);
    })
    .await;
}

/// A release that knows no owners puts it where it puts all of them.
#[tokio::test]
async fn one_in_the_wrong_place_is_not_fired_but_moved() {
    with_store(async |at| {
        owned("nightly", 1_000).put(at).await;
        by_hand::<()>(at, "ZREM baton:{0}:schedules:owned nightly").await;
        by_hand::<()>(at, &format!("ZADD baton:{{0}}:schedules:due {} nightly", START_MS + 1_000)).await;
        at.pass_ms(1_000);
        assert_eq!(fire_due(at).await, Fires::default());
        assert_eq!(score(at, "schedules:due", "nightly").await, None);
        assert_eq!(score(at, "schedules:owned", "nightly").await, Some(START_MS + 1_000));
        assert_eq!(made(at).await.len(), 0);
        assert_eq!(fire(at, GRANTED).await.fires.made, 1);
    })
    .await;
}

#[tokio::test]
async fn who_read_it_before_its_owner_changed_does_nothing() {
    with_store(async |at| {
        let wish = owned("nightly", 1_000);
        wish.put(at).await;
        at.pass_ms(1_000);
        let due = at.store.owned_schedules(Shard::FIRST, 1).await.unwrap().due.remove(0).unwrap();
        let change =
            Wish { version: Some(1), owner: Some(owner("bob")), begins: Some(Begins::AsBefore), ..wish };
        change.put(at).await;
        let plan = baton_core::schedule::plan(&EVERY_S, due.due_ms, at.now_ms(), Missed::Once);
        for verdict in [Verdict::Granted, Verdict::Denied(Denied::Unknown)] {
            let fire = Fire { due: &due, plan: &plan, verdict };
            let fired = unchanged(at, at.store.fire_schedule(&fire)).await.unwrap();
            assert_eq!(fired, Fired::Stale);
        }
    })
    .await;
}

#[tokio::test]
async fn a_round_goes_on_behind_a_full_page() {
    with_store(async |at| {
        for number in 0..=limits::SCHEDULES_DUE_MAX {
            owned(&format!("s{number:02}"), 1_000).put(at).await;
        }
        at.pass_ms(1_000);
        assert_eq!(fire(at, GRANTED).await.fires.made, limits::SCHEDULES_DUE_MAX + 1);
        assert_eq!(unchanged(at, fire(at, GRANTED)).await.wait_ms, 1_000);
    })
    .await;
}

#[tokio::test]
async fn more_than_a_page_that_cannot_be_judged_or_read_hides_no_other() {
    with_store(async |at| {
        for number in 0..60 {
            Wish { owner: Some(owner("bob")), ..owned(&format!("a{number:02}"), 1_000) }.put(at).await;
        }
        owned("z", 1_000).put(at).await;
        by_hand::<()>(at, "HSET baton:{0}:schedule:a07 every_ms often").await;
        at.pass_ms(1_000);
        assert_eq!(fire(at, GRANTED).await.fires, Fires { made: 1, ..Fires::default() });
        assert_eq!(read(at, "z").await.next_ms, Some(START_MS + 2_000));
        assert_eq!(score(at, "schedules:owned", "a00").await, Some(START_MS + 1_000));
        by_hand::<()>(at, "HSET baton:{0}:schedule:a07 every_ms 1000").await;
    })
    .await;
}

/// A judge who says nothing of others before he was asked about ada.
#[derive(Clone, Default)]
struct AdaFirst(Arc<Notify>);

impl Judge for AdaFirst {
    async fn judge(&self, owner: &Owner, _: &QueueName) -> Result<Verdict, Error> {
        match owner.user.name() {
            "ada" => self.0.notify_one(),
            _ => self.0.notified().await,
        }
        Ok(Verdict::Granted)
    }
}

#[tokio::test]
async fn who_is_judged_slowly_holds_up_nobody() {
    with_store(async |at| {
        Wish { owner: Some(owner("bob")), ..owned("a", 1_000) }.put(at).await;
        owned("b", 1_000).put(at).await;
        at.pass_ms(1_000);
        let fires = at.store.fire_owned(Shard::FIRST, &AdaFirst::default()).await.unwrap().fires;
        assert_eq!(fires.made, 2);
    })
    .await;
}

#[tokio::test]
async fn a_name_that_waits_for_nothing_is_taken_out() {
    with_store(async |at| {
        owned("never", 1_000).put(at).await;
        by_hand::<()>(at, "HDEL baton:{0}:schedule:never next_ms").await;
        for waits in ["owned", "due"] {
            by_hand::<()>(at, &format!("ZADD baton:{{0}}:schedules:{waits} {START_MS} ghost")).await;
        }
        at.pass_ms(1_000);
        assert_eq!(fire_due(at).await, Fires::default());
        assert_eq!(fire(at, GRANTED).await.fires, Fires::default());
        for (waits, text) in [("owned", "never"), ("owned", "ghost"), ("due", "ghost")] {
            assert_eq!(score(at, &format!("schedules:{waits}"), text).await, None, "{waits} {text}");
        }
        assert_eq!(unchanged(at, fire(at, GRANTED)).await.wait_ms, 1_000);
    })
    .await;
}

/// A release that knows no owners changes the record, and leaves its old place as it was.
#[tokio::test]
async fn one_that_is_not_due_yet_is_not_fired_but_moved() {
    with_store(async |at| {
        owned("nightly", 1_000).put(at).await;
        by_hand::<()>(at, &format!("HSET baton:{{0}}:schedule:nightly next_ms {}", START_MS + 5_000)).await;
        at.pass_ms(1_000);
        let before = read(at, "nightly").await;
        assert_eq!(fire(at, GRANTED).await.fires, Fires { stale: 1, ..Fires::default() });
        assert_eq!(score(at, "schedules:owned", "nightly").await, Some(START_MS + 5_000));
        assert_eq!((read(at, "nightly").await, made(at).await.len()), (before, 0));
        at.pass_ms(4_000);
        assert_eq!(fire(at, GRANTED).await.fires.made, 1);
    })
    .await;
}
