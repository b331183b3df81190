//! A gateway of one's own, asked without a network, or over a socket where the wire matters.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use baton_auth::ring::Ring;
use baton_auth::{password, user_tag};
use baton_core::ShardCount;
use baton_core::login::UserId;
use baton_gateway::auth::settings::Logins;
use baton_gateway::{App, Settings, router};
use baton_store::calls::token::NewUser;
use baton_store::{Options, Store};
use baton_testkit::{PrivateRedis, Snapshot, invariants};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// No test waits this long: it only turns a hang into a failure.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Gateway {
    pub(crate) redis: PrivateRedis,
    pub(crate) app: App,
    router: Router,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A request to be: method, path and query, headers, body.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) headers: Vec<(&'a str, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

pub(crate) fn get(path: &str) -> Ask<'_> {
    Ask { method: Method::GET, path, headers: Vec::new(), body: None }
}

pub(crate) fn post<'a>(path: &'a str, body: &Value) -> Ask<'a> {
    raw(path, body.to_string().into_bytes())
}

pub(crate) fn raw(path: &str, body: impl Into<Vec<u8>>) -> Ask<'_> {
    let headers = vec![("content-type", "application/json".to_owned())];
    Ask { method: Method::POST, path, headers, body: Some(body.into()) }
}

impl<'a> Ask<'a> {
    pub(crate) fn with(mut self, name: &'a str, value: impl Into<String>) -> Ask<'a> {
        self.headers.push((name, value.into()));
        self
    }

    /// The same, without this header.
    pub(crate) fn without(mut self, name: &str) -> Ask<'a> {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    pub(crate) fn by(mut self, method: Method) -> Ask<'a> {
        self.method = method;
        self
    }
}

impl Gateway {
    pub(crate) async fn start() -> Gateway {
        Gateway::with_shards(1).await
    }

    pub(crate) async fn with_shards(shards: u32) -> Gateway {
        let redis = PrivateRedis::start().await;
        let mut options = Options::new(redis.url().parse().expect("a URL"));
        options.shards = ShardCount::new(shards).expect("a number of shards");
        let (store, _) = Store::open(options).await.expect("a store on a private Redis");
        Gateway::over(redis, store, Settings::default())
    }

    /// One where everyone must log in, with users to do it as: `alice`, an admin, and `bob`, who may look.
    pub(crate) async fn secured() -> Gateway {
        Gateway::secured_with(|_| {}).await
    }

    /// The same under other rules.
    pub(crate) async fn secured_with(change: impl FnOnce(&mut Logins)) -> Gateway {
        let redis = PrivateRedis::start().await;
        let mut options = Options::new(redis.url().parse().expect("a URL"));
        options.logins = true;
        let (store, _) = Store::open(options).await.expect("a store on a private Redis");
        let mut settings = secured_settings();
        change(&mut settings.logins);
        let gateway = Gateway::over(redis, store, settings);
        gateway.app.auth.meet_others().await.expect("the same secrets");
        gateway.user("alice", "admin").await;
        gateway.user("bob", "viewer").await;
        gateway
    }

    /// Another gateway of the same installation, on the same Redis.
    pub(crate) async fn twin(&self) -> Twin {
        let mut options = Options::new(self.redis.url().parse().expect("a URL"));
        options.logins = true;
        let (store, _) = Store::open(options).await.expect("a second store");
        let app = App::start(store, (*self.app.settings).clone(), CancellationToken::new());
        Twin { router: router(app.clone()), app }
    }

    /// Makes a user whose password is `PASSWORD`.
    pub(crate) async fn user(&self, name: &str, roles: &str) {
        let id = UserId::person(name).expect("a name");
        let new = NewUser {
            tag: user_tag(&id),
            user_id: &id,
            roles,
            password: Some(password_hash()),
            disabled: false,
        };
        self.app.store.create_user(&new).await.expect("a user");
    }

    pub(crate) fn over(redis: PrivateRedis, store: Store, settings: Settings) -> Gateway {
        let app = App::start(store, settings, CancellationToken::new());
        Gateway { redis, router: router(app.clone()), app }
    }

    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Answer {
        asked(self.router.clone(), ask).await
    }

    /// The same of another gateway over the same Redis.
    pub(crate) async fn ask_another(&self, ask: Ask<'_>) -> Answer {
        let mut options = Options::new(self.redis.url().parse().expect("a URL"));
        options.shards = self.app.store.shards();
        let (store, _) = Store::open(options).await.expect("a second store");
        asked(router(App::start(store, Settings::default(), CancellationToken::new())), ask).await
    }
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(get(path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(post(path, &body)).await
    }

    /// Submits a task with this payload into the queue `default`, and answers its id.
    pub(crate) async fn submit(&self, kind: &str) -> String {
        self.submit_with(json!({ "kind": kind })).await
    }

    pub(crate) async fn submit_with(&self, body: Value) -> String {
        let answer = self.post("/api/v1/tasks", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    /// Registers `worker-<number>-test` and answers its id.
    pub(crate) async fn worker(&self, number: u32) -> String {
        let id = format!("worker-{number:03}-test");
        let body =
            json!({ "worker_id": id, "boot": format!("b{number}"), "queues": ["default"], "slots": 4 });
        let answer = self.post("/api/v1/workers/register", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        id
    }

    /// Claims one bare task; there must be one.
    pub(crate) async fn claim(&self, worker: &str) -> Value {
        let answer = self.post(&format!("/api/v1/workers/{worker}/claim"), json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Claims this task and no other.
    pub(crate) async fn take(&self, worker: &str, id: &str) -> Value {
        let answer = self.post(&format!("/api/v1/tasks/{id}/claim"), json!({ "worker": worker })).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Claims this task and ends it: `complete` or `fail`, with what there is to say.
    pub(crate) async fn end(&self, worker: &str, id: &str, verb: &str, more: Value) {
        let mut body = json!({ "worker": worker, "fence": self.take(worker, id).await["fence"] });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let answer = self.post(&format!("/api/v1/leases/{id}/{verb}"), body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    pub(crate) async fn complete(&self, worker: &str, id: &str, result: Value) {
        self.end(worker, id, "complete", json!({ "result": result })).await;
    }

    pub(crate) async fn fail(&self, worker: &str, id: &str) {
        self.end(worker, id, "fail", json!({ "permanent": true })).await;
    }

    /// Submits a flow; answers its id, and the ids of its tasks by their refs.
    pub(crate) async fn submit_flow(&self, body: Value) -> (String, BTreeMap<String, String>) {
        let answer = self.post("/api/v1/flows", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let flow = answer.json();
        let refs = serde_json::from_value(flow["refs"].clone()).expect("ids by ref");
        (flow["id"].as_str().expect("an id").to_owned(), refs)
    }

    /// Passes on what waits to be passed on, as workers do.
    pub(crate) async fn pass_on(&self) {
        for shard in self.app.store.shards().all() {
            while self.app.store.cascade(shard).await.expect("a cascade") {}
        }
    }

    pub(crate) async fn task(&self, id: &str) -> Value {
        let answer = self.get(&format!("/api/v1/tasks/{id}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub(crate) async fn snapshot(&self) -> Snapshot {
        Snapshot::take(&mut self.redis.connection().await, "baton:").await
    }

    /// Tasks, queues and workers, and nothing of logins: when a key was used is noted there.
    pub(crate) async fn shard(&self) -> Snapshot {
        Snapshot::take(&mut self.redis.connection().await, "baton:{0}:").await
    }

    pub(crate) async fn assert_invariants(&self) {
        invariants::assert_hold(&self.snapshot().await, "baton:{0}:");
    }
}

/// A second gateway. It has no Redis of its own.
pub(crate) struct Twin {
    pub(crate) app: App,
    router: Router,
}

impl Twin {
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Answer {
        asked(self.router.clone(), ask).await
    }
}

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Hashed once: it takes long on purpose.
fn password_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| password::hash(PASSWORD, [7; 16], password::Profile::Standard).expect("a hash"))
}

pub(crate) const ISSUER: &str = "https://baton.example";

/// The ring of every gateway in these tests.
pub(crate) fn ring() -> Ring {
    let secret = std::array::from_fn(|at| 17_u8.wrapping_mul(at as u8 + 3) ^ 0x5a);
    Ring::parse(Ring::line(1, secret).expose()).expect("a ring")
}

pub(crate) fn secured_settings() -> Settings {
    let mut settings = Settings { open: false, ..Settings::default() };
    settings.logins.ring = Some(Arc::new(ring()));
    settings.logins.rules.issuer = ISSUER.to_owned();
    // Tests log in and refresh much faster than people.
    settings.logins.rules.login_per_ip = 10_000;
    settings.logins.rules.login_per_user = 1_000;
    settings.logins.rules.refresh_rate = 10_000;
    settings
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The code of a problem, with its status.
    pub(crate) fn problem(&self) -> (u16, String) {
        let code = self.json()["code"].as_str().expect("a code").to_owned();
        (self.status.as_u16(), code)
    }

    /// The places of the mistakes.
    pub(crate) fn pointers(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["pointer"].as_str().expect("a pointer").to_owned()).collect()
    }

    /// Every answer is safe to show, and every refusal is a whole problem.
    fn check_form(&self, has_body: bool) {
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        let of_pages = self.header("content-security-policy").contains("trusted-types");
        assert_eq!(self.header("referrer-policy"), if of_pages { "same-origin" } else { "no-referrer" });
        assert!(!self.header("content-security-policy").is_empty());
        assert!(!self.header("x-request-id").is_empty());
        if !has_body || !self.status.is_client_error() && !self.status.is_server_error() {
            return;
        }
        if self.header("content-type") == "text/html; charset=utf-8" {
            // What a browser asked for is told to a person.
            assert!(self.text().contains("<h1>"), "{}", self.text());
            return;
        }
        if self.header("content-type") == "application/json" && self.json()["error"].is_string() {
            // OAuth has words of its own.
            assert!(self.json()["error_description"].is_string(), "{}", self.text());
            return;
        }
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem: baton_api::Problem = serde_json::from_slice(&self.body).expect("a problem");
        assert_eq!(problem.status, self.status.as_u16());
        assert_eq!(problem.kind, format!("/problems/{}", problem.code));
        assert_eq!(problem.request_id, self.header("x-request-id"));
        assert!(problem.code.parse::<baton_core::Code>().is_ok());
        assert!(problem.instance.starts_with('/') && !problem.detail.is_empty());
        let again = problem.retry_after_ms.is_some();
        assert!(again || !matches!(problem.status, 503 | 507));
        assert_eq!(again, !self.header("retry-after").is_empty());
    }
}

/// Asks until what is asked for is so.
pub(crate) async fn until(mut so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.expect("it never became so");
}

pub(crate) async fn asked(router: Router, ask: Ask<'_>) -> Answer {
    let has_body = ask.method != Method::HEAD;
    let mut request = Request::builder().method(ask.method).uri(ask.path);
    if !ask.headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost:8000");
    }
    for (name, value) in ask.headers.iter().filter(|(_, value)| value != "-") {
        request = request.header(*name, value);
    }
    let request = request.body(ask.body.map_or(Body::empty(), Body::from)).expect("a request");
    let answer = tokio::time::timeout(LONG, router.oneshot(request)).await;
    let (parts, body) = answer.expect("an answer in time").expect("an answer").into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
    let answer = Answer { status: parts.status, headers: parts.headers, body };
    answer.check_form(has_body);
    answer
}
