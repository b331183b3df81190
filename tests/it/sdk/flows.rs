//! Flows, through the client and the workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use baton::worker::{State, Task, TaskError};
use baton::{Filter, FlowState, FlowTask, OnParentFailure, Status};
use futures_util::TryStreamExt;

use super::{House, Order};

type Broken = Arc<AtomicBool>;

/// Orders with an odd number fail while the truck is broken.
async fn ship(task: Task<Order>, State(broken): State<Broken>) -> Result<u64, TaskError> {
    match broken.load(Ordering::Relaxed) && task.payload.number % 2 == 1 {
        true => Err(TaskError::fail("the truck is broken")),
        false => Ok(task.payload.number),
    }
}

fn order(name: &str, number: u64, parents: &[&str]) -> FlowTask {
    FlowTask::new(name, Order::new(number)).after(parents)
}

#[tokio::test]
async fn a_flow_is_submitted_held_rerun_and_completed() {
    let house = House::open().await;
    let client = &house.client;
    let broken = Broken::new(AtomicBool::new(true));
    let worker = house.worker(|worker| worker.state(Arc::clone(&broken)).handle(ship));
    // Children first: a flow is sorted by the gateway.
    let flow = client
        .flow()
        .name("orders")
        .task(order("last", 4, &["odd", "even"]))
        .task(order("odd", 1, &["first"]))
        .task(order("even", 2, &["first"]))
        .task(order("first", 0, &[]))
        .task(order("spare", 6, &["odd"]).on_parent_failure(OnParentFailure::Run))
        .await
        .unwrap();
    assert!(flow.created);
    assert_eq!((flow.flow.tasks, flow.flow.edges, flow.refs.len()), (5, 5, 5));
    let held = flow.wait().await.unwrap();
    assert_eq!((held.state, held.counts["blocked"], held.counts["failed"]), (FlowState::Held, 1, 1));
    assert_eq!(flow.result::<Order>("spare").await.unwrap(), 6);
    let graph = flow.graph().await.unwrap();
    assert_eq!((graph.nodes.len(), graph.edges.len(), graph.truncated), (5, 5, false));
    broken.store(false, Ordering::Relaxed);
    flow.rerun("the truck is mended").await.unwrap();
    assert_eq!(flow.wait().await.unwrap().state, FlowState::Completed);
    assert_eq!(flow.result::<Order>("last").await.unwrap(), 4);
    let names: Vec<String> = flow.tasks().map_ok(|task| task.name.unwrap()).try_collect().await.unwrap();
    assert_eq!((names.first().map(String::as_str), names.len()), (Some("first"), 5), "parents first");
    let joined =
        client.submit(Order::new(8)).after([flow.task("last").unwrap()]).flow(flow.id()).await.unwrap();
    assert_eq!(joined.result().await.unwrap(), 8);
    assert_eq!(client.get_flow(flow.id()).await.unwrap().tasks, 6);
    let flows: Vec<_> = client.flows().map_ok(|flow| flow.id).try_collect().await.unwrap();
    assert_eq!(flows, [flow.id()]);
    worker.end().await;
    house.close().await;
}

#[tokio::test]
async fn edges_are_made_taken_back_and_refused() {
    let house = House::open().await;
    let client = &house.client;
    let flow =
        client.flow().task(order("a", 1, &[])).task(order("b", 2, &[])).idempotency_key("two").await.unwrap();
    let (a, b) = (flow.task("a").unwrap(), flow.task("b").unwrap());
    assert_eq!(client.link(b, a).await.unwrap().status, Status::Blocked);
    assert_eq!(client.link(a, b).await.unwrap_err().code(), "dependency_cycle");
    let graph = client.task_graph(b).await.unwrap();
    assert_eq!((graph.focus, graph.edges.len()), (Some(b), 1));
    assert_eq!(client.unlink(b, a).await.unwrap().status, Status::Pending);
    let again = client.flow().task(order("a", 1, &[])).task(order("b", 2, &[])).idempotency_key("two").await;
    let again = again.unwrap();
    assert_eq!((again.id(), again.created, again.refs), (flow.id(), false, flow.refs.clone()));
    flow.cancel("no longer wanted").await.unwrap();
    assert_eq!(flow.wait().await.unwrap().state, FlowState::Cancelled);
    let filter = Filter::new().flow(flow.id()).status(Status::Cancelled);
    let cancelled: Vec<_> = client.list(filter).map_ok(|task| task.reason).try_collect().await.unwrap();
    assert_eq!(cancelled, vec![Some("no longer wanted".to_owned()); 2]);
    house.close().await;
}

#[tokio::test]
async fn every_mistake_is_in_the_answer() {
    let house = House::open().await;
    let flow = house.client.flow().task(order("a", 1, &["nobody"])).task(order("a", 2, &[]).priority(12));
    let error = flow.await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("validation", Some(422)));
    let baton::Error::Problem(problem) = error else { panic!("no problem") };
    let pointers: Vec<&str> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
    for pointer in ["/tasks/0/parents/0", "/tasks/1/ref", "/tasks/1/priority"] {
        assert!(pointers.contains(&pointer), "{pointers:?}");
    }
    assert_eq!(house.client.flow_page(1, None).await.unwrap().flows, []);
    house.close().await;
}
