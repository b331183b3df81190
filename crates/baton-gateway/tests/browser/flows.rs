//! The graph of a flow under somebody's hands, and while its tasks go their ways.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::driver::Browser;
use crate::scene::Scene;

/// What is seen of the drawing: left, top and width.
const VIEW: &str = "document.querySelector('svg.drawing').getAttribute('viewBox')";

/// So many tasks in rows of twenty, each of which waits for two of the row before.
fn wide(tasks: usize) -> Value {
    let name = |at: usize| format!("t{at}");
    let task = |at: usize| {
        let above =
            |shift: usize| at.checked_sub(20).map(|above| name(above - above % 20 + (above + shift) % 20));
        let parents: Vec<String> = [above(0), above(7)].into_iter().flatten().collect();
        json!({ "ref": name(at), "kind": "step", "parents": parents })
    };
    json!({ "name": "wide", "tasks": (0..tasks).map(task).collect::<Vec<_>>() })
}

async fn submit(scene: &Scene, flow: Value) -> (String, BTreeMap<String, String>) {
    let flow = scene.post("/api/v1/flows", flow).await;
    let refs = serde_json::from_value(flow["refs"].clone()).expect("ids by ref");
    (flow["id"].as_str().expect("an id").to_owned(), refs)
}

async fn view(browser: &Browser) -> Vec<f64> {
    let text = browser.run(&format!("return {VIEW}")).await;
    let numbers = text.as_str().expect("a view").split(' ').map(|number| number.parse().expect("a number"));
    numbers.collect()
}

async fn assert_quiet(browser: &Browser) {
    assert_eq!(browser.console().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_nodes_are_drawn_moved_and_searched() {
    let scene = Scene::empty().await;
    let (id, _) = submit(&scene, wide(500)).await;
    let browser = scene.live(&format!("/ui/flows/{id}")).await;
    browser.until("document.querySelectorAll('svg.drawing a.node').length === 500").await;
    browser.until("document.querySelectorAll('.minimap .piece[d]').length > 0").await;
    let first = view(&browser).await;
    browser.click("[data-do=in]").await;
    let near = view(&browser).await;
    assert!(near[2] < first[2], "{near:?} {first:?}");
    browser.click("[data-do=fit]").await;
    let all = view(&browser).await;
    assert!(all[2] > first[2] || all[3] > first[3], "{all:?} {first:?}");
    browser.pull("#graph-states + .canvas", (-80, 40)).await;
    let pulled = view(&browser).await;
    assert!(pulled[0] > all[0] && pulled[1] < all[1], "{pulled:?} {all:?}");
    browser.press("#find-node", "t321").await;
    browser.until("document.getElementById('nodes-found').textContent === '1 found'").await;
    browser.until("document.querySelectorAll('a.node.found').length === 1").await;
    let found = browser
        .run(
            "const box = document.querySelector('a.node.found').getBoundingClientRect(); \
             const canvas = document.querySelector('.canvas').getBoundingClientRect(); \
             return box.left >= canvas.left && box.right <= canvas.right && box.top >= canvas.top && box.bottom <= canvas.bottom",
        )
        .await;
    assert_eq!(found, true);
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrows_go_from_node_to_node_and_enter_chooses_one() {
    let scene = Scene::empty().await;
    let flow = json!({ "name": "nightly", "tasks": [
        { "ref": "extract", "kind": "table.extract" },
        { "ref": "clean", "kind": "table.clean", "parents": ["extract"] },
        { "ref": "count", "kind": "table.count", "parents": ["extract"] },
        { "ref": "load", "kind": "table.load", "parents": ["clean", "count"] },
    ] });
    let (id, refs) = submit(&scene, flow).await;
    let browser = scene.live(&format!("/ui/flows/{id}")).await;
    let is_at = |name: &str| format!("document.activeElement?.dataset.find?.startsWith('{name} ')");
    browser.run("document.querySelector('a.node[tabindex=\"0\"]').focus()").await;
    browser.until(&is_at("extract")).await;
    browser.press_at_focus("\u{e014}").await;
    browser.until(&format!("{} || {}", is_at("clean"), is_at("count"))).await;
    browser.press_at_focus("\u{e014}").await;
    browser.until(&is_at("load")).await;
    browser.press_at_focus("\u{e012}").await;
    let here = browser.run("return document.activeElement.dataset.find").await;
    browser.press_at_focus("\u{e013}").await;
    browser.press_at_focus("\u{e015}").await;
    browser
        .until(&format!(
            "document.activeElement.dataset.find === {here} || {} || {}",
            is_at("clean"),
            is_at("count")
        ))
        .await;
    browser.press_at_focus("\u{e007}").await;
    browser.until("document.querySelector('#panel a.button')").await;
    browser.until("location.search.includes('node=')").await;
    let path = browser.run("return document.querySelector('#panel a.button').pathname").await;
    assert!(
        path == format!("/ui/tasks/{}", refs["clean"]) || path == format!("/ui/tasks/{}", refs["count"]),
        "{path}"
    );
    browser.click("#panel a.close").await;
    browser.until("document.querySelector('#panel h2').textContent === 'Critical path'").await;
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_task_becomes_is_seen_and_nothing_moves() {
    let scene = Scene::empty().await;
    let (id, refs) = submit(&scene, wide(40)).await;
    let browser = scene.live(&format!("/ui/flows/{id}")).await;
    let node = "document.querySelector('a.node[data-find^=\"t3 \"]')";
    browser.until(&format!("{node}.classList.contains('pending')")).await;
    let places = "return [...document.querySelectorAll('a.node')].map((node) => node.getAttribute('transform')).join()";
    let before = browser.run(places).await;
    browser
        .run(&format!(
            "window.same = {node}; window.seen = null; \
             new MutationObserver(() => {{ if (window.same.classList.contains('completed')) window.seen ??= Date.now(); }}) \
             .observe(window.same, {{ attributes: true }});"
        ))
        .await;
    let worker = json!({ "worker_id": "worker-001-web", "boot": "b1", "queues": ["default"], "slots": 4 });
    scene.post("/api/v1/workers/register", worker).await;
    let task = &refs["t3"];
    let taken =
        scene.post(&format!("/api/v1/tasks/{task}/claim"), json!({ "worker": "worker-001-web" })).await;
    browser.until(&format!("{node}.classList.contains('running')")).await;
    let done = json!({ "worker": "worker-001-web", "fence": taken["fence"], "result": 1 });
    scene.post(&format!("/api/v1/leases/{task}/complete"), done).await;
    browser.until("window.seen").await;
    browser
        .until(&format!(
            "{node} === window.same && {node}.querySelector('.word').textContent === 'completed'"
        ))
        .await;
    browser.until(&format!("{node}.querySelector('use').getAttribute('href').endsWith('#completed')")).await;
    assert_eq!(browser.run(places).await, before);
    let ended = scene.get(&format!("/api/v1/tasks/{task}")).await["finished_at"].as_str().unwrap().to_owned();
    let late = browser.run(&format!("return window.seen - Date.parse('{ended}')")).await;
    // Without the stream it would be seen when the page grows older, after 15 s.
    assert!(late.as_f64().is_some_and(|ms| ms < 10_000.0), "seen {late} ms after it ended");
    assert_quiet(&browser).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_finished_folds_and_a_map_leads_through_the_graph() {
    let scene = Scene::empty().await;
    let (id, refs) = submit(&scene, wide(120)).await;
    let worker = json!({ "worker_id": "worker-001-web", "boot": "b1", "queues": ["default"], "slots": 4 });
    scene.post("/api/v1/workers/register", worker).await;
    let task = &refs["t0"];
    let taken =
        scene.post(&format!("/api/v1/tasks/{task}/claim"), json!({ "worker": "worker-001-web" })).await;
    let done = json!({ "worker": "worker-001-web", "fence": taken["fence"] });
    scene.post(&format!("/api/v1/leases/{task}/complete"), done).await;
    let browser = scene.live(&format!("/ui/flows/{id}")).await;
    let shown = "getComputedStyle(document.querySelector('a.node.completed text')).display";
    assert_ne!(browser.run(&format!("return {shown}")).await, "none");
    browser.click("#fold-ended").await;
    browser.until(&format!("{shown} === 'none'")).await;
    let before = view(&browser).await;
    browser.click(".minimap").await;
    assert_ne!(view(&browser).await, before);
    browser.click("[data-do=follow]").await;
    browser.until("document.querySelector('[data-do=follow]').getAttribute('aria-pressed') === 'true'").await;
    assert_quiet(&browser).await;
}

/// Too many tasks for a box each: kinds that wait for kinds, seen and read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_of_many_tasks_is_drawn_by_its_kinds() {
    let scene = Scene::empty().await;
    let task = |at: usize| {
        let (kind, above) =
            if at.is_multiple_of(2) { ("extract", None) } else { ("load", Some(format!("t{}", at - 1))) };
        json!({ "ref": format!("t{at}"), "kind": kind, "parents": Vec::from_iter(above) })
    };
    let flow = json!({ "name": "nightly", "tasks": (0..5_002).map(task).collect::<Vec<_>>() });
    let (id, _) = submit(&scene, flow).await;
    let browser = scene.live(&format!("/ui/flows/{id}?view=graph")).await;
    browser.until("document.querySelectorAll('svg.drawing a.node').length === 2").await;
    assert_eq!(browser.run("return document.querySelectorAll('svg.drawing .edge').length").await, 1);
    let text = browser.text("#kinds").await.replace('\u{202f}', "");
    for part in ["extract", "2501", "load", "extract 2501×"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let found = [browser.trespasses(&scene.url("")).await, browser.judge().await].concat();
    assert!(found.is_empty(), "{found:#?}");
    browser.click("#kinds tbody tr:last-child a").await;
    browser.until_at("kind=load").await;
    assert_quiet(&browser).await;
}
