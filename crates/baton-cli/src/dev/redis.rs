//! A Redis of one's own: on a Unix socket, in a directory of its own, never on a port.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::member::{Member, Recipe};
use super::system;
use crate::exit::{Exit, Stop};

const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];
/// The settings that we ship; what a fleet for development wants otherwise comes after them.
const SETTINGS: &str = include_str!("../../../../deploy/redis/redis.conf");

/// How long it may take to begin; a large file of kept tasks is read first.
const BEGIN_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(4);
/// How long it may take to write down what is to be kept.
const END_WITHIN: Duration = Duration::from_secs(20);
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A running server.
#[derive(Debug)]
pub(super) struct Redis {
    member: Member,
    socket: PathBuf,
}

impl Redis {
    /// Starts a server in this directory and returns when it answers. It keeps its data in the other one, if there is
    /// one, and forgets it otherwise.
    pub(super) async fn start(directory: &Path, data: Option<&Path>) -> Result<Redis> {
        let Some(program) = system::program(&PROGRAMS) else {
            let line = system::install_line();
            let sentence =
                format!("there is no redis-server on the PATH; to install it, type:\n\n    {line}\n");
            return Err(Stop::new(Exit::NotFound, sentence).into());
        };
        let settings = directory.join("redis.conf");
        std::fs::write(&settings, SETTINGS).context("failed to write the settings of Redis")?;
        let socket = directory.join("redis.sock");
        let member = Member::start(Recipe {
            name: "redis".to_owned(),
            program,
            arguments: arguments(&settings, &socket, data.unwrap_or(directory), data.is_some()),
            environment: Vec::new(),
            log: Some(directory.join("redis.log")),
            // It writes down what it has, and takes no time for it.
            on_our_death: "term",
        })?;
        let mut redis = Redis { member, socket };
        redis.answers().await?;
        Ok(redis)
    }

    pub(super) fn url(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(super) fn must_run(&mut self) -> Result<()> {
        self.member.must_run()
    }

    pub(super) async fn end(&mut self) {
        self.member.end(END_WITHIN).await;
    }

    async fn answers(&mut self) -> Result<()> {
        let mut left = BEGIN_WITHIN;
        while !answers(&self.socket) {
            self.member.must_run()?;
            tokio::time::sleep(LOOK_EVERY).await;
            left = left.saturating_sub(LOOK_EVERY);
            if left.is_zero() {
                bail!("the private Redis did not answer within {BEGIN_WITHIN:?}");
            }
        }
        Ok(())
    }
}

fn arguments(settings: &Path, socket: &Path, data: &Path, keep: bool) -> Vec<std::ffi::OsString> {
    let mut words: Vec<std::ffi::OsString> = vec![settings.into()];
    for (name, value) in [("--unixsocket", socket), ("--dir", data)] {
        words.extend([name.into(), value.into()]);
    }
    let appendonly = if keep { "yes" } else { "no" };
    let pairs = [
        ("--port", "0"),
        ("--unixsocketperm", "700"),
        ("--save", ""),
        ("--appendonly", appendonly),
        ("--daemonize", "no"),
    ];
    words.extend(pairs.into_iter().flat_map(|(name, value)| [name.into(), value.into()]));
    words
}

/// Asks in plain bytes; one that still reads its file says LOADING.
fn answers(socket: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(socket) else { return false };
    let mut reply = [0; 64];
    let asked = stream.set_read_timeout(Some(ANSWER_WITHIN)).and_then(|()| stream.write_all(b"PING\r\n"));
    asked.and_then(|()| stream.read(&mut reply)).is_ok_and(|length| reply[..length].starts_with(b"+PONG"))
}
