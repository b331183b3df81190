//! shard/export: each task with all that is its own, as much as fits.

use baton_core::limits;
use baton_store::calls::task::NewTask;
use baton_testkit::{Life, with_store};

use super::flow_support::link;
use super::shard_import::exported;
use super::task_log::append;
use super::task_support::{done_with, hostile_bytes, settle};
use baton_store::carry::{Carried, EdgeState, Value};

#[tokio::test]
async fn a_task_comes_with_its_edges_and_with_what_lies_beside_it() {
    with_store(async |at| {
        let payload = hostile_bytes();
        let made = at
            .submit(&[at.new_task("noop"), NewTask { payload: payload.clone(), ..at.new_task("echo") }])
            .await;
        link(at, made[0], made[1]).await;
        let life = Life::new(1, 1);
        let grant = at.claim(&life, 1).await.remove(0);
        append(at, &life, &grant, &[b"one", b"\xff\0"]).await;
        let (all, sums) = exported(at).await;
        assert!(sums.iter().all(|sum| sum.still && sum.tasks == 2), "{sums:?}");
        let task = |id| {
            let mut tasks = all.iter().filter_map(|one| match one {
                Carried::Task(task) => Some(task),
                Carried::Key(_) => None,
            });
            tasks.find(|task| task.id == id).unwrap().clone()
        };
        let (parent, child) = (task(made[0]), task(made[1]));
        assert_eq!(parent.word("status").as_deref(), Some("running"));
        assert_eq!(parent.score, (grant.fence.0 + limits::TIMEOUT_MS * 1_000).to_string());
        assert!(matches!(&parent.beside[..], [log] if log.name == "log"), "{parent:?}");
        assert_eq!(child.parents[0].parent, made[0]);
        assert!(matches!(child.parents[0].state, EdgeState::Open(_)), "{child:?}");
        assert!(
            child.beside.iter().any(|one| one.name == "payload" && one.value == Value::Text(payload.clone()))
        );
        settle(at, &life, &grant, done_with(b"")).await;
    })
    .await;
}

#[tokio::test]
async fn large_tasks_come_one_by_one() {
    with_store(async |at| {
        let large =
            |at: &baton_testkit::Fixture| NewTask { payload: vec![b'x'; 900_000], ..at.new_task("noop") };
        for _ in 0..5 {
            at.submit(&[large(at)]).await;
        }
        let (_, sums) = exported(at).await;
        assert_eq!(sums[0].tasks, 5);
    })
    .await;
}
