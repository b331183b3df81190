//! The scripts that know of edges, at their largest.

use baton_core::{FlowId, Kind, OnParentFailure, QueueName, Shard, TaskId, limits};
use baton_store::calls::Pair;
use baton_store::calls::flow::{Begin, NewFlow};
use baton_store::calls::task::{Cancel, EdgesOf, Link, NewTask, Outcome, Side};

use super::{Bench, FAR_MS, ROUNDS};

/// A graph in a queue of its own. All of it lies in the future: nobody claims it.
struct Shape {
    parents: Vec<Vec<u32>>,
    policy: OnParentFailure,
    queue: QueueName,
    later: bool,
}

impl Shape {
    fn new(parents: Vec<Vec<u32>>) -> Shape {
        Shape { parents, policy: OnParentFailure::Hold, queue: QueueName::default(), later: true }
    }

    /// So many tasks that wait for each of so many others.
    fn layers(above: u32, below: u32) -> Shape {
        let parents = |at: u32| if at < above { Vec::new() } else { (1..=above).collect() };
        Shape::new((0..above + below).map(parents).collect())
    }

    fn chain(length: u32) -> Shape {
        Shape::new((0..length).map(|at| if at == 0 { Vec::new() } else { vec![at] }).collect())
    }

    async fn submit(&self, bench: &Bench) -> FlowId {
        let id = bench.store.draw_flow(Shard::FIRST);
        let task = |position: usize| NewTask {
            queue: self.queue.clone(),
            on_parent_failure: self.policy,
            run_at_ms: self.later.then_some(FAR_MS),
            ..NewTask::new(id.task(position as u32), Kind::new("bench").unwrap(), vec![b'x'; 100])
        };
        let tasks = (1..=self.parents.len()).map(task).collect();
        let flow = NewFlow { id, name: None, tasks, parents: self.parents.clone(), by: None, op: None };
        bench.store.submit_flow(&flow).await.unwrap();
        id
    }
}

pub(super) async fn measure(bench: &Bench) {
    measure_submits(bench).await;
    measure_ends(bench).await;
    measure_settling(bench).await;
    measure_flows(bench).await;
    measure_links(bench).await;
    measure_readers(bench).await;
}

async fn measure_submits(bench: &Bench) {
    // 97 tasks and 96 edges behind one another, and 204 more edges.
    let mut small = Shape::chain(100);
    for at in 60..100_u32 {
        small.parents[at as usize].extend(1..=5);
    }
    bench
        .measure("flow/submit, a flow of 100 tasks and 300 edges", async |_| {
            small.submit(bench).await;
        })
        .await;
    let many = Shape::layers(1, 999);
    bench
        .measure("flow/submit, pieces of 100 tasks and their edges", async |_| {
            many.submit(bench).await;
        })
        .await;
    let dense = Shape::layers(100, 100);
    bench
        .measure("flow/submit, pieces of 600 edges", async |_| {
            dense.submit(bench).await;
        })
        .await;
    bench
        .measure("shard/cascade, laying out", async |_| {
            many.submit(bench).await;
        })
        .await;
}

async fn end(bench: &Bench, task: TaskId) {
    let ask = Cancel { tasks: &[task], by: None, reason: "bench", op: None };
    bench.store.cancel(Shard::FIRST, &ask).await.unwrap();
    pass_on(bench).await;
}

async fn pass_on(bench: &Bench) {
    while bench.store.cascade(Shard::FIRST).await.unwrap() {}
}

/// The end of one task that a thousand wait for, by each policy; and of one whose edges are counted down only.
async fn measure_ends(bench: &Bench) {
    for (policy, name) in [
        (OnParentFailure::Hold, "shard/cascade, parking children"),
        (OnParentFailure::Cancel, "shard/cascade, cancelling children"),
        (OnParentFailure::Run, "shard/cascade, letting children go"),
    ] {
        let mut flows = Vec::new();
        for _ in 0..ROUNDS {
            flows.push(Shape { policy, ..Shape::layers(1, 1_000) }.submit(bench).await);
        }
        bench.measure(name, async |round| end(bench, flows[round].task(1)).await).await;
    }
    let mut flows = Vec::new();
    for _ in 0..ROUNDS {
        flows.push(Shape { policy: OnParentFailure::Run, ..Shape::layers(2, 1_000) }.submit(bench).await);
    }
    bench.measure("shard/cascade, counting down", async |round| end(bench, flows[round].task(1)).await).await;
    let chain = Shape { policy: OnParentFailure::Cancel, ..Shape::chain(1_000) };
    bench
        .measure("shard/cascade, cancelling a chain", async |_| {
            let flow = chain.submit(bench).await;
            end(bench, flow.task(1)).await;
        })
        .await;
}

/// A hundred reports at once, each of a task that others wait for, and a claim behind them.
async fn measure_settling(bench: &Bench) {
    let queue = QueueName::new("parents").unwrap();
    let (parents, children) = (100_u32, 900_u32);
    let mut held: Vec<Vec<Pair>> = Vec::new();
    for round in 0..ROUNDS as u64 {
        let mut shape = Shape::new(vec![Vec::new(); (parents + children) as usize]);
        for at in 0..children {
            shape.parents[(parents + at) as usize] = vec![at % parents + 1];
        }
        let shape = Shape { queue: queue.clone(), later: false, ..shape };
        shape.submit(bench).await;
        let grants =
            bench.claim_of(600 + round, std::slice::from_ref(&queue), limits::CLAIM_TASKS_MAX, &[]).await;
        held.push(grants.iter().map(baton_store::calls::task::Grant::pair).collect());
    }
    let completed = Outcome::Complete { result: vec![b'r'; 1_000] };
    bench
        .measure("task/settle, 100 completed that others wait for, more claimed", async |round| {
            drop(bench.settle(600 + round as u64, &queue, &held[round], &completed).await)
        })
        .await;
    pass_on(bench).await;
}

async fn measure_flows(bench: &Bench) {
    let shape = Shape::layers(10, 500);
    let mut flows = Vec::new();
    for _ in 0..ROUNDS {
        flows.push(shape.submit(bench).await);
    }
    let begin = |flow| Begin { flow, by: None, reason: "bench", op: None };
    bench
        .measure("shard/cascade, cancelling a flow", async |round| {
            bench.store.cancel_flow(&begin(flows[round])).await.unwrap();
            pass_on(bench).await;
        })
        .await;
    bench
        .measure("shard/cascade, rerunning a flow", async |round| {
            bench.store.rerun_flow(&begin(flows[round])).await.unwrap();
            pass_on(bench).await;
        })
        .await;
}

/// An edge between two long chains: the search for a circle goes to its limit.
async fn measure_links(bench: &Bench) {
    let long = Shape::chain(limits::GRAPH_LOOKS_MAX as u32);
    let (above, below) = (long.submit(bench).await, long.submit(bench).await);
    let (parent, child) = (above.task(limits::GRAPH_LOOKS_MAX as u32), below.task(1));
    bench
        .measure("task/link, a search to its limit", async |_| {
            drop(bench.store.link(&Link { parent, child, by: None, op: None }).await.unwrap())
        })
        .await;
}

async fn measure_readers(bench: &Bench) {
    let flow = Shape::layers(100, 100).submit(bench).await;
    bench
        .measure("flow/tasks, 100 tasks and 1,000 edges", async |_| {
            drop(bench.store.flow_tasks(flow, 0, limits::PAGE_MAX, limits::EDGES_PAGE_MAX).await.unwrap())
        })
        .await;
    let of = |only_open| EdgesOf {
        task: flow.task(150),
        side: Side::Parents,
        first: 0,
        limit: limits::PAGE_MAX,
        only_open,
    };
    bench
        .measure("task/edges, 100 parents", async |_| drop(bench.store.edges(of(true)).await.unwrap()))
        .await;
    let gathering = Shape::layers(1_000, 1).submit(bench).await;
    bench
        .measure("task/parents, a page of 500", async |_| {
            drop(bench.store.parents(gathering.task(1_001)).await.unwrap())
        })
        .await;
}
