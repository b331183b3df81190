//! Schedules over HTTP: how they are made and changed, every refusal, and who may see them.

use axum::http::Method;
use baton_auth::{api_key, user_tag};
use baton_core::Shard;
use baton_core::login::UserId;
use baton_core::schedule::{Missed, Overlap, Timing};
use baton_store::calls::schedule::{Begins, Owner, PutSchedule, Template};
use baton_store::calls::token::ChangeKey;
use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::{Answer, Ask, Gateway, get, post};

const ALL: &str = "/api/v1/schedules";
const NIGHTLY: &str = "/api/v1/schedules/nightly";

fn nightly() -> Value {
    json!({ "name": "nightly", "cron": "0 3 * * *", "zone": "Europe/Berlin", "kind": "report.build" })
}

fn with(member: &str, value: Value) -> Value {
    let mut schedule = nightly();
    schedule[member] = value;
    schedule
}

fn delete(path: &str) -> Ask<'_> {
    get(path).by(Method::DELETE)
}

impl Gateway {
    async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask(post(path, &body).by(Method::PATCH)).await
    }
}

#[tokio::test]
async fn a_schedule_is_made_shown_and_removed() {
    let gateway = Gateway::with_shards(4).await;
    let payload = json!({ "month": "2026-11" });
    let made = gateway.post(ALL, with("payload", payload.clone())).await;
    assert_eq!((made.status.as_u16(), made.header("location"), made.header("etag")), (201, NIGHTLY, "\"1\""));
    let schedule = made.json();
    assert_eq!(gateway.get(NIGHTLY).await.json(), schedule);
    assert_eq!((&schedule["state"], &schedule["payload"]), (&json!("active"), &payload));
    assert_eq!((&schedule["missed"], &schedule["overlap"]), (&json!("once"), &json!("allow")));
    assert_eq!((&schedule["fired"], &schedule["created_by"]), (&json!(0), &json!("local-dev")));
    let next = schedule["next"].as_array().unwrap();
    assert_eq!(next.len(), 5);
    for time in next {
        let local = time["local"].as_str().unwrap();
        assert!(local.contains("T03:00:00+0"), "{local}");
        assert!(time["at"].as_str().unwrap().ends_with(":00:00.000Z"), "{time}");
    }
    let listed = gateway.get(ALL).await.json();
    assert_eq!(listed["schedules"][0]["name"], "nightly");
    assert_eq!(gateway.ask(delete(NIGHTLY)).await.status, 204);
    assert_eq!(gateway.get(NIGHTLY).await.problem(), (404, "unknown_schedule".to_owned()));
    assert_eq!(gateway.ask(delete(NIGHTLY)).await.problem(), (404, "unknown_schedule".to_owned()));
}

#[tokio::test]
async fn the_same_request_again_is_the_same_schedule() {
    let gateway = Gateway::start().await;
    let ask = || post(ALL, &nightly()).with("idempotency-key", "k-1");
    assert_eq!(gateway.ask(ask()).await.status, 201);
    let again = gateway.ask(ask()).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (200, "true"));
    let other = post(ALL, &with("kind", json!("other"))).with("idempotency-key", "k-1");
    assert_eq!(gateway.ask(other).await.problem(), (422, "idempotency_mismatch".to_owned()));
    // Without a key the name decides.
    assert_eq!(gateway.post(ALL, nightly()).await.status, 200);
    let taken = gateway.post(ALL, with("kind", json!("other"))).await;
    assert_eq!((taken.problem(), taken.pointers()), ((409, "conflict".to_owned()), vec!["/name".to_owned()]));
}

#[tokio::test]
async fn every_mistake_is_named_with_its_place() {
    let gateway = Gateway::start().await;
    let long = "x".repeat(17_000);
    let before = gateway.shard().await;
    for (body, pointer, words) in [
        (with("cron", json!("61 * * * *")), "/cron", "minute 61: it is between 0 and 59"),
        (with("cron", json!("0 0 30 2 *")), "/cron", "there is no such day"),
        (with("cron", json!("* * *")), "/cron", "take 3 fields"),
        (with("zone", json!("Europe/Berln")), "/zone", "did you mean Europe/Berlin?"),
        (with("every_ms", json!(5_000)), "/every_ms", "not both"),
        (with("missed", json!("never")), "/missed", "skip, once and all"),
        (with("overlap", json!("no")), "/overlap", "allow and skip"),
        (with("name", json!("a:b")), "/name", "character ':'"),
        (with("name", json!("preview")), "/name", "a route of it"),
        (with("max_attempts", json!(0)), "/max_attempts", "between 1"),
        (with("tags", json!(["a", "b c"])), "/tags/1", "character ' '"),
        (with("crom", json!("x")), "/crom", "did you mean"),
        (json!({ "name": "a", "kind": "b" }), "", "say when"),
        (json!({ "name": "a", "kind": "b", "every_ms": 999 }), "/every_ms", "between 1000"),
        (json!({ "name": "a", "kind": "b", "every_ms": 5_000, "zone": "UTC" }), "/zone", "only counts"),
        (json!({ "name": "a", "every_ms": 5_000 }), "", "missing field `kind`"),
    ] {
        let refused = gateway.post(ALL, body.clone()).await;
        assert_eq!(refused.problem(), (422, "validation".to_owned()), "{body}: {}", refused.text());
        let error = refused.json()["errors"][0].clone();
        let message = error["message"].as_str().unwrap().to_lowercase();
        assert!(message.contains(&words.to_lowercase()), "{body}: {error}");
        assert_eq!(error["pointer"], pointer, "{error}");
    }
    let large = gateway.post(ALL, with("payload", json!(long))).await;
    assert_eq!((large.problem().0, large.pointers()), (413, vec!["/payload".to_owned()]));
    let both = with("cron", json!("61 * * * *"));
    let both =
        json!({ "zone": "Mars", "priority": 12, "name": both["name"], "cron": both["cron"], "kind": "k" });
    assert_eq!(gateway.post(ALL, both).await.pointers(), ["/cron", "/zone", "/priority"]);
    assert_eq!(gateway.shard().await, before);
}

#[tokio::test]
async fn times_can_be_looked_at_first() {
    let gateway = Gateway::start().await;
    let preview = async |body: Value| gateway.post("/api/v1/schedules/preview", body).await;
    let before = gateway.shard().await;
    let times = preview(json!({ "cron": "*/15 8-9 * * mon", "zone": "Asia/Kathmandu" })).await.json();
    let local: Vec<&str> =
        times["next"].as_array().unwrap().iter().map(|time| time["local"].as_str().unwrap()).collect();
    assert!(local.len() == 5 && local[0].contains(":00+05:45"), "{local:?}");
    let every = preview(json!({ "every_ms": 60_000 })).await.json();
    assert!(every["next"].as_array().unwrap().len() == 5 && every["next"][0].get("local").is_none());
    assert_eq!(preview(json!({ "cron": "x" })).await.pointers(), ["/cron"]);
    assert_eq!(preview(json!({})).await.problem().0, 422);
    assert_eq!(gateway.shard().await, before);
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name() {
    let gateway = Gateway::start().await;
    gateway.post(ALL, with("tags", json!(["a"]))).await;
    let changed = gateway.patch(NIGHTLY, json!({ "cron": "30 4 * * *", "payload": [1] })).await;
    assert_eq!((changed.status.as_u16(), changed.header("etag")), (200, "\"2\""));
    let schedule = changed.json();
    assert_eq!((&schedule["zone"], &schedule["tags"]), (&json!("Europe/Berlin"), &json!(["a"])));
    assert_eq!((&schedule["payload"], &schedule["version"]), (&json!([1]), &json!(2)));
    assert!(schedule["next"][0]["local"].as_str().unwrap().contains("T04:30:00"));
    let interval = gateway.patch(NIGHTLY, json!({ "every_ms": 90_000, "tags": [] })).await.json();
    assert_eq!((interval.get("cron"), interval.get("zone"), interval.get("tags")), (None, None, None));
    assert_eq!(interval["every_ms"], 90_000);
    // Two editors.
    let late = post(NIGHTLY, &json!({ "priority": 9 })).by(Method::PATCH);
    let late = gateway.ask(late.with("if-match", "\"2\"")).await;
    assert_eq!(late.problem(), (412, "stale_version".to_owned()));
    let fresh = post(NIGHTLY, &json!({ "priority": 9 })).by(Method::PATCH);
    assert_eq!(gateway.ask(fresh.with("if-match", "\"3\"")).await.json()["priority"], 9);
    assert_eq!(gateway.ask(delete(NIGHTLY).with("if-match", "\"1\"")).await.problem().0, 412);
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "cron": "99 * * * *" }), "/cron"),
        (json!({ "cron": "* * * * *", "every_ms": 5_000 }), "/every_ms"),
        (json!({ "zone": "Europe/Berlin" }), "/zone"),
        (json!({ "name": "other" }), "/name"),
    ] {
        let refused = gateway.patch(NIGHTLY, body.clone()).await;
        assert_eq!((refused.problem().0, refused.pointers()), (422, vec![pointer.to_owned()]), "{body}");
    }
    let unknown = gateway.patch("/api/v1/schedules/other", json!({ "priority": 1 })).await;
    assert_eq!(unknown.problem(), (404, "unknown_schedule".to_owned()));
}

#[tokio::test]
async fn it_rests_goes_on_and_makes_a_task_when_asked() {
    let gateway = Gateway::start().await;
    gateway.post(ALL, with("overlap", json!("skip"))).await;
    let paused = gateway.post("/api/v1/schedules/nightly/pause", json!({})).await.json();
    assert_eq!((&paused["state"], &paused["next"]), (&json!("paused"), &json!([])));
    assert!(paused["paused_at"].is_string());
    let made = gateway.post("/api/v1/schedules/nightly/trigger", json!({})).await;
    let id = made.json()["task"].as_str().unwrap().to_owned();
    assert_eq!(
        (made.status.as_u16(), made.header("location")),
        (201, format!("/api/v1/tasks/{id}").as_str())
    );
    let task = gateway.task(&id).await;
    assert_eq!((&task["kind"], &task["submitted_by"]), (&json!("report.build"), &json!("schedule:nightly")));
    let overlapping = gateway.post("/api/v1/schedules/nightly/trigger", json!({})).await;
    assert_eq!(overlapping.problem(), (409, "conflict".to_owned()));
    assert!(overlapping.text().contains(&id), "{}", overlapping.text());
    let resumed = gateway.post("/api/v1/schedules/nightly/resume", json!({})).await.json();
    assert_eq!((&resumed["state"], &resumed["last_task"]), (&json!("active"), &json!(id)));
    assert_eq!(resumed["next"].as_array().unwrap().len(), 5);
    for verb in ["trigger", "pause", "resume"] {
        let unknown = gateway.post(&format!("/api/v1/schedules/other/{verb}"), json!({})).await;
        assert_eq!(unknown.problem(), (404, "unknown_schedule".to_owned()), "{verb}");
    }
    gateway.patch(NIGHTLY, json!({ "overlap": "allow" })).await;
    let trigger = || post("/api/v1/schedules/nightly/trigger", &json!({})).with("idempotency-key", "t-1");
    let first = gateway.ask(trigger()).await;
    let again = gateway.ask(trigger()).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(first.json(), again.json());
}

#[tokio::test]
async fn what_is_due_is_shown_as_overdue_until_somebody_sees_to_it() {
    let gateway = Gateway::start().await;
    gateway.post(ALL, json!({ "name": "pulse", "every_ms": 1_000, "kind": "noop" })).await;
    let pulse = async || gateway.get("/api/v1/schedules/pulse").await.json();
    crate::support::until(async || pulse().await["overdue_ms"].is_u64()).await;
    let fires = gateway.app.store.fire_due(Shard::FIRST).await.unwrap();
    assert!(fires.made > 0);
    let after = pulse().await;
    assert_eq!(after["fired"], json!(fires.made));
    assert!(after["last_task"].is_string() && after["last_due_at"].is_string());
}

#[tokio::test]
async fn lists_are_walked_by_name_over_all_shards() {
    let gateway = Gateway::with_shards(4).await;
    for number in 0..45 {
        let made = with("name", json!(format!("s{number:02}")));
        assert_eq!(gateway.post(ALL, made).await.status, 201);
    }
    let names = |answer: &Value| -> Vec<String> {
        let schedules = answer["schedules"].as_array().unwrap();
        schedules.iter().map(|schedule| schedule["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = gateway.get(&format!("{ALL}?limit=44")).await;
    let link = first.header("link").strip_prefix('<').unwrap().split_once('>').unwrap().0.to_owned();
    let rest = names(&gateway.get(&link).await.json());
    let expected: Vec<String> = (0..45).map(|number| format!("s{number:02}")).collect();
    assert_eq!([names(&first.json()), rest].concat(), expected);
    let page = gateway.get(&format!("{ALL}?page=3&page_size=20")).await.json();
    assert_eq!((names(&page).len(), &page["total"]), (5, &json!(45)));
    for wrong in ["limit=0", "limit=1&page=1", "cursor=%21", "queue=a"] {
        let refused = gateway.get(&format!("{ALL}?{wrong}")).await;
        assert_eq!(refused.problem(), (422, "validation".to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn a_key_for_some_queues_knows_the_schedules_of_these() {
    let gateway = Gateway::start().await;
    let of = |name: &str, queue: &str| json!({ "name": name, "every_ms": 60_000, "kind": "k", "queue": queue, "payload": queue });
    gateway.post(ALL, of("in-a", "a")).await;
    gateway.post(ALL, of("in-b", "b")).await;
    let door = Guarded::beside(&gateway).await;
    let key = door.key(&["tasks:read@a", "tasks:write@a"], None).await;
    let listed = door.get(&key, ALL).await.json();
    assert_eq!(listed["schedules"].as_array().unwrap().len(), 1);
    assert_eq!(door.get(&key, "/api/v1/schedules/in-a").await.status, 200);
    let before = gateway.shard().await;
    let (patch, none) = (json!({ "priority": 9 }), json!({}));
    let unknown = (404, "unknown_schedule".to_owned());
    let hidden = "/api/v1/schedules/in-b";
    assert_eq!(door.get(&key, hidden).await.problem(), unknown);
    assert_eq!(door.ask(delete(hidden).with_key(&key)).await.problem(), unknown);
    assert_eq!(door.ask(post(hidden, &patch).by(Method::PATCH).with_key(&key)).await.problem(), unknown);
    for verb in ["trigger", "pause", "resume"] {
        let path = format!("{hidden}/{verb}");
        assert_eq!(door.ask(post(&path, &none).with_key(&key)).await.problem(), unknown, "{verb}");
    }
    // Neither one of its own there, nor one that is moved there.
    let lacking = (403, "insufficient_scope".to_owned());
    let made = door.post(&key, ALL, of("new", "b")).await;
    assert_eq!((made.problem(), made.pointers()), (lacking.clone(), vec!["/queue".to_owned()]));
    let moved = post("/api/v1/schedules/in-a", &json!({ "queue": "b" }));
    assert_eq!(door.ask(moved.by(Method::PATCH).with_key(&key)).await.problem(), lacking);
    let reader = door.key(&["tasks:read"], None).await;
    assert_eq!(door.post(&reader, "/api/v1/schedules/in-a/trigger", none).await.problem(), lacking);
    assert_eq!(door.ask(delete("/api/v1/schedules/in-a").with_key(&reader)).await.problem(), lacking);
    assert_eq!(gateway.shard().await, before);
    // Who may write and not read is not shown what the tasks get.
    let writer = door.key(&["tasks:write@a"], None).await;
    let paused = door.post(&writer, "/api/v1/schedules/in-a/pause", json!({})).await.json();
    assert_eq!((&paused["state"], &paused["payload"]), (&json!("paused"), &Value::Null));
}

/// Sees to what is due as a gateway does that asks this one's auth, once something is.
async fn judged(gateway: &Gateway, door: &Guarded, path: &str) -> Value {
    let look = async || gateway.get(path).await.json();
    crate::support::until(async || look().await["overdue_ms"].is_u64()).await;
    gateway.app.store.fire_owned(Shard::FIRST, &door.app.auth).await.unwrap();
    look().await
}

#[tokio::test]
async fn a_schedule_of_a_key_needs_the_key_at_each_of_its_times() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let key = door.key(&["tasks:write@a", "tasks:read@a"], None).await;
    let (id, _) = api_key::parse(&key).unwrap();
    let pulse = json!({ "name": "pulse", "every_ms": 1_000, "kind": "noop", "queue": "a" });
    let made = door.post(&key, ALL, pulse).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let owner = (json!("service_tests"), json!(id.as_str()));
    assert_eq!((made.json()["owner"].clone(), made.json()["owner_key"].clone()), owner);
    let path = "/api/v1/schedules/pulse";
    let fired = judged(&gateway, &door, path).await;
    assert!(fired["fired"].as_u64() > Some(0) && fired["denied"].is_null(), "{fired}");
    // Who rests it and lets it go on does not say what it is to be.
    assert_eq!(gateway.post("/api/v1/schedules/pulse/pause", json!({})).await.status, 200);
    let resumed = gateway.post("/api/v1/schedules/pulse/resume", json!({})).await.json();
    assert_eq!(resumed["owner_key"], json!(id.as_str()));
    gateway.app.store.change_key(&id, ChangeKey::Disabled(true)).await.unwrap();
    let skipped = judged(&gateway, &door, path).await;
    assert_eq!((&skipped["denied"], &skipped["fired"]), (&json!("owner_disabled"), &fired["fired"]));
    assert!(skipped["denied_at"].is_string() && skipped["skipped"].as_u64() > Some(0), "{skipped}");
    // A trigger needs the rights of whoever asks for it, and of nobody else.
    assert_eq!(gateway.post("/api/v1/schedules/pulse/trigger", json!({})).await.status, 201);
    assert_eq!(gateway.get(path).await.json()["denied"], "owner_disabled");
    // Where nobody logs in nobody owns it, and any process sees to it.
    let taken = gateway.patch(path, json!({ "priority": 7 })).await.json();
    assert_eq!((&taken["owner"], &taken["denied"]), (&Value::Null, &Value::Null));
    crate::support::until(async || gateway.get(path).await.json()["overdue_ms"].is_u64()).await;
    assert!(gateway.app.store.fire_due(Shard::FIRST).await.unwrap().made > 0);
}

#[tokio::test]
async fn a_key_that_has_expired_is_none_and_where_all_may_do_everything_none_is_needed() {
    let gateway = Gateway::start().await;
    let door = Guarded::beside(&gateway).await;
    let key = door.key_until(&["tasks:write"], None, Some(1)).await;
    let (id, _) = api_key::parse(&key).unwrap();
    let store = &gateway.app.store;
    let user = UserId::service("tests").unwrap();
    let born = store.read_user(user_tag(&user), &user).await.unwrap().unwrap().born;
    let put = PutSchedule {
        name: &"pulse".parse().unwrap(),
        timing: &Timing::Every { every_ms: 1_000, aligned_ms: 0 },
        missed: Missed::Once,
        overlap: Overlap::Allow,
        task: &Template::new("noop".parse().unwrap(), *b"1"),
        begins: Begins::InMs(1_000),
        version: None,
        by: None,
        owner: Some(&Owner { user, born, key: Some(id) }),
        op: None,
    };
    store.put_schedule(&put).await.unwrap();
    let path = "/api/v1/schedules/pulse";
    let skipped = judged(&gateway, &door, path).await;
    assert_eq!((&skipped["denied"], &skipped["fired"]), (&json!("owner_unknown"), &json!(0)));
    crate::support::until(async || gateway.get(path).await.json()["overdue_ms"].is_u64()).await;
    let fires = gateway.app.store.fire_owned(Shard::FIRST, &gateway.app.auth).await.unwrap().fires;
    assert_eq!((fires.made > 0, fires.skipped), (true, 0));
    assert_eq!(gateway.get(path).await.json()["denied"], Value::Null);
}
