//! error/tasks: the tasks that failed lately in one way.

use baton_core::{Fingerprint, Shard, limits};
use baton_testkit::{Fixture, Life, kind, with_store};

use super::error_list::fail;
use super::series_read::write;
use crate::hand::{by_hand, unchanged};

fn group() -> Fingerprint {
    Fingerprint::of(&kind("mail"), "smtp", "mailbox <n> is full")
}

async fn check(at: &Fixture, first: u64, limit: u64) -> (u64, Vec<baton_core::TaskId>) {
    let page = unchanged(at, at.store.tasks_of_error(Shard::FIRST, group(), first, limit)).await.unwrap();
    (page.total, page.tasks.into_iter().map(|failed| failed.task).collect())
}

#[tokio::test]
async fn the_latest_come_first_and_pages_are_bounded() {
    with_store(async |at| {
        assert_eq!(check(at, 0, 10).await, (0, vec![]));
        let life = Life::new(1, 1);
        let mut tasks = Vec::new();
        for number in 0..3 {
            tasks.push(fail(at, &life, "a", &format!("mailbox {number} is full")).await);
        }
        fail(at, &life, "a", "another").await;
        write(at).await;
        for (score, task) in tasks.iter().enumerate() {
            by_hand::<()>(at, &format!("ZADD baton:{{0}}:error:{}:tasks {score} {task}", group())).await;
        }
        assert_eq!(check(at, 0, 2).await, (3, vec![tasks[2], tasks[1]]));
        assert_eq!(check(at, 2, 2).await, (3, vec![tasks[0]]));
        assert!(at.store.tasks_of_error(Shard::FIRST, group(), 0, 101).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_group_names_so_many_tasks_at_most() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let first = fail(at, &life, "a", "mailbox 1 is full").await;
        write(at).await;
        for number in 0..limits::ERROR_TASKS_MAX {
            let id = at.store.draw(Shard::FIRST);
            let score = 2_000_000_000_000_u64 + number;
            by_hand::<()>(at, &format!("ZADD baton:{{0}}:error:{}:tasks {score} {id}", group())).await;
        }
        fail(at, &life, "a", "mailbox 2 is full").await;
        write(at).await;
        let (total, tasks) = check(at, limits::ERROR_TASKS_MAX - 1, 10).await;
        assert_eq!((total, tasks.contains(&first)), (limits::ERROR_TASKS_MAX, false));
    })
    .await;
}
