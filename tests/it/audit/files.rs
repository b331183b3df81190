//! What others wrote down: acknowledged submits, and effects.

use baton_core::{Shard, TaskId};
use baton_store::audit::{Audit, Effect, Source};

use super::world::World;
use super::{audit_with, names};

fn ledger(tasks: Vec<TaskId>) -> Audit {
    let source = Source::new(move |each: &mut dyn FnMut(TaskId)| {
        tasks.iter().for_each(|task| each(*task));
        Ok(())
    });
    // Parts so small that the file is read more than once.
    Audit { ledger: Some(source), events_of_part: 7, ..Audit::default() }
}

#[tokio::test]
async fn an_acknowledged_submit_that_is_nowhere_is_lost() {
    let world = World::new().await;
    let known = [world.pending, world.running, world.completed, world.task(2)];
    let report = audit_with(&world.at.store, &ledger(known.to_vec())).await;
    assert!(report.is_clean() && report.part("A1").is_some_and(|part| part.skipped.is_empty()), "{report:?}");
    let lost = world.at.store.draw(Shard::FIRST);
    let stranger = "01936a5c-2b4e-7abc-8def-001122334009".parse().expect("of a shard that there is not");
    let report = audit_with(&world.at.store, &ledger(vec![world.pending, lost, stranger])).await;
    let found: Vec<&str> = report.findings.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(names(&report).into_iter().collect::<Vec<_>>(), ["submit_lost"]);
    assert!(found.len() == 2 && found.contains(&lost.to_string().as_str()), "{found:?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_ends_the_audit() {
    let world = World::new().await;
    let source = Source::new(|_: &mut dyn FnMut(TaskId)| Err("line 3 is no id".to_owned()));
    let audit = Audit { ledger: Some(source), ..Audit::default() };
    let error = world.at.store.audit(&audit, &|_, _| {}).await.expect_err("no audit");
    assert!(error.to_string().contains("line 3 is no id"), "{error}");
}

fn effects(effects: Vec<Effect>) -> Audit {
    let source = Source::new(move |each: &mut dyn FnMut(Effect)| {
        effects.iter().for_each(|effect| each(*effect));
        Ok(())
    });
    Audit { effects: Some(source), ..Audit::default() }
}

#[tokio::test]
async fn effects_are_accepted_once_per_completion_and_with_rising_fences() {
    let world = World::new().await;
    let of = |task, fence, accepted| Effect { task, fence, accepted };
    let task = world.completed;
    let cases: [(Vec<Effect>, &[&str]); 5] = [
        (vec![of(task, 5, true)], &[]),
        (vec![of(task, 5, true), of(task, 5, false)], &[]),
        (vec![of(task, 5, false)], &["effect_missing"]),
        (vec![of(task, 5, true), of(task, 5, true)], &["effect_accepted_twice", "stale_effect_accepted"]),
        (vec![of(task, 5, true), of(task, 4, false)], &["too_many_runs"]),
    ];
    for (told, expected) in cases {
        let report = audit_with(&world.at.store, &effects(told.clone())).await;
        assert_eq!(names(&report).into_iter().collect::<Vec<_>>(), expected, "{told:?}");
    }
}
