//! The log of a task, while it runs: long, searched, and followed.

use serde_json::{Value, json};

use crate::driver::{Browser, Look};
use crate::scene::Scene;

const WORKER: &str = "worker-001-log";

/// A task that runs and has said so many lines.
async fn talker(scene: &Scene, lines: usize) -> (String, Value) {
    scene.post("/api/v1/workers/register", json!({ "worker_id": WORKER, "queues": ["default"] })).await;
    let id = scene.submit(json!({ "kind": "echo" })).await;
    let held = scene.post(&format!("/api/v1/tasks/{id}/claim"), json!({ "worker": WORKER })).await;
    let held = json!({ "worker": WORKER, "fence": held["fence"] });
    let texts: Vec<String> = (1..=lines).map(|number| format!("line {number}")).collect();
    for some in texts.chunks(100) {
        say(scene, &id, &held, some).await;
    }
    (id, held)
}

async fn say(scene: &Scene, id: &str, held: &Value, texts: &[String]) {
    let mut body = held.clone();
    body["logs"] = texts.iter().map(|text| json!({ "level": "info", "text": text })).collect();
    scene.post(&format!("/api/v1/leases/{id}/logs"), body).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_log_is_followed_searched_and_stays_small_on_the_page() {
    let scene = Scene::empty().await;
    let (id, held) = talker(&scene, 9_000).await;
    let browser = Browser::start(Look::default()).await;
    browser.open(&scene.url(&format!("/ui/tasks/{id}"))).await;
    browser.until("document.getElementById('log-count')?.textContent === '9000 of 9000 lines'").await;
    let count = "return document.querySelectorAll('#log li').length";
    assert_eq!(browser.run(count).await, 300);
    let last = "document.querySelector('#log li:last-child .text').textContent";
    browser.until(&format!("{last} === 'line 9000'")).await;
    say(&scene, &id, &held, &["\u{202e}<b>new</b>".to_owned()]).await;
    browser.until(&format!("{last} === '\u{27e8}202E\u{27e9}<b>new</b>'")).await;
    // Whoever scrolls up stays where he is.
    let top = "document.querySelector('#log li .text').textContent";
    browser.run("document.getElementById('log').scrollTop = 0").await;
    browser.until("document.getElementById('log-follow').getAttribute('aria-pressed') === 'false'").await;
    browser.until(&format!("{top} !== 'line 8702'")).await;
    say(&scene, &id, &held, &["later".to_owned()]).await;
    browser.until("document.getElementById('log-count').textContent === '9002 of 9002 lines'").await;
    assert_ne!(browser.run(&format!("return {last}")).await, "later");
    assert_eq!(browser.run(count).await, 300);
    browser.press("#log-search", "line 4321").await;
    browser.until("document.getElementById('log-count').textContent === '1 of 9002 lines'").await;
    assert_eq!(browser.run(&format!("return {top}")).await, "line 4321");
    browser.run("document.getElementById('log-search').value = ''; document.getElementById('log-search').dispatchEvent(new Event('input'));").await;
    browser.click("#log-follow").await;
    browser.until(&format!("{last} === 'later'")).await;
    browser.click("#log-wrap").await;
    browser.until("document.getElementById('log').matches('.unwrapped')").await;
    assert_eq!(browser.judge().await, Vec::<String>::new());
    assert_eq!(browser.trespasses(&scene.url("")).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_can_be_saved_and_rests_while_the_page_is_paused() {
    let scene = Scene::empty().await;
    let (id, held) = talker(&scene, 3).await;
    let browser = Browser::start(Look::default()).await;
    browser.open(&scene.url(&format!("/ui/tasks/{id}"))).await;
    browser.until("document.getElementById('log-count')?.textContent === '3 of 3 lines'").await;
    browser
        .run(
            "window.saved = ''; const make = URL.createObjectURL; \
             URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return make(blob); };",
        )
        .await;
    browser.click("#log-save").await;
    browser.until("window.saved.split('\\n').length === 4 && window.saved.includes(' info line 3')").await;
    browser.click("#pause").await;
    browser.until("document.getElementById('feed').textContent === 'paused'").await;
    let witness = Browser::start(Look::default()).await;
    witness.open(&scene.url(&format!("/ui/tasks/{id}"))).await;
    witness.until("document.getElementById('log-count')?.textContent === '3 of 3 lines'").await;
    say(&scene, &id, &held, &["meanwhile".to_owned()]).await;
    witness.until("document.getElementById('log-count').textContent === '4 of 4 lines'").await;
    assert_eq!(browser.text("#log-count").await, "3 of 3 lines");
    browser.click("#pause").await;
    browser.until("document.getElementById('log-count').textContent === '4 of 4 lines'").await;
}
