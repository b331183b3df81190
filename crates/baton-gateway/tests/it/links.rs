//! Tasks that wait for others without a flow: named when they are submitted, or linked afterwards.

use serde_json::json;

use crate::support::{Gateway, post};

#[tokio::test]
async fn a_task_can_wait_for_others_from_its_beginning() {
    let gateway = Gateway::with_shards(3).await;
    let worker = gateway.worker(1).await;
    let first = gateway.submit("a").await;
    let child = json!({ "kind": "b", "parents": [first], "on_parent_failure": "run", "key": "k" });
    let child = gateway.submit_with(child).await;
    assert_eq!(child[33..], first[33..], "a task lies in the shard of its parents");
    let task = gateway.task(&child).await;
    assert_eq!((&task["status"], &task["open_parents"]), (&json!("blocked"), &json!(1)));
    assert_eq!((&task["parents"], &task["on_parent_failure"]), (&json!(1), &json!("run")));
    assert_eq!(gateway.task(&first).await["children"], 1);
    gateway.fail(&worker, &first).await;
    assert_eq!(gateway.task(&child).await["status"], "pending");
}

#[tokio::test]
async fn a_task_can_join_a_flow() {
    let gateway = Gateway::with_shards(3).await;
    let (flow, refs) = gateway.submit_flow(json!({ "tasks": [{ "ref": "a", "kind": "x" }] })).await;
    let alone = gateway.submit_with(json!({ "kind": "y", "flow": flow })).await;
    let child =
        gateway.submit_with(json!({ "kind": "z", "flow": flow, "parents": [refs["a"], alone] })).await;
    assert_eq!(gateway.task(&child).await["flow"], json!(flow));
    let read = gateway.get(&format!("/api/v1/flows/{flow}")).await.json();
    assert_eq!((&read["tasks"], &read["edges"]), (&json!(3), &json!(2)));
    let listed = gateway.get(&format!("/api/v1/tasks?flow={flow}")).await.json();
    assert_eq!(listed["tasks"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn parents_that_cannot_be_are_refused() {
    let gateway = Gateway::with_shards(2).await;
    let mut tasks = vec![gateway.submit("a").await];
    while tasks.last().unwrap()[33..] == tasks[0][33..] || tasks.len() < 2 {
        tasks.push(gateway.submit("a").await);
    }
    let (here, there) = (&tasks[0], tasks.last().unwrap());
    let unknown = format!("01a1fc29-8a56-7000-ba14-c38b1cfc4{}", &here[33..]);
    let nowhere = "01a1fc29-8a56-7000-ba14-c38b1cfc4fff";
    let before = gateway.snapshot().await;
    for (body, code, pointer) in [
        (json!({ "kind": "b", "parents": [here, there] }), "cross_shard_link", "/parents/1"),
        (json!({ "kind": "b", "parents": [here, unknown] }), "dependency_missing", "/parents/1"),
        (json!({ "kind": "b", "parents": [nowhere] }), "dependency_missing", "/parents/0"),
        (json!({ "kind": "b", "flow": unknown }), "unknown_flow", "/flow"),
        (json!({ "kind": "b", "flow": nowhere }), "unknown_flow", "/flow"),
        (json!({ "kind": "b", "flow": nowhere, "parents": [here] }), "cross_shard_link", "/flow"),
    ] {
        let answer = gateway.post("/api/v1/tasks", body.clone()).await;
        assert_eq!(
            (answer.problem().1.as_str(), answer.pointers()),
            (code, vec![pointer.to_owned()]),
            "{body}"
        );
        let batch = gateway.post("/api/v1/tasks/batch", json!({ "tasks": [body] })).await.json();
        assert_eq!(batch["tasks"][0]["problem"]["code"], code);
    }
    for (body, pointer) in [
        (json!({ "kind": "b", "parents": [here, here] }), "/parents/1"),
        (json!({ "kind": "b", "parents": [here, "x"] }), "/parents/1"),
        (json!({ "kind": "b", "parents": vec![here; 101] }), "/parents"),
        (json!({ "kind": "b", "on_parent_failure": "stop" }), "/on_parent_failure"),
        (json!({ "kind": "b", "flow": "nightly" }), "/flow"),
        (json!({ "kind": "b", "ref": "b" }), "/ref"),
    ] {
        assert_eq!(gateway.post("/api/v1/tasks", body.clone()).await.pointers(), [pointer], "{body}");
    }
    assert_eq!(gateway.snapshot().await, before);
}

#[tokio::test]
async fn an_edge_is_added_and_taken_away() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (parent, child) = (gateway.submit("a").await, gateway.submit("b").await);
    let path = |verb: &str| format!("/api/v1/tasks/{child}/{verb}");
    let (link, edge) = (path("link"), json!({ "parent": parent }));
    let linked = gateway.ask(post(&link, &edge).with("idempotency-key", "l-1")).await;
    assert_eq!((linked.status.as_u16(), linked.header("etag")), (200, "\"2\""), "{}", linked.text());
    assert_eq!((&linked.json()["status"], &linked.json()["open_parents"]), (&json!("blocked"), &json!(1)));
    let again = gateway.ask_another(post(&link, &edge).with("idempotency-key", "l-1")).await;
    assert_eq!((again.header("idempotency-replayed"), again.json()), ("true", linked.json()));
    assert_eq!(gateway.post(&link, edge.clone()).await.json()["version"], 2);

    let unlinked = gateway.post(&path("unlink"), edge.clone()).await.json();
    assert_eq!((&unlinked["status"], unlinked.get("parents")), (&json!("pending"), None));
    assert_eq!(gateway.post(&path("unlink"), edge.clone()).await.json()["version"], unlinked["version"]);
    // A parent that has completed lets it go on.
    gateway.complete(&worker, &parent, json!(1)).await;
    let closed = gateway.post(&link, edge).await.json();
    assert_eq!((&closed["status"], &closed["parents"]), (&json!("pending"), &json!(1)));
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn edges_that_cannot_be_are_refused() {
    let gateway = Gateway::with_shards(2).await;
    let worker = gateway.worker(1).await;
    let (_, refs) = gateway
        .submit_flow(json!({ "tasks": [
            { "ref": "a", "kind": "x" },
            { "ref": "b", "kind": "x", "parents": ["a"] },
            { "ref": "c", "kind": "x", "parents": ["b"] },
        ] }))
        .await;
    let shard = &refs["a"][33..];
    let mut other = gateway.submit("y").await;
    while &other[33..] == shard {
        other = gateway.submit("y").await;
    }
    let unknown = format!("01a1fc29-8a56-7000-ba14-c38b1cfc4{shard}");
    let refused = async |child: &str, parent: &str| {
        let answer = gateway.post(&format!("/api/v1/tasks/{child}/link"), json!({ "parent": parent })).await;
        // What is unknown, or has started, is the task in the path; all else is about its parent.
        let at = if answer.status == 422 { vec!["/parent".to_owned()] } else { vec![] };
        assert_eq!(answer.pointers(), at, "{}", answer.text());
        (answer.problem(), answer.json()["detail"].as_str().unwrap().to_owned())
    };
    let no = |status: u16, code: &str| (status, code.to_owned());
    let before = gateway.snapshot().await;
    assert_eq!(refused(&refs["a"], &unknown).await.0, no(422, "dependency_missing"));
    assert_eq!(refused(&unknown, &refs["a"]).await.0, no(404, "unknown_task"));
    assert_eq!(refused(&refs["a"], &other).await.0, no(422, "cross_shard_link"));
    let (problem, detail) = refused(&refs["a"], &refs["c"]).await;
    assert_eq!(problem, no(422, "dependency_cycle"));
    let way = ["a", "b", "c", "a"].map(|name| refs[name].as_str()).join(" → ");
    assert!(detail.contains(&way), "{detail}");
    assert_eq!(refused(&refs["b"], &refs["b"]).await.0, no(422, "dependency_cycle"));
    assert_eq!(gateway.snapshot().await, before);

    gateway.take(&worker, &refs["a"]).await;
    let (problem, detail) = refused(&refs["a"], &unknown).await;
    assert_eq!(problem, no(422, "dependency_missing"), "{detail}");
    let (_, free) = gateway.submit_flow(json!({ "tasks": [{ "ref": "f", "kind": "x" }] })).await;
    if free["f"][33..] == *shard {
        let (problem, detail) = refused(&refs["a"], &free["f"]).await;
        assert_eq!(problem, no(409, "conflict"));
        assert!(detail.contains("is running"), "{detail}");
    }
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "parent": "x" }), "/parent"),
        (json!({ "parent": refs["a"], "child": refs["b"] }), "/child"),
    ] {
        let path = format!("/api/v1/tasks/{}/link", refs["c"]);
        assert_eq!(gateway.post(&path, body.clone()).await.pointers(), [pointer], "{body}");
        let path = format!("/api/v1/tasks/{}/unlink", refs["c"]);
        assert_eq!(gateway.post(&path, body.clone()).await.pointers(), [pointer], "{body}");
    }
    let path = format!("/api/v1/tasks/{unknown}/unlink");
    assert_eq!(gateway.post(&path, json!({ "parent": refs["a"] })).await.problem().1, "unknown_task");
}

#[tokio::test]
async fn a_task_that_runs_or_has_ended_waits_for_nobody() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (parent, child) = (gateway.submit("a").await, gateway.submit("b").await);
    let path = format!("/api/v1/tasks/{child}/link");
    let fence = gateway.take(&worker, &child).await["fence"].clone();
    let running = gateway.post(&path, json!({ "parent": parent })).await;
    assert_eq!(running.problem(), (409, "conflict".to_owned()));
    assert!(running.json()["detail"].as_str().unwrap().contains("is running"));
    let done = json!({ "worker": worker, "fence": fence });
    gateway.post(&format!("/api/v1/leases/{child}/complete"), done).await;
    let ended = gateway.post(&path, json!({ "parent": parent })).await;
    assert_eq!(ended.problem(), (409, "conflict".to_owned()));
}

/// The end of a task with thousands of children takes longer to be passed on than one call.
#[tokio::test]
async fn a_rerun_waits_until_the_end_is_passed_on() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let mut tasks = vec![json!({ "ref": "a", "kind": "x" })];
    tasks.extend((0..2_000).map(|_| json!({ "kind": "y", "parents": ["a"] })));
    let (_, refs) = gateway.submit_flow(json!({ "tasks": tasks })).await;
    gateway.fail(&worker, &refs["a"]).await;
    let path = format!("/api/v1/tasks/{}/rerun", refs["a"]);
    let early = gateway.post(&path, json!({})).await;
    assert_eq!((early.problem(), early.header("retry-after")), ((409, "conflict".to_owned()), "1"));
    assert!(early.json()["detail"].as_str().unwrap().contains("is failed"), "{}", early.text());
    gateway.pass_on().await;
    assert_eq!(gateway.post(&path, json!({})).await.json()["status"], "pending");
    gateway.assert_invariants().await;
}
