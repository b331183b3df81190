//! What happens is seen on a page that is open, and what its reader does there is left alone.

use serde_json::{Value, json};

use crate::driver::{Browser, LONG, Look};
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_task_appears_and_a_cancelled_one_says_so() {
    let scene = Scene::empty().await;
    let browser = scene.live("/ui/tasks").await;
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
    let browser = scene.live("/ui/tasks").await;
    browser.click(&format!("#task-{first} input")).await;
    browser.until(&format!("document.querySelector('#task-{first} input').checked")).await;
    browser.run(&stand(&first)).await;
    // Where the pointer is nothing moves: that is another test.
    browser.point(".top .name").await;
    let second = scene.submit(json!({ "kind": "echo" })).await;
    browser.until(&format!("document.getElementById('task-{second}')")).await;
    browser.until(&format!("document.querySelector('#task-{first} input').checked")).await;
    browser.until(&stands(&first)).await;
    assert_eq!(browser.run("return window.blurred").await, 0);
}

/// A row that leaves a page would otherwise push every later one out of its place, and whoever stands there out of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_one_is_survives_that_a_row_above_leaves() {
    let scene = Scene::empty().await;
    for _ in 0..3 {
        scene.submit(json!({ "kind": "echo" })).await;
    }
    let browser = scene.live("/ui/tasks?status=pending").await;
    let rows =
        browser.run("return [...document.querySelectorAll('.rows tbody tr')].map((row) => row.id)").await;
    let (above, here) = (rows[0].as_str().unwrap().to_owned(), rows[1].as_str().unwrap().to_owned());
    browser.run(&stand(here.trim_start_matches("task-"))).await;
    let gone = above.trim_start_matches("task-");
    scene.post(&format!("/api/v1/tasks/{gone}/cancel"), json!({})).await;
    browser.until(&format!("!document.getElementById('{above}')")).await;
    browser.until(&stands(here.trim_start_matches("task-"))).await;
    assert_eq!(browser.run("return window.blurred").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_one_is_survives_that_the_row_goes_up() {
    let scene = Scene::empty().await;
    scene.submit(json!({ "kind": "echo" })).await;
    let id = scene.submit(json!({ "kind": "echo" })).await;
    let browser = scene.live("/ui/tasks?status=pending").await;
    browser.run(&stand(&id)).await;
    scene.post(&format!("/api/v1/tasks/{id}/reprioritise"), json!({ "priority": 9 })).await;
    browser.until(&format!("document.querySelector('.rows tbody tr')?.id === 'task-{id}'")).await;
    browser.until(&stands(&id)).await;
}

/// A script that goes to the row of this task, and counts in `blurred` how often somebody leaves it.
fn stand(task: &str) -> String {
    format!(
        "const link = document.querySelector('#task-{task} a'); window.blurred = 0; link.focus(); \
         link.addEventListener('blur', () => {{ window.blurred += 1; }});"
    )
}

fn stands(task: &str) -> String {
    format!("document.activeElement.closest('tr')?.id === 'task-{task}'")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_is_paused_stands_still_until_it_goes_on() {
    let scene = Scene::empty().await;
    let (browser, witness) = (scene.live("/ui/tasks").await, scene.live("/ui/tasks").await);
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

/// Rows come when nobody would be disturbed, and until then there is a button that says how many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_moves_below_the_pointer() {
    let scene = Scene::empty().await;
    let first = scene.submit(json!({ "kind": "echo" })).await;
    let browser = scene.live("/ui/tasks").await;
    browser.run(&stand(&first)).await;
    browser.point(&format!("#task-{first}")).await;
    let place = format!("document.getElementById('task-{first}').getBoundingClientRect().top");
    let before = browser.run(&format!("return {place}")).await;
    let second = scene.submit(json!({ "kind": "echo" })).await;
    browser.until("document.querySelector('.newer button')?.textContent === '1 new'").await;
    assert_eq!(browser.run(&format!("return document.getElementById('task-{second}')")).await, Value::Null);
    // What is there is kept fresh all the same, and whoever stands there stays.
    scene.post(&format!("/api/v1/tasks/{first}/cancel"), json!({})).await;
    browser.until(&format!("document.querySelector('#task-{first} .status.cancelled')")).await;
    assert_eq!(browser.run(&format!("return {place}")).await, before);
    browser.until(&stands(&first)).await;
    assert_eq!(browser.run("return window.blurred").await, 0);
    browser.click(".newer button").await;
    browser.until(&format!("document.getElementById('task-{second}')")).await;
    browser.point(&format!("#task-{first}")).await;
    let third = scene.submit(json!({ "kind": "echo" })).await;
    browser.until("document.querySelector('.newer button')").await;
    browser.point(".top .name").await;
    browser.until(&format!("document.getElementById('task-{third}')")).await;
    browser.until("!document.querySelector('.newer button')").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_was_away_is_caught_up_with() {
    let mut scene = Scene::empty().await;
    let first = scene.submit(json!({ "kind": "echo" })).await;
    let browser = scene.live("/ui/tasks").await;
    scene.stop().await;
    browser.until("document.getElementById('feed').textContent !== 'live'").await;
    scene.start_again().await;
    let mut ids = vec![first];
    for _ in 0..3 {
        ids.push(scene.submit(json!({ "kind": "echo" })).await);
    }
    for id in &ids {
        browser.until(&format!("document.querySelectorAll('#task-{id}').length === 1")).await;
    }
    browser.until("document.getElementById('feed').textContent === 'live'").await;
    let rows = browser.run("return document.querySelectorAll('.rows tbody tr').length").await;
    assert_eq!(rows, 4, "nothing is missing, and nothing is there twice");
    let last = scene.submit(json!({ "kind": "echo" })).await;
    browser.until(&format!("document.getElementById('task-{last}')")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_tabs_share_one_stream() {
    let scene = Scene::empty().await;
    let browser = scene.live("/ui/tasks").await;
    let mut tabs = Vec::new();
    for _ in 0..7 {
        tabs.push(browser.open_tab(&scene.url("/ui/tasks")).await);
        browser.until("document.getElementById('feed')?.textContent === 'live'").await;
    }
    assert_eq!(scene.listeners(), 1);
    let id = scene.submit(json!({ "kind": "echo" })).await;
    for tab in tabs {
        browser.to_tab(&tab).await;
        browser.until(&format!("document.getElementById('task-{id}')")).await;
    }
    assert_eq!(scene.listeners(), 1);
}

/// A host gives a browser six connections, so tabs that nobody looks at have none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_worker_only_the_tab_that_is_seen_has_a_stream() {
    let scene = Scene::empty().await;
    let browser = Browser::start(Look { shared: false, ..Look::default() }).await;
    browser.open_live(&scene.url("/ui/tasks")).await;
    assert_eq!(browser.run("return 'SharedWorker' in window").await, false);
    for _ in 0..3 {
        browser.open_tab(&scene.url("/ui/tasks")).await;
        browser.until("document.getElementById('feed')?.textContent === 'live'").await;
    }
    let alone = async {
        while scene.listeners() != 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, alone).await.unwrap_or_else(|_| panic!("{} streams", scene.listeners()));
}

/// Nothing is asked for again because of what happens in another queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_hears_only_of_what_is_on_it() {
    let scene = Scene::empty().await;
    scene.submit(json!({ "kind": "echo", "queue": "emails" })).await;
    let (browser, witness) = (scene.live("/ui/queues/emails").await, scene.live("/ui/tasks").await);
    let asked =
        "performance.getEntriesByType('resource').filter((entry) => entry.name === location.href).length";
    // The one that follows the beginning of the stream.
    browser.until(&format!("{asked} >= 1")).await;
    let other = scene.submit(json!({ "kind": "echo", "queue": "media" })).await;
    witness.until(&format!("document.getElementById('task-{other}')")).await;
    browser.until("document.querySelector('.bar [data-count=pending]').textContent === '2'").await;
    // Besides, a page is asked for every 15 seconds, because what stands on it grows older.
    assert_eq!(
        browser.run(&format!("return {asked} - Math.floor(performance.now() / 15000) <= 1")).await,
        true
    );
    let before = browser.run(&format!("return {asked}")).await;
    scene.submit(json!({ "kind": "echo", "queue": "emails" })).await;
    browser.until(&format!("{asked} > {before}")).await;
}

/// What is done on the command line is seen within a second. The clock of the browser and that of the gateway are the same; the machine may
/// be busy with other things, so it is the best of some tries that must be in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_command_line_does_is_seen_within_a_second() {
    let scene = Scene::empty().await;
    let browser = scene.live("/ui/tasks").await;
    let mut late_ms = Vec::new();
    for _ in 0..5 {
        let id = scene.submit(json!({ "kind": "echo" })).await;
        let row = format!("document.getElementById('task-{id}')");
        browser.until(&row).await;
        let watch = format!(
            "window.seen = null; new MutationObserver(() => {{ if ({row}?.querySelector('.status.cancelled')) \
             window.seen ??= Date.now(); }}).observe(document.body, {{ subtree: true, childList: true, attributes: true }});"
        );
        browser.run(&watch).await;
        scene.baton(&["task", "cancel", &id]).await;
        browser.until("window.seen").await;
        let ended =
            scene.get(&format!("/api/v1/tasks/{id}")).await["finished_at"].as_str().unwrap().to_owned();
        let late = browser.run(&format!("return window.seen - Date.parse('{ended}')")).await;
        late_ms.push(late.as_f64().expect("a number of ms") as i64);
    }
    println!("seen after so many ms: {late_ms:?}");
    assert!(late_ms.iter().min().is_some_and(|best| *best < 1_000), "{late_ms:?}");
}
