//! Keys, the palette and dialogs: everything can be done without a mouse, and nothing by a slip of a finger.

use serde_json::{Value, json};

use crate::scene::Scene;

const ESCAPE: &str = "\u{e00c}";
const ENTER: &str = "\u{e007}";
const CONTROL: &str = "\u{e009}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_move_through_rows_and_pages() {
    let scene = Scene::empty().await;
    let id = scene.submit(json!({ "kind": "echo" })).await;
    let browser = scene.live("/ui/tasks").await;
    browser.type_keys("jx").await;
    browser.until(&format!("document.querySelector('#task-{id} input').checked")).await;
    let places = browser
        .run("return [...document.querySelectorAll('.top nav a')].map((link) => [link.dataset.key, link.pathname])")
        .await;
    let places: Vec<(String, String)> = serde_json::from_value(places).unwrap();
    for (key, path) in &places {
        browser.type_keys(&format!("g{key}")).await;
        browser.until(&format!("location.pathname === '{path}' && document.readyState === 'complete'")).await;
    }
    // From one thing back to the list of its kind.
    browser.open_live(&scene.url(&format!("/ui/tasks/{id}"))).await;
    browser.type_keys(ESCAPE).await;
    browser.until("location.pathname === '/ui/tasks'").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_asks_before_it_cancels() {
    let scene = Scene::empty().await;
    let (one, other) =
        (scene.submit(json!({ "kind": "echo" })).await, scene.submit(json!({ "kind": "echo" })).await);
    let browser = scene.live("/ui/tasks").await;
    let status = async |id: &str| scene.get(&format!("/api/v1/tasks/{id}")).await["status"].clone();
    browser.run(&format!("document.querySelector('#task-{one} a').focus()")).await;
    browser.type_keys("c").await;
    browser.until("document.querySelector('dialog[open] h2')?.textContent.startsWith('Cancel')").await;
    assert_eq!(browser.judge().await, Vec::<String>::new());
    // Its first stop is the way out, and a key that asks does nothing in it.
    browser.type_keys(ESCAPE).await;
    browser.until("!document.querySelector('dialog')").await;
    browser.until(&format!("document.activeElement.closest('tr')?.id === 'task-{one}'")).await;
    assert_eq!(status(&one).await, "pending");
    browser.type_keys("x").await;
    browser.run(&format!("document.querySelector('#task-{other} a').focus()")).await;
    browser.type_keys("xc").await;
    browser.until("document.querySelector('dialog[open] h2')?.textContent.includes('2 tasks')").await;
    browser.click("dialog button.danger").await;
    browser.until("location.pathname.startsWith('/ui/operations/')").await;
    assert_eq!(browser.trespasses(&scene.url("")).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_button_asks_in_a_dialog() {
    let scene = Scene::empty().await;
    let id = scene.submit(json!({ "kind": "echo" })).await;
    let path = format!("/ui/tasks/{id}");
    let browser = scene.live(&path).await;
    browser.click(".head a.danger").await;
    browser.click("dialog a.button").await;
    browser.until("!document.querySelector('dialog')").await;
    assert_eq!(browser.run("return location.pathname").await, json!(path));
    browser.click(".head a.danger").await;
    browser.press("dialog input[name=reason]", "no longer wanted").await;
    browser.click("dialog button.danger").await;
    browser.until("document.querySelector('.head .status.cancelled')").await;
    assert_eq!(browser.run("return location.pathname").await, json!(path));
    assert_eq!(scene.get(&format!("/api/v1/tasks/{id}")).await["reason"], "no longer wanted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_palette_leads_everywhere() {
    let scene = Scene::empty().await;
    let id = scene.submit(json!({ "kind": "echo", "queue": "emails" })).await;
    let browser = scene.live("/ui/tasks").await;
    let open = format!("{CONTROL}k");
    for (typed, path) in [
        ("worke", "/ui/workers".to_owned()),
        ("queue ema", "/ui/queues/emails".to_owned()),
        (id.as_str(), format!("/ui/tasks/{id}")),
    ] {
        browser.type_held(&open).await;
        browser.until("document.activeElement.closest('dialog.palette')").await;
        browser.type_keys(typed).await;
        let wanted = typed.split(' ').next_back().unwrap();
        browser.until(&format!("document.querySelector('#found li[aria-selected=true]').textContent.toLowerCase().includes('{wanted}') && !document.querySelector('#found li').textContent.startsWith('Search')")).await;
        assert_eq!(browser.judge().await, Vec::<String>::new());
        browser.type_keys(ENTER).await;
        browser.until(&format!("location.pathname === '{path}' && document.readyState === 'complete'")).await;
    }
    // What can be done here, too: it asks first.
    browser.type_held(&open).await;
    browser.until("document.activeElement.closest('dialog.palette')").await;
    browser.type_keys(&format!("cancel{ENTER}")).await;
    browser.until("document.querySelector('dialog[open] form[method=post]')").await;
    // Where there are no keys, a button does the same.
    browser.open_live(&scene.url("/ui/tasks")).await;
    browser.click("#palette").await;
    browser.until("document.activeElement.closest('dialog.palette')").await;
    assert_eq!(browser.trespasses(&scene.url("")).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_on_a_sheet_and_can_be_turned_off() {
    let scene = Scene::empty().await;
    scene.submit(json!({ "kind": "echo" })).await;
    let browser = scene.live("/ui/tasks").await;
    browser.type_keys("?").await;
    browser.until("document.querySelector('dialog.sheet[open]')").await;
    assert_eq!(browser.judge().await, Vec::<String>::new());
    browser.type_keys(ESCAPE).await;
    browser.until("!document.querySelector('dialog')").await;
    // While somebody types they are letters.
    browser.press("#q", "j?x").await;
    assert_eq!(browser.run("return document.getElementById('q').value").await, "j?x");
    browser.run("document.cookie = 'baton_keys=off; path=/'").await;
    browser.open_live(&scene.url("/ui/tasks")).await;
    browser.type_keys("jx?").await;
    let touched = "return document.querySelector('dialog, tbody input:checked') ?? document.activeElement.closest('tr')";
    assert_eq!(browser.run(touched).await, Value::Null);
    // This one is no single key.
    browser.type_held(&format!("{CONTROL}k")).await;
    browser.until("document.querySelector('dialog.palette')").await;
}
