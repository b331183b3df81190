//! Last lives are lived alone.

use baton_core::Status;
use baton_worker::{End, Handlers, Run};

use super::support::{Count, Place, Worker, kind, options, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_task_on_its_last_life_runs_beside_nothing() {
    let at = Place::start().await;
    let (now, together, done) = (Count::default(), Count::default(), Count::default());
    let mut handlers = Handlers::default();
    for name in ["last", "other"] {
        let (now, together, done) = (now.clone(), together.clone(), done.clone());
        let handler = move |run: Run| {
            let (now, together, done) = (now.clone(), together.clone(), done.clone());
            async move {
                let beside = now.up() > 1;
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                if run.grant.solo && (beside || now.get() > 1) {
                    together.up();
                }
                now.down();
                done.up();
                End::Complete(Vec::new())
            }
        };
        handlers.add(kind(name), handler).unwrap();
    }
    let worker = Worker::start(&at.store, handlers, options(1));
    // One crash is all it survives: it is on its last life from the beginning.
    let mut last = Vec::new();
    for round in 0..40 {
        if round % 4 == 0 {
            last.push(at.submit_task(|task| task.max_crashes = 1, "last").await);
        }
        at.submit("other", "null").await;
    }
    until("all are done", async || done.get() == 50).await;
    worker.drain().await;
    for task in last {
        assert_eq!(at.status(task).await, Status::Completed);
    }
    assert_eq!(together.get(), 0);
}
