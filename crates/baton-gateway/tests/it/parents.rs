//! What a worker over HTTP is told of the tasks that its task waited for.

use serde_json::{Value, json};

use crate::support::Gateway;

#[tokio::test]
async fn a_claim_brings_the_results_of_the_parents() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (_, refs) = gateway
        .submit_flow(json!({ "tasks": [
            { "ref": "good", "kind": "x" },
            { "ref": "silent", "kind": "x" },
            { "ref": "bad", "kind": "x" },
            { "ref": "child", "kind": "y", "parents": ["good", "silent", "bad"], "on_parent_failure": "run" },
        ] }))
        .await;
    let stranger = gateway.submit("z").await;
    let path = format!("/api/v1/tasks/{}/link", refs["child"]);
    assert_eq!(gateway.post(&path, json!({ "parent": stranger })).await.status, 200);
    gateway.complete(&worker, &refs["good"], json!({ "rows": 12 })).await;
    gateway.end(&worker, &refs["silent"], "complete", json!({})).await;
    gateway.fail(&worker, &refs["bad"]).await;
    gateway.complete(&worker, &stranger, json!(7)).await;
    let expected = json!({
        "good": { "id": refs["good"], "status": "completed", "result": { "rows": 12 } },
        "silent": { "id": refs["silent"], "status": "completed" },
        "bad": { "id": refs["bad"], "status": "failed" },
        stranger.clone(): { "id": stranger, "status": "completed", "result": 7 },
    });
    // The same in all three forms of a claim: nothing is listed as held, so it comes again.
    let bare = gateway.claim(&worker).await;
    assert_eq!((&bare["id"], &bare["parents"]), (&json!(refs["child"]), &expected));
    assert!(bare.get("parents_truncated").is_none());
    let many = gateway.post(&format!("/api/v1/workers/{worker}/claim"), json!({ "max": 5 })).await.json();
    assert_eq!((&many["tasks"][0]["redelivered"], &many["tasks"][0]["parents"]), (&json!(true), &expected));
    assert_eq!(gateway.take(&worker, &refs["child"]).await["parents"], expected);
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_task_without_parents_is_claimed_as_before() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    gateway.submit("noop").await;
    let claimed = gateway.claim(&worker).await;
    assert_eq!((claimed.get("parents"), claimed.get("parents_truncated")), (None, None));
}

#[tokio::test]
async fn results_that_are_too_long_together_are_left_out() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (_, refs) = gateway
        .submit_flow(json!({ "tasks": [
            { "ref": "a", "kind": "x" },
            { "ref": "b", "kind": "x" },
            { "ref": "c", "kind": "y", "parents": ["a", "b"] },
        ] }))
        .await;
    let long = json!("x".repeat(700_000));
    gateway.complete(&worker, &refs["a"], long.clone()).await;
    gateway.complete(&worker, &refs["b"], long.clone()).await;
    let claimed = gateway.claim(&worker).await;
    assert_eq!(claimed["parents_truncated"], true);
    assert_eq!(
        (&claimed["parents"]["a"]["result"], &claimed["parents"]["b"]["status"]),
        (&long, &json!("completed"))
    );
    assert_eq!(claimed["parents"]["b"].get("result"), None);
}

/// One answer has room for the results of some tasks; the others come with the next claim.
#[tokio::test]
async fn an_answer_with_many_long_results_has_an_end() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let mut tasks = vec![json!({ "ref": "a", "kind": "x" })];
    tasks.extend((0..12).map(|_| json!({ "kind": "y", "parents": ["a"] })));
    let (_, refs) = gateway.submit_flow(json!({ "tasks": tasks })).await;
    gateway.complete(&worker, &refs["a"], json!("x".repeat(1_000_000))).await;
    let path = format!("/api/v1/workers/{worker}/claim");
    let mut holding: Vec<Value> = Vec::new();
    let mut rounds = 0;
    while holding.len() < 12 {
        let answer = gateway.post(&path, json!({ "max": 12, "holding": holding })).await;
        assert!(answer.status == 200 && answer.body.len() < 10_000_000, "{}", answer.status);
        let claims = answer.json();
        let pairs = claims["tasks"].as_array().unwrap().iter();
        holding.extend(pairs.map(|task| json!({ "task": task["id"], "fence": task["fence"] })));
        rounds += 1;
    }
    assert_eq!((holding.len(), rounds), (12, 2));
}
