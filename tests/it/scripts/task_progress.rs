//! `task/progress`: how far a task is, in the words of its holder.

use baton_core::{Fence, Refusal, Shard, WorkerId, limits};
use baton_store::State;
use baton_store::calls::Refused;
use baton_store::calls::task::{Grant, Note, Noted};
use baton_testkit::{Fixture, Life, with_store};

use super::task_support::*;

async fn try_note(
    at: &Fixture,
    worker: &WorkerId,
    notes: &[Note<'_>],
) -> Result<Result<Vec<Noted>, Refused>, baton_store::Error> {
    at.store.note_progress(Shard::FIRST, worker, notes).await
}

fn note<'a>(grant: &Grant, progress: &'a str) -> Note<'a> {
    Note { task: grant.task, fence: grant.fence, progress }
}

/// A note that is refused; the shard must stay as it is, but for that.
async fn refused(at: &Fixture, life: &Life, grant: &Grant) -> Refusal {
    let notes = [note(grant, "0.5")];
    let (answer, _) = only_refused(at, try_note(at, &life.worker, &notes)).await;
    match answer.expect("an answer") {
        Ok(each) => match each[..] {
            [Noted::Refused(refusal)] => refusal,
            _ => panic!("not refused: {each:?}"),
        },
        Err(refused) => refused.refusal,
    }
}

#[tokio::test]
async fn the_latest_note_stands_until_the_run_ends() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(2).await;
        let grants = at.claim(&life, 2).await;
        let notes =
            [note(&grants[0], "0.10 reading"), note(&grants[1], "ß"), note(&grants[0], "0.40 typesetting")];
        for _ in 0..2 {
            let each = try_note(at, &life.worker, &notes).await.expect("an answer").expect("noted");
            // Not a move: the version stays.
            assert!(each.iter().all(|one| matches!(one, Noted::At(version) if version.0 == 2)));
        }
        let progress = Some("0.40 typesetting".to_owned());
        assert_eq!(at.read(grants[0].task).await.state, State::Running { progress });
        settle(at, &life, &grants[0], release()).await;
        let again = at.claim(&life, 0).await;
        assert_eq!(ids(&again), [grants[1].task]);
        let fresh = Ask::new(&life, 1).holding(&again).send(at).await.tasks;
        assert_eq!(at.read(fresh[0].task).await.state, State::Running { progress: None });
    })
    .await;
}

#[tokio::test]
async fn only_the_holder_may_say_so() {
    with_store(async |at| {
        let (life, other) = (Life::new(1, 1), Life::new(2, 1));
        at.submit_many(2).await;
        let grant = at.claim(&life, 1).await.remove(0);
        assert_eq!(refused(at, &other, &grant).await, Refusal::Fenced);
        for fence in [0, grant.fence.0 - 1, grant.fence.0 + 1, u64::MAX] {
            let wrong = Grant { fence: Fence(fence), ..grant.clone() };
            assert_eq!(refused(at, &life, &wrong).await, Refusal::Fenced);
        }
        let ghost = Grant { task: at.store.draw(Shard::FIRST), ..grant.clone() };
        assert_eq!(refused(at, &life, &ghost).await, Refusal::UnknownTask);
        // One wrong note does not stop the others.
        let notes = [note(&ghost, "x"), note(&grant, "y")];
        let each = try_note(at, &life.worker, &notes).await.expect("an answer").expect("noted");
        assert!(matches!(each[..], [Noted::Refused(_), Noted::At(_)]), "{each:?}");
        settle(at, &life, &grant, done_with(b"")).await;
        assert_eq!(refused(at, &life, &grant).await, Refusal::NotRunning);
        let next = at.claim(&life, 1).await.remove(0);
        crash(at).await;
        assert_eq!(refused(at, &life, &next).await, Refusal::NotRunning);
        at.claim(&other, 1).await;
        assert_eq!(refused(at, &life, &next).await, Refusal::Fenced);
    })
    .await;
}

#[tokio::test]
async fn notes_have_bounds() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        let longest = "é".repeat(limits::PROGRESS_BYTES_MAX as usize / 2);
        let most = vec![note(&grant, &longest); limits::SETTLE_TASKS_MAX as usize];
        let each = try_note(at, &life.worker, &most).await.expect("an answer").expect("noted");
        assert_eq!(each.len(), 100);
        let over = [most.clone(), most.clone()].concat();
        let long = longest.clone() + "x";
        let mut wrong = vec![&over[..101]];
        let texts = ["", "two\nlines", "a\0b", &long];
        let single: Vec<_> = texts.iter().map(|text| [note(&grant, text)]).collect();
        wrong.extend(single.iter().map(|notes| &notes[..]));
        for notes in wrong {
            let ask = async || try_note(at, &life.worker, notes).await;
            invalid(refuses_unchanged(at, ask).await);
        }
        let none = async || try_note(at, &life.worker, &[]).await;
        let none = refuses_unchanged(at, none).await;
        assert!(none.expect("an answer").expect("noted").is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_shard_of_a_newer_release_notes_nothing() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        at.submit_many(1).await;
        let grant = at.claim(&life, 1).await.remove(0);
        make_schema_too_new(at).await;
        assert_eq!(refused(at, &life, &grant).await, Refusal::SchemaTooNew);
    })
    .await;
}
