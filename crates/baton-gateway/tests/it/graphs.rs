//! Graphs as they are drawn: of a flow, and around a task.

use std::collections::BTreeMap;

use baton_api::flow::{EdgeState, Graph};
use serde_json::json;

use crate::support::Gateway;

async fn graph(gateway: &Gateway, path: &str) -> Graph {
    let answer = gateway.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}

/// The edges by the refs of their tasks.
fn edges(graph: &Graph, refs: &BTreeMap<String, String>) -> Vec<(String, EdgeState)> {
    let name = |id: String| refs.iter().find(|(_, known)| **known == id).unwrap().0.clone();
    let each = graph.edges.iter();
    let named = each.map(|edge| {
        (format!("{}-{}", name(edge.parent.to_string()), name(edge.child.to_string())), edge.state)
    });
    let mut named: Vec<_> = named.collect();
    named.sort_by(|one, other| one.0.cmp(&other.0));
    named
}

/// Every box lies within, below its parents, and on no other one.
fn assert_drawn(graph: &Graph) {
    let at: BTreeMap<_, _> = graph.nodes.iter().map(|node| (node.id, node)).collect();
    for edge in &graph.edges {
        assert!(at[&edge.parent].layer < at[&edge.child].layer && at[&edge.parent].y < at[&edge.child].y);
    }
    for node in &graph.nodes {
        assert!(node.x + 80 <= graph.width && node.y + 20 <= graph.height);
        assert!((node.x, node.y) >= (80, 20));
    }
    let mut places: Vec<_> = graph.nodes.iter().map(|node| (node.y, node.x)).collect();
    places.sort_unstable();
    assert!(places.windows(2).all(|pair| pair[0].0 != pair[1].0 || pair[0].1 + 160 <= pair[1].1));
}

#[tokio::test]
async fn a_flow_is_drawn_with_the_states_of_its_edges() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (id, refs) = gateway
        .submit_flow(json!({ "tasks": [
            { "ref": "a", "kind": "x" },
            { "ref": "b", "kind": "x" },
            { "ref": "c", "kind": "x" },
            { "ref": "d", "kind": "y", "queue": "media", "parents": ["a", "b", "c"] },
            { "ref": "alone", "kind": "z" },
        ] }))
        .await;
    let path = format!("/api/v1/flows/{id}/graph");
    let before = graph(&gateway, &path).await;
    gateway.complete(&worker, &refs["a"], json!(1)).await;
    gateway.fail(&worker, &refs["b"]).await;
    // An edge to a task of elsewhere is not the flow's.
    gateway.submit_with(json!({ "kind": "x", "parents": [refs["c"]] })).await;
    let drawn = graph(&gateway, &path).await;
    assert_drawn(&drawn);
    assert_eq!(
        edges(&drawn, &refs),
        [
            ("a-d".to_owned(), EdgeState::Closed),
            ("b-d".to_owned(), EdgeState::Held),
            ("c-d".to_owned(), EdgeState::Open),
        ]
    );
    assert_eq!((drawn.tasks, drawn.truncated, drawn.focus), (5, false, None));
    assert_eq!(drawn.flow.unwrap().to_string(), id);
    let last = drawn.nodes.iter().find(|node| node.name.as_deref() == Some("d")).unwrap();
    assert_eq!(
        (last.kind.clone(), last.queue.clone(), last.layer),
        ("y".parse().ok(), "media".parse().ok(), 1)
    );
    assert_eq!(last.status.as_str(), "blocked");
    // What happens to its tasks moves none of them.
    let places = |graph: &Graph| graph.nodes.iter().map(|node| (node.id, node.x, node.y)).collect::<Vec<_>>();
    assert_eq!(places(&before), places(&drawn));
    assert_eq!(graph(&gateway, &path).await, drawn);
}

#[tokio::test]
async fn the_edges_of_a_crowded_page_are_all_drawn() {
    let gateway = Gateway::start().await;
    let names: Vec<String> = (0..60).map(|n| format!("p{n}")).collect();
    let mut tasks: Vec<_> = names.iter().map(|name| json!({ "ref": name, "kind": "x" })).collect();
    tasks.extend((0..120).map(|_| json!({ "kind": "y", "parents": names })));
    let (id, _) = gateway.submit_flow(json!({ "tasks": tasks })).await;
    let drawn = graph(&gateway, &format!("/api/v1/flows/{id}/graph")).await;
    assert_drawn(&drawn);
    assert_eq!((drawn.nodes.len(), drawn.edges.len(), drawn.truncated), (180, 7_200, false));
}

#[tokio::test]
async fn more_edges_than_are_drawn_are_cut() {
    let gateway = Gateway::start().await;
    let names: Vec<String> = (0..101).map(|n| format!("p{n}")).collect();
    let mut tasks: Vec<_> = names.iter().map(|name| json!({ "ref": name, "kind": "x" })).collect();
    tasks.extend((0..200).map(|_| json!({ "kind": "y", "parents": names })));
    let (id, _) = gateway.submit_flow(json!({ "tasks": tasks })).await;
    let drawn = graph(&gateway, &format!("/api/v1/flows/{id}/graph")).await;
    assert_drawn(&drawn);
    assert!(drawn.truncated && drawn.edges.len() <= 20_000 && drawn.tasks == 301);
}

#[tokio::test]
async fn the_surroundings_of_a_task_are_drawn() {
    let gateway = Gateway::start().await;
    let name = |n: usize| format!("t{n}");
    let parents = |n: usize| n.checked_sub(1).map(|above| vec![name(above)]).unwrap_or_default();
    let tasks: Vec<_> =
        (0..300).map(|n| json!({ "ref": name(n), "kind": "x", "parents": parents(n) })).collect();
    let (_, refs) = gateway.submit_flow(json!({ "tasks": tasks })).await;
    let path = format!("/api/v1/tasks/{}/graph", refs["t150"]);
    let near = graph(&gateway, &format!("{path}?limit=5")).await;
    assert_drawn(&near);
    let mut names: Vec<_> = near.nodes.iter().map(|node| node.name.clone().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["t148", "t149", "t150", "t151", "t152"]);
    assert_eq!((near.edges.len(), near.truncated), (4, true));
    assert_eq!((near.focus.unwrap().to_string(), near.flow), (refs["t150"].clone(), None));
    assert_eq!(graph(&gateway, &path).await.nodes.len(), 100);
    let all = graph(&gateway, &format!("{path}?limit=500")).await;
    assert_eq!((all.nodes.len(), all.edges.len(), all.truncated), (300, 299, false));
    assert_drawn(&all);
    assert_eq!((all.width, all.tasks), (160, 300));
}

#[tokio::test]
async fn the_graph_of_a_task_alone_is_the_task() {
    let gateway = Gateway::start().await;
    let id = gateway.submit("noop").await;
    let drawn = graph(&gateway, &format!("/api/v1/tasks/{id}/graph")).await;
    assert_eq!((drawn.nodes.len(), drawn.width, drawn.height), (1, 160, 40));
    for wrong in ["limit=0", "limit=501", "depth=3"] {
        let answer = gateway.get(&format!("/api/v1/tasks/{id}/graph?{wrong}")).await;
        assert_eq!(answer.problem(), (422, "validation".to_owned()), "{wrong}");
    }
    let unknown = gateway.get("/api/v1/tasks/01a1fc29-8a56-7000-ba14-c38b1cfc4000/graph").await;
    assert_eq!(unknown.problem(), (404, "unknown_task".to_owned()));
}

#[tokio::test]
async fn around_a_task_no_more_edges_are_drawn_than_around_a_flow() {
    let gateway = Gateway::start().await;
    let task = |at: usize| {
        let parents: Vec<String> = (0..at).map(|parent| parent.to_string()).collect();
        json!({ "ref": at.to_string(), "kind": "x", "parents": parents })
    };
    let tasks: Vec<_> = (0..202).map(task).collect();
    let (_, refs) = gateway.submit_flow(json!({ "tasks": tasks })).await;
    let drawn = graph(&gateway, &format!("/api/v1/tasks/{}/graph?limit=500", refs["0"])).await;
    assert_eq!((drawn.nodes.len(), drawn.edges.len(), drawn.truncated), (202, 20_000, true));
}

#[tokio::test]
async fn a_graph_is_drawn_in_two_directions_and_its_name_follows_its_edges() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (id, refs) = gateway
        .submit_flow(json!({ "tasks": [
            { "ref": "a", "kind": "x" },
            { "ref": "b", "kind": "x", "parents": ["a"] },
            { "ref": "c", "kind": "x", "parents": ["b"] },
            { "ref": "alone", "kind": "z" },
        ] }))
        .await;
    let path = format!("/api/v1/flows/{id}/graph");
    let down = graph(&gateway, &path).await;
    let right = graph(&gateway, &format!("{path}?direction=right")).await;
    assert!(down.drawing != right.drawing && down.height > right.height);
    let at = |graph: &Graph, name: &str| {
        graph.nodes.iter().find(|node| node.name.as_deref() == Some(name)).cloned().unwrap()
    };
    assert!(at(&right, "a").x < at(&right, "b").x && at(&right, "a").y == at(&right, "b").y);
    let critical: Vec<String> = down.critical.iter().map(ToString::to_string).collect();
    assert_eq!(critical, [refs["a"].clone(), refs["b"].clone(), refs["c"].clone()]);
    gateway.complete(&worker, &refs["a"], json!(1)).await;
    let later = graph(&gateway, &path).await;
    assert_eq!(later.drawing, down.drawing);
    assert!(at(&later, "a").finished_at.is_some() && at(&later, "a").started_at.is_some());
    let linked =
        gateway.post(&format!("/api/v1/tasks/{}/link", refs["c"]), json!({ "parent": refs["alone"] })).await;
    assert!(linked.status.is_success(), "{}", linked.text());
    assert_ne!(graph(&gateway, &path).await.drawing, down.drawing);
    assert_eq!(gateway.get(&format!("{path}?direction=up")).await.pointers(), ["direction"]);
}
