//! Claims that wait for work.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Gateway, LONG};

#[tokio::test]
async fn a_waiting_claim_gets_a_new_task() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let path = format!("/api/v1/workers/{worker}/claim?wait=30");
    let (claimed, id) = tokio::join!(gateway.post(&path, json!({})), gateway.submit("noop"));
    assert_eq!(claimed.header("preference-applied"), "wait=30");
    assert_eq!(claimed.json()["id"], json!(id));
}

#[tokio::test]
async fn every_waiting_claim_gets_its_task() {
    let gateway = Gateway::start().await;
    let mut workers = Vec::new();
    for number in 1..=20 {
        workers.push(gateway.worker(number).await);
    }
    let paths: Vec<String> = workers.iter().map(|id| format!("/api/v1/workers/{id}/claim?wait=30")).collect();
    let claims = join_all(paths.iter().map(|path| gateway.post(path, json!({}))));
    let submits = join_all((0..20).map(|_| gateway.submit("noop")));
    let (claims, ids) = tokio::join!(claims, submits);
    let mut claimed: Vec<String> =
        claims.iter().map(|claim| claim.json()["id"].as_str().unwrap().to_owned()).collect();
    let mut ids = ids;
    claimed.sort();
    ids.sort();
    assert_eq!(claimed, ids);
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_waiting_claim_ends_when_the_gateway_drains() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let path = format!("/api/v1/workers/{worker}/claim?wait=60");
    let claim = gateway.post(&path, json!({}));
    let drain = async {
        tokio::task::yield_now().await;
        gateway.app.draining.cancel();
    };
    let (claim, ()) =
        tokio::time::timeout(LONG / 4, async { tokio::join!(claim, drain) }).await.expect("at once");
    assert_eq!(claim.status, 204);
}

#[tokio::test]
async fn a_claim_whose_client_has_gone_harms_nobody() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let id = gateway.submit("noop").await;
    let path = format!("/api/v1/workers/{worker}/claim");
    // The client hangs up after the first steps of the request, whatever they were.
    for steps in 0..40 {
        let ask = gateway.post(&path, json!({}));
        let mut ask = std::pin::pin!(ask);
        for _ in 0..steps {
            if futures_util::poll!(ask.as_mut()).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(gateway.claim(&worker).await["id"], json!(id));
    gateway.assert_invariants().await;
}
