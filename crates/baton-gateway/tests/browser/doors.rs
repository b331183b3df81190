//! Pages below a path of somebody else's site, and pages that come from another host without TLS.

use baton_gateway::Settings;
use serde_json::{Value, json};

use crate::driver::{Browser, Look};
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_below_a_path() {
    let scene = Scene::with(Settings { base: "/ops/baton".parse().unwrap(), ..Settings::default() }).await;
    let origin = scene.url("").replace("/ops/baton", "");
    let told = scene.set().await;
    let browser = Browser::start(Look::default()).await;
    let mut paths: Vec<String> =
        ["/", "/ui/queues", "/ui/workers", "/ui/login", "/ui/tasks"].map(str::to_owned).to_vec();
    paths.extend(told.into_iter().map(|told| told.path).rev().take(4));
    for path in &paths {
        browser.open(&scene.url(path)).await;
        browser.until("document.readyState === 'complete' && document.querySelector('main h1')").await;
        let astray = "const all = [...document.querySelectorAll('[href], [src], [action], [data-feed], [data-worker], [data-from]')]; \
                      return all.flatMap((each) => ['href', 'src', 'action', 'data-feed', 'data-worker', 'data-from'] \
                        .map((name) => each.getAttribute(name))) \
                        .filter((to) => to && !to.startsWith('/ops/baton/') && !to.startsWith('#'))";
        assert_eq!(browser.run(astray).await, json!([]), "{path}");
        assert_eq!(browser.trespasses(&origin).await, Vec::<String>::new(), "{path}");
    }
    // The stream, a form, a dialog, the way back after a deed, the palette.
    let id = scene.submit(json!({ "kind": "echo", "queue": "below" })).await;
    browser.open_live(&scene.url("/ui/tasks?queue=below")).await;
    let second = scene.submit(json!({ "kind": "echo", "queue": "below" })).await;
    browser.until(&format!("document.getElementById('task-{second}')")).await;
    browser.click(".doors button[name=theme]").await;
    browser
        .until("document.documentElement.dataset.theme === 'dark' && location.search === '?queue=below'")
        .await;
    browser.open_live(&scene.url(&format!("/ui/tasks/{id}"))).await;
    browser.click(".head a.danger").await;
    browser.click("dialog button.danger").await;
    browser.until("document.querySelector('.head .status.cancelled')").await;
    assert_eq!(browser.run("return location.pathname").await, json!(format!("/ops/baton/ui/tasks/{id}")));
    browser.type_held("\u{e009}k").await;
    browser.until("document.activeElement.closest('dialog.palette')").await;
    browser.type_keys("queue below").await;
    browser.until("document.querySelector('#found li')?.textContent === 'queue below'").await;
    browser.type_keys("\u{e007}").await;
    browser.until("location.pathname === '/ops/baton/ui/queues/below'").await;
    assert_eq!(browser.trespasses(&origin).await, Vec::<String>::new());
}

/// Such a page is not trusted with the clipboard, nor with much else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_host_without_tls_copies_all_the_same() {
    let scene =
        Scene::with(Settings { allowed_hosts: vec!["fleet.example".to_owned()], ..Settings::default() })
            .await;
    let payload = json!({ "hi": 12345678901234567890_u64 });
    let id = scene.submit(json!({ "kind": "echo", "payload": payload })).await;
    let browser = Browser::start(Look { host: Some("fleet.example"), ..Look::default() }).await;
    browser.open_live(&scene.url_at("fleet.example", &format!("/ui/tasks/{id}"))).await;
    assert_eq!(
        browser.run("return [isSecureContext, navigator.clipboard ?? null]").await,
        json!([false, Value::Null])
    );
    browser
        .run("document.addEventListener('copy', () => { window.copied = getSelection().toString(); })")
        .await;
    browser.listen("button[data-copy=payload]", "Copied").await;
    browser.click("button[data-copy=payload]").await;
    browser.until("window.copied === '{\"hi\":12345678901234567890}'").await;
    browser.until("window.said").await;
    scene.post(&format!("/api/v1/tasks/{id}/cancel"), json!({})).await;
    browser.until("document.querySelector('.head .status.cancelled')").await;
    assert_eq!(
        browser.trespasses(&scene.url_at("fleet.example", "").replace("/ui", "")).await,
        Vec::<String>::new()
    );
}
