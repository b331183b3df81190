//! A Redis, and gateways beside it that require logins.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use baton_auth::password::{self, Profile};
use baton_auth::ring::Ring;
use baton_auth::user_tag;
use baton_core::login::UserId;
use baton_store::calls::token::{Made, NewUser};
use baton_store::{Options, Store};
use baton_testkit::{Launch, PrivateRedis, Process, process};
use deadpool_redis::redis::{Cmd, FromRedisValue};
use futures_util::future::join_all;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::Mutex;

use crate::fleet::support::{program, until};

/// No test waits this long: it only turns a hang into a failure.
pub(super) const LONG: Duration = Duration::from_secs(90);
pub(super) const PASSWORD: &str = "correct horse battery staple";
/// Everybody's, under the name of the key that seals tokens.
const RING: &[u8; 32] = b"f4Qz81LmXw0pRt7UeYk3VbGhJn5cDs2A";

/// What came back from `/auth/…`.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) outcome: String,
    pub(super) retry_after: bool,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn refresh_token(&self) -> String {
        self.body["refresh_token"].as_str().unwrap_or_else(|| panic!("no token in {self:?}")).to_owned()
    }

    pub(super) fn access_token(&self) -> String {
        self.body["access_token"].as_str().unwrap_or_else(|| panic!("no token in {self:?}")).to_owned()
    }

    pub(super) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// A gateway process, and where it answers.
pub(super) struct Gateway {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
}

/// Logins over one Redis.
pub(super) struct Logins {
    pub(super) gateways: Vec<Gateway>,
    pub(super) store: Store,
    pub(super) redis: Mutex<PrivateRedis>,
    pub(super) socket: PathBuf,
    redis_url: String,
    pub(super) place: TempDir,
    pub(super) client: Client,
    phc: String,
}

/// How the gateways are started.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) launch: Launch,
    pub(super) gateways: usize,
    /// Settings of their own, as variables.
    pub(super) environment: Vec<(&'static str, String)>,
    /// Where they find Redis, if not directly.
    pub(super) redis_url: Option<String>,
}

impl Plan {
    pub(super) fn of(gateways: usize) -> Plan {
        Plan { gateways, ..Plan::default() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Plan {
        self.environment.push((name, value.into()));
        self
    }

    pub(super) fn on(mut self, launch: Launch) -> Plan {
        self.launch = launch;
        self
    }

    pub(super) async fn start(self) -> Logins {
        // Whoever is second finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let redis = self.launch.clone().start().await;
        let mut options = Options::new(redis.url().parse().expect("a URL"));
        options.logins = true;
        let (store, _) = Store::open(options).await.expect("a store");
        let place = TempDir::new().expect("a directory");
        let ring = format!("{}\n", Ring::line(1, *RING).expose());
        let secret = place.path().join("secret");
        fs::write(&secret, ring).expect("a secret file");
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("a private file");
        let phc = password::hash(PASSWORD, [3; 16], Profile::Standard).expect("a hash");
        let client = Client::builder().pool_max_idle_per_host(2_000).timeout(LONG).build().expect("a client");
        let (redis_url, socket) = (redis.url(), redis.socket());
        let redis = Mutex::new(redis);
        let mut logins = Logins { gateways: Vec::new(), store, redis, socket, redis_url, place, client, phc };
        for _ in 0..self.gateways {
            let gateway = logins.gateway(&self).await;
            logins.gateways.push(gateway);
        }
        logins
    }
}

impl Logins {
    /// Another gateway process. Its log goes to a file.
    pub(super) async fn gateway(&self, plan: &Plan) -> Gateway {
        let name = format!("gateway-{}.log", fs::read_dir(self.place.path()).expect("a directory").count());
        let log = fs::File::create(self.place.path().join(name)).expect("a log");
        let mut command = process::command(program("baton-gateway"));
        let url = plan.redis_url.clone().unwrap_or_else(|| self.redis_url.clone());
        command.args(["--listen", "127.0.0.1:0", "--print-address", "--auth", "required"]);
        command.env("BATON_REDIS_URL", &url);
        command.env("BATON_AUTH_SECRET_FILE", self.place.path().join("secret"));
        command.env("BATON_AUTH_ISSUER", "https://baton.example");
        // Tests share one machine, and a slow answer is another subject.
        command.env("BATON_AUTH_STORE_TIMEOUT", "10s");
        command.envs(plan.environment.iter().map(|(name, value)| (*name, value)));
        command.env_remove("BATON_CONFIG").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut process = Process::spawn(command).expect("a gateway");
        let stdout = process.child().stdout.take().expect("its output");
        let stdout = tokio::process::ChildStdout::from_std(stdout).expect("a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let line =
            tokio::time::timeout(LONG, lines.next_line()).await.expect("an address in time").expect("a line");
        let Some(line) = line else { panic!("the gateway did not start: {}", self.log()) };
        let gateway = Gateway { process, address: line.parse().expect("an address") };
        let ready = format!("http://{}/ready", gateway.address);
        until("the gateway is ready", async || {
            self.client.get(&ready).send().await.is_ok_and(|answer| answer.status() == 200)
        })
        .await;
        gateway
    }

    /// Everything that the gateways have logged.
    pub(super) fn log(&self) -> String {
        let files = fs::read_dir(self.place.path()).expect("a directory").filter_map(Result::ok);
        let logs = files.filter(|file| file.file_name().to_string_lossy().ends_with(".log"));
        logs.map(|file| fs::read_to_string(file.path()).unwrap_or_default()).collect()
    }

    pub(super) fn url(&self, gateway: usize, path: &str) -> String {
        format!("http://{}{path}", self.gateways[gateway % self.gateways.len()].address)
    }

    /// A user who can sign in with [`PASSWORD`].
    pub(super) async fn user(&self, name: &str) {
        self.user_as(name, "operator").await;
    }

    pub(super) async fn user_as(&self, name: &str, roles: &str) {
        let id = UserId::person(name).expect("a name");
        let user =
            NewUser { tag: user_tag(&id), user_id: &id, roles, password: Some(&self.phc), disabled: false };
        let made = self.store.create_user(&user).await.expect("an answer");
        assert!(matches!(made, Made::User { .. }), "{made:?}");
    }

    /// Asks one of the gateways. A transport error is a failure of the test.
    pub(super) async fn post(&self, gateway: usize, path: &str, body: &Value, key: Option<&str>) -> Answer {
        self.try_post(gateway, path, body, key).await.unwrap_or_else(|error| panic!("{path}: {error:?}"))
    }

    pub(super) async fn try_post(
        &self,
        gateway: usize,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.client.post(self.url(gateway, path)).json(body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        read(request.send().await?).await
    }

    /// Signs in, at the gateway that has this number.
    pub(super) async fn login(&self, gateway: usize, name: &str) -> Answer {
        let answer =
            self.post(gateway, "/auth/login", &json!({ "username": name, "password": PASSWORD }), None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    pub(super) async fn refresh(&self, gateway: usize, token: &str) -> Answer {
        self.post(gateway, "/auth/refresh", &json!({ "refresh_token": token }), None).await
    }

    pub(super) async fn refresh_with_key(&self, gateway: usize, token: &str, key: &str) -> Answer {
        self.post(gateway, "/auth/refresh", &json!({ "refresh_token": token }), Some(key)).await
    }

    /// The same token so many times at once, over all gateways.
    pub(super) async fn refresh_at_once(&self, times: usize, token: &str) -> Vec<Answer> {
        join_all((0..times).map(|gateway| self.refresh(gateway, token))).await
    }

    pub(super) async fn get(&self, gateway: usize, path: &str, bearer: &str) -> Answer {
        let request = self.client.get(self.url(gateway, path)).bearer_auth(bearer);
        read(request.send().await.expect("an answer")).await.expect("a body")
    }

    pub(super) async fn is_valid(&self, gateway: usize, access: &str) -> bool {
        let answer = self.get(gateway, "/auth/validate", access).await;
        assert!(matches!(answer.status.as_u16(), 200 | 401), "{answer:?}");
        answer.status == 200
    }

    /// A command as a person would type it.
    pub(super) async fn by_hand<T: FromRedisValue>(&self, line: &str) -> T {
        let mut command = Cmd::new();
        line.split(' ').for_each(|word| {
            command.arg(word);
        });
        let mut connection = self.redis.lock().await.connection().await;
        command.query_async(&mut connection).await.unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    pub(super) async fn metric(&self, gateway: usize, line: &str) -> f64 {
        let text = self.metrics(gateway).await;
        let value = text.lines().find_map(|known| known.strip_prefix(line));
        value.and_then(|value| value.trim().parse().ok()).unwrap_or_default()
    }

    pub(super) async fn metrics(&self, gateway: usize) -> String {
        let access = self.login(gateway, "watcher").await.access_token();
        let request = self.client.get(self.url(gateway, "/metrics")).bearer_auth(access);
        request.send().await.expect("an answer").text().await.expect("a text")
    }
}

pub(super) async fn read(answer: reqwest::Response) -> Result<Answer, reqwest::Error> {
    let header =
        |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (outcome, retry_after) = (header("x-refresh-outcome"), header("retry-after").is_some());
    let status = answer.status();
    let body = serde_json::from_slice(&answer.bytes().await?).unwrap_or(Value::Null);
    Ok(Answer { status, outcome: outcome.unwrap_or_default(), retry_after, body })
}

/// How many answers have this status.
pub(super) fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// The one that succeeded; all others must be refused in the way of those who came second.
pub(super) fn winner(answers: &[Answer]) -> Answer {
    let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(won.len(), 1, "winners of {}: {won:?}", answers.len());
    for lost in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((lost.status.as_u16(), lost.code()), (401, "refresh_token_superseded"), "{lost:?}");
        assert_eq!(lost.body["error"], "invalid_grant");
        assert_eq!(lost.body["detail"], "Invalid or expired refresh token");
    }
    won[0].clone()
}
