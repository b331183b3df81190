//! Why a blocked task does not run.

use serde_json::{Value, json};

use crate::support::Gateway;

async fn explain(gateway: &Gateway, id: &str) -> Value {
    let answer = gateway.get(&format!("/api/v1/tasks/{id}/explain")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Many parents and one child.
async fn fan_in(gateway: &Gateway, count: usize) -> (Vec<String>, String) {
    let names: Vec<String> = (0..count).map(|n| format!("p{n:03}")).collect();
    let mut tasks: Vec<Value> = names.iter().map(|name| json!({ "ref": name, "kind": "x" })).collect();
    tasks.push(json!({ "ref": "child", "kind": "y", "parents": names }));
    let (_, refs) = gateway.submit_flow(json!({ "tasks": tasks })).await;
    (names.iter().map(|name| refs[name].clone()).collect(), refs["child"].clone())
}

#[tokio::test]
async fn the_parents_are_named_with_who_runs_them() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let other = gateway.worker(2).await;
    let (parents, child) = fan_in(&gateway, 5).await;
    gateway.take(&worker, &parents[0]).await;
    let said = explain(&gateway, &child).await;
    assert_eq!(
        (&said["code"], &said["status"], said.get("action")),
        (&json!("parents_open"), &json!("blocked"), None)
    );
    let expected = format!(
        "It waits for {} (p000, running on {worker}), {} (p001, pending), {} (p002, pending) and 2 more.",
        parents[0], parents[1], parents[2]
    );
    assert_eq!(said["sentence"], expected);
    for parent in &parents[1..4] {
        gateway.complete(&other, parent, json!(1)).await;
    }
    let said = explain(&gateway, &child).await;
    let expected = format!(
        "It waits for {} (p000, running on {worker}) and {} (p004, pending).",
        parents[0], parents[4]
    );
    assert_eq!(said["sentence"], expected);
    gateway.complete(&other, &parents[4], json!(1)).await;
    let said = explain(&gateway, &child).await;
    assert_eq!(said["sentence"], format!("It waits for {} (p000, running on {worker}).", parents[0]));
}

#[tokio::test]
async fn a_parent_that_failed_is_the_thing_to_say() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (parents, child) = fan_in(&gateway, 3).await;
    gateway.fail(&worker, &parents[1]).await;
    let said = explain(&gateway, &child).await;
    let sentence = format!(
        "Its parent {} (p001) ended failed, and its policy is hold. It waits for 2 more besides.",
        parents[1]
    );
    assert_eq!((&said["code"], &said["sentence"]), (&json!("parent_failed"), &json!(sentence)));
    assert_eq!(said["action"], format!("baton task rerun {}", parents[1]));
    gateway.post(&format!("/api/v1/tasks/{}/rerun", parents[1]), json!({})).await;
    assert_eq!(explain(&gateway, &child).await["code"], "parents_open");
    for parent in &parents {
        gateway.complete(&worker, parent, json!(1)).await;
    }
    assert_eq!(explain(&gateway, &child).await["code"], "waiting");
}

#[tokio::test]
async fn a_parent_without_a_name_is_called_by_its_id() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let parent = gateway.submit("a").await;
    let child = gateway.submit_with(json!({ "kind": "b", "parents": [parent] })).await;
    let grandchild = gateway.submit_with(json!({ "kind": "c", "parents": [child] })).await;
    assert_eq!(explain(&gateway, &child).await["sentence"], format!("It waits for {parent} (pending)."));
    assert_eq!(explain(&gateway, &grandchild).await["sentence"], format!("It waits for {child} (blocked)."));
    gateway.fail(&worker, &parent).await;
    let sentence = format!("Its parent {parent} ended failed, and its policy is hold.");
    assert_eq!(explain(&gateway, &child).await["sentence"], sentence);
}

/// The end of the parent is known, and on its way to the last of its children.
#[tokio::test]
async fn an_end_that_is_on_its_way_is_said() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let mut tasks = vec![json!({ "ref": "a", "kind": "x" })];
    tasks.extend((0..2_000).map(|n| json!({ "ref": format!("c{n}"), "kind": "y", "parents": ["a"] })));
    let (_, refs) = gateway.submit_flow(json!({ "tasks": tasks })).await;
    gateway.complete(&worker, &refs["a"], json!(1)).await;
    let said = explain(&gateway, &refs["c1999"]).await;
    assert_eq!(said["sentence"], format!("It waits for {} (a, completed).", refs["a"]));
    gateway.pass_on().await;
    assert_eq!(explain(&gateway, &refs["c1999"]).await["code"], "waiting");
}

/// Thousands of parents of which only the last has not completed: the search for it has an end.
#[tokio::test]
async fn a_long_list_of_parents_is_looked_through() {
    let gateway = Gateway::start().await;
    let (parents, child) = fan_in(&gateway, 2_500).await;
    let said = explain(&gateway, &child).await;
    let sentence = said["sentence"].as_str().unwrap();
    assert!(sentence.starts_with(&format!("It waits for {} (p000, pending), ", parents[0])), "{sentence}");
    let end = "and 2497 more. Not all of its 2500 parents were looked at.";
    assert!(sentence.ends_with(end), "{sentence}");
}
