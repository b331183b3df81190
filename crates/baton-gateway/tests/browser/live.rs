//! What happens is seen on a page that is open, and what its reader does there is left alone.

use serde_json::{Value, json};

use crate::driver::{Browser, LONG, Look};
use crate::scene::Scene;

const ESCAPE: &str = "\u{e00c}";

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

/// A list in which somebody stands or has ticked something is held as below the pointer, until it is left or asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_ticked_and_where_one_is_survive_an_update() {
    let scene = Scene::empty().await;
    let first = scene.submit(json!({ "kind": "echo" })).await;
    let browser = scene.live("/ui/tasks").await;
    browser.click(&format!("#task-{first} input")).await;
    let ticked = format!("document.querySelector('#task-{first} input').checked");
    browser.until(&ticked).await;
    browser.run(&stand(&first)).await;
    browser.point(".top .name").await;
    let second = scene.submit(json!({ "kind": "echo" })).await;
    browser.until(&waits("1 new")).await;
    assert_eq!(browser.run(&has(&second)).await, false);
    browser.type_keys("n").await;
    browser.until(&format!("document.getElementById('task-{second}')")).await;
    browser.until(&ticked).await;
    browser.until(&stands(&first)).await;
    assert_eq!(browser.run("return window.blurred").await, 0);
    let third = scene.submit(json!({ "kind": "echo" })).await;
    browser.until(&waits("1 new")).await;
    // What is ticked holds the list, too; what is not ticked any more does not.
    browser.type_keys(ESCAPE).await;
    browser.until("document.activeElement === document.body").await;
    let fourth = scene.submit(json!({ "kind": "echo" })).await;
    browser.until(&waits("2 new")).await;
    browser.click(&format!("#task-{first} input")).await;
    browser.run("document.activeElement.blur()").await;
    browser.point(".top .name").await;
    for id in [&third, &fourth] {
        browser.until(&format!("document.getElementById('task-{id}')")).await;
    }
    browser.until("!document.querySelector('.newer button')").await;
}

/// Whoever went there with keys stays there, with what he ticked, and is at the next row when it is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_leaves_stays_while_somebody_stands_on_it() {
    let scene = Scene::empty().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(scene.submit(json!({ "kind": "echo" })).await);
    }
    let browser = scene.live("/ui/tasks?status=pending").await;
    let rows = browser
        .run("return [...document.querySelectorAll('.rows tbody tr')].map((row) => row.id.slice(5))")
        .await;
    let rows: Vec<String> = serde_json::from_value(rows).unwrap();
    browser.type_keys("jx").await;
    browser.until(&stands(&rows[0])).await;
    scene.post(&format!("/api/v1/tasks/{}/cancel", rows[0]), json!({})).await;
    browser.until(&format!("document.querySelector('#task-{}.gone input')?.checked", rows[0])).await;
    browser.until(&stands(&rows[0])).await;
    browser.until(&waits("Show changes")).await;
    browser.type_keys("n").await;
    browser.until(&format!("!document.getElementById('task-{}')", rows[0])).await;
    browser.until(&stands(&rows[1])).await;
    // So it is with the last of them, after which there is no list.
    for id in &rows[1..] {
        scene.post(&format!("/api/v1/tasks/{id}/cancel"), json!({})).await;
        browser.until(&format!("document.querySelector('#task-{id}.gone')")).await;
    }
    browser.until(&stands(&rows[1])).await;
    browser.type_keys(ESCAPE).await;
    browser.until("document.querySelector('main .empty') && !document.querySelector('.newer button')").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_one_is_survives_that_the_row_goes_up() {
    let scene = Scene::empty().await;
    scene.submit(json!({ "kind": "echo" })).await;
    let id = scene.submit(json!({ "kind": "echo" })).await;
    let browser = scene.live("/ui/tasks?status=pending").await;
    browser.run(&stand(&id)).await;
    scene.post(&format!("/api/v1/tasks/{id}/reprioritise"), json!({ "priority": 9 })).await;
    browser.until(&waits("Show changes")).await;
    browser.type_keys("n").await;
    browser.until(&format!("document.querySelector('.rows tbody tr')?.id === 'task-{id}'")).await;
    browser.until(&stands(&id)).await;
}

/// Buttons for what is ticked stand below the list: they do not move below the pointer, either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_moves_below_a_pointer_at_its_buttons() {
    let scene = Scene::empty().await;
    scene.submit(json!({ "kind": "echo" })).await;
    let browser = scene.live("/ui/tasks").await;
    browser.point(".under button").await;
    let place = "return document.querySelector('.under button').getBoundingClientRect().top";
    let before = browser.run(place).await;
    let second = scene.submit(json!({ "kind": "echo" })).await;
    browser.until(&waits("1 new")).await;
    assert_eq!(browser.run(place).await, before);
    browser.point(".top .name").await;
    browser.until(&format!("document.getElementById('task-{second}')")).await;
}

/// That the button for what waits says this.
fn waits(says: &str) -> String {
    format!("document.querySelector('.newer button')?.textContent === '{says}'")
}

/// Whether this task is in the list.
fn has(task: &str) -> String {
    format!("return document.getElementById('task-{task}') !== null")
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
