//! worker/direct: what a worker is told with its next renewal.

use baton_core::{Principal, Refusal, Shard};
use baton_store::calls::worker::{Directed, Directive};
use baton_testkit::{Fixture, Life, with_store};

use crate::hand::{changes, events, make_schema_too_new, refused, unchanged};

async fn check(at: &Fixture, life: &Life, directive: Option<Directive>) -> Directed {
    let by = Principal::new("ada").expect("a name");
    at.store.direct(Shard::FIRST, &life.worker, directive, Some(&by)).await.expect("an answer")
}

fn done(before: Option<Directive>) -> Directed {
    Directed::Done { before }
}

#[tokio::test]
async fn it_is_noted_and_told_once() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        let (answer, changed) = changes(at, check(at, &life, Some(Directive::Quiet))).await;
        assert_eq!(answer, done(None));
        assert_eq!(
            changed,
            "- baton:{0}:meta events \"1\"\n\
             + baton:{0}:meta events \"2\"\n\
             + baton:{0}:worker:worker-001-test directive \"quiet\"\n"
        );
        let repeat = unchanged(at, check(at, &life, Some(Directive::Quiet))).await;
        assert_eq!(repeat, done(Some(Directive::Quiet)));
        let stopped = check(at, &life, Some(Directive::Stop)).await;
        assert_eq!(stopped, done(Some(Directive::Quiet)));
        assert_eq!(check(at, &life, None).await, done(Some(Directive::Stop)));
        assert_eq!(unchanged(at, check(at, &life, None)).await, done(None));
        let told = events(at).await;
        let words: Vec<&str> = told.iter().map(|entry| entry.event.as_str()).collect();
        assert_eq!(words, ["register", "quiet", "stop", "go_on"]);
        assert_eq!(told[1].by, Some(Principal::new("ada").unwrap()));
        assert_eq!(told[1].boot, Some(life.boot));
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_has_left_may_be_directed_and_the_stream_stays_readable() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.register(&life, None).await;
        at.store.deregister(Shard::FIRST, &life.worker, &life.boot).await.unwrap();
        assert_eq!(check(at, &life, Some(Directive::Stop)).await, done(None));
        assert_eq!(events(at).await.last().unwrap().boot, None);
    })
    .await;
}

#[tokio::test]
async fn strangers_and_older_releases_are_refused() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let no = |refusal| Directed::Refused(refused(refusal, ""));
        let stranger = unchanged(at, check(at, &life, Some(Directive::Stop))).await;
        assert_eq!(stranger, no(Refusal::UnknownWorker));
        at.register(&life, None).await;
        make_schema_too_new(at).await;
        let old = unchanged(at, check(at, &life, Some(Directive::Stop))).await;
        assert_eq!(old, no(Refusal::SchemaTooNew));
    })
    .await;
}
