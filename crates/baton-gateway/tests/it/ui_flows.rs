//! The pages of flows: the list, the graph, the timeline, the table, and what is done to a flow.

use serde_json::{Value, json};

use crate::support::{Gateway, until};
use crate::ui_pages::HOSTILE;
use crate::ui_support::{filled, page};

/// extract → (clean, count) → load.
fn diamond(name: &str) -> Value {
    json!({ "name": name, "tasks": [
        { "ref": "extract", "kind": "table.extract" },
        { "ref": "clean", "kind": "table.clean", "parents": ["extract"] },
        { "ref": "count", "kind": "table.count", "parents": ["extract"] },
        { "ref": "load", "kind": "table.load", "parents": ["clean", "count"] },
    ] })
}

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

#[tokio::test]
async fn a_list_of_nothing_says_how_to_submit_a_flow() {
    let gateway = Gateway::start().await;
    let text = gateway.page("/ui/flows").await.text();
    assert!(text.contains("baton flow submit"), "{text}");
    let none = gateway.page("/ui/flows?state=failed").await.text();
    assert!(none.contains("No flow fits that is failed"), "{none}");
}

#[tokio::test]
async fn a_list_shows_progress_and_the_oldest_open_task() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (id, refs) = gateway.submit_flow(diamond("nightly")).await;
    gateway.complete(&worker, &refs["extract"], json!(1)).await;
    let text = gateway.page("/ui/flows").await.text();
    assert!(text.contains(&format!("<tr id=\"flow-{id}\">")), "{text}");
    assert!(text.contains("aria-label=\"1 completed, 2 pending, 1 blocked\""), "{text}");
    assert!(text.contains(&format!("href=\"/ui/tasks/{}\"", refs["clean"])), "{text}");
    assert!(text.contains("1<wbr><i>/4</i>"), "{text}");
}

#[tokio::test]
async fn those_that_fail_come_first_and_pages_go_on() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let mut bad = Vec::new();
    for number in 0..60 {
        let flow = json!({ "name": format!("f{number}"), "tasks": [{ "ref": "a", "kind": "x", "max_attempts": 1 }] });
        let (id, refs) = gateway.submit_flow(flow).await;
        if number < 2 {
            gateway.fail(&worker, &refs["a"]).await;
            bad.push(id);
        }
    }
    let place = |text: &str, id: &str| text.find(&format!("id=\"flow-{id}\""));
    let newest = gateway.page("/ui/flows").await.text();
    assert_eq!((newest.matches("<tr id=\"flow-").count(), place(&newest, &bad[0])), (50, None));
    let failing = gateway.page("/ui/flows?sort=failing").await.text();
    let (first, second) = (place(&failing, &bad[0]), place(&failing, &bad[1]));
    assert!(second < first && first.is_some() && second == failing.find("id=\"flow-"), "{failing}");
    let next = failing.split("rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&");
    let rest = gateway.page(&next).await.text();
    assert_eq!(rest.matches("<tr id=\"flow-").count(), 10, "{next}");
    let failed = gateway.page("/ui/flows?state=failed&name=F1").await.text();
    assert_eq!(failed.matches("<tr id=\"flow-").count(), 1);
    assert!(failed.contains("Looked at 60 flows."), "{failed}");
}

#[tokio::test]
async fn a_flow_is_a_graph_a_timeline_and_a_table() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (id, refs) = gateway.submit_flow(diamond("nightly")).await;
    gateway.complete(&worker, &refs["extract"], json!(1)).await;
    gateway.fail(&worker, &refs["count"]).await;
    let path = format!("/ui/flows/{id}");
    let graph = gateway.page(&path).await.text();
    for part in [
        "<h1><bdi>nightly</bdi>",
        "class=\"node completed critical\"",
        "class=\"node failed",
        "class=\"edge held",
        "4 tasks and 4 edges between them: 1 blocked, 1 pending, 1 completed, 1 failed.",
        "data-graph=\"right\"",
        "What holds it",
        "baton flow graph",
    ] {
        assert!(graph.contains(part), "{part} is not in {graph}");
    }
    let chosen = gateway.page(&format!("{path}?view=graph&node={}", refs["load"])).await.text();
    assert!(chosen.contains("holds it</span>") && chosen.contains("Open the task"), "{chosen}");
    assert!(chosen.contains(" chosen\""), "{chosen}");
    let down = gateway.page(&format!("{path}?view=graph&direction=down")).await.text();
    assert!(down.contains("data-graph=\"down\""), "{down}");
    let timeline = gateway.page(&format!("{path}?view=timeline")).await.text();
    assert!(
        timeline.contains("class=\"piece completed\"") && timeline.contains("run 1 on worker-001-test"),
        "{timeline}"
    );
    assert!(
        timeline.contains("class=\"piece pending wait\"") || timeline.contains("blocked wait"),
        "{timeline}"
    );
    let table = gateway.page(&format!("{path}?view=table")).await.text();
    assert_eq!(table.matches("<tr id=\"task-").count(), 4);
    assert!(table.contains("holds it</span>"), "{table}");
    let gone = gateway.ask(page("/ui/flows/01936a5c-2b4e-7abc-8def-001122334000")).await;
    assert_eq!(gone.status, 404);
}

/// A browser that has the drawing is told only what changes of it.
#[tokio::test]
async fn an_update_brings_letters_and_no_drawing() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (id, refs) = gateway.submit_flow(diamond("nightly")).await;
    let path = format!("/ui/flows/{id}");
    let live = async || gateway.ask(page(&path).with("x-baton-live", "1")).await.text();
    let before = live().await;
    assert!(before.contains("data-nodes=\"PBbB\" data-edges=\"OoOo\""), "{before}");
    assert!(!before.contains("class=\"node "), "{before}");
    gateway.complete(&worker, &refs["extract"], json!(1)).await;
    // Answers are shared for a moment.
    until(async || live().await.contains("data-nodes=\"C")).await;
    let after = live().await;
    let drawing = |text: &str| text.split("data-drawing=\"").nth(1).unwrap()[..40].to_owned();
    assert_eq!(drawing(&before), drawing(&after));
}

#[tokio::test]
async fn five_hundred_tasks_are_drawn_with_a_map_and_more_than_a_thousand_are_a_table_first() {
    let gateway = Gateway::start().await;
    let (id, _) = gateway.submit_flow(wide(500)).await;
    let text = gateway.page(&format!("/ui/flows/{id}")).await.text();
    assert_eq!(text.matches("<a class=\"node ").count(), 500);
    assert!(text.contains("class=\"minimap needs-script\""));
    assert!(text.len() < 600_000, "{}", text.len());
    let (id, _) = gateway.submit_flow(wide(1_001)).await;
    let table = gateway.page(&format!("/ui/flows/{id}")).await.text();
    assert!(table.contains("Draw anyway") && !table.contains("class=\"canvas\""), "{table}");
    assert_eq!(table.matches("<tr id=\"task-").count(), 100);
    let drawn = gateway.page(&format!("/ui/flows/{id}?view=graph")).await.text();
    assert_eq!(drawn.matches("<a class=\"node ").count(), 1_001);
}

#[tokio::test]
async fn hostile_words_of_flows_are_texts() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    for text in HOSTILE {
        // Names of flows and tasks have an alphabet of their own.
        for part in [
            json!({ "name": text, "tasks": [{ "kind": "x" }] }),
            json!({ "tasks": [{ "ref": text, "kind": "x" }] }),
        ] {
            let refused = gateway.post("/api/v1/flows", part).await;
            assert!(refused.status.as_u16() >= 400 || !text.contains('<'), "{}", refused.text());
        }
        let flow = json!({ "tasks": [{ "ref": "a", "kind": "x", "max_attempts": 1 }] });
        let (id, refs) = gateway.submit_flow(flow).await;
        let held = gateway.take(&worker, &refs["a"]).await;
        let fail = json!({ "worker": worker, "fence": held["fence"], "error": text });
        assert_eq!(gateway.post(&format!("/api/v1/leases/{}/fail", refs["a"]), fail).await.status, 200);
        let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in [
            format!("/ui/flows/{id}?node={}", refs["a"]),
            format!("/ui/flows/{id}?view=timeline"),
            format!("/ui/flows/{id}?view={escaped}&direction={escaped}&node={escaped}"),
        ] {
            let shown = gateway.page(&path).await.text();
            for wrong in ["<script>alert", "<img", "' onmouseover='", "\u{202e}", "\u{0}", "\u{1b}"] {
                assert!(!shown.contains(wrong), "{wrong:?} in {path}: {shown}");
            }
        }
        // A field shows what was typed into it.
        let searched =
            gateway.page(&format!("/ui/flows?name={escaped}&state={escaped}&sort={escaped}")).await.text();
        assert!(!searched.contains("<script>alert") && !searched.contains("<img"), "{searched}");
        for path in [format!("/ui/flows/{escaped}"), format!("/ui/flows?cursor={escaped}")] {
            let answer = gateway.ask(page(&path)).await;
            assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn a_flow_is_cancelled_and_its_failed_part_rerun_after_a_question() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (id, refs) = gateway.submit_flow(diamond("nightly")).await;
    gateway.complete(&worker, &refs["extract"], json!(1)).await;
    gateway.fail(&worker, &refs["count"]).await;
    let path = format!("/ui/flows/{id}");
    let shown = gateway.page(&path).await.text();
    assert!(
        shown.contains(&format!("href=\"{path}/cancel\""))
            && shown.contains(&format!("href=\"{path}/rerun\""))
    );
    let asked = gateway.page(&format!("{path}/rerun")).await.text();
    assert!(
        asked.contains("<bdi>nightly</bdi>") && asked.contains("Rerun the failed part: 1 task<"),
        "{asked}"
    );
    let sent = gateway.send(&format!("{path}/rerun"), "", &[("reason", "mended")]).await;
    assert_eq!((sent.status.as_u16(), sent.header("location")), (303, path.as_str()), "{}", sent.text());
    gateway.pass_on().await;
    assert_eq!(gateway.task(&refs["count"]).await["status"], "pending");
    let asked = gateway.page(&format!("{path}/cancel")).await.text();
    assert!(asked.contains("3 of its 4 tasks.") && asked.contains("Cancel: 3 tasks"), "{asked}");
    let sent = gateway.send(&format!("{path}/cancel"), "", &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.text());
    gateway.pass_on().await;
    let flow = gateway.get(&format!("/api/v1/flows/{id}")).await.json();
    assert_eq!((&flow["state"], &flow["counts"]["cancelled"]), (&json!("cancelled"), &json!(3)));
    let ended = gateway.page(&path).await.text();
    assert!(!ended.contains(&format!("href=\"{path}/cancel\"")), "{ended}");
}

#[tokio::test]
async fn whoever_may_only_look_sees_no_buttons_and_is_refused() {
    let gateway = Gateway::secured().await;
    let admin = gateway.jar_of("alice").await;
    let made = gateway
        .ask(
            crate::support::post("/api/v1/flows", &diamond("nightly"))
                .with("cookie", admin.clone())
                .with("sec-fetch-site", "same-origin")
                .with("x-baton-csrf", "1"),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = format!("/ui/flows/{}", made.json()["id"].as_str().unwrap());
    let jar = gateway.jar_of("bob").await;
    let own = gateway.page_with(&path, &admin).await.text();
    assert!(own.contains("/cancel\""), "{own}");
    for path in [path.clone(), format!("{path}?view=table"), "/ui/flows".to_owned()] {
        let text = gateway.page_with(&path, &jar).await.text();
        assert!(!text.contains("/cancel\"") && !text.contains("/rerun\""), "{text}");
    }
    for deed in ["cancel", "rerun"] {
        let asked = gateway.ask(page(&format!("{path}/{deed}")).with("cookie", jar.clone())).await;
        assert_eq!(asked.status, 403, "{deed}");
        let sent = gateway.ask(filled(&format!("{path}/{deed}"), &[]).with("cookie", jar.clone())).await;
        assert_eq!(sent.status, 403, "{deed}: {}", sent.text());
    }
}

#[tokio::test]
async fn a_task_shows_what_is_around_it_and_leads_to_its_flow() {
    let gateway = Gateway::start().await;
    let (id, refs) = gateway.submit_flow(diamond("nightly")).await;
    let text = gateway.page(&format!("/ui/tasks/{}", refs["clean"])).await.text();
    assert!(
        text.contains("class=\"drawing small\"") && text.contains("It waits for 1 tasks, and 1 wait for it."),
        "{text}"
    );
    assert!(text.contains(&format!("/ui/flows/{id}?view=graph&#38;node={}", refs["clean"])), "{text}");
    let alone = gateway.submit("echo").await;
    assert!(!gateway.page(&format!("/ui/tasks/{alone}")).await.text().contains("class=\"drawing small\""));
}
