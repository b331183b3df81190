//! shard/behind: each event counts once, whoever writes it down; and nothing is written that is not of its families.

use baton_core::{Shard, Tag, TaskId, limits};
use baton_store::Script;
use baton_store::behind::Step;
use baton_store::calls::shard::Tick;
use baton_store::calls::task::{Cancel, NewTask, Outcome};
use baton_testkit::{Fixture, Life, kind, with_store};
use deadpool_redis::redis::cmd;

use super::task_support::rerun;
use crate::hand::{by_hand, changes, events, field, make_schema_too_new, score};

/// Writes down all there is; answers how many events that were, and how many were missed.
async fn all(at: &Fixture) -> (u64, u64) {
    let mut sum = (0, 0);
    loop {
        match at.store.write_behind(Shard::FIRST, false).await.expect("an answer") {
            Step::Wrote { events, missed, .. } => sum = (sum.0 + events, sum.1 + missed),
            Step::Idle => return sum,
            Step::Busy => panic!("nobody else is at it"),
        }
    }
}

/// The script by hand: what it answers, or its error.
async fn by_script(at: &Fixture, arguments: &[&str]) -> Result<Vec<String>, String> {
    let script = Script::all().iter().find(|script| script.name == "shard/behind").expect("the script");
    let mut call = cmd("EVAL");
    call.arg(&script.text).arg(2).arg("baton:{0}:meta").arg("baton:{0}:events").arg(arguments);
    let answer = call.query_async(&mut at.redis.connection().await).await;
    answer.map_err(|error: deadpool_redis::redis::RedisError| error.to_string())
}

#[tokio::test]
async fn ended_tasks_are_found_by_kind_tag_and_worker_until_they_are_rerun_or_pruned() {
    with_store(async |at| {
        let tags = ["red", "a:b"].map(|tag| Tag::new(tag).unwrap()).to_vec();
        let long = (0..16).map(|n| Tag::new(&format!("{n:0>64}")).unwrap()).collect();
        let tasks = [
            NewTask { kind: kind("mail"), tags, ..at.new_task("x") },
            NewTask { kind: kind("a:b"), tags: long, ..at.new_task("x") },
        ];
        let ids = at.submit(&tasks).await;
        let created = Some(at.now_ms());
        let listed =
            async |index: &str, id: usize| score(at, &format!("index:{index}"), &ids[id].to_string()).await;
        let worker = "worker:worker-001-test";
        let long = format!("tag:{:0>64}", 15);
        let places =
            [("kind:mail", 0), ("kind:a:b", 1), ("tag:red", 0), ("tag:a:b", 0), (&*long, 1), (worker, 0)];
        let life = Life::new(1, 1);
        let grants = at.claim(&life, 2).await;
        // Submitted, registered, claimed.
        assert_eq!(all(at).await, (5, 0));
        assert_eq!(at.store.seen_kinds(Shard::FIRST).await.unwrap(), [kind("mail"), kind("a:b")]);
        for (index, id) in places {
            assert_eq!(listed(index, id).await, None, "{index} has what has not ended");
        }
        at.complete(&life, &grants[0]).await;
        let fail = Outcome::FailForGood { error: Vec::new(), reason: String::new() };
        at.report(&life, grants[1].task, grants[1].fence, fail).await;
        all(at).await;
        for (index, id) in places {
            assert_eq!(listed(index, id).await, created, "{index}");
        }
        at.assert_invariants().await;

        rerun(at, &ids[1..]).await;
        all(at).await;
        assert_eq!((listed("kind:a:b", 1).await, listed(&long, 1).await), (None, None));
        at.assert_invariants().await;

        at.pass_ms(limits::RETENTION_MS as i64 + 60_000);
        at.store.tick(Shard::FIRST, Tick::default()).await.expect("a tick");
        all(at).await;
        let left: Vec<String> = by_hand(at, "KEYS baton:{0}:index:*").await;
        assert_eq!(left, ["baton:{0}:index:kinds"]);
    })
    .await;
}

#[tokio::test]
async fn the_slower_of_two_writes_nothing() {
    with_store(async |at| {
        at.submit_many(3).await;
        let first = events(at).await[0].id.to_string();
        assert_eq!(all(at).await, (3, 0));
        let late = ["", "", "", &first, "", "3", "1", "enter", "index:kinds", "2", "1", "x"];
        let (answer, diff) = changes(at, by_script(at, &late)).await;
        assert_eq!((answer.unwrap(), diff.as_str()), (vec!["stale".to_owned()], ""));
    })
    .await;
}

#[tokio::test]
async fn keys_and_verbs_that_are_not_its_own_stop_it_before_it_writes() {
    with_store(async |at| {
        at.submit_many(1).await;
        let first = events(at).await[0].id.to_string();
        for (verb, key) in [
            ("enter", "scheduled"),
            ("enter", "index:kindsx"),
            ("enter", "x:index:kinds"),
            ("leave", "queue:default:pending"),
            ("enter", "index:kind:"),
            ("sort", "index:kinds"),
        ] {
            let enter = ["enter", "index:kinds", "2", "1", "x"];
            let words =
                [&["", "", "", &first, "", "1", "2"], &enter[..], &[verb, key, "2", "1", "x"]].concat();
            let (answer, diff) = changes(at, by_script(at, &words)).await;
            assert!(answer.is_err_and(|error| error.contains("BROKEN")), "{verb} {key}");
            assert_eq!(diff, "", "{verb} {key}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_trimmed_away_is_missed_and_counted_once() {
    let at = &Fixture::start(Default::default()).await;
    at.submit_many(3).await;
    assert_eq!(all(at).await, (3, 0));
    for _ in 0..4 {
        at.submit_many(10).await;
    }
    by_hand::<u64>(at, "XTRIM baton:{0}:events MAXLEN 1").await;
    assert_eq!(all(at).await, (10, 30));
    at.submit_many(1).await;
    assert_eq!(all(at).await, (1, 0));
    assert_eq!(field(at, "meta", "behind_missed").await, "30");
    assert_eq!(field(at, "meta", "behind_events").await, field(at, "meta", "events").await);
}

/// A hundred tasks that end in one call, with as many tags as there may be, one of which all share.
async fn laden_end(at: &Fixture) -> Vec<TaskId> {
    let tags = |task: usize| {
        let own = (1..limits::TAGS_MAX).map(|tag| format!("t{task}:{tag}"));
        own.chain(["all".to_owned()]).map(|tag| Tag::new(&tag).unwrap()).collect()
    };
    let mut ids = Vec::new();
    for some in (0..100).collect::<Vec<usize>>().chunks(25) {
        let tasks: Vec<_> =
            some.iter().map(|task| NewTask { tags: tags(*task), ..at.new_task("x") }).collect();
        ids.extend(at.submit(&tasks).await);
    }
    assert_eq!(all(at).await, (100, 0));
    let cancel = Cancel { tasks: &ids, by: None, reason: "", op: None };
    at.store.cancel(Shard::FIRST, &cancel).await.expect("a cancel");
    ids
}

async fn tagged(at: &Fixture) -> u64 {
    by_hand(at, "ZCARD baton:{0}:index:tag:all").await
}

#[tokio::test]
async fn one_entry_is_written_down_in_pieces_each_of_which_counts_once() {
    with_store(async |at| {
        let ids = laden_end(at).await;
        let entry = events(at).await.last().expect("an entry").id.to_string();
        let (mut pieces, mut before) = (0, 0);
        loop {
            let from = (field(at, "meta", "behind").await, field(at, "meta", "behind_part").await);
            let Step::Wrote { events, more, missed: 0 } =
                at.store.write_behind(Shard::FIRST, false).await.expect("an answer")
            else {
                panic!("a piece is written")
            };
            pieces += 1;
            assert!(events < 50, "{events} tasks with sixteen tags are too many for one call");
            assert_eq!(tagged(at).await, before + events);
            before += events;
            // Who read the same piece comes too late, also where the entry is the same.
            let late = ["", &from.0, &from.1, &entry, "", "1", "0"];
            let (answer, diff) = changes(at, by_script(at, &late)).await;
            assert_eq!((answer.unwrap(), diff.as_str()), (vec!["stale".to_owned()], ""));
            if !more {
                break;
            }
            assert_eq!(field(at, "meta", "behind_part").await, format!("{entry} {before}"));
        }
        assert!(pieces > 2 && before == 100, "{pieces} pieces, {before} events");
        assert_eq!(field(at, "meta", "behind_part").await, "");
        assert_eq!(field(at, "meta", "behind_events").await, field(at, "meta", "events").await);
        for id in &ids {
            assert!(score(at, "index:tag:all", &id.to_string()).await.is_some());
        }
        at.assert_invariants().await;
    })
    .await;
}

#[tokio::test]
async fn the_rest_of_an_entry_that_is_trimmed_away_is_missed() {
    let at = &Fixture::start(Default::default()).await;
    laden_end(at).await;
    let Ok(Step::Wrote { events, more: true, .. }) = at.store.write_behind(Shard::FIRST, false).await else {
        panic!("a part is written")
    };
    at.submit_many(3).await;
    by_hand::<u64>(at, "XTRIM baton:{0}:events MAXLEN 1").await;
    assert_eq!(all(at).await, (3, 100 - events));
    assert_eq!(field(at, "meta", "behind_part").await, "");
    assert_eq!(field(at, "meta", "behind_events").await, field(at, "meta", "events").await);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_passed_over() {
    with_store(async |at| {
        by_hand::<String>(at, "XADD baton:{0}:events * event novelty by {no}principal").await;
        at.submit_many(2).await;
        assert_eq!(all(at).await, (2, 0));
        by_hand::<()>(at, "FLUSHALL").await;
    })
    .await;
}

#[tokio::test]
async fn the_index_of_a_worker_keeps_its_newest_tasks() {
    with_store(async |at| {
        let worker = "index:worker:worker-001-test";
        let mut words: Vec<String> = ["", "", "", "", "", "0", "3"].map(str::to_owned).to_vec();
        let members: Vec<String> = (0..300).flat_map(|n| [n.to_string(), format!("m{n:03}")]).collect();
        words.extend(["enter".to_owned(), worker.to_owned(), members.len().to_string()]);
        words.extend(members);
        words.extend(["keep", worker, "1", "100", "expire", worker, "1", "60000"].map(str::to_owned));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        by_script(at, &words).await.expect("words");
        assert_eq!(score(at, worker, "m199").await, None);
        assert_eq!(score(at, worker, "m200").await, Some(200));
        by_hand::<()>(at, "FLUSHALL").await;
    })
    .await;
}

#[tokio::test]
async fn a_newer_release_is_left_alone() {
    with_store(async |at| {
        make_schema_too_new(at).await;
        let (answer, diff) = changes(at, by_script(at, &["", "", "", "1-1", "", "0", "0"])).await;
        assert_eq!(
            (answer.unwrap(), diff.as_str()),
            (["refused", "schema_too_new", ""].map(str::to_owned).to_vec(), "")
        );
    })
    .await;
}
