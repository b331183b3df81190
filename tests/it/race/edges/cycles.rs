//! E3: two links that would together close a circle. One of them is made, whichever comes first.

use baton_core::{Refusal, Status, TaskId};
use baton_store::Store;
use baton_store::calls::task::Linked;

use super::super::arena::{Arena, hold_back, race_on};
use super::ends::{link, status_of};

const ROUNDS: usize = 60;

/// A chain of so many tasks, the first and the last of it.
async fn chain(arena: &Arena, length: usize) -> (TaskId, TaskId) {
    let tasks = arena.submit(length).await;
    for pair in tasks.windows(2) {
        let linked = link(&arena.stores[0], pair[0], pair[1]).await;
        assert!(matches!(linked, Linked::Edge { .. }), "{linked:?}");
    }
    (tasks[0], tasks[length - 1])
}

/// Which of the two links was made.
async fn close_a_circle(arena: &Arena, length: usize, round: usize) -> usize {
    let (one, other) = (chain(arena, length).await, chain(arena, length).await);
    let ends = [(one.1, other.0), (other.1, one.0)];
    let answers = arena.together(2, |racer, store: Store| {
        let (parent, child) = ends[racer];
        let late = if racer == round % 2 { [0, 1, 2, 5, 11, 23][round / 2 % 6] } else { 0 };
        async move {
            hold_back(late).await;
            link(&store, parent, child).await
        }
    });
    let answers = answers.await;
    let made = answers.iter().position(|answer| matches!(answer, Linked::Edge { .. })).expect("one is made");
    let Linked::Refused(no) = &answers[1 - made] else { panic!("both were made: {answers:?}") };
    assert_eq!(no.refusal, Refusal::DependencyCycle);
    let circle: Vec<&str> = no.detail.as_deref().expect("the circle").split(' ').collect();
    assert_eq!(circle.len(), (2 * length).min(20), "{circle:?}");
    let first = if made == 0 { one.0 } else { other.0 };
    assert!(length > 1 || status_of(arena, first).await == Status::Pending, "somebody can begin");
    made
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_links_that_close_a_circle_one_is_made() {
    race_on(2, async |arena| {
        for length in [1, 12] {
            let mut made = [0, 0];
            for round in 0..ROUNDS {
                made[close_a_circle(arena, length, round).await] += 1;
            }
            assert!(made[0] > 0 && made[1] > 0, "{length}: {made:?}");
        }
    })
    .await;
}
