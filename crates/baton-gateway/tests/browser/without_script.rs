//! A browser that runs no scripts: reading and acting work all the same.

use serde_json::json;

use crate::driver::{Browser, Look};
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_found_read_and_cancelled() {
    let scene = Scene::empty().await;
    let id = scene.submit(json!({ "kind": "echo", "payload": { "hi": 1 } })).await;
    let browser = Browser::start(Look { script: false, ..Look::default() }).await;
    browser.open(&scene.url("/")).await;
    browser.click("nav a[data-key=t]").await;
    browser.press("#q", "kind:echo\u{e007}").await;
    browser.until_at("q=kind").await;
    browser.click(&format!("#task-{id} a.id")).await;
    assert_eq!(browser.text("#payload").await, "{\"hi\":1}");
    browser.click(".head a.danger").await;
    browser.press("input[name=reason]", "no longer wanted").await;
    browser.click("main button.danger").await;
    assert!(browser.text(".head").await.contains("cancelled"));
    assert!(browser.text(".why").await.contains("no longer wanted"));
    assert_eq!(scene.get(&format!("/api/v1/tasks/{id}")).await["status"], "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_is_looked_at_and_cancelled() {
    let scene = Scene::empty().await;
    let tasks = json!([{ "ref": "extract", "kind": "echo" }, { "ref": "load", "kind": "echo", "parents": ["extract"] }]);
    let flow = scene.post("/api/v1/flows", json!({ "name": "nightly", "tasks": tasks })).await;
    let (id, task) = (flow["id"].as_str().unwrap(), flow["refs"]["load"].as_str().unwrap());
    let browser = Browser::start(Look { script: false, ..Look::default() }).await;
    browser.open(&scene.url("/ui/flows")).await;
    browser.click(&format!("#flow-{id} a")).await;
    browser.click(&format!("a.node[href*='{task}']")).await;
    assert!(browser.text("#panel").await.contains("load"));
    browser.click("noscript a").await;
    assert!(browser.text(&format!("#task-{task}")).await.contains("extract"));
    browser.click(".head a.danger").await;
    assert!(browser.text("main").await.contains("2 of its 2 tasks."));
    browser.click("main button.danger").await;
    browser.find(".head .status").await;
    // It has begun, and goes on by itself where there are workers.
    let flow = scene.get(&format!("/api/v1/flows/{id}")).await;
    assert!(flow["doing"] == "cancel" || flow["state"] == "cancelled", "{flow}");
}
