//! What flows cost: how long it takes to submit and to run them as they grow, what lies in memory, and how long the longest
//! script holds Redis up. At the end of each row the whole shard is audited.
//!
//! `cargo bench --bench flows` prints a table; `-- 10` makes every shape a tenth as large, `-- diamond` runs only those.
//! One client on a private Redis over a Unix socket claims and completes 100 tasks per call, and passes ends on as a ticker
//! does. µs and bytes are per task or edge. Compare within one run, on a machine that does nothing else.
#![expect(clippy::print_stdout, reason = "a benchmark speaks by printing")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a benchmark that fails should stop")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

mod figures;
mod run;
mod shapes;

use std::time::Instant;

use baton_core::{OnParentFailure, Shard};
use baton_store::calls::flow::{FlowAnswer, NewFlow};
use baton_store::calls::task::NewTask;
use baton_store::{Options, Store};
use baton_testkit::{Launch, Snapshot, invariants, kind};

use figures::{Meter, Scripts};
use shapes::Shape;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let smaller = words.iter().find_map(|word| word.parse().ok()).unwrap_or(1);
    let wanted = words.iter().find(|word| word.parse::<usize>().is_err());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("{}", figures::HEAD);
    let is_wanted = |shape: &Shape| wanted.is_none_or(|word| shape.name.contains(word));
    for shape in shapes::all(smaller).into_iter().filter(is_wanted) {
        runtime.block_on(measure(&shape));
    }
}

async fn measure(shape: &Shape) {
    let launch = Launch::default().with("slowlog-log-slower-than", &figures::NOTED_US.to_string());
    let launch = launch.with("slowlog-max-len", "100000");
    let redis = launch.start().await;
    let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.unwrap();
    let mut meter = Meter::new(&redis).await;
    let flow = new_flow(&store, shape);
    let empty = meter.memory().await;
    let started = Instant::now();
    let answer = store.submit_flow(&flow).await.unwrap();
    let submit = started.elapsed();
    assert_eq!(answer, FlowAnswer::Created { flow: flow.id });
    let memory = meter.memory().await - empty;
    let mut scripts = Scripts::default();
    meter.read_slow_log(&mut scripts).await;
    let started = Instant::now();
    let ended = if shape.fails {
        run::fail_first(&store, shape.tasks()).await
    } else {
        run::complete_all(&store, shape.tasks()).await
    };
    let ran = started.elapsed();
    meter.read_slow_log(&mut scripts).await;
    assert_eq!(ended, shape.tasks(), "{}: not all of it came to an end", shape.name);
    let started = Instant::now();
    let snapshot = Snapshot::take(&mut redis.connection().await, "baton:").await;
    let found = invariants::violations(&snapshot, "baton:{0}:");
    assert!(found.is_empty(), "{}: {:#?}", shape.name, &found[..found.len().min(20)]);
    println!("{}", figures::row(shape, submit, ran, memory, &scripts, started.elapsed()));
}

/// Tasks without any words of their own: what is measured is the flow.
fn new_flow(store: &Store, shape: &Shape) -> NewFlow {
    let id = store.draw_flow(Shard::FIRST);
    let policy = if shape.fails { OnParentFailure::Cancel } else { OnParentFailure::Hold };
    let task = |_| NewTask {
        on_parent_failure: policy,
        ..NewTask::new(store.draw(Shard::FIRST), kind("bench"), *b"{}")
    };
    let tasks = (0..shape.tasks()).map(task).collect();
    NewFlow { id, name: None, tasks, parents: shape.parents.clone(), by: None, op: None }
}
