//! The fleet: Redis, gateways, workers; begun in this order, and ended in the opposite one.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use baton::Client;
use baton::api::worker::State;
use baton_core::PoolName;
use baton_gateway::config::Config;
use baton_service::config::{Flag, Sources, masked};
use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use super::member::{Member, Recipe, this_program};
use super::redis::Redis;
use super::{Dev, demo, ports};
use crate::exit::{Exit, Stop};
use crate::out::{Out, say};
use crate::serve::unusable;

/// The state of a supervisor that is not heard of any more.
const SILENT: &str = "silent";

/// How long processes may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(15);
/// How long running tasks may go on when the fleet is to end, and how long we wait for that.
pub(super) const DRAIN: &str = "10s";
/// A supervisor tells its workers a second time 5 s after that, and kills them after another 5 s.
const WORKERS_END_WITHIN: Duration = Duration::from_secs(25);
const GATEWAYS_END_WITHIN: Duration = Duration::from_secs(10);

/// What the fleet is to be.
#[derive(Debug)]
pub(super) struct Plan {
    data: Option<PathBuf>,
    redis: Option<String>,
    port: u16,
    gateways: usize,
    workers: usize,
    slots: u16,
    queues: String,
    exec_dir: Option<PathBuf>,
    verbose: bool,
    /// How long a silent worker keeps its tasks.
    lease: &'static str,
    demo: bool,
}

impl Plan {
    pub(super) fn of(dev: &Dev) -> Result<Plan> {
        let absolute = |path: &PathBuf| std::path::absolute(path).context("failed to find the directory");
        let count = |wanted: Option<u16>, usual: usize, demo: usize| {
            wanted.map_or(if dev.demo { demo } else { usual }, usize::from)
        };
        Ok(Plan {
            data: dev.data.as_ref().map(absolute).transpose()?,
            redis: dev.redis.as_ref().map(|url| redis_at(url.as_deref())).transpose()?.flatten(),
            port: dev.port,
            gateways: count(dev.gateways, 1, 2),
            workers: count(dev.workers, 2, 4),
            slots: dev.slots,
            queues: if dev.demo { demo::QUEUES.join(",") } else { dev.queues.join(",") },
            exec_dir: dev.exec_dir.as_ref().map(absolute).transpose()?,
            verbose: dev.verbose,
            lease: if dev.demo { "3s" } else { "30s" },
            demo: dev.demo,
        })
    }
}

/// The Redis of others that is to be used. Nothing after `--redis=` is none: scripts name a variable there that may be empty.
#[expect(
    clippy::disallowed_methods,
    reason = "an address with a password stands in the environment, where `ps` does not see it"
)]
fn redis_at(url: Option<&str>) -> Result<Option<String>> {
    let Some(url) = url else {
        let named = std::env::var("BATON_REDIS_URL").ok().filter(|url| !url.is_empty());
        let sentence = "--redis without a URL takes that of BATON_REDIS_URL, which is not set";
        return named.map(Some).ok_or_else(|| Stop::new(Exit::Usage, sentence).into());
    };
    if url.is_empty() {
        return Ok(None);
    }
    // The rule of every flag with an address: no password.
    let given = Flag { key: "redis.url", flag: "--redis", value: url.to_owned() };
    let nothing: [(OsString, OsString); 0] = [];
    let sources = Sources::gather(None, nothing, vec![given]).map_err(unusable)?;
    Config::resolve(&sources).map_err(unusable)?;
    Ok(Some(url.to_owned()))
}

/// Two servers that write one append-only file would each forget what the other did.
fn lock(data: &Path) -> Result<File> {
    let file =
        File::create(data.join("lock")).with_context(|| format!("failed to write in {}", data.display()))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(_) => {
            let sentence = format!(
                "{} is in use by another baton dev: end that one, or name another directory",
                data.display()
            );
            Err(Stop::new(Exit::Conflict, sentence).into())
        }
    }
}

/// The running fleet. Dropping it kills what is left of it and removes its directory.
#[derive(Debug)]
pub(super) struct Fleet {
    // Workers first: fields are dropped in order, and nobody should lose the one below them.
    /// Keeps the workers; one, unless none is started yet.
    pub(super) supervisors: Vec<Member>,
    pub(super) gateways: Vec<Member>,
    redis: Option<Redis>,
    /// Nobody else uses the directory of `--data` meanwhile. Let go of after its Redis has ended.
    _lock: Option<File>,
    directory: TempDir,
    plan: Plan,
    ports: Vec<u16>,
    url: String,
}

impl Fleet {
    /// Where the Redis of the fleet is.
    pub(super) fn redis_url(&self) -> &str {
        &self.url
    }

    /// Starts what the others need: the directory and Redis.
    pub(super) async fn begin(plan: Plan) -> Result<Fleet> {
        let directory = TempDir::with_prefix("baton-dev-").context("failed to make a directory")?;
        if let Some(data) = &plan.data {
            std::fs::create_dir_all(data).with_context(|| format!("failed to make {}", data.display()))?;
        }
        let lock = plan.data.as_deref().map(lock).transpose()?;
        let ports = ports::free(plan.port, plan.gateways)?;
        let redis = match &plan.redis {
            Some(_) => None,
            None => Some(Redis::start(directory.path(), plan.data.as_deref()).await?),
        };
        let url = plan.redis.clone().or_else(|| redis.as_ref().map(Redis::url)).unwrap_or_default();
        Ok(Fleet {
            supervisors: Vec::new(),
            gateways: Vec::new(),
            redis,
            _lock: lock,
            directory,
            plan,
            ports,
            url,
        })
    }

    /// Starts gateways and workers, and returns when all of them are ready.
    pub(super) async fn start(&mut self) -> Result<()> {
        if self.plan.demo && self.plan.exec_dir.is_none() {
            self.plan.exec_dir = Some(demo::write_handlers(self.directory.path())?);
        }
        for number in 1..=self.plan.gateways {
            self.gateways.push(Member::start(self.gateway(number)?)?);
        }
        self.supervisors.push(Member::start(self.supervisor()?)?);
        let ready = tokio::time::timeout(READY_WITHIN, self.wait_until_ready()).await;
        ready.unwrap_or_else(|_| bail!("the fleet was not ready within {READY_WITHIN:?}"))
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        for number in 0..self.gateways.len() {
            let client = self.client(number)?;
            while !client.ready().await.is_ok_and(|ready| ready.ready) {
                self.must_run()?;
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        let client = self.client(0)?;
        while !self.has_its_workers(&client).await {
            self.must_run()?;
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// As many as the pool is to have, which with kept data may have been said by hand; and they can be seen.
    async fn has_its_workers(&self, client: &Client) -> bool {
        let Ok(pool) = client.pool(PoolName::default().as_str()).await else { return false };
        let live = || pool.supervisors.iter().filter(|supervisor| supervisor.state != SILENT);
        let ours: Vec<String> = self.supervisors.iter().map(|member| member.pid().to_string()).collect();
        let attends = live().any(|one| one.pid.as_ref().is_some_and(|pid| ours.contains(pid)));
        let most: u64 = live().map(|supervisor| supervisor.most).sum();
        let wanted = if pool.running { pool.desired.min(most) } else { 0 };
        if !attends || live().map(|supervisor| supervisor.live).sum::<u64>() < wanted {
            return false;
        }
        let seen = client.workers().await.unwrap_or_default();
        seen.iter().filter(|worker| worker.state != State::Offline).count() as u64 >= wanted
    }

    fn must_run(&mut self) -> Result<()> {
        self.redis.as_mut().map_or(Ok(()), Redis::must_run)?;
        self.gateways.iter_mut().chain(&mut self.supervisors).try_for_each(Member::must_run)
    }

    /// Starts again what has ended by itself, but for workers, which the supervisor replaces. Without Redis there is nothing to mend.
    pub(super) fn mend(&mut self) -> Result<()> {
        self.redis.as_mut().map_or(Ok(()), Redis::must_run)?;
        for member in self.gateways.iter_mut().chain(&mut self.supervisors) {
            if let Some(how) = member.ended() {
                say(&format!("{} ended ({how}); starting it again", member.name()));
                *member = Member::start(member.recipe.clone())?;
            }
        }
        Ok(())
    }

    /// Workers finish what they run, then gateways their requests, then Redis writes down what is to be kept.
    pub(super) async fn end(&mut self) {
        end_all(&mut self.supervisors, WORKERS_END_WITHIN).await;
        end_all(&mut self.gateways, GATEWAYS_END_WITHIN).await;
        if let Some(redis) = &mut self.redis {
            redis.end().await;
        }
    }

    /// How many workers it begins with.
    pub(super) fn size(&self) -> usize {
        self.plan.workers
    }

    /// A client of the gateway with this number, from 0.
    pub(super) fn client(&self, gateway: usize) -> Result<Client> {
        Ok(Client::new(&self.address(gateway))?)
    }

    pub(super) fn address(&self, gateway: usize) -> String {
        let port = self.ports.get(gateway).or(self.ports.first()).copied().unwrap_or(self.plan.port);
        format!("http://127.0.0.1:{port}")
    }

    /// Where to look, and what to try: among other things this.
    pub(super) fn introduce(&self, out: &Out, command: &str) -> Result<()> {
        let program = this_program()?;
        let baton =
            program.strip_prefix(std::env::current_dir().unwrap_or_default()).unwrap_or(&program).display();
        let url = if self.ports[0] == 8000 { String::new() } else { format!(" --url {}", self.address(0)) };
        let gateways: Vec<String> = (0..self.gateways.len()).map(|number| self.address(number)).collect();
        if self.ports[0] != self.plan.port {
            let (wanted, got) = (self.plan.port, self.address(0));
            out.line(&format!("  Note        port {wanted} is taken, by another fleet perhaps; this one is asked with --url {got}"))?;
        }
        out.line(&format!("  Dashboard   {}/", self.address(0)))?;
        out.line(&format!("  API         {}/docs", gateways.join("/docs  ")))?;
        out.line(&format!("  Redis       {}", self.shown_redis()))?;
        out.line(&format!("  Logs        {}", self.shown_logs()))?;
        out.line(&format!(
            "  Try         {baton}{url} task submit echo --payload '{{\"name\":\"you\"}}' --wait"
        ))?;
        out.line(&format!("              {baton}{url} {command}"))?;
        match &self.redis {
            Some(redis) => out.line(&format!(
                "              redis-cli -s {} HGETALL 'baton:{{0}}:task:<id>'",
                redis.socket().display()
            )),
            None => out.line(&format!("              {baton}{url} worker ls")),
        }?;
        out.line(&format!("              {baton}{url} pool scale {}", self.plan.workers + 2))
    }

    fn shown_redis(&self) -> String {
        let kept = match (&self.plan.data, &self.redis) {
            (Some(data), _) => format!("tasks are kept in {}", data.display()),
            (None, Some(_)) => "tasks are forgotten at the end; --data DIR keeps them".to_owned(),
            (None, None) => "the one of --redis; what is submitted stays there".to_owned(),
        };
        format!("{}  ({kept})", masked(&self.url))
    }

    fn shown_logs(&self) -> String {
        if self.plan.verbose { "here".to_owned() } else { self.directory.path().display().to_string() }
    }

    fn gateway(&self, number: usize) -> Result<Recipe> {
        let listen = format!("127.0.0.1:{}", self.ports[number - 1]);
        let mut recipe = self.recipe(&format!("gateway-{number}"), &["gateway", "--accept-any-login"])?;
        // Logins live as long as the data does.
        let state = self.plan.data.as_deref().unwrap_or(self.directory.path());
        recipe.environment.extend([
            ("BATON_LISTEN", listen.into()),
            ("BATON_GATEWAY_DRAIN_TIMEOUT", "5s".into()),
            ("BATON_AUTH_STATE_DIR", state.into()),
            // Receivers of a fleet on one host are on that host.
            ("BATON_WEBHOOKS_ALLOW_PRIVATE", "true".into()),
        ]);
        Ok(recipe)
    }

    /// One, which keeps all workers: so `baton pool scale` works here as anywhere.
    fn supervisor(&self) -> Result<Recipe> {
        let plan = &self.plan;
        let mut recipe = self.recipe("supervisor", &["pool", "run"])?;
        recipe.environment.extend([
            ("BATON_SUPERVISOR_COUNT", plan.workers.to_string().into()),
            ("BATON_SUPERVISOR_CONCURRENCY", plan.slots.to_string().into()),
            ("BATON_SUPERVISOR_QUEUES", plan.queues.clone().into()),
            ("BATON_WORKER_LEASE", plan.lease.into()),
            ("BATON_WORKER_DRAIN_TIMEOUT", DRAIN.into()),
        ]);
        let exec_dir = plan.exec_dir.as_ref().map(|path| ("BATON_WORKER_EXEC_DIR", OsString::from(path)));
        recipe.environment.extend(exec_dir);
        Ok(recipe)
    }

    fn recipe(&self, name: &str, words: &[&str]) -> Result<Recipe> {
        let log = |directory: &Path| directory.join(format!("{name}.log"));
        Ok(Recipe {
            name: name.to_owned(),
            program: this_program()?,
            arguments: words.iter().map(OsString::from).collect(),
            environment: vec![("BATON_REDIS_URL", self.url.clone().into())],
            log: (!self.plan.verbose).then(|| log(self.directory.path())),
            on_our_death: "kill",
        })
    }
}

/// All at once: the patience is for the slowest, not for each.
async fn end_all(members: &mut Vec<Member>, patience: Duration) {
    let mut ending = tokio::task::JoinSet::new();
    for mut member in members.drain(..) {
        ending.spawn(async move { member.end(patience).await });
    }
    ending.join_all().await;
}
