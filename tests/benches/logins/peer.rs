//! The gateways that are measured: ours as it is shipped, and the naive one beside this file. Each has a Redis of its own.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use baton_auth::ring::Ring;
use baton_testkit::{Launch, PrivateRedis, Process, process};

use crate::load;

pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// What the naive gateway is made of.
const PACKAGES: [&str; 8] = [
    "argon2-cffi==25.1.0",
    "fastapi==0.165.0",
    "hiredis==3.5.0",
    "httptools==0.9.0",
    "pyjwt==2.15.1",
    "redis==8.1.0",
    "uvicorn==0.54.0",
    "uvloop==0.23.0",
];

/// A gateway at work.
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    // Before its Redis: fields are dropped in order.
    pub(crate) gateway: Process,
    pub(crate) redis: PrivateRedis,
}

/// Ours: one process, with logins required.
pub(crate) async fn baton(launch: Launch) -> Peer {
    let redis = launch.start().await;
    let secret = redis.directory().join("secret");
    let line = Ring::line(1, std::array::from_fn(|at| at as u8 * 7 + 1));
    fs::write(&secret, line.expose()).unwrap();
    let start = |mode: &str, address: SocketAddr| {
        let mut command = process::command(program("baton-gateway"));
        command.args(["--redis-url", &redis.url(), "--auth", mode, "--listen", &address.to_string()]);
        command.env_remove("BATON_CONFIG").env("BATON_LOG", "error");
        command.env("BATON_AUTH_SECRET_FILE", &secret).env("BATON_AUTH_ISSUER", format!("http://{address}"));
        // One user on one address logs in all the time, and each of his sessions refreshes as fast as it can.
        for (limit, value) in [
            ("REFRESH_RATE", 100_000),
            ("LOGIN_PER_USER", 10_000),
            ("LOGIN_PER_IP", 60_000),
            ("SESSIONS_MAX", 1000),
        ] {
            command.env(format!("BATON_AUTH_{limit}"), value.to_string());
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Process::spawn(command).unwrap()
    };
    let address = free_address();
    {
        // Without logins everyone who reaches it may make a user.
        let _open = start("none", address);
        add_user(address).await;
    }
    let gateway = start("required", address);
    load::ready(address).await;
    Peer { name: "baton".to_owned(), address, gateway, redis }
}

async fn add_user(address: SocketAddr) {
    let mut connection = load::connect(address).await;
    let body = format!(r#"{{"username":"{USER}","password":"{PASSWORD}","roles":["admin"]}}"#);
    let answer = connection.post("/auth/users", &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
}

/// The naive one, as uvicorn runs it.
pub(crate) async fn naive(launch: Launch, python: &Path, workers: usize) -> Peer {
    let redis = launch.start().await;
    let address = free_address();
    let mut command = process::command(python);
    command.args(["-m", "uvicorn", "naive:app", "--log-level", "error", "--no-access-log"]);
    command.args(["--workers", &workers.to_string(), "--port", &address.port().to_string()]);
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/logins"));
    command.env("NAIVE_REDIS_URL", redis.url()).env("NAIVE_PASSWORD", PASSWORD);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let gateway = Process::spawn(command).unwrap();
    load::ready(address).await;
    Peer {
        name: format!("naive, {workers} process{}", if workers > 1 { "es" } else { "" }),
        address,
        gateway,
        redis,
    }
}

/// A Python of our own that has what the naive gateway needs; nothing where there is no Python.
pub(crate) fn python() -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("naive");
    let python = place.join("bin/python");
    let noted = place.join("packages");
    let wanted = PACKAGES.join("\n");
    if fs::read_to_string(&noted).is_ok_and(|there| there == wanted) {
        return Some(python);
    }
    let made = |command: &mut Command| command.status().is_ok_and(|status| status.success());
    let there = made(Command::new("python3").args(["-m", "venv"]).arg(&place))
        && made(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES));
    there.then(|| fs::write(noted, wanted).unwrap())?;
    Some(python)
}

/// A program of this workspace, as built beside this one.
fn program(name: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let built = this.ancestors().nth(2).unwrap().join(name);
    assert!(built.is_file(), "{} is not built: cargo build --release --bin {name}", built.display());
    built
}

/// An address that was free a moment ago: an issuer must know its own before it listens.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
