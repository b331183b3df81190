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
