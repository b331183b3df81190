//! Flows: made all or not at all, looked at, and acted on as a whole.

use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::{Gateway, get, post};

const FLOWS: &str = "/api/v1/flows";

/// extract → (clean, count) → load, written in an odd order.
fn diamond() -> Value {
    json!({ "name": "nightly", "on_parent_failure": "cancel", "tasks": [
        { "ref": "load", "kind": "table.load", "parents": ["clean", "count"], "on_parent_failure": "run" },
        { "ref": "clean", "kind": "table.clean", "parents": ["extract"], "queue": "media" },
        { "ref": "extract", "kind": "table.extract", "payload": { "day": 21 } },
        { "ref": "count", "kind": "table.count", "parents": ["extract"] },
        { "kind": "note", "delay_ms": 3_600_000 },
    ] })
}

fn ids(page: &Value) -> Vec<String> {
    let tasks = page["tasks"].as_array().unwrap();
    tasks.iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_flow_is_made_with_all_its_tasks() {
    let gateway = Gateway::start().await;
    let answer = gateway.post(FLOWS, diamond()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let (flow, path) = (answer.json(), answer.header("location").to_owned());
    assert_eq!(path, format!("{FLOWS}/{}", flow["id"].as_str().unwrap()));
    for (member, value) in [
        ("name", json!("nightly")),
        ("state", json!("running")),
        ("tasks", json!(5)),
        ("edges", json!(4)),
        ("submitted_by", json!("local-dev")),
        ("doing", Value::Null),
        ("finished_at", Value::Null),
    ] {
        assert_eq!(flow[member], value, "{member}");
    }
    let counts = &flow["counts"];
    assert_eq!(
        (&counts["blocked"], &counts["pending"], &counts["scheduled"], &counts["failed"]),
        (&json!(3), &json!(1), &json!(1), &json!(0))
    );
    let refs = flow["refs"].as_object().unwrap();
    assert_eq!(refs.keys().collect::<Vec<_>>(), ["clean", "count", "extract", "load"]);

    let of = async |name: &str| gateway.task(refs[name].as_str().unwrap()).await;
    let (extract, clean, load) = (of("extract").await, of("clean").await, of("load").await);
    assert_eq!((&extract["status"], &extract["children"]), (&json!("pending"), &json!(2)));
    assert_eq!((&extract["flow"], &extract["ref"]), (&flow["id"], &json!("extract")));
    assert_eq!(extract["payload"], json!({ "day": 21 }));
    for member in ["parents", "open_parents", "on_parent_failure"] {
        assert!(extract.get(member).is_none(), "{member}");
    }
    assert_eq!((&clean["on_parent_failure"], &clean["queue"]), (&json!("cancel"), &json!("media")));
    assert_eq!((&load["status"], &load["on_parent_failure"]), (&json!("blocked"), &json!("run")));
    assert_eq!((&load["parents"], &load["open_parents"]), (&json!(2), &json!(2)));

    let read = gateway.get(&path).await.json();
    assert!(read.get("refs").is_none());
    let listed = gateway.get(FLOWS).await.json();
    assert_eq!((&listed["flows"], &listed["total"]), (&json!([read]), &json!(1)));
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn a_flow_runs_from_its_first_task_to_its_last() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (id, refs) = gateway
        .submit_flow(json!({ "tasks": [
            { "ref": "a", "kind": "x" },
            { "ref": "b", "kind": "x", "parents": ["a"] },
            { "ref": "c", "kind": "x", "parents": ["a"] },
            { "ref": "d", "kind": "x", "parents": ["b", "c"] },
        ] }))
        .await;
    let blocked =
        gateway.post(&format!("/api/v1/tasks/{}/claim", refs["d"]), json!({ "worker": worker })).await;
    assert_eq!(blocked.problem(), (409, "parents_open".to_owned()));
    for name in ["a", "c", "b", "d"] {
        gateway.complete(&worker, &refs[name], json!(name)).await;
    }
    let flow = gateway.get(&format!("{FLOWS}/{id}")).await.json();
    assert_eq!((&flow["state"], &flow["counts"]["completed"]), (&json!("completed"), &json!(4)));
    assert!(flow["finished_at"].is_string());
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn the_tasks_of_a_flow_are_listed_in_its_order() {
    let gateway = Gateway::start().await;
    let (id, refs) = gateway.submit_flow(diamond()).await;
    gateway.submit("stranger").await;
    let list = async |more: &str| gateway.get(&format!("/api/v1/tasks?flow={id}{more}")).await.json();
    let all = list("").await;
    assert_eq!(ids(&all)[..2], [refs["extract"].clone(), refs["clean"].clone()]);
    assert_eq!((ids(&all).len(), &all["next_cursor"]), (5, &Value::Null));

    let (mut seen, mut more) = (Vec::new(), "&limit=2".to_owned());
    loop {
        let page = list(&more).await;
        seen.extend(ids(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        more = format!("&limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ids(&all));
    let numbered = list("&page=2&page_size=3").await;
    assert_eq!((ids(&numbered), &numbered["total"]), (ids(&all)[3..].to_vec(), &json!(5)));
    let media = list("&queue=media&status=blocked,running").await;
    assert_eq!((ids(&media), &media["scanned"]), (vec![refs["clean"].clone()], &json!(5)));
    let filtered = list("&kind=table.count&page=1").await;
    assert_eq!((ids(&filtered), &filtered["total"]), (vec![refs["count"].clone()], &json!(1)));
    let first = list("&status=blocked&limit=1").await;
    let rest = list(&format!("&status=blocked&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((ids(&first).len(), ids(&rest).len()), (1, 2));

    let foreign = gateway.get(&format!("/api/v1/tasks?flow={}&cursor=AAAA", refs["load"])).await;
    assert_eq!(foreign.pointers(), ["cursor"]);
    assert_eq!(gateway.get("/api/v1/tasks?flow=nightly").await.pointers(), ["flow"]);
    let unknown = format!("/api/v1/tasks?flow={}", refs["load"]);
    assert_eq!(gateway.get(&unknown).await.json()["tasks"], json!([]));
}

#[tokio::test]
async fn flows_of_all_shards_are_listed_newest_first() {
    let gateway = Gateway::with_shards(3).await;
    let mut made = Vec::new();
    for number in 0..7 {
        let flow = json!({ "name": format!("f{number}"), "tasks": [{ "kind": "x" }] });
        made.push(gateway.submit_flow(flow).await.0);
    }
    let (mut seen, mut path) = (Vec::new(), format!("{FLOWS}?limit=2"));
    loop {
        let answer = gateway.get(&path).await;
        let page = answer.json();
        assert_eq!(page["total"], 7);
        seen.extend(page["flows"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        assert!(answer.header("link").contains(cursor));
        path = format!("{FLOWS}?limit=2&cursor={cursor}");
    }
    let times: Vec<&str> = seen.iter().map(|flow| flow["created_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|one, next| one >= next), "{times:?}");
    let mut found: Vec<&str> = seen.iter().map(|flow| flow["id"].as_str().unwrap()).collect();
    found.sort_unstable();
    made.sort_unstable();
    assert_eq!(found, made);
    assert_eq!(gateway.get(&format!("{FLOWS}?cursor=x")).await.pointers(), ["cursor"]);
    assert_eq!(gateway.get(&format!("{FLOWS}?page=1")).await.pointers(), ["page"]);
}

#[tokio::test]
async fn a_repeated_submission_answers_the_same_flow_also_through_another_gateway() {
    let gateway = Gateway::with_shards(3).await;
    let body = diamond();
    let first = gateway.ask(post(FLOWS, &body).with("idempotency-key", "night-21")).await;
    let again = gateway.ask_another(post(FLOWS, &body).with("idempotency-key", "night-21")).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(first.json(), again.json());
    assert_eq!(first.header("location"), again.header("location"));
    let mut other = body;
    other["tasks"][0]["parents"] = json!(["clean"]);
    let other = gateway.ask(post(FLOWS, &other).with("idempotency-key", "night-21")).await;
    assert_eq!(other.problem(), (422, "idempotency_mismatch".to_owned()));
    assert_eq!(gateway.get(FLOWS).await.json()["total"], 1);
}

#[tokio::test]
async fn a_flow_is_cancelled_and_rerun_as_a_whole() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let (id, refs) = gateway.submit_flow(diamond()).await;
    let path = |verb: &str| format!("{FLOWS}/{id}/{verb}");
    gateway.complete(&worker, &refs["extract"], json!(1)).await;
    let cancel = path("cancel");
    let ask = || post(&cancel, &json!({ "reason": "not tonight" })).with("idempotency-key", "c-1");
    let (first, again) = (gateway.ask(ask()).await, gateway.ask_another(ask()).await);
    assert_eq!((first.status.as_u16(), first.json()["doing"].clone()), (202, json!("cancel")));
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (202, "true"));
    let busy = gateway.post(&path("rerun"), json!({})).await;
    assert_eq!((busy.problem(), busy.header("retry-after")), ((409, "conflict".to_owned()), "1"));
    gateway.pass_on().await;
    let flow = gateway.get(&format!("{FLOWS}/{id}")).await.json();
    assert_eq!((&flow["state"], &flow["counts"]["cancelled"]), (&json!("cancelled"), &json!(4)));
    assert_eq!(gateway.task(&refs["load"]).await["reason"], "not tonight");

    assert_eq!(gateway.post(&path("rerun"), json!({})).await.status, 202);
    gateway.pass_on().await;
    let flow = gateway.get(&format!("{FLOWS}/{id}")).await.json();
    let counts = &flow["counts"];
    assert_eq!((&flow["state"], &counts["completed"]), (&json!("running"), &json!(1)));
    // `load` runs whatever became of its parents: their end has let it go, and it does not wait for them again.
    assert_eq!((&counts["cancelled"], &counts["pending"]), (&json!(0), &json!(4)));
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn what_is_no_flow_is_unknown() {
    let gateway = Gateway::start().await;
    let task = gateway.submit("noop").await;
    let unknown = (404, "unknown_flow".to_owned());
    for id in [task.as_str(), "x", "01a1fc29-8a56-7000-ba14-c38b1c000fff"] {
        for rest in ["", "/graph"] {
            assert_eq!(gateway.get(&format!("{FLOWS}/{id}{rest}")).await.problem(), unknown, "{id}{rest}");
        }
        for verb in ["cancel", "rerun"] {
            assert_eq!(gateway.post(&format!("{FLOWS}/{id}/{verb}"), json!({})).await.problem(), unknown);
        }
    }
    let (id, _) = gateway.submit_flow(diamond()).await;
    let reason = json!({ "reason": "two\nlines" });
    assert_eq!(gateway.post(&format!("{FLOWS}/{id}/cancel"), reason).await.pointers(), ["/reason"]);
    let query = gateway.ask(get(&format!("{FLOWS}/{id}?x=1"))).await;
    assert_eq!(query.problem(), (422, "validation".to_owned()));
}

/// A hundred layers of 200, each task with two parents above it.
#[tokio::test]
async fn a_flow_of_20_000_tasks_is_made_and_cancelled() {
    let gateway = Gateway::start().await;
    let name = |layer: usize, at: usize| format!("t{layer}-{at}");
    let task = |layer: usize, at: usize| {
        let parents: Vec<String> = match layer.checked_sub(1) {
            Some(above) => vec![name(above, at), name(above, (at + 1) % 200)],
            None => Vec::new(),
        };
        json!({ "ref": name(layer, at), "kind": "x", "payload": at, "parents": parents })
    };
    let tasks: Vec<Value> = (0..20_000).rev().map(|n| task(n / 200, n % 200)).collect();
    let (id, refs) = gateway.submit_flow(json!({ "tasks": tasks })).await;
    assert_eq!(refs.len(), 20_000);
    let path = format!("{FLOWS}/{id}");
    let flow = gateway.get(&path).await.json();
    assert_eq!((&flow["tasks"], &flow["edges"]), (&json!(20_000), &json!(39_600)));
    assert_eq!((&flow["counts"]["pending"], &flow["counts"]["blocked"]), (&json!(200), &json!(19_800)));
    assert_eq!(gateway.task(&refs["t99-199"]).await["open_parents"], 2);
    let graph = gateway.get(&format!("{path}/graph")).await.json();
    assert_eq!((&graph["truncated"], &graph["tasks"]), (&json!(true), &json!(20_000)));
    assert_eq!(graph["nodes"].as_array().unwrap().len(), 5_000);
    let kinds = gateway.get(&format!("{path}/kinds")).await.json();
    assert_eq!((&kinds["tasks"], kinds["nodes"].as_array().unwrap().len()), (&json!(20_000), 1), "{kinds}");
    let only = &kinds["nodes"][0];
    assert_eq!((&only["within"], &only["counts"]["blocked"]), (&json!(39_600), &json!(19_800)), "{only}");
    large_flows_are_drawn_by_kinds(&gateway, &id, &only["kind"]).await;
    assert_eq!(gateway.post(&format!("{path}/cancel"), json!({})).await.status, 202);
    gateway.pass_on().await;
    let flow = gateway.get(&path).await.json();
    assert_eq!((&flow["state"], &flow["counts"]["cancelled"]), (&json!("cancelled"), &json!(20_000)));
}

async fn large_flows_are_drawn_by_kinds(gateway: &Gateway, id: &str, kind: &Value) {
    let table = gateway.page(&format!("/ui/flows/{id}")).await.text();
    assert!(table.contains("Draw its kinds"), "{table}");
    let answer = gateway.ask(crate::ui_support::page(&format!("/ui/flows/{id}?view=graph"))).await;
    crate::ui_support::assert_safe(&answer, "");
    let text = answer.text();
    for part in [
        "<title id=\"kinds-title\">",
        "<table class=\"rows\" id=\"kinds\">",
        "column blocked",
        "its own",
        kind.as_str().unwrap(),
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn kinds_of_a_flow_are_counted_as_far_as_they_are_read() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let (id, _) = gateway
        .submit_flow(json!({ "tasks": [
            { "ref": "a", "kind": "extract" },
            { "ref": "b", "kind": "extract", "queue": "other" },
            { "ref": "c", "kind": "load", "parents": ["a", "b"] },
            { "ref": "d", "kind": "extract", "parents": ["c"] },
        ] }))
        .await;
    let path = format!("{FLOWS}/{id}/kinds?direction=right");
    let seen = gateway.get(&path).await.json();
    let [extract, load] = [&seen["nodes"][0], &seen["nodes"][1]];
    assert_eq!(
        (&extract["kind"], &extract["counts"]),
        (&json!("extract"), &json!({ "pending": 2, "blocked": 1 }))
    );
    assert_eq!((&load["tasks"], &load["layer"], &seen["tasks"]), (&json!(1), &json!(1), &json!(4)));
    assert!(load["x"].as_u64() > extract["x"].as_u64(), "{seen}");
    let edges =
        json!([{ "parents": 0, "children": 1, "edges": 2 }, { "parents": 1, "children": 0, "edges": 1 }]);
    assert_eq!(seen["edges"], edges);
    let key = door.key(&["tasks:read@default"], None).await;
    let own = door.get(&key, &path).await.json();
    assert_eq!((&own["tasks"], &own["edges"][0]["edges"]), (&json!(3), &json!(1)), "{own}");
    let stranger = door.key(&["tasks:read@none"], None).await;
    for answer in [door.get(&stranger, &path).await, gateway.get(&format!("{FLOWS}/nonsense/kinds")).await] {
        assert_eq!(answer.problem(), (404, "unknown_flow".to_owned()));
    }
    assert_eq!(gateway.get(&format!("{FLOWS}/{id}/kinds?direction=up")).await.pointers(), ["direction"]);
}

#[tokio::test]
async fn flows_are_filtered_and_those_that_fail_come_first() {
    let gateway = Gateway::with_shards(2).await;
    let worker = gateway.worker(1).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let flow = json!({ "name": format!("Night-{number}"), "tasks": [{ "ref": "a", "kind": "x", "max_attempts": 1 }] });
        let (id, refs) = gateway.submit_flow(flow).await;
        match number {
            1 | 3 => gateway.fail(&worker, &refs["a"]).await,
            2 => gateway.complete(&worker, &refs["a"], json!(1)).await,
            _ => {}
        }
        ids.push(id);
    }
    let found = |page: &Value| -> Vec<String> {
        let flows = page["flows"].as_array().unwrap().iter();
        flows.map(|flow| flow["id"].as_str().unwrap().to_owned()).collect()
    };
    let list = async |query: &str| gateway.get(&format!("{FLOWS}?{query}")).await.json();
    let failed = list("state=failed,completed&name=NIGHT").await;
    let mut some = found(&failed);
    some.sort();
    let mut expected = vec![ids[1].clone(), ids[2].clone(), ids[3].clone()];
    expected.sort();
    assert_eq!((some, &failed["scanned"], &failed["total"]), (expected, &json!(5), &Value::Null));
    assert_eq!(found(&list("name=night-4").await), [ids[4].clone()]);

    let (mut seen, mut more) = (Vec::new(), String::new());
    loop {
        let page = list(&format!("sort=failing&limit=1{more}")).await;
        seen.extend(found(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        more = format!("&cursor={cursor}");
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
    assert!(seen[..2].contains(&ids[1]) && seen[..2].contains(&ids[3]), "{seen:?}");

    let open = list("include=oldest_open&state=running&name=night-0").await;
    let oldest = &open["flows"][0]["oldest_open"];
    assert_eq!(
        (&oldest["ref"], &oldest["status"], &oldest["kind"]),
        (&json!("a"), &json!("pending"), &json!("x"))
    );
    for (wrong, place) in [
        ("state=odd", "state"),
        ("sort=odd", "sort"),
        ("include=history", "include"),
        ("cursor=AAAA", "cursor"),
    ] {
        assert_eq!(gateway.get(&format!("{FLOWS}?{wrong}")).await.pointers(), [place], "{wrong}");
    }
}
