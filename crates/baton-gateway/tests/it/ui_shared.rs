//! Many who look at the same page cost what one does.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Ask, Gateway};
use crate::ui_support::page;

/// As a script asks for the part of a page that changes.
fn live(path: &str) -> Ask<'_> {
    page(path).with("x-baton-live", "1")
}

/// Scripts that Redis has run.
async fn scripts(gateway: &Gateway) -> u64 {
    let stats: String = gateway.redis.say(&["INFO", "commandstats"]).await;
    let lines = stats.lines().filter(|line| line.starts_with("cmdstat_evalsha"));
    lines.filter_map(|line| line.split("calls=").nth(1)?.split(',').next()?.parse::<u64>().ok()).sum()
}

#[tokio::test]
async fn a_hundred_viewers_cost_redis_what_a_few_do() {
    let gateway = Gateway::start().await;
    gateway.submit("echo").await;
    for path in ["/ui/tasks", "/ui/queues", "/ui/workers"] {
        let before = scripts(&gateway).await;
        gateway.page(path).await;
        let one = scripts(&gateway).await - before;
        let answers = join_all((0..100).map(|_| gateway.ask(live(path)))).await;
        for answer in &answers {
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        }
        let hundred = scripts(&gateway).await - before - one;
        // Some more than one: what is kept ends while they ask, and the gateway looks at its fleet besides.
        assert!(one > 0 && hundred <= 20 * one, "{path}: one costs {one}, a hundred {hundred}");
    }
}

/// Rows cost by the page, and not by what there is.
#[tokio::test]
async fn a_list_of_many_costs_what_a_list_of_few_does() {
    let gateway = Gateway::start().await;
    gateway.submit("echo").await;
    let cost = async || {
        let before = scripts(&gateway).await;
        gateway.page("/ui/tasks").await;
        scripts(&gateway).await - before
    };
    let few = cost().await;
    for _ in 0..10 {
        let tasks: Vec<_> = (0..100).map(|_| json!({ "kind": "echo" })).collect();
        gateway.post("/api/v1/tasks/batch", json!({ "tasks": tasks })).await;
    }
    let many = cost().await;
    assert!(many <= few + 10, "{few} scripts for one task, {many} for a thousand");
}

/// What somebody may not see is not told him because another one asked for it.
#[tokio::test]
async fn rights_are_not_shared() {
    let gateway = Gateway::secured().await;
    let alice = gateway.log_in("alice").await;
    for queue in ["emails", "salaries"] {
        gateway.post_as("/api/v1/tasks", &alice.access, json!({ "kind": "echo", "queue": queue })).await;
    }
    let (key, _) =
        gateway.key(&alice.access, json!({ "name": "one", "scopes": ["tasks:read@emails"] })).await;
    let admin = gateway.jar_of("alice").await;
    let all = gateway.ask(live("/ui/queues").with("cookie", &admin)).await.text();
    assert!(all.contains("salaries"), "{all}");
    let some = gateway.ask(live("/ui/queues").with("authorization", format!("Bearer {key}"))).await.text();
    assert!(some.contains("emails") && !some.contains("salaries"), "{some}");
    // The page of each has his own name.
    let viewer = gateway.ask(live("/ui/queues").with("cookie", gateway.jar_of("bob").await)).await.text();
    assert!(viewer.contains("bob") && !viewer.contains("alice"), "{viewer}");
}

/// Whoever has just done something sees what came of it.
#[tokio::test]
async fn what_was_just_done_is_seen() {
    let gateway = Gateway::start().await;
    gateway.submit("echo").await;
    for _ in 0..3 {
        gateway.ask(live("/ui/queues/default")).await;
        gateway.send("/ui/queues/default/pause", "", &[]).await;
        assert!(gateway.page("/ui/queues/default").await.text().contains("/default/resume"));
        gateway.send("/ui/queues/default/resume", "", &[]).await;
        assert!(gateway.page("/ui/queues/default").await.text().contains("/default/pause"));
    }
}
