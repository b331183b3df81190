//! Schedules act with the rights that their owners have at each of their times, whichever process sees to them.

use baton_core::Shard;
use baton_store::ticker::Ticker;
use baton_store::{Options, Store};
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

use super::support::{Answer, Logins, Plan};
use crate::fleet::support::until;

/// Two gateways, and a process that ticks as workers do: it knows nothing of users.
struct Fleet {
    at: Logins,
    admin: String,
    ada: String,
    _worker: AbortOnDropHandle<()>,
}

impl Fleet {
    async fn start() -> Fleet {
        let at = Plan::of(2).start().await;
        at.user_as("root", "admin").await;
        at.user("ada").await;
        let (admin, ada) =
            (at.login(0, "root").await.access_token(), at.login(1, "ada").await.access_token());
        let url = at.redis.lock().await.url();
        let (store, _) = Store::open(Options::new(url.parse().expect("a URL"))).await.expect("a store");
        let ticker = Ticker::new(store).run(std::future::pending());
        Fleet { at, admin, ada, _worker: AbortOnDropHandle::new(tokio::spawn(ticker)) }
    }

    async fn send(&self, method: reqwest::Method, path: &str, bearer: &str, body: &Value) -> Answer {
        let request = self.at.client.request(method, self.at.url(0, path)).bearer_auth(bearer).json(body);
        super::support::read(request.send().await.expect("an answer")).await.expect("a body")
    }

    async fn make(&self, name: &str, bearer: &str) -> Value {
        let body = json!({ "name": name, "every_ms": 1_000, "kind": "report", "queue": "reports" });
        let made = self.send(reqwest::Method::POST, "/api/v1/schedules", bearer, &body).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.body
    }

    async fn look(&self, name: &str) -> Value {
        self.at.get(1, &format!("/api/v1/schedules/{name}"), &self.admin).await.body
    }

    /// Waits until it makes tasks, and has nothing to say against its owner.
    async fn fires(&self, name: &str) {
        let before = self.look(name).await["fired"].as_u64();
        until("it fires", async || {
            let now = self.look(name).await;
            now["fired"].as_u64() > before && now["denied"].is_null()
        })
        .await;
    }

    /// Waits until it skips for this reason, and makes nothing meanwhile.
    async fn skips(&self, name: &str, why: &str) {
        until("it skips", async || self.look(name).await["denied"] == why).await;
        let before = self.look(name).await;
        until("it skips again", async || {
            self.look(name).await["skipped"].as_u64() > before["skipped"].as_u64()
        })
        .await;
        let after = self.look(name).await;
        assert_eq!((&after["fired"], &after["denied"]), (&before["fired"], &json!(why)), "{after}");
        assert!(after["denied_at"].is_string(), "{after}");
    }

    async fn change(&self, path: &str, body: Value) {
        let changed = self.send(reqwest::Method::PATCH, path, &self.admin, &body).await;
        assert_eq!(changed.status, 200, "{changed:?}");
    }

    /// Each of its times was seen to once, by the stream.
    async fn each_time_once(&self, name: &str) {
        let entries = self.at.store.events(Shard::FIRST, None, 500).await.expect("events");
        let of = format!("{name} ");
        let lines = entries.iter().filter(|entry| entry.event == "schedule_fire");
        let lines = lines.filter_map(|entry| entry.schedule.as_deref()).filter(|line| line.starts_with(&of));
        let due = |line: &str| line.split_once("due=")?.1.split(' ').next()?.parse::<u64>().ok();
        let times: Vec<u64> = lines.filter_map(due).collect();
        assert!(times.len() > 2 && times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_loses_his_right_is_skipped_until_it_comes_back() {
    let fleet = Fleet::start().await;
    let made = fleet.make("nightly", &fleet.ada).await;
    assert_eq!((&made["owner"], &made["owner_key"]), (&json!("user_ada"), &Value::Null));
    fleet.fires("nightly").await;
    let ada = "/auth/users/user_ada";
    fleet.change(ada, json!({ "roles": ["viewer"] })).await;
    fleet.skips("nightly", "owner_forbidden").await;
    fleet.change(ada, json!({ "roles": ["operator"] })).await;
    fleet.fires("nightly").await;
    fleet.change(ada, json!({ "disabled": true })).await;
    fleet.skips("nightly", "owner_disabled").await;
    // Whoever takes it over has it go on with rights of his own.
    fleet.change("/api/v1/schedules/nightly", json!({ "priority": 7 })).await;
    assert_eq!(fleet.look("nightly").await["owner"], "user_root");
    fleet.fires("nightly").await;
    fleet.each_time_once("nightly").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_must_be_good_and_so_must_its_owner() {
    let fleet = Fleet::start().await;
    let body = json!({ "name": "ci", "scopes": ["tasks:write@reports"] });
    let key = fleet.send(reqwest::Method::POST, "/auth/keys", &fleet.ada, &body).await.body;
    let (secret, id) = (key["secret"].as_str().expect("a secret"), key["id"].as_str().expect("an id"));
    let made = fleet.make("ci", secret).await;
    assert_eq!((&made["owner"], &made["owner_key"]), (&json!("user_ada"), &json!(id)));
    fleet.fires("ci").await;
    // The queue is not one of the key's: nobody else could have moved it there.
    let move_it = json!({ "queue": "mail" });
    let moved = fleet.send(reqwest::Method::PATCH, "/api/v1/schedules/ci", secret, &move_it).await;
    assert_eq!(moved.code(), "insufficient_scope");
    let removed =
        fleet.send(reqwest::Method::DELETE, &format!("/auth/keys/{id}"), &fleet.ada, &json!({})).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    fleet.skips("ci", "owner_unknown").await;
    fleet.each_time_once("ci").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namesake_of_a_removed_user_owns_nothing() {
    let fleet = Fleet::start().await;
    fleet.make("nightly", &fleet.ada).await;
    fleet.fires("nightly").await;
    let removed = fleet.send(reqwest::Method::DELETE, "/auth/users/user_ada", &fleet.admin, &json!({})).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    fleet.skips("nightly", "owner_unknown").await;
    fleet.at.user("ada").await;
    fleet.skips("nightly", "owner_unknown").await;
    fleet.at.login(0, "ada").await;
}
