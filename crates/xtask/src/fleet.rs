//! A fleet of our own for programs of others: a Redis, a gateway and a worker, built from here, that end with it.

use std::fs::{self, DirBuilder, File};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{command, http, server};

pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// A program of others, by the name that it has in [`CLIENTS`].
pub(crate) const CLIENT: &str = "portal";
pub(crate) const CLIENT_SECRET: &str = "secret of the portal";

// Both guard nothing: who reaches the fleet is on this machine, and all that there is ends with it.
const SECRET: &str = "1 AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o\n";
const CLIENTS: &str = r#"
[[client]]
id = "portal"
secret_sha256 = "5d2f9a2dbcede5f6af5227918bb2f12895ccb6fe7ab6314c55dc89b03fddd2bc"
scopes = ["tasks:read", "tasks:write", "auth:introspect"]
first_party = true
"#;

/// Where a gateway answers, and who may ask it. It ends with its handle.
pub(crate) struct Fleet {
    pub(crate) url: String,
    /// A key that may do everything; none where nobody logs in.
    pub(crate) key: Option<String>,
    // In the order in which they end.
    _worker: Running,
    _gateway: Running,
    _redis: Running,
    _place: Place,
}

/// Builds the programs, and starts what everyone who reaches it may use.
pub(crate) fn open(root: &Path, logs: &Path) -> Result<Fleet> {
    let yard = Yard::new(root, logs)?;
    let mut gateway = Running::start(yard.gateway("none")?.args(["--listen", "127.0.0.1:0"]))?;
    let address = gateway.first_line()?;
    yard.fleet(address, None, gateway)
}

/// The same, where everyone needs a credential: a user, an OAuth client and an API key are there.
pub(crate) fn secured(root: &Path, logs: &Path) -> Result<Fleet> {
    let yard = Yard::new(root, logs)?;
    fs::write(yard.file("secret"), SECRET)?;
    fs::write(yard.file("clients.toml"), CLIENTS)?;
    // An issuer must know its own address before it listens. This one was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let gateway = |mode: &str| {
        let mut gateway = yard.gateway(mode)?;
        gateway.args(["--listen", &address]);
        gateway.env("BATON_AUTH_SECRET_FILE", yard.file("secret"));
        gateway.env("BATON_AUTH_CLIENTS_FILE", yard.file("clients.toml"));
        gateway.env("BATON_AUTH_ISSUER", format!("http://{address}"));
        // All scripts are one user on one address.
        gateway.env("BATON_AUTH_LOGIN_PER_USER", "10000").env("BATON_AUTH_LOGIN_PER_IP", "10000");
        let mut gateway = Running::start(&mut gateway)?;
        gateway.first_line()?;
        anyhow::Ok(gateway)
    };
    {
        // Without logins, whoever reaches it may make the first user.
        let _everyones = gateway("none")?;
        let user = format!(r#"{{"username":"{USER}","password":"{PASSWORD}","roles":["admin"]}}"#);
        http::post(&address, "/auth/users", None, &user)?;
    }
    let gateway = gateway("required")?;
    let login = format!(r#"{{"username":"{USER}","password":"{PASSWORD}"}}"#);
    let token = http::post(&address, "/auth/login", None, &login)?.text("access_token")?;
    let key = r#"{"name":"a program of others","scopes":["admin"]}"#;
    let key = http::post(&address, "/auth/keys", Some(&token), key)?.text("secret")?;
    yard.fleet(address, Some(key), gateway)
}

/// Where a fleet is set up: its Redis, and what its programs are told.
struct Yard<'a> {
    root: &'a Path,
    logs: &'a Path,
    place: Place,
    redis: Running,
}

impl<'a> Yard<'a> {
    fn new(root: &'a Path, logs: &'a Path) -> Result<Yard<'a>> {
        println!("== redis: {}", server::find()?);
        let programs = ["build", "--package", "baton-gateway", "--package", "baton-worker"];
        if !command::shown(root, "cargo", &programs)? {
            bail!("the gateway or the worker does not build");
        }
        let place = Place::new()?;
        let mut redis = Command::new(server::program()?);
        redis.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket", "redis.sock"]);
        let redis = Running::start(redis.current_dir(&place.0).stdout(log(logs, "redis")?))?;
        Ok(Yard { root, logs, place, redis })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.0.join(name)
    }

    fn program(&self, name: &str) -> Command {
        let mut program = Command::new(command::target(self.root).join("debug").join(name));
        program.args(["--redis-url", &format!("unix:{}", self.file("redis.sock").display())]);
        program
    }

    fn gateway(&self, mode: &str) -> Result<Command> {
        let mut gateway = self.program("baton-gateway");
        gateway.args(["--auth", mode, "--print-address"]).stdout(Stdio::piped());
        gateway
            .env("BATON_AUTH_STATE_DIR", &self.place.0)
            .stderr(log(self.logs, &format!("gateway-{mode}"))?);
        Ok(gateway)
    }

    fn fleet(self, address: String, key: Option<String>, gateway: Running) -> Result<Fleet> {
        let mut worker = self.program("baton-worker");
        // One process, which ends with its handle.
        worker.env("BATON_SUPERVISOR_ENABLED", "false").stderr(log(self.logs, "worker")?);
        let worker = Running::start(&mut worker)?;
        let url = format!("http://{address}");
        Ok(Fleet { url, key, _worker: worker, _gateway: gateway, _redis: self.redis, _place: self.place })
    }
}

fn log(logs: &Path, name: &str) -> Result<File> {
    File::create(logs.join(format!("{name}.log"))).context("failed to make a log")
}

/// A directory that only we may enter, removed with its handle. The path of a socket may have a hundred bytes, and that
/// of this repository may have more.
struct Place(PathBuf);

impl Place {
    fn new() -> Result<Place> {
        let place = std::env::temp_dir().join(format!("baton-xtask-{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&place).context("failed to make a directory for a fleet")?;
        Ok(Place(place))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What is left of it is in the system's directory for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A program that ends when this does.
struct Running(Child);

impl Running {
    fn start(program: &mut Command) -> Result<Running> {
        let child = program.stdin(Stdio::null()).env_remove("BATON_CONFIG").spawn();
        Ok(Running(child.with_context(|| format!("failed to start {:?}", program.get_program()))?))
    }

    /// What it prints first, which is where it answers.
    fn first_line(&mut self) -> Result<String> {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().context("its output is not ours")?).read_line(&mut line)?;
        if line.is_empty() {
            bail!("the gateway did not start; its log says why")
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, and there is nothing to save.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
