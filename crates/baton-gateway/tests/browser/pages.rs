//! Every page, wide and narrow, light and dark: the browser has nothing to complain of, and nothing runs that is not ours.

use crate::driver::{Browser, Look};
use crate::scene::Scene;

async fn assert_clean(browser: &Browser, url: &str) {
    browser.open(url).await;
    browser.until("document.readyState === 'complete'").await;
    browser.until("document.querySelector('main h1')").await;
    let complaints = browser.console().await;
    assert!(complaints.is_empty(), "{url}: {complaints:#?}");
    assert_eq!(browser.run("return window.harmed ?? null").await, serde_json::Value::Null, "{url}");
    let wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
    assert_eq!(browser.run(wide).await, 0, "{url} is wider than its window");
    let images =
        browser.run("return document.querySelectorAll('img, iframe, object, main script').length").await;
    assert_eq!(images, 0, "{url}");
}

async fn look(width: u32) {
    let scene = Scene::empty().await;
    let browser = Browser::start(Look { width, ..Look::default() }).await;
    for path in ["/", "/ui/tasks", "/ui/queues", "/ui/workers"] {
        assert_clean(&browser, &scene.url(path)).await;
    }
    let ids = scene.set().await;
    let mut paths: Vec<String> = ids.iter().map(|id| format!("/ui/tasks/{id}")).collect();
    let cancel = format!("/ui/tasks/{}/cancel", ids[0]);
    let many = format!("/ui/actions?action=rerun&id={}", ids[1]);
    let more = [
        "/",
        "/?last=7d",
        "/ui/tasks",
        "/ui/tasks?status=failed",
        "/ui/tasks?q=kind:report.build",
        "/ui/queues",
        "/ui/queues/emails",
        "/ui/queues/emails/purge",
        "/ui/workers",
        "/ui/workers/worker-001-web",
        "/ui/login",
        &cancel,
        &many,
    ];
    paths.extend(more.map(str::to_owned));
    for theme in ["dark", "light"] {
        browser.open(&scene.url("/")).await;
        browser.click(".doors button[name=theme]").await;
        browser.until(&format!("document.documentElement.dataset.theme === '{theme}'")).await;
        for path in &paths {
            assert_clean(&browser, &scene.url(path)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_clean_on_a_desk() {
    look(1440).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_clean_on_a_telephone() {
    look(390).await;
}
