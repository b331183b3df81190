//! Queues with limits under any sequence of what may happen to them.

use baton_core::queue::QueueRules;
use baton_core::{GroupName, QueueName, Shard, Status, TaskId};
use baton_store::calls::task::{Claimed, Grant, NewTask};
use baton_testkit::{Fixture, Life, with_store};
use proptest::prelude::*;

use super::queue_limits::{grouped, of_group, rules};
use super::queue_set::allow;
use super::task_support::{Ask, cancel, crash, fail, release, tick};

/// What may happen next in a queue with limits.
#[derive(Clone, Debug)]
enum Step {
    Submit { group: u8, count: usize },
    Claim { worker: u32, max: u64 },
    End { at: prop::sample::Index, how: u8 },
    Cancel { at: prop::sample::Index },
    Crash,
    Allow { group: Option<u64>, all: Option<u64>, fair: bool },
    Pass { ms: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..4, 1_usize..8).prop_map(|(group, count)| Step::Submit { group, count }),
        6 => (1_u32..5, 1_u64..6).prop_map(|(worker, max)| Step::Claim { worker, max }),
        5 => (any::<prop::sample::Index>(), 0_u8..3).prop_map(|(at, how)| Step::End { at, how }),
        1 => any::<prop::sample::Index>().prop_map(|at| Step::Cancel { at }),
        1 => Just(Step::Crash),
        1 => (prop::option::of(1_u64..4), prop::option::of(1_u64..6), any::<bool>())
            .prop_map(|(group, all, fair)| Step::Allow { group, all, fair }),
        1 => (1_i64..5_000).prop_map(|ms| Step::Pass { ms }),
    ]
}

/// What runs by the reading of the whole shard, of the queue and of its fullest group.
async fn running(at: &Fixture, ids: &[TaskId]) -> (u64, u64) {
    let mut groups = std::collections::BTreeMap::<Option<GroupName>, u64>::new();
    for part in ids.chunks(50) {
        let read = at.store.read_tasks(Shard::FIRST, part, false).await.expect("an answer");
        for task in read.into_iter().flatten().filter(|task| task.status() == Status::Running) {
            *groups.entry(task.group).or_default() += 1;
        }
    }
    let fullest = groups.iter().filter(|(group, _)| group.is_some()).map(|(_, count)| *count).max();
    (groups.values().sum(), fullest.unwrap_or_default())
}

async fn play(at: &mut Fixture, steps: Vec<Step>) {
    let (mut tasks, mut held) = (Vec::<TaskId>::new(), Vec::<(Life, Grant)>::new());
    let mut limits = QueueRules::default();
    for step in steps {
        match step {
            Step::Submit { group, count } => {
                let of = |_| match group {
                    0 => at.new_task("noop"),
                    group => grouped(at, &format!("g{group}")),
                };
                let new: Vec<NewTask> =
                    (0..count).map(of).map(|task| NewTask { max_crashes: 100, ..task }).collect();
                tasks.extend(at.submit(&new).await);
            }
            Step::Claim { worker, max } => {
                let life = Life::new(worker, 1);
                let (before, before_group) = running(at, &tasks).await;
                let holding: Vec<Grant> = held
                    .iter()
                    .filter(|(holder, _)| *holder == life)
                    .map(|(_, grant)| grant.clone())
                    .collect();
                let ask = Ask::new(&life, max).holding(&holding);
                let Ok(Claimed::Tasks(grants)) = ask.try_send(at).await else { continue };
                held.extend(grants.tasks.into_iter().map(|grant| (life.clone(), grant)));
                let (now, now_group) = running(at, &tasks).await;
                // A limit that was lowered lets what runs go on, and lets nothing start.
                let within = |now: u64, before: u64, most: Option<u64>| {
                    most.is_none_or(|most| now <= most.max(before))
                };
                assert!(within(now, before, limits.concurrency), "{now} after {before} run of {limits:?}");
                assert!(
                    within(now_group, before_group, limits.group_concurrency),
                    "{now_group} of {limits:?}"
                );
            }
            Step::End { at: index, how } if !held.is_empty() => {
                let (life, grant) = held.remove(index.index(held.len()));
                match how {
                    0 => at.complete(&life, &grant).await,
                    1 => at.report(&life, grant.task, grant.fence, fail("flaky")).await,
                    _ => at.report(&life, grant.task, grant.fence, release()).await,
                };
            }
            Step::Cancel { at: index } if !tasks.is_empty() => {
                let id = tasks[index.index(tasks.len())];
                cancel(at, &[id]).await;
                held.retain(|(_, grant)| grant.task != id);
            }
            Step::End { .. } | Step::Cancel { .. } => {}
            Step::Crash => {
                crash(at).await;
                held.clear();
            }
            Step::Allow { group, all, fair } => {
                limits = QueueRules { group_concurrency: group, concurrency: all, fair, ..rules() };
                allow(at, &QueueName::default(), &limits).await;
            }
            Step::Pass { ms } => {
                at.pass_ms(ms);
                tick(at).await;
                held.clear();
                crash(at).await;
            }
        }
        at.assert_invariants().await;
    }
    // In the end everything can be done: nobody waits for what never comes.
    allow(at, &QueueName::default(), &of_group(1)).await;
    let life = Life::new(9, 1);
    for _ in 0..2_000 {
        crash(at).await;
        let grants = Ask::new(&life, 20).send(at).await.tasks;
        for grant in &grants {
            at.complete(&life, grant).await;
        }
        let read = at.store.queue(Shard::FIRST, &QueueName::default()).await.expect("an answer");
        let waits = [Status::Pending, Status::Running, Status::Scheduled];
        if read.is_none_or(|read| waits.iter().all(|status| read.of(*status) == 0)) {
            return;
        }
    }
    panic!("some are left");
}

#[test]
fn any_sequence_keeps_the_limits_and_leaves_nobody_behind() {
    let config = ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..60))| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(with_store(async |at| play(at, steps).await));
    });
}
