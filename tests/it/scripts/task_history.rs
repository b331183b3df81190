//! `task/history`: every move of a task in order, with its time, and who made it and why.

use baton_core::{Refusal, Shard, Status, TaskId, limits};
use baton_store::calls::Operated;
use baton_store::calls::task::{HistoryRead, NewTask, Outcome, Promote, Reprioritise};
use baton_store::history::Entry;
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, Life, with_store};

use super::task_support::*;

async fn history(at: &Fixture, task: TaskId) -> (Vec<Entry>, u64) {
    match at.store.history(task).await.expect("an answer") {
        HistoryRead::Entries { entries, truncated } => (entries, truncated),
        HistoryRead::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

/// Each entry in the words `<version> <step> +<ms since the start> <from>><to>`.
async fn told(at: &Fixture, task: TaskId) -> Vec<String> {
    let word = |status: Option<Status>| status.map_or("", Status::as_str);
    let line = |entry: &Entry| {
        let since = entry.at_ms - START_MS;
        let (from, to) = (word(entry.from), word(entry.to));
        format!("{} {} +{since} {from}>{to}", entry.version, entry.step)
    };
    history(at, task).await.0.iter().map(line).collect()
}

async fn reprioritise(at: &Fixture, task: TaskId, level: i64) -> Vec<Operated> {
    let by = principal();
    let ask = Reprioritise { tasks: &[task], by: Some(&by), priority: priority(level), op: None };
    each(at.store.reprioritise(Shard::FIRST, &ask).await.expect("an answer"))
}

#[tokio::test]
async fn the_ordinary_life_is_read_from_the_task_itself() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let id = at.submit_many(1).await[0];
        assert_eq!(told(at, id).await, ["1 submit +0 >pending"]);
        at.pass_ms(10);
        let grant = at.claim(&life, 1).await.remove(0);
        let running = ["1 submit +0 >pending", "2 claim +10 pending>running"];
        assert_eq!(told(at, id).await, running);
        at.pass_ms(10);
        settle(at, &life, &grant, done_with(b"")).await;
        let whole = [running[0], running[1], "3 complete +20 running>completed"];
        assert_eq!(told(at, id).await, whole);
        let (entries, truncated) = history(at, id).await;
        let by = format!("worker={} boot={} fence={}", life.worker, life.boot, grant.fence);
        assert_eq!((entries[1].detail.as_str(), truncated), (by.as_str(), 0));
    })
    .await;
}

#[tokio::test]
async fn every_move_of_a_long_life_is_told_in_order() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let task = NewTask { run_at_ms: Some(START_MS + 5_000), max_crashes: 5, ..at.new_task("noop") };
        let id = at.submit(&[task]).await[0];
        at.pass_ms(5_000);
        tick(at).await;
        reprioritise(at, id, 6).await;
        at.pass_ms(1);
        let grant = at.claim(&life, 1).await.remove(0);
        at.pass_ms(1);
        reprioritise(at, id, 7).await;
        at.pass_ms(1);
        reprioritise(at, id, 8).await;
        at.pass_ms(1);
        let broken =
            Outcome::Fail { error: Vec::new(), reason: "disk full".to_owned(), retry_in_ms: Some(9_000) };
        settle(at, &life, &grant, broken).await;
        at.pass_ms(1);
        let promote = Promote { tasks: &[id], by: Some(&principal()), reason: "no time", op: None };
        at.store.promote(Shard::FIRST, &promote).await.expect("an answer");
        at.pass_ms(1);
        at.claim(&life, 1).await;
        crash(at).await;
        let grant = at.claim(&life, 1).await.remove(0);
        let taker = Life::new(1, 2);
        at.pass_ms(1);
        at.register(&taker, Some(&life.boot)).await;
        let taken = at.claim(&taker, 1).await.remove(0);
        assert!(taken.fence > grant.fence);
        at.pass_ms(1);
        reprioritise(at, id, 9).await;
        settle(at, &taker, &taken, done_with(b"well")).await;
        at.pass_ms(1);
        each(try_rerun(at, &[id], "started=1 worker=nobody finished=2", None).await);
        at.pass_ms(1);
        at.claim(&taker, 1).await;
        at.pass_ms(1);
        each(try_cancel(at, &[id], "not wanted", None).await);
        let expected = [
            "1 submit +0 >scheduled",
            "2 mature +5000 scheduled>pending",
            "3 reprioritise +5000 pending>pending",
            "4 claim +5001 pending>running",
            "5 reprioritise +5002 running>running",
            "6 reprioritise +5003 running>running",
            "7 retry +5004 running>scheduled",
            "8 promote +5005 scheduled>pending",
            "9 claim +5006 pending>running",
            "10 reclaim +35007 running>pending",
            "11 claim +35007 pending>running",
            "12 takeover +35008 running>running",
            "13 reprioritise +35009 running>running",
            "14 complete +35009 running>completed",
            "15 rerun +35010 completed>pending",
            "16 claim +35011 pending>running",
            "17 cancel +35012 running>cancelled",
        ];
        assert_eq!(told(at, id).await, expected);
        let (entries, _) = history(at, id).await;
        for (version, why) in [
            (5, "6>7"),
            (7, "why=disk full"),
            (8, "why=no time"),
            (8, "by=user:anna"),
            (10, "worker=worker-001-test"),
            (12, "to=b2"),
            (15, "by=user:anna"),
            (17, "why=not wanted"),
            (17, "by=user:anna"),
        ] {
            let detail = &entries[version - 1].detail;
            assert!(detail.contains(why), "{why} is not in {detail}");
        }
        // A reason that looks like something else is still only a reason.
        let by_taker = format!("worker={} boot=b2 fence={}", taker.worker, taken.fence);
        assert_eq!(entries[13].detail, by_taker);
    })
    .await;
}

#[tokio::test]
async fn why_a_run_ended_outlives_the_rerun() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let task = NewTask { max_crashes: 1, ..at.new_task("noop") };
        let id = at.submit(&[task]).await[0];
        let grant = at.claim(&life, 1).await.remove(0);
        settle(at, &life, &grant, fail_for_good()).await;
        rerun(at, &[id]).await;
        at.claim(&life, 1).await;
        crash(at).await;
        rerun(at, &[id]).await;
        let (entries, _) = history(at, id).await;
        let of = |version: usize| (entries[version].step.as_str(), entries[version].detail.as_str());
        assert!(of(2).0 == "fail" && of(2).1.ends_with("why=permanent"), "{:?}", of(2));
        assert!(of(5).0 == "fail" && of(5).1.ends_with("why=poison"), "{:?}", of(5));
    })
    .await;
}

#[tokio::test]
async fn a_rejected_claim_is_told() {
    with_store(async |at| {
        let id = one_in(at, Status::Blocked).await;
        let lines = ["1 submit +0 >pending", "2 claim_rejected +0 pending>blocked"];
        assert_eq!(told(at, id).await, lines);
    })
    .await;
}

#[tokio::test]
async fn of_a_very_long_history_the_middle_gives_way() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let id = at.submit_many(1).await[0];
        let (first, latest) = (limits::HISTORY_FIRST, limits::HISTORY_LATEST);
        let cycles = first + latest + 50;
        for _ in 0..cycles {
            at.pass_ms(1);
            let grant = at.claim(&life, 1).await.remove(0);
            settle(at, &life, &grant, release()).await;
        }
        let (entries, truncated) = history(at, id).await;
        // Of each cycle, the claim and the release.
        assert_eq!(truncated, 100);
        assert_eq!(entries.len() as u64 + truncated, at.read(id).await.version.0);
        let releases: Vec<u64> =
            entries.iter().filter(|entry| entry.step == "release").map(|entry| entry.version.0).collect();
        let version = |cycle: u64| 2 * cycle + 3;
        let kept: Vec<u64> =
            (0..cycles).filter(|cycle| *cycle < first || *cycle >= cycles - latest).map(version).collect();
        assert_eq!(releases, kept);
        let rises = |pair: &[Entry]| pair[0].version < pair[1].version && pair[0].at_ms <= pair[1].at_ms;
        assert!(entries.windows(2).all(rises));
        assert_eq!(at.read(id).await.version.0, 2 * cycles + 1);
    })
    .await;
}

#[tokio::test]
async fn the_few_lines_in_the_hash_are_kept_beside_the_bound() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let id = at.submit_many(1).await[0];
        for step in 0..20 {
            reprioritise(at, id, step % 9).await;
        }
        for _ in 0..990 {
            let grant = at.claim(&life, 1).await.remove(0);
            settle(at, &life, &grant, release()).await;
        }
        let (entries, truncated) = history(at, id).await;
        let lines = entries.iter().filter(|entry| !matches!(&*entry.step, "submit" | "claim"));
        let lines = lines.count() as u64;
        let bound = limits::HISTORY_FIRST + limits::HISTORY_LATEST + limits::HISTORY_INLINE_VERSIONS;
        assert!(lines <= bound, "{lines}");
        assert_eq!(entries.len() as u64 + truncated, at.read(id).await.version.0);
    })
    .await;
}

#[tokio::test]
async fn a_task_that_does_not_exist_has_no_history() {
    with_store(async |at| {
        let ghost = at.store.draw(Shard::FIRST);
        match at.store.history(ghost).await.expect("an answer") {
            HistoryRead::Refused(refused) => assert_eq!(refused.refusal, Refusal::UnknownTask),
            other => panic!("not refused: {other:?}"),
        }
    })
    .await;
}
