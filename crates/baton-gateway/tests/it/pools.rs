//! Pools over HTTP: what they are to be, how they do, and who may say so.

use axum::http::Method;
use baton_core::{PoolName, SupervisorId};
use baton_store::calls::pool::{Attend, Attended};
use baton_store::calls::worker::Register;
use baton_testkit::Life;
use serde_json::{Value, json};

use crate::keys::Guarded;
use crate::support::{Answer, Ask, Gateway, post, raw};

const DEFAULT: &str = "/api/v1/pools/default";

fn put<'a>(path: &'a str, body: &Value) -> Ask<'a> {
    post(path, body).by(Method::PUT)
}

fn delete(path: &str) -> Ask<'_> {
    crate::support::get(path).by(Method::DELETE)
}

impl Gateway {
    async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(put(path, &body)).await
    }

    /// A heartbeat of a supervisor that is not there, with what it says of itself.
    async fn attend(&self, pool: &str, supervisor: &str, report: &[(&str, &str)]) {
        let pool = PoolName::new(pool).unwrap();
        let supervisor = SupervisorId::new(supervisor).unwrap();
        let report: Vec<(&str, String)> =
            report.iter().map(|(field, value)| (*field, (*value).to_owned())).collect();
        let attend = Attend {
            pool: &pool,
            supervisor: &supervisor,
            first: true,
            count: 2,
            auto_start: true,
            report: &report,
        };
        let attended = self.app.store.attend(&attend).await.unwrap();
        assert!(matches!(attended, Attended::Heard(_)), "{attended:?}");
    }

    async fn register_in(&self, number: u32, pool: Option<&str>) {
        let life = Life::new(number, 1);
        let about: Vec<(&str, &str)> = pool.iter().map(|pool| ("pool", *pool)).collect();
        let register = Register {
            worker: &life.worker,
            boot: &life.boot,
            expects: None,
            lease: Default::default(),
            about: &about,
        };
        for shard in self.app.store.shards().all() {
            self.app.store.register(shard, &register).await.unwrap();
        }
    }
}

const STEADY: [(&str, &str); 6] =
    [("host", "host-a"), ("state", "steady"), ("most", "64"), ("share", "2"), ("live", "2"), ("pid", "77")];

#[tokio::test]
async fn a_pool_gets_a_size_before_anybody_attends_to_it() {
    let gateway = Gateway::start().await;
    let made = gateway.put("/api/v1/pools/media", json!({ "desired": 5 })).await;
    assert_eq!((made.status.as_u16(), made.header("location")), (201, "/api/v1/pools/media"));
    let pool = made.json();
    assert_eq!(
        (&pool["name"], &pool["desired"], &pool["running"]),
        (&json!("media"), &json!(5), &json!(true))
    );
    assert_eq!((&pool["configured"], &pool["changed_by"]), (&json!(false), &json!("local-dev")));
    assert_eq!(pool["state"], "unattended");
    let reason = pool["reasons"][0].as_str().unwrap();
    assert!(reason.contains("supervisor.pool = \"media\""), "{reason}");
    let again = gateway.put("/api/v1/pools/media", json!({ "desired": 0, "running": true })).await;
    assert_eq!((again.status.as_u16(), again.json()["state"].as_str()), (200, Some("steady")));
    assert_eq!(gateway.get("/api/v1/pools/media").await.json(), again.json());
}

#[tokio::test]
async fn a_pool_shows_its_supervisors_and_workers() {
    let gateway = Gateway::start().await;
    gateway.attend("default", "host-a-1", &STEADY).await;
    gateway.register_in(1, Some("default")).await;
    gateway.register_in(2, Some("other")).await;
    gateway.register_in(3, None).await;
    let pool = gateway.get(DEFAULT).await.json();
    assert_eq!(
        (&pool["state"], &pool["desired"], &pool["configured"]),
        (&json!("steady"), &json!(2), &json!(true))
    );
    assert_eq!((&pool["workers"]["idle"], &pool["workers"]["total"]), (&json!(1), &json!(1)));
    let supervisor = &pool["supervisors"][0];
    assert_eq!(
        (&supervisor["id"], &supervisor["host"], &supervisor["pid"], &supervisor["live"]),
        (&json!("host-a-1"), &json!("host-a"), &json!("77"), &json!(2))
    );
    assert!(supervisor["heartbeat_age_ms"].as_u64().unwrap() < 10_000);
    assert!(pool.get("reasons").is_none());
    let gave_up = [STEADY.as_slice(), &[("gave_up", "1"), ("state", "degraded"), ("reason", "exit code 1")]];
    gateway.attend("default", "host-a-1", &gave_up.concat()).await;
    let pool = gateway.get(DEFAULT).await.json();
    assert_eq!(pool["state"], "degraded");
    let reason = pool["reasons"][0].as_str().unwrap();
    assert!(reason.contains("exit code 1") && reason.contains("`baton pool start default`"), "{reason}");
}

#[tokio::test]
async fn the_default_pool_has_routes_of_its_own() {
    let gateway = Gateway::start().await;
    let internal = |verb: &str| format!("/api/v1/workers/internal/{verb}");
    assert_eq!(gateway.get(&internal("status")).await.problem(), (404, "unknown_pool".to_owned()));
    for verb in ["start", "stop"] {
        assert_eq!(gateway.post(&internal(verb), json!({})).await.problem().1, "unknown_pool", "{verb}");
    }
    let scaled = gateway.post(&internal("scale"), json!({ "count": 3 })).await;
    assert_eq!((scaled.status.as_u16(), &scaled.json()["desired"]), (200, &json!(3)));
    let stopped = gateway.post(&internal("stop"), json!({})).await.json();
    assert_eq!((&stopped["state"], &stopped["desired"]), (&json!("stopped"), &json!(3)));
    let mut bare = post("/api/v1/workers/internal/start", &json!({})).without("content-type");
    bare.body = None;
    assert_eq!(gateway.ask(bare).await.json()["running"], true);
    assert_eq!(gateway.get(&internal("status")).await.json(), gateway.get(DEFAULT).await.json());
    for (body, pointers) in [
        (json!({ "count": 1001 }), vec!["/count"]),
        (json!({ "count": -1 }), vec!["/count"]),
        (json!({ "count": 1, "pool": "x" }), vec!["/pool"]),
    ] {
        assert_eq!(gateway.post(&internal("scale"), body.clone()).await.pointers(), pointers, "{body}");
    }
    assert_eq!(gateway.post(&internal("scale"), json!({})).await.status, 422);
    // A worker cannot be called so, and the other verbs know workers only.
    assert_eq!(gateway.post(&internal("quiet"), json!({})).await.problem().1, "unknown_worker");
    assert_eq!(gateway.get("/api/v1/workers/internal").await.problem().1, "unknown_worker");
    assert_eq!(gateway.get(&internal("stop")).await.problem(), (405, "method_not_allowed".to_owned()));
}

#[tokio::test]
async fn what_is_wrong_with_a_pool_is_named_and_changes_nothing() {
    let gateway = Gateway::start().await;
    gateway.put(DEFAULT, json!({ "desired": 2 })).await;
    let before = gateway.snapshot().await;
    for (body, pointer) in [
        (json!({}), ""),
        (json!({ "desired": null, "running": null }), ""),
        (json!({ "desired": 1001 }), "/desired"),
        (json!({ "desired": -1 }), "/desired"),
        (json!({ "desired": 1.5 }), "/desired"),
        (json!({ "desired": "2" }), "/desired"),
        (json!({ "running": "yes" }), "/running"),
        (json!({ "desire": 1 }), "/desire"),
    ] {
        let answer = gateway.put(DEFAULT, body.clone()).await;
        assert_eq!((answer.problem().0, answer.pointers()), (422, vec![pointer.to_owned()]), "{body}");
    }
    let hostile = [("{\"desired\":1", 400), ("", 400), ("{\"desired\":1,\"desired\":2}", 422), ("[1]", 422)];
    for (body, status) in hostile {
        assert_eq!(gateway.ask(raw(DEFAULT, body).by(Method::PUT)).await.problem().0, status, "{body}");
    }
    let odd = raw(DEFAULT, "{}").by(Method::PUT).without("content-type");
    assert_eq!(gateway.ask(odd).await.problem(), (415, "unsupported_media_type".to_owned()));
    let large = raw(DEFAULT, vec![b' '; 65 * 1024]).by(Method::PUT);
    assert_eq!(gateway.ask(large).await.problem(), (413, "payload_too_large".to_owned()));
    let long = format!("/api/v1/pools/{}", "p".repeat(33));
    for path in
        ["/api/v1/pools/A", "/api/v1/pools/a%20b", "/api/v1/pools/a:supervisors", "/api/v1/pools/-a", &long]
    {
        let refused = gateway.put(path, json!({ "desired": 1 })).await;
        assert_eq!((refused.problem().0, refused.pointers()), (422, vec!["name".to_owned()]), "{path}");
        assert_eq!(gateway.get(path).await.problem(), (404, "unknown_pool".to_owned()), "{path}");
        assert_eq!(gateway.ask(delete(path)).await.problem(), (404, "unknown_pool".to_owned()), "{path}");
    }
    assert_eq!(
        gateway.put("/api/v1/pools/new", json!({ "running": true })).await.problem().1,
        "unknown_pool"
    );
    assert_eq!(gateway.get("/api/v1/pools/new").await.problem(), (404, "unknown_pool".to_owned()));
    assert_eq!(gateway.snapshot().await, before);
}

#[tokio::test]
async fn a_pool_is_forgotten_once_nobody_attends_to_it() {
    let gateway = Gateway::start().await;
    gateway.attend("default", "host-a-1", &STEADY).await;
    gateway.attend("default", "host-b-1", &STEADY).await;
    let refused = gateway.ask(delete(DEFAULT)).await;
    assert_eq!(refused.problem(), (409, "conflict".to_owned()));
    assert!(refused.json()["detail"].as_str().unwrap().contains("attend to it: 2."), "{}", refused.text());
    let pool = PoolName::default();
    for id in ["host-a-1", "host-b-1"] {
        gateway.app.store.leave_pool(&pool, &SupervisorId::new(id).unwrap()).await.unwrap();
    }
    assert_eq!(gateway.ask(delete(DEFAULT)).await.status, 204);
    assert_eq!(gateway.ask(delete(DEFAULT)).await.problem(), (404, "unknown_pool".to_owned()));
}

#[tokio::test]
async fn pools_are_listed_by_name() {
    let gateway = Gateway::start().await;
    for number in 0..45 {
        gateway.put(&format!("/api/v1/pools/p{number:02}"), json!({ "desired": number })).await;
    }
    let names = |answer: &Value| -> Vec<String> {
        let pools = answer["pools"].as_array().unwrap();
        pools.iter().map(|pool| pool["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = gateway.get("/api/v1/pools?limit=44").await;
    let link = first.header("link").strip_prefix('<').unwrap().split_once('>').unwrap().0.to_owned();
    let rest = names(&gateway.get(&link).await.json());
    let expected: Vec<String> = (0..45).map(|number| format!("p{number:02}")).collect();
    assert_eq!([names(&first.json()), rest].concat(), expected);
    let page = gateway.get("/api/v1/pools?page=3&page_size=20").await.json();
    assert_eq!((names(&page).len(), &page["total"]), (5, &json!(45)));
    for wrong in ["limit=0", "limit=1&page=1", "cursor=%21", "pool=a"] {
        let refused = gateway.get(&format!("/api/v1/pools?{wrong}")).await;
        assert_eq!(refused.problem(), (422, "validation".to_owned()), "{wrong}");
    }
}

#[tokio::test]
async fn who_only_reads_moves_nothing() {
    let gateway = Gateway::start().await;
    gateway.put(DEFAULT, json!({ "desired": 2 })).await;
    let door = Guarded::beside(&gateway).await;
    let (reader, claimer) = (door.key(&["workers:read"], None).await, door.key(&["tasks:claim"], None).await);
    let before = gateway.shard().await;
    assert_eq!(door.get(&reader, DEFAULT).await.json()["desired"], 2);
    assert_eq!(door.get(&reader, "/api/v1/workers/internal/status").await.status, 200);
    assert_eq!(door.get(&claimer, DEFAULT).await.problem().0, 403);
    for key in [&reader, &claimer] {
        for ask in [
            put(DEFAULT, &json!({ "desired": 9 })),
            delete(DEFAULT),
            post("/api/v1/workers/internal/scale", &json!({ "count": 9 })),
            post("/api/v1/workers/internal/start", &json!({})),
            post("/api/v1/workers/internal/stop", &json!({})),
            post("/api/v1/recover", &json!({})),
        ] {
            let refused = door.ask(ask.with_key(key)).await;
            assert_eq!(refused.problem(), (403, "insufficient_scope".to_owned()));
        }
    }
    assert_eq!(gateway.shard().await, before);
    let operator = door.key(&["workers:admin"], None).await;
    let scaled = door.ask(put(DEFAULT, &json!({ "desired": 9 })).with_key(&operator)).await.json();
    assert_eq!(scaled["desired"], 9);
    assert_ne!(scaled["changed_by"], "local-dev");
}

#[tokio::test]
async fn workers_are_filtered_by_pool_and_state() {
    let gateway = Gateway::with_shards(4).await;
    for (number, pool) in [(1, Some("a")), (2, Some("b")), (3, Some("a")), (4, None)] {
        gateway.register_in(number, pool).await;
    }
    gateway.post("/api/v1/workers/worker-003-test/quiet", json!({})).await;
    let ids = async |query: &str| -> Vec<u64> {
        let answer = gateway.get(&format!("/api/v1/workers?{query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let workers = answer.json()["workers"].as_array().unwrap().clone();
        workers.iter().map(|worker| worker["id"].as_str().unwrap()[7..10].parse().unwrap()).collect()
    };
    assert_eq!(ids("pool=a").await, [1, 3]);
    assert_eq!(ids("pool=a,b&state=idle").await, [1, 2]);
    assert_eq!(ids("state=quiet&state=offline").await, [3]);
    assert_eq!(ids("pool=none").await, [0; 0]);
    let first = gateway.get("/api/v1/workers?pool=a&limit=1").await;
    assert!(first.header("link").contains("pool=a&limit=1&cursor="), "{}", first.header("link"));
}

#[tokio::test]
async fn one_worker_is_shown_with_what_it_holds() {
    let gateway = Gateway::with_shards(4).await;
    let worker = gateway.worker(1).await;
    let path = format!("/api/v1/workers/{worker}");
    assert!(gateway.get(&path).await.json().get("tasks").is_none());
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(gateway.submit("noop").await);
    }
    let claimed = gateway.post(&format!("{path}/claim"), json!({ "max": 6 })).await.json();
    assert_eq!(claimed["tasks"].as_array().unwrap().len(), 6);
    held.sort();
    let shown = gateway.get(&path).await.json();
    let mut tasks: Vec<String> = serde_json::from_value(shown["tasks"].clone()).unwrap();
    tasks.sort();
    assert_eq!((tasks, &shown["holds"]), (held, &json!(6)));
    // Of many at once it would be too much.
    assert!(gateway.get("/api/v1/workers").await.json()["workers"][0].get("tasks").is_none());
}
