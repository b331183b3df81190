//! Names may be long and telephones narrow: no column is out of sight.

use serde_json::json;

use crate::driver::{Browser, Look};
use crate::scene::Scene;

/// Tables, and pages, of which something is to the right of what is seen.
const BEYOND: &str = "return [document.documentElement, ...document.querySelectorAll('.scroll')]\
                      .filter((each) => each.scrollWidth > each.clientWidth + 1)\
                      .map((each) => `${location.pathname} ${each.className} ${each.textContent.slice(0, 60)}`)";

async fn fits(scene: &Scene, browser: &Browser, path: &str) {
    browser.open(&scene.url(path)).await;
    assert_eq!(browser.run(BEYOND).await, json!([]), "{path}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_name_pushes_no_column_out_of_sight() {
    let scene = Scene::empty().await;
    let long = |count: usize| "a".repeat(count);
    let flow = json!({ "name": long(100), "tasks": [
        { "ref": long(100), "kind": long(119) },
        { "ref": "b", "kind": "echo", "parents": [long(100)] },
        { "ref": "c", "kind": "echo", "parents": [long(100), "b"] },
    ] });
    let flow = scene.post("/api/v1/flows", flow).await["id"].as_str().unwrap().to_owned();
    let schedule = json!({
        "name": long(48), "cron": "0 3 * * *", "zone": "UTC", "kind": long(119), "queue": "default", "payload": {},
    });
    scene.post("/api/v1/schedules", schedule).await;
    let url = format!("https://hooks.example/{}", long(270));
    scene.put(&format!("/api/v1/webhooks/{}", long(48)), json!({ "url": url, "statuses": ["failed"] })).await;
    for width in [1280, 390] {
        let browser = Browser::start(Look { width, ..Look::default() }).await;
        for path in ["/ui/webhooks", "/ui/schedules", "/ui/flows", "/ui/tasks"] {
            fits(&scene, &browser, path).await;
        }
        for view in ["table", "timeline"] {
            fits(&scene, &browser, &format!("/ui/flows/{flow}?view={view}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_telephone_sees_all_of_the_audit_and_of_keys() {
    let scene = Scene::empty().await;
    scene.submit(json!({ "kind": "echo", "queue": "emails" })).await;
    scene.post("/api/v1/queues/emails/pause", json!({})).await;
    scene.written().await;
    let browser = Browser::start(Look { width: 390, ..Look::default() }).await;
    for path in ["/ui/audit", "/ui/system/keys", "/ui/flows"] {
        fits(&scene, &browser, path).await;
    }
}
