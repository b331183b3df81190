//! What the limits of a queue do to claims: never one task more than allowed, and nobody waits for a place that is free.

use baton_core::queue::{QueueRules, Rate};
use baton_core::{GroupName, Priority, QueueName, Refusal, Shard, Status, TaskId};
use baton_store::calls::task::{Claim, Claimed, Grant, Grants, NewTask, Reprioritise, Settle, SettleAnswer};
use baton_testkit::{Fixture, Life, queue, with_store};

use super::queue_set::allow;
use super::task_support::{Ask, cancel, crash, ids, priority, release};
use crate::hand::by_hand;

pub(super) fn rules() -> QueueRules {
    QueueRules::default()
}

fn at_once(concurrency: u64) -> QueueRules {
    QueueRules { concurrency: Some(concurrency), ..rules() }
}

pub(super) fn of_group(most: u64) -> QueueRules {
    QueueRules { group_concurrency: Some(most), ..rules() }
}

pub(super) fn grouped(at: &Fixture, group: &str) -> NewTask {
    NewTask { group: Some(GroupName::new(group).expect("a name")), ..at.new_task("noop") }
}

async fn submit_groups(at: &Fixture, groups: &[&str]) -> Vec<TaskId> {
    let mut ids = Vec::new();
    for part in groups.chunks(100) {
        let tasks: Vec<NewTask> = part.iter().map(|group| grouped(at, group)).collect();
        ids.extend(at.submit(&tasks).await);
    }
    ids
}

/// The group of each, in order.
async fn groups_of(at: &Fixture, grants: &[Grant]) -> Vec<String> {
    let mut groups = Vec::new();
    for grant in grants {
        groups.push(at.read(grant.task).await.group.map(|group| group.to_string()).unwrap_or_default());
    }
    groups
}

#[tokio::test]
async fn never_more_run_at_once_than_may_whoever_claims() {
    with_store(async |at| {
        allow(at, &QueueName::default(), &at_once(3)).await;
        at.submit_many(10).await;
        let (one, other) = (Life::new(1, 1), Life::new(2, 1));
        let first = at.claim(&one, 2).await;
        assert_eq!((first.len(), at.claim(&other, 5).await.len()), (2, 1));
        let none = Ask::new(&other, 5).holding(&[]).send(at).await;
        assert!(none.tasks.iter().all(|task| task.redelivered), "{none:?}");
        // A report and a claim in one trip: the place that it frees is given at once.
        let next = baton_store::calls::task::Next {
            queues: &[QueueName::default()],
            in_order: false,
            max: 5,
            holding: &[first[1].pair()],
        };
        let reports = [baton_store::calls::task::Report {
            task: first[0].task,
            fence: first[0].fence,
            outcome: super::task_support::done_with(b""),
        }];
        let settle =
            Settle { worker: &one.worker, boot: Some(&one.boot), reports: &reports, claim: Some(next) };
        let answer = at.store.settle(Shard::FIRST, &settle).await.expect("an answer");
        let SettleAnswer::Reports { claimed: Some(Claimed::Tasks(grants)), .. } = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(grants.tasks.len(), 1);
        // The dead keep their places until they are reaped, and then give them back.
        crash(at).await;
        assert_eq!(at.claim(&Life::new(3, 1), 10).await.len(), 3);
        // Without the limit, all of them may.
        allow(at, &QueueName::default(), &rules()).await;
        assert_eq!(at.claim(&Life::new(4, 1), 10).await.len(), 6);
    })
    .await;
}

#[tokio::test]
async fn one_asked_for_by_its_id_is_refused_while_the_limit_is_reached() {
    with_store(async |at| {
        allow(at, &QueueName::default(), &at_once(1)).await;
        let ids = at.submit_many(2).await;
        let life = Life::new(1, 1);
        let held = Ask::new(&life, 1).only(ids[1]).send(at).await.tasks;
        let (code, status) = Ask::new(&life, 1).only(ids[0]).holding(&held).refused(at).await;
        assert_eq!((code, status.as_deref()), (Refusal::LimitReached, Some("pending")));
        at.complete(&life, &held[0]).await;
        assert_eq!(Ask::new(&life, 1).only(ids[0]).send(at).await.tasks.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_rate_holds_in_every_window_and_says_when_to_ask_again() {
    with_store(async |at| {
        let rate = QueueRules { rate: Some(Rate { count: 3, per_ms: 1_000 }), ..rules() };
        allow(at, &QueueName::default(), &rate).await;
        at.submit_many(20).await;
        let life = Life::new(1, 1);
        let mut held: Vec<Grant> = Vec::new();
        let mut starts: Vec<u64> = Vec::new();
        for step in 0..200 {
            let Grants { tasks, again_in_ms, .. } = Ask::new(&life, 2).holding(&held).send(at).await;
            assert!(
                tasks.len() == 2 || again_in_ms.is_some() || starts.len() >= 19,
                "{step}: {again_in_ms:?}"
            );
            starts.extend(tasks.iter().map(|_| at.now_ms()));
            held.extend(tasks);
            at.pass_ms(37);
        }
        assert_eq!(starts.len(), 20);
        for (number, start) in starts.iter().enumerate().skip(3) {
            assert!(start - starts[number - 3] >= 1_000, "{starts:?}");
        }
        // It is no slower than it must be, either.
        assert!(starts[19] - starts[0] < 7 * 1_100, "{starts:?}");
        let kept: u64 = by_hand(at, "ZCARD baton:{0}:queue:default:starts").await;
        assert!(kept <= 3);
    })
    .await;
}

#[tokio::test]
async fn what_is_given_again_is_no_start() {
    with_store(async |at| {
        let rate = QueueRules { rate: Some(Rate { count: 1, per_ms: 60_000 }), ..rules() };
        allow(at, &QueueName::default(), &rate).await;
        at.submit_many(2).await;
        let life = Life::new(1, 1);
        assert_eq!(at.claim(&life, 5).await.len(), 1);
        for _ in 0..3 {
            let again = Ask::new(&life, 5).send(at).await;
            assert!(again.tasks.len() == 1 && again.tasks[0].redelivered, "{again:?}");
        }
        at.pass_ms(60_000);
        assert_eq!(Ask::new(&Life::new(2, 1), 5).send(at).await.tasks.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_group_at_its_limit_costs_the_others_nothing() {
    with_store(async |at| {
        allow(at, &QueueName::default(), &of_group(2)).await;
        let many = vec!["a"; 500];
        let all = submit_groups(at, &many).await;
        let life = Life::new(1, 1);
        let first = at.claim(&life, 100).await;
        assert_eq!(first.len(), 2);
        let late = submit_groups(at, &["b", "c"]).await;
        // Those of `a` that came before the limit was reached are set aside by the claims that meet them.
        let mut found = Vec::new();
        while found.len() < 2 {
            let Grants { tasks, again_in_ms, .. } = Ask::new(&Life::new(2, 1), 5).send(at).await;
            assert!(tasks.len() == 2 || again_in_ms == Some(0), "{again_in_ms:?}");
            found = ids(&tasks);
        }
        assert_eq!(found, late);
        let counts = at.store.queue(Shard::FIRST, &QueueName::default()).await.unwrap().unwrap();
        assert_eq!((counts.of(Status::Pending), counts.of(Status::Running)), (498, 4));
        assert!(counts.waiting > 490);
        // From then on further ones of `a` go there at once.
        submit_groups(at, &many).await;
        assert!(at.claim(&Life::new(3, 1), 5).await.is_empty());
        // Whoever comes back is the next of the group.
        at.complete(&life, &first[0]).await;
        let next = Ask::new(&Life::new(4, 1), 5).send(at).await;
        assert_eq!(ids(&next.tasks), [all[2]]);
    })
    .await;
}

#[tokio::test]
async fn another_limit_brings_back_who_may() {
    with_store(async |at| {
        allow(at, &QueueName::default(), &of_group(1)).await;
        submit_groups(at, &[vec!["a"; 120], vec!["b"; 120]].concat()).await;
        let holder = Life::new(1, 1);
        let mut held = Vec::new();
        for _ in 0..10 {
            held.extend(Ask::new(&holder, 10).holding(&held).send(at).await.tasks);
        }
        assert_eq!(held.len(), 2);
        allow(at, &QueueName::default(), &of_group(3)).await;
        for _ in 0..20 {
            held.extend(Ask::new(&holder, 10).holding(&held).send(at).await.tasks);
        }
        assert_eq!(held.len(), 6);
        at.assert_invariants().await;
        allow(at, &QueueName::default(), &rules()).await;
        let mut done = 0;
        while done < 240 {
            let worker = Life::new(2, 1);
            let grants = Ask::new(&worker, 20).send(at).await.tasks;
            for grant in &grants {
                at.complete(&worker, grant).await;
            }
            for grant in held.drain(..) {
                at.complete(&holder, &grant).await;
                done += 1;
            }
            done += grants.len();
        }
        let left: u64 = by_hand(at, "EXISTS baton:{0}:queue:default:waiting").await;
        assert_eq!(left, 0);
        let limited: Option<String> = by_hand(at, "HGET baton:{0}:queue:default limited").await;
        assert_eq!(limited, None);
    })
    .await;
}

#[tokio::test]
async fn a_waiting_task_is_found_cancelled_reprioritised_and_claimed_by_its_id() {
    with_store(async |at| {
        allow(at, &QueueName::default(), &of_group(1)).await;
        let life = Life::new(1, 1);
        let first = submit_groups(at, &["a"]).await;
        let grants = at.claim(&life, 1).await;
        assert_eq!(ids(&grants), first);
        let waiting = submit_groups(at, &["a", "a", "a"]).await;
        let (code, _) = Ask::new(&life, 1).only(waiting[0]).holding(&grants).refused(at).await;
        assert_eq!(code, Refusal::LimitReached);
        cancel(at, &waiting[..1]).await;
        let urgent = Reprioritise { tasks: &waiting[2..], by: None, priority: priority(9), op: None };
        at.store.reprioritise(Shard::FIRST, &urgent).await.expect("an answer");
        at.complete(&life, &grants[0]).await;
        let next = Ask::new(&life, 5).send(at).await.tasks;
        assert_eq!(ids(&next), waiting[2..]);
        // One that was let in and is cancelled lets the next one in.
        at.report(&life, next[0].task, next[0].fence, release()).await;
        cancel(at, &waiting[2..]).await;
        assert_eq!(ids(&Ask::new(&life, 5).send(at).await.tasks), waiting[1..2]);
    })
    .await;
}

#[tokio::test]
async fn groups_take_turns_however_much_one_of_them_submits() {
    with_store(async |at| {
        let name = QueueName::default();
        allow(at, &name, &QueueRules { fair: true, ..rules() }).await;
        let life = Life::new(1, 1);
        submit_groups(at, &["a"; 50]).await;
        let early = at.claim(&life, 10).await;
        assert_eq!(early.len(), 10);
        submit_groups(at, &["b", "b", "b", "c"]).await;
        let turns = Ask::new(&life, 8).holding(&early).send(at).await.tasks;
        assert_eq!(groups_of(at, &turns).await, ["a", "b", "c", "a", "b", "a", "b", "a"]);
        // Those without a group are one more.
        at.submit_many(2).await;
        let more = Ask::new(&Life::new(2, 1), 4).send(at).await.tasks;
        assert_eq!(groups_of(at, &more).await, ["a", "", "a", ""]);
        let known: u64 = by_hand(at, "ZCARD baton:{0}:queue:default:turns").await;
        assert!(known <= 2, "groups that are not ahead are forgotten");
    })
    .await;
}

#[tokio::test]
async fn any_name_of_a_group_is_only_a_name() {
    with_store(async |at| {
        allow(at, &QueueName::default(), &of_group(1)).await;
        let names = ["size", "of", "-", "by", "left", "group", "1", "-:-"];
        submit_groups(at, &[names, names, names].concat()).await;
        let mut done = 0;
        for worker in 1..=12 {
            let life = Life::new(worker, 1);
            for grant in Ask::new(&life, 20).send(at).await.tasks {
                at.complete(&life, &grant).await;
                done += 1;
            }
        }
        assert_eq!(done, 24);
        submit_groups(at, &[["-"; 120], ["b"; 120]].concat()).await;
        let first = Life::new(20, 1);
        let mut held = Vec::new();
        while held.len() < 2 {
            held.extend(Ask::new(&first, 5).holding(&held).send(at).await.tasks);
        }
        // Those of `-` do not hold up the others when more may run, whatever a piece has room for.
        allow(at, &QueueName::default(), &of_group(60)).await;
        let mut running = 2;
        for worker in 21..30 {
            running += Ask::new(&Life::new(worker, 1), 20).send(at).await.tasks.len();
        }
        assert_eq!(running, 120);
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_goes_back_stops_no_queue() {
    with_store(async |at| {
        let rate = QueueRules { rate: Some(Rate { count: 10, per_ms: 1_000 }), ..rules() };
        allow(at, &QueueName::default(), &rate).await;
        at.submit_many(100).await;
        at.pass_ms(10_000);
        let life = Life::new(1, 1);
        let mut held = at.claim(&life, 2).await;
        at.pass_ms(-5_000);
        for _ in 0..5 {
            held.extend(Ask::new(&life, 10).holding(&held).send(at).await.tasks);
            at.pass_ms(1_001);
        }
        at.pass_ms(20_000);
        let worker = Life::new(2, 1);
        assert_eq!(Ask::new(&worker, 20).send(at).await.tasks.len(), 10);
    })
    .await;
}

#[tokio::test]
async fn a_queue_that_is_named_twice_has_its_limits_once() {
    with_store(async |at| {
        let name = QueueName::default();
        allow(at, &name, &QueueRules { rate: Some(Rate { count: 4, per_ms: 1_000 }), ..at_once(2) }).await;
        at.submit_many(10).await;
        let ask = Ask::new(&Life::new(1, 1), 9).queues(&[name.clone(), name.clone(), name]);
        assert_eq!(ask.send(at).await.tasks.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn priorities_come_before_turns() {
    with_store(async |at| {
        let name = QueueName::default();
        allow(at, &name, &QueueRules { fair: true, ..rules() }).await;
        submit_groups(at, &["a", "b"]).await;
        let urgent = NewTask { priority: Priority::new(9).expect("one"), ..grouped(at, "a") };
        let urgent = at.submit(&[urgent]).await;
        assert_eq!(ids(&at.claim(&Life::new(1, 1), 1).await), urgent);
    })
    .await;
}

#[tokio::test]
async fn a_low_priority_rises_with_its_age_where_the_queue_says_so() {
    with_store(async |at| {
        let name = QueueName::default();
        let low = NewTask { priority: priority(0), ..at.new_task("noop") };
        let low = at.submit(&[low]).await;
        let aging = QueueRules { aging_ms: Some(1_000), ..rules() };
        let high = async || {
            let high = NewTask { priority: priority(3), ..at.new_task("noop") };
            at.submit(&[high]).await
        };
        // Strictly by priority, and by age under the same rule a moment too early.
        at.pass_ms(2_999);
        let first = high().await;
        allow(at, &name, &aging).await;
        assert_eq!(ids(&at.claim(&Life::new(1, 1), 1).await), first);
        // Three priorities risen, it is the oldest of its priority.
        at.pass_ms(1);
        let second = high().await;
        assert_eq!(ids(&at.claim(&Life::new(2, 1), 1).await), low);
        assert_eq!(ids(&at.claim(&Life::new(3, 1), 1).await), second);
    })
    .await;
}

/// An entry with a score that no task gave keeps nobody from the others, and is run like any other.
#[tokio::test]
async fn a_score_that_is_none_is_claimed_from_a_queue_that_ages() {
    for score in ["inf", "-inf", "1e300", "-1", "0.5"] {
        with_store(async |at| {
            let tasks = at.submit_many(2).await;
            allow(at, &QueueName::default(), &QueueRules { aging_ms: Some(1_000), ..rules() }).await;
            by_hand::<u64>(at, &format!("ZADD baton:{{0}}:queue:default:pending {score} {}", tasks[0])).await;
            let mut claimed = ids(&at.claim(&Life::new(1, 1), 2).await);
            claimed.sort();
            assert_eq!(claimed, tasks, "{score}");
        })
        .await;
    }
}

#[tokio::test]
async fn queues_are_emptied_in_their_order_on_request() {
    with_store(async |at| {
        let (mail, media) = (queue("mail"), queue("media"));
        let of = |queue: &QueueName, urgent| NewTask {
            queue: queue.clone(),
            priority: priority(urgent),
            ..at.new_task("noop")
        };
        at.submit(&[of(&mail, 9), of(&mail, 9), of(&media, 0)]).await;
        let life = Life::new(1, 1);
        let queues = [media.clone(), mail.clone()];
        let claim = Claim {
            worker: &life.worker,
            boot: &life.boot,
            expects: None,
            lease: Default::default(),
            queues: &queues,
            in_order: true,
            max: 2,
            only: None,
            holding: &[],
        };
        let Claimed::Tasks(grants) = at.store.claim(Shard::FIRST, &claim).await.expect("an answer") else {
            panic!()
        };
        let from: Vec<&str> = grants.tasks.iter().map(|grant| grant.queue.as_str()).collect();
        assert_eq!(from, ["media", "mail"]);
    })
    .await;
}
