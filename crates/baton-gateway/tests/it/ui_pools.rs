//! Pools above the map of workers, and cells that lead to what runs in them.

use serde_json::json;

use crate::support::Gateway;
use crate::ui_support::page;

async fn put(gateway: &Gateway, body: serde_json::Value) {
    let ask = crate::support::post("/api/v1/pools/mailers", &body).by(axum::http::Method::PUT);
    assert!(gateway.ask(ask).await.status.is_success());
}

#[tokio::test]
async fn pools_are_shown_scaled_started_and_stopped() {
    let gateway = Gateway::start().await;
    assert!(!gateway.page("/ui/workers").await.text().contains("id=\"pools-title\""));
    put(&gateway, json!({ "desired": 3 })).await;
    let text = gateway.page("/ui/workers").await.text();
    assert!(text.contains("id=\"pool-mailers\"") && text.contains("unattended"), "{text}");
    assert!(text.contains("aria-label=\"0 of 3 are alive\""), "{text}");
    let ask = gateway.page("/ui/pools/mailers/scale").await.text();
    assert!(ask.contains("value=\"3\"") && ask.contains("mailers of 0 workers"), "{ask}");
    let pool = async || gateway.get("/api/v1/pools/mailers").await.json();
    let to_workers = async |path: &str, pairs: &[(&str, &str)]| {
        let done = gateway.send(path, "", pairs).await;
        assert_eq!((done.status.as_u16(), done.header("location")), (303, "/ui/workers"), "{}", done.text());
    };
    to_workers("/ui/pools/mailers/scale", &[("number", "5")]).await;
    assert_eq!(pool().await["desired"], 5);
    let wrong = gateway.send("/ui/pools/mailers/scale", "", &[("number", "5000")]).await;
    assert!(wrong.text().contains("class=\"refused\""), "{}", wrong.text());
    assert_eq!(wrong.status, 422);
    let odd = gateway.send("/ui/pools/mailers/scale", "", &[("number", "x")]).await;
    assert_eq!(odd.status, 422);
    assert!(odd.text().contains("It is not a number of workers") && odd.text().contains("data-ask"));
    gateway.page("/ui/pools/mailers/stop").await;
    to_workers("/ui/pools/mailers/stop", &[]).await;
    assert_eq!((pool().await["running"].clone(), pool().await["desired"].clone()), (json!(false), json!(5)));
    let text = gateway.page("/ui/workers").await.text();
    assert!(text.contains("/ui/pools/mailers/start") && text.contains("<s>5</s>"), "{text}");
    to_workers("/ui/pools/mailers/start", &[]).await;
    assert_eq!(pool().await["running"], true);
    for path in ["/ui/pools/mailers/purge", "/ui/pools/none/stop"] {
        assert_eq!(gateway.ask(page(path)).await.status, 404, "{path}");
    }
    let trail = gateway.get("/api/v1/audit?subject=mailers").await.json();
    assert_eq!(trail["entries"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn viewers_see_pools_and_have_no_buttons() {
    let gateway = Gateway::secured().await;
    let boss = gateway.log_in("alice").await;
    let body = json!({ "desired": 2 });
    let ask = crate::support::post("/api/v1/pools/mailers", &body).by(axum::http::Method::PUT);
    gateway.ask(crate::auth_support::bearing(ask, &boss.access)).await;
    let jar = gateway.jar_of("bob").await;
    let text = gateway.page_with("/ui/workers", &jar).await.text();
    assert!(text.contains("id=\"pool-mailers\"") && !text.contains("/ui/pools/"), "{text}");
    assert_eq!(gateway.ask(page("/ui/pools/mailers/stop").with("cookie", &jar)).await.status, 403);
    assert_eq!(gateway.send("/ui/pools/mailers/stop", &jar, &[]).await.status, 403);
}

#[tokio::test]
async fn a_cell_leads_to_the_task_in_it() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit("k").await;
    gateway.take(&worker, &id).await;
    for path in ["/ui/workers".to_owned(), format!("/ui/workers/{worker}")] {
        let text = gateway.page(&path).await.text();
        assert!(text.contains(&format!("<a href=\"/ui/tasks/{id}\" aria-label=\"k ")), "{path}: {text}");
        assert!(text.contains("class=\"cell busy young\""), "{path}: {text}");
    }
}

#[tokio::test]
async fn workers_of_several_versions_are_told() {
    let gateway = Gateway::start().await;
    for (number, version) in [(1, "1.0.0"), (2, "<b>2")] {
        let id = format!("worker-00{number}-a");
        let body = json!({ "worker_id": id, "boot": format!("b{number}"), "queues": ["default"], "slots": 1, "version": version });
        assert!(gateway.post("/api/v1/workers/register", body).await.status.is_success());
    }
    let text = gateway.page("/ui/workers").await.text();
    assert!(
        text.contains("Workers of several versions are at work") && text.contains("&#60;b&#62;2"),
        "{text}"
    );
}
