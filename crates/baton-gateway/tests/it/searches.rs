//! Searches: terms, what lies beside tasks, indexes where much has ended, grants.

use std::collections::BTreeSet;

use baton_core::{Shard, Tag, TaskId};
use baton_store::behind::Step;
use baton_store::calls::task::{Cancel, NewTask, Submission};
use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::Gateway;

const TASKS: &str = "/api/v1/tasks";

async fn page(gateway: &Gateway, query: &str) -> Value {
    let answer = gateway.get(&format!("{TASKS}?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()
}

fn ids(page: &Value) -> Vec<String> {
    page["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn terms_cut_to_what_fits() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let long =
        json!({ "kind": "mail", "tags": ["red"], "payload": { "user": { "id": 42 }, "x": "y".repeat(100) } });
    let mail = gateway.submit_with(long).await;
    let other = gateway.submit_with(json!({ "kind": "other", "queue": "media", "payload": "Refused" })).await;
    let failed = gateway.submit("bad").await;
    let fence = gateway.take(&worker, &failed).await;
    let report = json!({ "worker": worker, "fence": fence["fence"], "permanent": true,
        "error": format!("{} connection refused by 10.0.0.7", "x".repeat(80)) });
    assert_eq!(gateway.post(&format!("/api/v1/leases/{failed}/fail"), report).await.status, 200);
    for (query, found) in [
        ("kind:mail", vec![&mail]),
        ("payload.user.id:42", vec![&mail]),
        ("tag:red -kind:other", vec![&mail]),
        ("status:failed", vec![&failed]),
        ("error:refused", vec![&failed]),
        ("refused", vec![&other, &failed]),
        ("-refused", vec![&mail]),
        ("queue:media", vec![&other]),
        ("created:>1h kind:mail,other", vec![&mail, &other]),
        ("created:<1h", vec![]),
        (&format!("id:{failed}"), vec![&failed]),
        (&format!("worker:{worker} attempt:>=1"), vec![&failed]),
    ] {
        let page = page(
            &gateway,
            &format!("q={}", query.replace(' ', "%20").replace('>', "%3E").replace('<', "%3C")),
        )
        .await;
        let found: BTreeSet<String> = found.into_iter().cloned().collect();
        assert_eq!(ids(&page).into_iter().collect::<BTreeSet<_>>(), found, "{query}");
        assert_eq!((page["truncated"].as_bool(), page.get("behind_ms")), (Some(false), None), "{query}");
    }
    // Page by page it comes to the same.
    let first = page(&gateway, "q=refused&limit=1").await;
    let second =
        page(&gateway, &format!("q=refused&limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!([ids(&first), ids(&second)].concat(), [other, failed.clone()]);
    let whole = gateway.get(&format!("{TASKS}/{failed}?include=history")).await.json();
    assert_eq!(
        (whole["history_count"].as_u64(), whole["history"][2]["event"].as_str()),
        (Some(3), Some("fail"))
    );
}

/// Tasks that are cancelled at once: of two queues in turn, every tenth with a tag, every twentieth with two.
async fn ended(gateway: &Gateway, count: usize) -> Vec<TaskId> {
    let store = &gateway.app.store;
    let mut all = Vec::new();
    for first in (0..count).step_by(100) {
        let new = |number: usize| {
            let id = store.draw(Shard::FIRST);
            let mut task = NewTask::new(id, "mail".parse().unwrap(), *b"{}");
            task.queue = (if number.is_multiple_of(2) { "a" } else { "b" }).parse().unwrap();
            let tags = [(10, "tenth"), (20, "twentieth")].into_iter();
            let own = tags.filter(|(each, _)| number.is_multiple_of(*each));
            task.tags = own.map(|(_, tag)| Tag::new(tag).unwrap()).collect();
            task
        };
        let tasks: Vec<NewTask> = (first..count.min(first + 100)).map(new).collect();
        let ids: Vec<TaskId> = tasks.iter().map(|task| task.id).collect();
        store.submit(&Submission { tasks: &tasks, by: None, op: None }).await.unwrap();
        store.cancel(Shard::FIRST, &Cancel { tasks: &ids, by: None, reason: "", op: None }).await.unwrap();
        all.extend(ids);
    }
    all
}

async fn write_all_behind(gateway: &Gateway) {
    while gateway.app.store.write_behind(Shard::FIRST, false).await.unwrap() != Step::Idle {}
}

#[tokio::test]
async fn where_much_has_ended_an_index_is_taken_and_says_how_far_behind_it_is() {
    let gateway = Gateway::start().await;
    let all = ended(&gateway, 2_200).await;
    let behind = page(&gateway, "tag=tenth&status=cancelled").await;
    assert_eq!(ids(&behind).len(), 0);
    assert!(behind["behind_ms"].is_u64());
    write_all_behind(&gateway).await;
    let waits = gateway.submit_with(json!({ "kind": "mail", "tags": ["tenth"] })).await;

    let mut expected: Vec<String> =
        all.iter().step_by(10).map(ToString::to_string).collect::<BTreeSet<_>>().into_iter().rev().collect();
    let sorted = page(&gateway, "tag=tenth&status=cancelled&sort=-created_at&limit=500").await;
    assert_eq!(
        (ids(&sorted).len(), sorted["scanned"].as_u64(), sorted["behind_ms"].is_u64()),
        (220, Some(220), true)
    );
    assert_eq!(ids(&sorted).into_iter().collect::<BTreeSet<_>>(), expected.iter().cloned().collect());
    let up = page(&gateway, "tag=tenth&status=cancelled&sort=created_at&limit=500").await;
    assert_eq!(ids(&up).into_iter().rev().collect::<Vec<_>>(), ids(&sorted));

    // What waits comes behind, and a walk by small pages sees each once.
    expected.push(waits);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let next = page(&gateway, &format!("q=tag:tenth&limit=50{cursor}")).await;
        seen.extend(ids(&next));
        match next["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.last(), expected.last());
    assert_eq!(seen.len(), 221);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected.into_iter().collect());
    // Also what has several of the tags, and what is live again and not behind yet.
    gateway.post(&format!("{TASKS}/{}/rerun", all[0]), json!({})).await;
    let both = page(&gateway, "tag=tenth,twentieth&limit=500").await;
    assert!(both["behind_ms"].is_u64(), "{both}");
    assert_eq!((ids(&both).len(), ids(&both).into_iter().collect::<BTreeSet<_>>().len()), (221, 221));
    gateway.assert_invariants().await;
}

#[tokio::test]
async fn what_stands_in_two_indexes_is_looked_into_once() {
    let gateway = Gateway::start().await;
    let payload = json!({ "text": "y".repeat(17_000) });
    let tags = json!(["tenth", "twentieth"]);
    let large = gateway.submit_with(json!({ "kind": "mail", "tags": tags, "payload": payload })).await;
    gateway.post(&format!("{TASKS}/{large}/cancel"), json!({})).await;
    ended(&gateway, 2_200).await;
    write_all_behind(&gateway).await;
    let both = page(&gateway, "tag=tenth,twentieth&q=payload.text:x&limit=500").await;
    assert!(both["behind_ms"].is_u64(), "{both}");
    assert_eq!((ids(&both), &both["unread"]), (Vec::new(), &json!(1)));
}

#[tokio::test]
async fn an_index_shows_only_what_may_be_read() {
    let gateway = Gateway::start().await;
    let all = ended(&gateway, 4_200).await;
    write_all_behind(&gateway).await;
    let door = Guarded::beside(&gateway).await;
    let key = door.key(&["tasks:read@a"], None).await;
    let answer = door.get(&key, &format!("{TASKS}?kind=mail&status=cancelled&limit=500")).await.json();
    assert!(answer["behind_ms"].is_u64(), "{answer}");
    let of_a: BTreeSet<String> = all.iter().step_by(2).map(ToString::to_string).collect();
    let shown = ids(&answer);
    assert_eq!(shown.len(), 500);
    assert!(shown.iter().all(|id| of_a.contains(id)));
    // Nor how many others there are between them.
    assert_eq!((answer["scanned"].as_u64(), answer["truncated"].as_bool()), (Some(500), Some(false)));
}

#[tokio::test]
async fn a_task_that_two_workers_had_is_listed_once() {
    let gateway = Gateway::start().await;
    ended(&gateway, 2_200).await;
    let (first, second) = (gateway.worker(1).await, gateway.worker(2).await);
    let id = gateway.submit("mail").await;
    for worker in [&first, &second] {
        let fence = gateway.take(worker, &id).await;
        let report = json!({ "worker": worker, "fence": fence["fence"], "permanent": true });
        assert_eq!(gateway.post(&format!("/api/v1/leases/{id}/fail"), report).await.status, 200);
        write_all_behind(&gateway).await;
        if worker == &first {
            gateway.post(&format!("{TASKS}/{id}/rerun"), json!({})).await;
        }
    }
    let found = page(&gateway, &format!("worker={first},{second}")).await;
    assert_eq!((ids(&found), found["behind_ms"].is_u64()), (vec![id.clone()], true));
    assert_eq!(ids(&page(&gateway, &format!("worker={first}")).await), Vec::<String>::new());
    assert_eq!(ids(&page(&gateway, &format!("worker={second}")).await), vec![id]);
}

#[tokio::test]
async fn payloads_that_no_search_looks_into_are_counted() {
    let gateway = Gateway::start().await;
    let text = |length: usize| json!({ "kind": "mail", "payload": { "text": "Y".repeat(length), "id": 7 } });
    let whole = gateway.submit_with(text(16_000)).await;
    let large = gateway.submit_with(text(17_000)).await;
    for (query, found, unread) in [
        ("payload.id:7", vec![&whole], Some(1)),
        ("yyyy", vec![&whole], Some(1)),
        ("-yyyy", vec![], Some(1)),
        ("-yyyy%20kind:other", vec![], None),
        ("-mail", vec![], None),
        ("mail", vec![&whole, &large], None),
        ("error:y", vec![], None),
        ("kind:mail", vec![&whole, &large], None),
    ] {
        let page = page(&gateway, &format!("q={query}")).await;
        let found: BTreeSet<String> = found.into_iter().cloned().collect();
        assert_eq!(ids(&page).into_iter().collect::<BTreeSet<_>>(), found, "{query}");
        assert_eq!(page.get("unread").and_then(Value::as_u64), unread, "{query}");
    }
}

#[tokio::test]
async fn an_order_that_no_index_has_is_refused_with_the_reason() {
    let gateway = Gateway::with_shards(2).await;
    for (query, why) in [
        ("sort=created_at&status=failed", "exactly one kind"),
        ("sort=created_at&kind=a,b&status=failed", "exactly one kind"),
        ("sort=created_at&kind=a", "have ended"),
        ("sort=created_at&kind=a&status=failed,running", "have ended"),
        ("sort=created_at&kind=a&status=failed", "each shard"),
    ] {
        let answer = gateway.get(&format!("{TASKS}?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.pointers()), (422, vec!["sort".to_owned()]), "{query}");
        assert!(answer.text().contains(why), "{query}: {}", answer.text());
    }
}

#[tokio::test]
async fn where_much_has_ended_a_group_of_failures_is_an_index() {
    let gateway = Gateway::start().await;
    let worker = gateway.worker(1).await;
    let mut failed = Vec::new();
    for number in 0..3 {
        let id = gateway.submit("mail").await;
        let error = json!({ "error": format!("mailbox {number} is full"), "permanent": true });
        gateway.end(&worker, &id, "fail", error).await;
        failed.push(id);
    }
    write_all_behind(&gateway).await;
    let groups = gateway.get("/api/v1/errors").await.json();
    let group = groups["errors"][0]["fingerprint"].as_str().unwrap().to_owned();
    ended(&gateway, 2_200).await;
    write_all_behind(&gateway).await;
    // The last one to fail first, page by page; what has ended otherwise is not looked at.
    let first = page(&gateway, &format!("q=error:{group}&limit=2")).await;
    assert!(first["behind_ms"].is_u64(), "{first}");
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = page(&gateway, &format!("q=error:{group}&limit=2&cursor={cursor}")).await;
    failed.reverse();
    assert_eq!([ids(&first), ids(&rest)].concat(), failed);
    // A shard may have forgotten a group, so its list is never said to be whole.
    assert_eq!(
        (&first["truncated"], &rest["truncated"], rest.get("next_cursor")),
        (&json!(false), &json!(true), None)
    );
    assert!(first["scanned"].as_u64().unwrap() <= 3, "{first}");
    // When they were created is not the order of this index, and cuts nothing off.
    let recent = page(&gateway, &format!("q=error:{group}%20created:%3E1h")).await;
    assert_eq!(ids(&recent), failed);
    // Of a group that nobody remembers the tasks are looked for one by one.
    let other = page(&gateway, "q=error:00000000000000ff").await;
    assert_eq!((other.get("behind_ms"), &other["truncated"]), (None, &json!(true)));
}
