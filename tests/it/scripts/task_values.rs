//! task/values: what a search looks into.

use baton_core::{Shard, limits};
use baton_store::calls::task::{NewTask, Outcome, TaskValues};
use baton_testkit::{Life, with_store};

use super::task_support::invalid;
use crate::hand::unchanged;

#[tokio::test]
async fn short_and_long_values_come_and_those_that_are_too_long_do_not() {
    with_store(async |at| {
        let most = limits::QUERY_PAYLOAD_BYTES as usize;
        let payloads = [b"{}".to_vec(), vec![b'x'; 65], vec![b'x'; most], vec![b'x'; most + 1]];
        let tasks: Vec<NewTask> =
            payloads.iter().map(|payload| NewTask { payload: payload.clone(), ..at.new_task("x") }).collect();
        let mut ids = at.submit(&tasks).await;
        let life = Life::new(1, 1);
        let grant = &at.claim(&life, 1).await[0];
        let (error, reason) = (vec![0xff; 4_096], "r".repeat(200));
        let failed = Outcome::FailForGood { error: error.clone(), reason: reason.clone() };
        at.report(&life, grant.task, grant.fence, failed).await;
        ids.push(at.store.draw(Shard::FIRST));
        let each = unchanged(at, at.store.task_values(Shard::FIRST, &ids)).await.unwrap();
        let whole = |payload: &Vec<u8>| TaskValues { payload: Some(payload.clone()), ..Default::default() };
        assert_eq!(each[0], TaskValues { error, reason: reason.into_bytes(), ..whole(&payloads[0]) });
        assert_eq!(each[1..3], [whole(&payloads[1]), whole(&payloads[2])]);
        assert_eq!(each[3], TaskValues::default());
        assert_eq!(each[4], whole(&Vec::new()));
        let many = vec![ids[0]; limits::QUERY_VALUES_TASKS_MAX as usize + 1];
        invalid(at.store.task_values(Shard::FIRST, &many).await);
    })
    .await;
}
