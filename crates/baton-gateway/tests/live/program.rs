//! The program `baton-gateway` as a process: how it starts, how it refuses to, how it ends.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use baton_store::{Options, Store};
use baton_testkit::process::{Process, Signal, command};
use baton_testkit::{Launch, PrivateRedis};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Events, client, get, in_time, submit};

const PROGRAM: &str = env!("CARGO_BIN_EXE_baton-gateway");

pub(crate) struct Program {
    process: Process,
    pub(crate) address: SocketAddr,
}

fn spawn(redis_url: &str) -> Process {
    spawn_with(redis_url, &[], Stdio::null())
}

fn spawn_with(redis_url: &str, environment: &[(&str, &str)], log: Stdio) -> Process {
    let mut command = command(PROGRAM);
    command.args(["--listen", "127.0.0.1:0", "--redis-url", redis_url, "--print-address"]);
    // What it must remember has no business with whoever runs the tests.
    command.env("BATON_AUTH_STATE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"));
    command.envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
    Process::spawn(command).unwrap()
}

impl Program {
    pub(crate) async fn start(redis_url: &str) -> Program {
        Program::answering(spawn(redis_url)).await
    }

    pub(crate) async fn start_with(redis_url: &str, environment: &[(&str, &str)]) -> Program {
        Program::answering(spawn_with(redis_url, environment, Stdio::null())).await
    }

    /// Ends it without a word.
    pub(crate) async fn kill(&mut self) {
        self.process.signal(Signal::KILL);
        self.ended().await;
    }

    /// The same with what it logs in this file.
    pub(crate) async fn logging(redis_url: &str, log: File) -> Program {
        Program::answering(spawn_with(redis_url, &[], log.into())).await
    }

    pub(crate) fn terminate(&mut self) {
        self.process.signal(Signal::TERM);
    }

    async fn answering(mut process: Process) -> Program {
        let stdout = process.child().stdout.take().unwrap();
        let line = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).unwrap();
            line
        });
        let line = in_time("the address", line).await.unwrap();
        Program { process, address: line.trim().parse().unwrap_or_else(|_| panic!("no address: {line:?}")) }
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        in_time("the program ends", async {
            loop {
                if let Some(status) = self.process.child().try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
    }
}

#[tokio::test]
async fn a_signal_drains_and_the_end_is_a_good_one() {
    let redis = PrivateRedis::start().await;
    let mut program = Program::start(&redis.url()).await;
    let (store, _) = Store::open(Options::new(redis.url().parse().unwrap())).await.unwrap();
    let id = submit(&store, baton_core::Shard::FIRST, 1).await.unwrap()[0];
    assert_eq!(get(program.address, "/ready").await.0, 200);
    let mut events = Events::listen(program.address, "topics=tasks", None).await;
    let address = format!("http://{}/api/v1/tasks/{id}?wait=60&until=finished", program.address);
    let held = tokio::spawn(client().get(address).send());
    in_time("the request is held", async {
        while !get(program.address, "/metrics").await.1.contains("baton_http_streams{kind=\"wait\"} 1") {}
    })
    .await;

    program.process.signal(Signal::TERM);
    in_time("it is not ready any more", async { while get(program.address, "/ready").await.0 != 503 {} })
        .await;
    let answer = in_time("the held request", held).await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains("\"status\":\"pending\""));
    while events.next().await.is_some() {}
    assert!(program.ended().await.success());
}

#[tokio::test]
async fn a_second_signal_ends_it_now() {
    let redis = PrivateRedis::start().await;
    let mut program = Program::start(&redis.url()).await;
    // A body that never comes keeps the drain waiting for as long as it may.
    let mut stuck = TcpStream::connect(program.address).await.unwrap();
    let head = "POST /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 100\r\n\r\n{";
    stuck.write_all(head.as_bytes()).await.unwrap();
    get(program.address, "/health").await;
    program.process.signal(Signal::TERM);
    in_time("it drains", async { while get(program.address, "/ready").await.0 != 503 {} }).await;
    program.process.signal(Signal::INT);
    assert!(program.ended().await.success());
    let mut rest = Vec::new();
    let _ = in_time("the connection ends", stuck.read_to_end(&mut rest)).await;
}

#[tokio::test]
async fn a_redis_that_starts_later_is_waited_for() {
    let mut redis = Launch::default().start().await;
    redis.kill();
    let mut process = spawn(&redis.url());
    assert!(process.is_running());
    redis.restart().await;
    let program = Program::answering(process).await;
    assert_eq!(get(program.address, "/ready").await.0, 200);
}

#[tokio::test]
async fn a_log_that_cannot_be_written_ends_nothing() {
    let redis = PrivateRedis::start().await;
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut program = Program::logging(&redis.url(), full).await;
    assert_eq!(get(program.address, "/ready").await.0, 200);
    program.terminate();
    assert!(program.ended().await.success());
}

fn refused(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code(), said)
}

#[test]
fn an_unusable_configuration_is_told_whole_and_is_78() {
    let (code, said) =
        refused(&["--listen", "0.0.0.0:1"], &[("BATON_LOG_FORMAT", "xml"), ("BATON_LISTN", "x")]);
    assert_eq!(code, Some(78), "{said}");
    for part in ["--allow-insecure-bind", "log.format (BATON_LOG_FORMAT)", "did you mean BATON_LISTEN?"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let (code, said) = refused(&["--config", "/nowhere/baton.toml"], &[]);
    assert_eq!((code, said.contains("/nowhere/baton.toml")), (Some(78), true), "{said}");
    assert_eq!(refused(&["--no-such-flag"], &[]).0, Some(2));
}

#[test]
fn case_104_logins_without_secrets_and_open_doors_are_78() {
    for (arguments, environment, parts) in [
        (&["--auth", "required"][..], &[][..], &["auth.secret_file", "auth.issuer", "baton init"][..]),
        (
            &["--listen", "0.0.0.0:1"],
            &[],
            &["baton init", "--auth required", "--auth none --allow-insecure-bind"],
        ),
        (&["--accept-any-login", "--listen", "0.0.0.0:1", "--allow-insecure-bind"], &[], &["on this host"]),
        (
            &["--auth", "required"],
            &[
                ("BATON_AUTH_SECRET_FILE", "/nowhere/secret"),
                ("BATON_AUTH_ISSUER", "https://baton.example"),
                ("BATON_AUTH_CLIENTS_FILE", "/nowhere/clients"),
            ],
            &["/nowhere/secret", "/nowhere/clients"],
        ),
    ] {
        let (code, said) = refused(arguments, environment);
        assert_eq!(code, Some(78), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
}

#[tokio::test]
async fn a_redis_that_would_forget_tasks_is_78() {
    let redis = Launch::default().with("maxmemory-policy", "allkeys-lru").start().await;
    let url = redis.url();
    let (code, said) =
        tokio::task::spawn_blocking(move || refused(&["--redis-url", &url], &[])).await.unwrap();
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("maxmemory-policy is allkeys-lru"), "{said}");
}
