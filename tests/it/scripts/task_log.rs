//! `task/log`: lines that a handler writes, of its own task only.

use baton_core::{Fence, Refusal, Shard, limits};
use baton_store::calls::task::{Append, Appended, Grant, Level, Line};
use baton_testkit::{Fixture, Life, with_store};

use super::task_support::*;

pub(super) async fn try_append(
    at: &Fixture,
    life: &Life,
    grant: &Grant,
    lines: &[Line<'_>],
) -> Result<Appended, baton_store::Error> {
    let append = Append { task: grant.task, worker: &life.worker, fence: grant.fence, lines };
    at.store.append_log(&append).await
}

/// How many lines the log has had, with these behind.
pub(super) async fn append(at: &Fixture, life: &Life, grant: &Grant, texts: &[&[u8]]) -> u64 {
    let line = |text| Line { level: Level::Info, text };
    let lines: Vec<Line<'_>> = texts.iter().map(|text| line(*text)).collect();
    match try_append(at, life, grant, &lines).await.expect("an answer") {
        Appended::Lines(count) => count,
        Appended::Refused(refused) => panic!("refused: {refused:?}"),
    }
}

async fn refused(at: &Fixture, life: &Life, grant: &Grant) -> Refusal {
    let lines = [Line { level: Level::Critical, text: b"too late" }];
    let (answer, _) = only_refused(at, try_append(at, life, grant, &lines)).await;
    match answer.expect("an answer") {
        Appended::Refused(refused) => refused.refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn lines_are_counted_over_the_runs_of_a_task() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        assert_eq!(append(at, &life, &grant, &[b"one", b"two"]).await, 2);
        // The one call that is at least once.
        assert_eq!(append(at, &life, &grant, &[b"one", b"two"]).await, 4);
        settle(at, &life, &grant, release()).await;
        let grant = at.claim(&life, 1).await.remove(0);
        assert_eq!(append(at, &life, &grant, &[b""]).await, 5);
        assert_eq!(at.read(grant.task).await.version.0, 4);
    })
    .await;
}

#[tokio::test]
async fn only_the_holder_may_append() {
    with_store(async |at| {
        let (life, other) = (Life::new(1, 1), Life::new(2, 1));
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        assert_eq!(refused(at, &other, &grant).await, Refusal::Fenced);
        for fence in [0, grant.fence.0 - 1, grant.fence.0 + 1, u64::MAX] {
            let wrong = Grant { fence: Fence(fence), ..grant.clone() };
            assert_eq!(refused(at, &life, &wrong).await, Refusal::Fenced);
        }
        let ghost = Grant { task: at.store.draw(Shard::FIRST), ..grant.clone() };
        assert_eq!(refused(at, &life, &ghost).await, Refusal::UnknownTask);
        crash(at).await;
        assert_eq!(refused(at, &life, &grant).await, Refusal::NotRunning);
        let taken = at.claim(&other, 1).await.remove(0);
        assert_eq!(refused(at, &life, &grant).await, Refusal::Fenced);
        settle(at, &other, &taken, done_with(b"")).await;
        assert_eq!(refused(at, &other, &taken).await, Refusal::NotRunning);
    })
    .await;
}

#[tokio::test]
async fn lines_have_bounds() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        let longest = vec![0xff; limits::LOG_LINE_BYTES_MAX as usize];
        let most = vec![&longest[..]; limits::LOG_CALL_LINES_MAX as usize];
        assert_eq!(append(at, &life, &grant, &most).await, 100);
        let long = vec![0; limits::LOG_LINE_BYTES_MAX as usize + 1];
        let line = |text| Line { level: Level::Debug, text };
        for lines in [vec![line(&long)], vec![line(b"x"); 101]] {
            invalid(refuses_unchanged(at, async || try_append(at, &life, &grant, &lines).await).await);
        }
        let none = refuses_unchanged(at, async || append(at, &life, &grant, &[]).await).await;
        assert_eq!(none, 100);
    })
    .await;
}

#[tokio::test]
async fn no_lines_make_no_log() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        let none = refuses_unchanged(at, async || append(at, &life, &grant, &[]).await).await;
        assert_eq!(none, 0);
    })
    .await;
}

#[tokio::test]
async fn a_log_keeps_about_its_latest_lines() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        let lines = vec![&b"line"[..]; 100];
        for _ in 0..limits::LOG_LINES_MAX / 100 + 10 {
            append(at, &life, &grant, &lines).await;
        }
        assert_eq!(append(at, &life, &grant, &[b"last"]).await, 11_001);
        let (mut kept, mut after) = (0, None);
        loop {
            let page = at.store.read_log(grant.task, after.as_deref(), limits::SCAN_MAX).await;
            let page = page.expect("a page");
            let Some(last) = page.last() else { break };
            kept += page.len() as u64;
            after = Some(last.id.clone());
        }
        // Redis trims whole nodes of a hundred entries.
        assert!((limits::LOG_LINES_MAX..limits::LOG_LINES_MAX + 200).contains(&kept), "{kept}");
    })
    .await;
}

#[tokio::test]
async fn a_shard_of_a_newer_release_appends_nothing() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        make_schema_too_new(at).await;
        assert_eq!(refused(at, &life, &grant).await, Refusal::SchemaTooNew);
    })
    .await;
}
