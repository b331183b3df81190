//! What happens is seen on a page that is open, and what its reader does there is left alone.

use serde_json::{Value, json};

use crate::driver::{Browser, Look};
use crate::scene::Scene;

async fn tasks_page(scene: &Scene) -> Browser {
    let browser = Browser::start(Look::default()).await;
    browser.open(&scene.url("/ui/tasks")).await;
    browser.until("document.getElementById('feed')?.textContent === 'live'").await;
    browser
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_task_appears_and_a_cancelled_one_says_so() {
    let scene = Scene::empty().await;
    let browser = tasks_page(&scene).await;
    let id = scene.submit(json!({ "kind": "echo" })).await;
    let row = format!("document.getElementById('task-{id}')");
    browser.until(&row).await;
    browser.until("document.querySelector('.bar [data-count=pending]').textContent === '1'").await;
    scene.post(&format!("/api/v1/tasks/{id}/cancel"), json!({})).await;
    browser.until(&format!("{row}.querySelector('.status.cancelled')")).await;
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_ticked_and_where_one_is_survive_an_update() {
    let scene = Scene::empty().await;
    let first = scene.submit(json!({ "kind": "echo" })).await;
    let browser = tasks_page(&scene).await;
    browser.click(&format!("#task-{first} input")).await;
    browser.until(&format!("document.querySelector('#task-{first} input').checked")).await;
    browser.run(&format!("document.querySelector('#task-{first} a').focus()")).await;
    let second = scene.submit(json!({ "kind": "echo" })).await;
    browser.until(&format!("document.getElementById('task-{second}')")).await;
    browser.until(&format!("document.querySelector('#task-{first} input').checked")).await;
    browser.until(&format!("document.activeElement.closest('tr')?.id === 'task-{first}'")).await;
}

/// A row that leaves a page would otherwise push every later one out of its place, and whoever stands there out of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_one_is_survives_that_a_row_above_leaves() {
    let scene = Scene::empty().await;
    for _ in 0..3 {
        scene.submit(json!({ "kind": "echo" })).await;
    }
    let browser = Browser::start(Look::default()).await;
    browser.open(&scene.url("/ui/tasks?status=pending")).await;
    browser.until("document.getElementById('feed')?.textContent === 'live'").await;
    let rows =
        browser.run("return [...document.querySelectorAll('.rows tbody tr')].map((row) => row.id)").await;
    let (above, here) = (rows[0].as_str().unwrap().to_owned(), rows[1].as_str().unwrap().to_owned());
    browser
        .run(&format!(
            "const link = document.querySelector('#{here} a'); window.blurred = 0; link.focus(); \
             link.addEventListener('blur', () => {{ window.blurred += 1; }});"
        ))
        .await;
    let gone = above.trim_start_matches("task-");
    scene.post(&format!("/api/v1/tasks/{gone}/cancel"), json!({})).await;
    browser.until(&format!("!document.getElementById('{above}')")).await;
    browser.until(&format!("document.activeElement.closest('tr')?.id === '{here}'")).await;
    assert_eq!(browser.run("return window.blurred").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_paused_stands_still_until_it_goes_on() {
    let scene = Scene::empty().await;
    let (browser, witness) = (tasks_page(&scene).await, tasks_page(&scene).await);
    browser.click("#pause").await;
    browser.until("document.getElementById('feed').textContent === 'paused'").await;
    // It is remembered by the next page, too.
    browser.open(&scene.url("/ui/tasks")).await;
    browser.until("document.getElementById('feed').textContent === 'paused'").await;
    let id = scene.submit(json!({ "kind": "echo" })).await;
    // By then it would have been seen here, too.
    witness.until(&format!("document.getElementById('task-{id}')")).await;
    let asked =
        "performance.getEntriesByType('resource').filter((entry) => entry.initiatorType === 'fetch').length";
    assert_eq!(browser.run(&format!("return {asked}")).await, 0);
    assert_eq!(browser.run(&format!("return document.getElementById('task-{id}')")).await, Value::Null);
    browser.click("#pause").await;
    browser.until(&format!("document.getElementById('task-{id}')")).await;
    // The switch is one for all tabs: this is how a browser tells of another one's.
    browser
        .run(
            "localStorage.setItem('baton-paused', '1'); \
             window.dispatchEvent(new StorageEvent('storage', { key: 'baton-paused' }));",
        )
        .await;
    browser.until("document.getElementById('feed').textContent === 'paused'").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_move_through_rows_and_pages() {
    let scene = Scene::empty().await;
    let id = scene.submit(json!({ "kind": "echo" })).await;
    let browser = tasks_page(&scene).await;
    browser.press("body", "jx").await;
    browser.until(&format!("document.querySelector('#task-{id} input').checked")).await;
    browser.press("body", "gq").await;
    browser.until("location.pathname === '/ui/queues'").await;
}
