use baton_core::{Fence, Kind, Priority, QueueName, Shard, TaskId, id::Draw};

use super::*;

fn grant(number: u16) -> Arc<Grant> {
    Arc::new(Grant {
        task: TaskId::draw(Draw { now_ms: 1, counter: number, random: 0 }, Shard::FIRST),
        fence: Fence(100 + u64::from(number)),
        queue: QueueName::default(),
        kind: Kind::new("noop").unwrap(),
        attempt: 0,
        max_attempts: 5,
        crashes: 0,
        timeout_ms: 1_000,
        priority: Priority::default(),
        traceparent: None,
        payload: Vec::new(),
        parents: 0,
        solo: false,
        redelivered: false,
    })
}

fn key(grant: &Grant) -> Key {
    (grant.task, grant.fence)
}

fn completed() -> Option<Outcome> {
    Some(Outcome::Complete { result: b"1".to_vec() })
}

fn gone(grant: &Grant) -> Gone {
    Gone { task: grant.task, fence: grant.fence, why: "cancelled".to_owned() }
}

#[test]
fn a_run_is_listed_until_its_report_is_acknowledged() {
    let (mut book, one) = (Book::default(), grant(1));
    let cancel = book.start(&one, 10);
    assert_eq!(book.holding(&[]), [one.pair()]);
    assert!(!book.has_reports());

    book.end(&key(&one), completed());
    let reports = book.reports();
    assert_eq!(reports.len(), 1);
    assert_eq!(book.holding(&[]), [one.pair()], "not acknowledged yet");
    assert!(book.holding(&reports).is_empty(), "this call reports it");

    book.acknowledge(&key(&one));
    assert!(book.is_empty() && !cancel.is_cancelled());
}

#[test]
fn trust_that_lapsed_is_not_prolonged() {
    let (mut book, one, other) = (Book::default(), grant(1), grant(2));
    let cancel = book.start(&one, 10);
    let kept = book.start(&other, 20);
    assert_eq!(book.lapses_at_ms(), Some(10));

    assert_eq!(book.lapse(10), 1);
    book.trust(&[one.pair(), other.pair()], 50);
    assert!(cancel.is_cancelled() && !kept.is_cancelled());
    assert_eq!(book.lapse(49), 0);

    book.end(&key(&one), None);
    assert!(matches!(book.reports()[0].outcome, Outcome::Release { .. }));
}

#[test]
fn trust_is_never_shortened_and_only_for_what_was_listed() {
    let (mut book, one, other) = (Book::default(), grant(1), grant(2));
    book.start(&one, 30);
    book.start(&other, 30);
    book.trust(&[one.pair()], 20);
    book.trust(&[one.pair()], 40);
    assert_eq!(book.lapse(35), 1, "the other one was not listed");
}

#[test]
fn what_is_gone_is_told_to_end_and_never_reported() {
    let (mut book, one) = (Book::default(), grant(1));
    let cancel = book.start(&one, 10);
    book.drop_gone(&[gone(&one)]);
    assert!(cancel.is_cancelled() && book.is_empty());
    assert!(book.is_alive(one.task), "its handler has not ended");
    book.end(&key(&one), completed());
    assert!(!book.has_reports() && book.alive() == 0);
}

#[test]
fn a_report_under_way_is_not_dropped_by_the_answer_to_a_renewal() {
    let (mut book, one) = (Book::default(), grant(1));
    book.start(&one, 10);
    book.end(&key(&one), completed());
    book.drop_gone(&[gone(&one)]);
    assert!(book.has_reports(), "its own answer says what became of it");
}

#[test]
fn what_is_done_counts_though_it_was_told_to_end() {
    for cause in [Cause::Drain, Cause::Lapsed, Cause::LeaseLost, Cause::TimedOut] {
        let (mut book, one) = (Book::default(), grant(1));
        book.start(&one, 10);
        book.cancel(&key(&one), cause.clone());
        book.end(&key(&one), completed());
        assert!(matches!(book.reports()[0].outcome, Outcome::Complete { .. }), "{cause:?}");
    }
}

#[test]
fn a_failure_after_the_end_was_told_is_the_fault_of_whoever_told_it() {
    let failed =
        || Some(Outcome::Fail { error: b"closed".to_vec(), reason: String::new(), retry_in_ms: None });
    let (mut book, one, other) = (Book::default(), grant(1), grant(2));
    book.start(&one, 10);
    book.start(&other, 10);
    book.cancel(&key(&one), Cause::Drain);
    book.cancel(&key(&other), Cause::TimedOut);
    book.end(&key(&one), failed());
    book.end(&key(&other), failed());
    let outcome = |of: &Grant| {
        book.reports().into_iter().find(|report| report.task == of.task).map(|report| report.outcome)
    };
    assert!(matches!(outcome(&one), Some(Outcome::Release { .. })));
    assert!(matches!(outcome(&other), Some(Outcome::TimeOut { .. })));
}

#[test]
fn reports_of_one_call_stay_within_its_bytes() {
    let mut book = Book::default();
    for number in 0..3 {
        let one = grant(number);
        book.start(&one, 10);
        book.end(&key(&one), Some(Outcome::Complete { result: vec![b'1'; 600_000] }));
    }
    assert_eq!(book.reports().len(), 1);
}

#[test]
fn where_too_much_is_known_what_runs_is_listed_first() {
    let mut book = Book::default();
    for number in 0..150 {
        let one = grant(number);
        book.start(&one, 10);
        book.end(&key(&one), completed());
    }
    let running: Vec<_> = (150..250).map(grant).collect();
    running.iter().for_each(|one| drop(book.start(one, 10)));
    let listed = book.holding(&[]);
    assert_eq!(listed.len(), 150);
    assert!(running.iter().all(|one| listed.contains(&one.pair())));
}

#[test]
fn only_what_is_still_ours_has_time_to_end() {
    let (mut book, one) = (Book::default(), grant(1));
    book.start(&one, 10);
    assert!(book.keeps(&key(&one)));
    book.cancel(&key(&one), Cause::Drain);
    assert!(book.keeps(&key(&one)));
    let (mut book, lapsed, other) = (Book::default(), grant(1), grant(2));
    book.start(&lapsed, 10);
    book.lapse(10);
    book.start(&other, 10);
    book.drop_gone(&[Gone { why: "fenced".to_owned(), ..gone(&other) }]);
    assert!(!book.keeps(&key(&lapsed)) && !book.keeps(&key(&other)));
    let cancelled = grant(3);
    book.start(&cancelled, 10);
    book.drop_gone(&[gone(&cancelled)]);
    assert!(book.keeps(&key(&cancelled)), "nobody else starts what was cancelled");
}
