//! `task/log_read`: a log, page by page, byte for byte.

use baton_core::{Shard, limits};
use baton_store::calls::task::{Level, Line, LogLine};
use baton_testkit::{Fixture, Life, with_store};

use super::task_log::{append, try_append};
use super::task_support::*;

async fn try_page(
    at: &Fixture,
    task: baton_core::TaskId,
    after: Option<&str>,
    limit: u64,
) -> Result<Vec<LogLine>, baton_store::Error> {
    refuses_unchanged(at, async || at.store.read_log(task, after, limit).await).await
}

#[tokio::test]
async fn lines_come_back_in_order_with_their_level_and_attempt() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        let hostile = hostile_bytes();
        let levels = [
            (Level::Debug, "debug"),
            (Level::Info, "info"),
            (Level::Warning, "warning"),
            (Level::Error, "error"),
            (Level::Critical, "critical"),
        ];
        let lines = levels.map(|(level, _)| Line { level, text: &hostile });
        try_append(at, &life, &grant, &lines).await.expect("an answer");
        let outcome = baton_store::calls::task::Outcome::Fail {
            error: Vec::new(),
            reason: String::new(),
            retry_in_ms: Some(0),
        };
        settle(at, &life, &grant, outcome).await;
        at.pass_ms(1_000);
        tick(at).await;
        let grant = at.claim(&life, 1).await.remove(0);
        append(at, &life, &grant, &[b""]).await;
        let read = try_page(at, grant.task, None, 100).await.expect("a page");
        let told: Vec<_> = read.iter().map(|line| (line.level.as_str(), line.attempt)).collect();
        let mut expected: Vec<_> = levels.iter().map(|(_, word)| (*word, 1)).collect();
        expected.push(("info", 2));
        assert_eq!(told, expected);
        assert!(read[..5].iter().all(|line| line.text == hostile) && read[5].text.is_empty());
    })
    .await;
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        let texts: Vec<String> = (0..250).map(|number| number.to_string()).collect();
        for chunk in texts.chunks(100) {
            let chunk: Vec<&[u8]> = chunk.iter().map(String::as_bytes).collect();
            append(at, &life, &grant, &chunk).await;
        }
        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let page = try_page(at, grant.task, after.as_deref(), 99).await.expect("a page");
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            read.extend(page.into_iter().map(|line| String::from_utf8(line.text).expect("text")));
        }
        assert_eq!(read, texts);
    })
    .await;
}

#[tokio::test]
async fn places_that_are_none_and_pages_too_large_are_refused() {
    with_store(async |at| {
        let id = at.submit_many(1).await[0];
        for wrong in
            ["", "-", "+", "(1-0", "1", "1-", "-1", "1-x", "1-0\n", "1-0 ", "1-123456789012345678901"]
        {
            invalid(try_page(at, id, Some(wrong), 5).await);
        }
        // Twenty digits that no number of 64 bits has.
        invalid(try_page(at, id, Some("99999999999999999999-0"), 5).await);
        invalid(try_page(at, id, None, limits::SCAN_MAX + 1).await);
        invalid(try_page(at, id, None, u64::MAX).await);
        assert!(try_page(at, id, None, limits::SCAN_MAX).await.expect("a page").is_empty());
        let ghost = at.store.draw(Shard::FIRST);
        assert!(try_page(at, ghost, Some("5-1"), 5).await.expect("a page").is_empty());
        let furthest = format!("{0}-{1}", u64::MAX, u64::MAX - 1);
        assert!(try_page(at, id, Some(&furthest), 5).await.expect("a page").is_empty());
        invalid(try_page(at, id, Some(&format!("{0}-{0}", u64::MAX)), 5).await);
    })
    .await;
}
