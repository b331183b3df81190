//! A Redis of one's own: one private server per test, on a Unix socket, gone with its handle.

use crate::directory;
use crate::process::{self, Process};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{AsyncConnectionConfig, Client, cmd};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A busy machine may need a hundred times the usual 10 ms; a loading AOF even more.
const BOOT_DEADLINE: Duration = Duration::from_secs(20);
const POLL_EVERY: Duration = Duration::from_millis(1);
const REPLY_DEADLINE: Duration = Duration::from_secs(10);

/// What a test wants its server to be. The default is a bare server on a Unix socket that forgets everything.
#[derive(Debug, Clone, Default)]
pub struct Launch {
    /// The server program; otherwise `redis-server` or `valkey-server`, whichever is on `PATH`.
    pub binary: Option<PathBuf>,
    /// Arguments after ours, so they win.
    pub arguments: Vec<String>,
    /// Also listen on this loopback port; 0 means any free one.
    pub tcp_port: Option<u16>,
    /// Be a cluster of one node that owns every slot. It listens on TCP as well, and it takes about 2 s to boot:
    /// Redis makes a fresh cluster wait that long before it says `ok`.
    pub cluster: bool,
}

impl Launch {
    /// Adds a directive, as in `.with("appendonly", "yes")`.
    #[must_use]
    pub fn with(mut self, directive: &str, value: &str) -> Self {
        self.arguments.extend([format!("--{directive}"), value.to_owned()]);
        self
    }

    /// Keeps an append-only file that is written through on every command, so that a kill loses nothing.
    #[must_use]
    pub fn durable(self) -> Self {
        self.with("appendonly", "yes").with("appendfsync", "always")
    }

    #[must_use]
    pub fn tcp(mut self, port: u16) -> Self {
        self.tcp_port = Some(port);
        self
    }

    #[must_use]
    pub fn cluster(mut self) -> Self {
        self.cluster = true;
        self
    }

    /// Starts the server and returns when it answers.
    pub async fn start(self) -> PrivateRedis {
        let directory = directory::private("baton-redis-");
        let tcp_port = match self.tcp_port {
            None if !self.cluster => None,
            None | Some(0) => Some(free_port()),
            port => port,
        };
        let arguments = self.command_line(directory.path(), tcp_port);
        let binary = self.binary.unwrap_or_else(program);
        let mut server = PrivateRedis { binary, arguments, tcp_port, process: None, directory };
        server.boot().await;
        if self.cluster {
            server.own_every_slot().await;
        }
        server
    }

    fn command_line(&self, directory: &Path, tcp_port: Option<u16>) -> Vec<String> {
        let socket = socket_in(directory).display().to_string();
        let port = tcp_port.unwrap_or(0).to_string();
        let directory = directory.display().to_string();
        let mut pairs = vec![
            ("--port", port.as_str()),
            ("--bind", "127.0.0.1"),
            ("--unixsocket", &socket),
            ("--dir", &directory),
            ("--save", ""),
            ("--daemonize", "no"),
            ("--enable-debug-command", "local"),
        ];
        // By default the bus port is the port plus 10000, which need not be free and need not exist.
        let bus = if self.cluster { free_port().to_string() } else { String::new() };
        if self.cluster {
            pairs.extend([("--cluster-enabled", "yes"), ("--cluster-port", &bus)]);
        }
        let pairs = pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_owned()]);
        pairs.chain(self.arguments.iter().cloned()).collect()
    }
}

/// A running server, its directory and its log. Dropping it kills the server and removes the directory.
#[derive(Debug)]
pub struct PrivateRedis {
    binary: PathBuf,
    arguments: Vec<String>,
    tcp_port: Option<u16>,
    // Before the directory: fields are dropped in order, and the process must not outlive its files.
    process: Option<Process>,
    directory: TempDir,
}

impl PrivateRedis {
    /// The default [`Launch`].
    pub async fn start() -> Self {
        Launch::default().start().await
    }

    pub fn socket(&self) -> PathBuf {
        socket_in(self.directory.path())
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What it was started with.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// `unix:///tmp/…/redis.sock`
    pub fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// `redis://127.0.0.1:…`, if the launch asked for TCP or for a cluster.
    pub fn tcp_url(&self) -> Option<String> {
        self.tcp_port.map(|port| format!("redis://127.0.0.1:{port}"))
    }

    /// A connection of one's own. It waits longer for a reply than the library's half second, because a test may
    /// run on a busy machine, but not for ever.
    pub async fn connection(&self) -> MultiplexedConnection {
        let client = Client::open(self.url()).expect("our own URL is well formed");
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(REPLY_DEADLINE))
            .set_response_timeout(Some(REPLY_DEADLINE));
        match client.get_multiplexed_async_connection_with_config(&config).await {
            Ok(connection) => connection,
            Err(error) => panic!("failed to connect to the private Redis: {error}\n{}", self.log()),
        }
    }

    /// Everything the server has printed since its first boot.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The running process, for tests that look at it or send it other signals.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the server was killed and not restarted")
    }

    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::is_running)
    }

    /// SIGKILL; returns when the process is gone. Killing a killed server does nothing.
    ///
    /// Its forks die as well: an AOF rewriter must not go on writing into a directory that the next boot reads.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Kills the server if it still runs, then boots it in the same directory with the same arguments.
    pub async fn restart(&mut self) {
        self.kill();
        self.boot().await;
    }

    /// Stops the server in mid-air (SIGSTOP): the sockets stay open and nothing answers. Returns when it stands.
    pub fn freeze(&mut self) {
        self.process().freeze();
    }

    /// Ends a [`freeze`](Self::freeze).
    pub fn thaw(&mut self) {
        self.process().thaw();
    }

    async fn boot(&mut self) {
        let mut process = self.spawn();
        let socket = self.socket();
        // On a blocking thread, so that a test with a paused clock does not run through the deadline while
        // the server boots.
        let waiting = tokio::task::spawn_blocking(move || {
            let outcome = wait_until_it_answers(&mut process, &socket);
            (process, outcome)
        });
        let (process, outcome) = waiting.await.expect("waiting for the server does not panic");
        self.process = Some(process);
        if let Err(why) = outcome {
            panic!("the private Redis {why}:\n{}", self.log());
        }
    }

    fn spawn(&self) -> Process {
        let log = File::options().create(true).append(true).open(self.log_file());
        let log = log.expect("failed to open the server's log");
        let mut command = process::command(&self.binary);
        command
            .args(&self.arguments)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stderr(log.try_clone().expect("failed to share the server's log"))
            .stdout(log);
        Process::spawn(command).unwrap_or_else(|error| panic!("failed to run {:?}: {error}", self.binary))
    }

    fn log_file(&self) -> PathBuf {
        self.directory.path().join("redis.log")
    }

    async fn own_every_slot(&self) {
        let mut connection = self.connection().await;
        let assigned =
            cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(0).arg(16383).exec_async(&mut connection).await;
        assigned.expect("failed to give the node its slots");
        loop {
            let info: String =
                cmd("CLUSTER").arg("INFO").query_async(&mut connection).await.expect("no CLUSTER INFO");
            if info.contains("cluster_state:ok") {
                return;
            }
            tokio::time::sleep(POLL_EVERY).await;
        }
    }
}

fn socket_in(directory: &Path) -> PathBuf {
    directory.join("redis.sock")
}

/// The server that tests start: the first of the two names on `PATH`.
pub fn program() -> PathBuf {
    let Some(binary) = ["redis-server", "valkey-server"].into_iter().find_map(process::find) else {
        panic!("there is no redis-server on PATH; run `cargo xtask test`, which installs one");
    };
    binary
}

/// A port that was free a moment ago. The kernel draws them at random, so two tests rarely meet on one; a Unix
/// socket has no such race, which is why TCP is only on request.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("no free loopback port");
    listener.local_addr().expect("a bound listener has an address").port()
}

#[expect(clippy::disallowed_methods, reason = "a real process boots in real time")]
fn wait_until_it_answers(process: &mut Process, socket: &Path) -> Result<(), String> {
    let deadline = Instant::now() + BOOT_DEADLINE;
    while Instant::now() < deadline {
        if answers(socket) {
            return Ok(());
        }
        if let Ok(Some(status)) = process.child().try_wait() {
            return Err(format!("ended while booting ({status})"));
        }
        std::thread::sleep(POLL_EVERY);
    }
    Err(format!("did not answer within {BOOT_DEADLINE:?}"))
}

/// Asks in plain bytes: a client library would add its own handshake, retries and time limits.
fn answers(socket: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(socket) else {
        return false;
    };
    let mut reply = [0; 64];
    let asked = stream.set_read_timeout(Some(REPLY_DEADLINE)).and_then(|()| stream.write_all(b"PING\r\n"));
    let Ok(length) = asked.and_then(|()| stream.read(&mut reply)) else {
        return false;
    };
    // A server that wants a password is up; one that says LOADING is not.
    reply[..length].starts_with(b"+PONG") || reply[..length].starts_with(b"-NOAUTH")
}

#[cfg(test)]
mod tests;
