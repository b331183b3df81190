//! `task/parents`: what those resulted in that a task had to wait for.

use baton_core::{Status, limits};
use baton_store::calls::task::{TOLD_BYTES_MAX, TOLD_PARENTS_MAX};
use baton_testkit::{Life, with_store};

use super::flow_support::*;
use super::task_support::*;

#[tokio::test]
async fn statuses_and_results_of_all_parents_are_told() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let flow = create_of(at, fan_in(3)).await;
        let grants = at.claim(&life, 3).await;
        settle(at, &life, &grants[0], done_with(b"short")).await;
        settle(at, &life, &grants[1], done_with(&[b'x'; 100])).await;
        settle(at, &life, &grants[2], fail_for_good()).await;
        let parents = at.store.parents(flow.task(4)).await.expect("an answer");
        assert!(!parents.truncated);
        let told: Vec<(Status, Option<usize>)> =
            parents.each.iter().map(|one| (one.status, one.result.as_ref().map(Vec::len))).collect();
        let completed = Status::Completed;
        assert_eq!(told, [(completed, Some(5)), (completed, Some(100)), (Status::Failed, None)]);
        assert_eq!(at.store.parents(flow.task(1)).await.expect("an answer").each, []);
    })
    .await;
}

#[tokio::test]
async fn what_has_no_room_is_left_out_and_said_to_be() {
    with_store(async |at| {
        let life = Life::new(1, 1);
        let flow = create_of(at, fan_in(4)).await;
        let half = TOLD_BYTES_MAX as usize / 2;
        for grant in at.claim(&life, 4).await {
            settle(at, &life, &grant, done_with(&vec![0xfe; half])).await;
        }
        let parents = at.store.parents(flow.task(5)).await.expect("an answer");
        assert!(parents.truncated);
        let lengths: Vec<usize> =
            parents.each.iter().filter_map(|one| Some(one.result.as_ref()?.len())).collect();
        assert_eq!((lengths, parents.each.len()), (vec![half; 2], 4));
    })
    .await;
}

#[tokio::test]
async fn of_many_parents_the_first_are_told() {
    with_store(async |at| {
        let size = TOLD_PARENTS_MAX as u32 + limits::PAGE_MAX as u32;
        let flow = create_of(at, fan_in(size)).await;
        let parents = at.store.parents(flow.task(size + 1)).await.expect("an answer");
        assert!(parents.truncated);
        assert!(parents.each.iter().enumerate().all(|(number, one)| one.id == flow.task(number as u32 + 1)));
        assert_eq!(parents.each.len() as u64, TOLD_PARENTS_MAX);
    })
    .await;
}
