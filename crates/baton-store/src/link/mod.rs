//! The shared connection that scripts go over: one, pipelined, for all concurrent calls of the process; and those that
//! calls which block have for themselves.
//!
//! A connection that failed or did not answer in time is put away and the next call dials anew; calls that still wait
//! on the old one are not disturbed. The library's own manager does the same for a single node only, and keeps a
//! connection that merely stopped answering; with Sentinel the primary may meanwhile be elsewhere.

mod dial;
mod url;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool_redis::redis::aio::{ConnectionLike, MultiplexedConnection};
use deadpool_redis::redis::cluster_async::ClusterConnection;
use deadpool_redis::redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use deadpool_redis::redis::{Cmd, Pipeline, RedisError, RedisResult, Value};
use tokio::sync::RwLock;

use crate::error::{Error, Remedy, remedy};
use crate::meter;
use dial::Dialer;
pub use url::{RedisUrl, UrlError};

/// How long to wait for Redis. Nothing waits for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Dialling, with handshake and login.
    pub connect: Duration,
    /// One answer: above the worst script, below a third of the lease.
    pub response: Duration,
    /// A whole step of a login, repeats and all: a person waits for it.
    pub login: Duration,
    /// No call is sent again later than this after it was sent first. Whoever asks on behalf of others lets them decide
    /// whether to ask again; whoever asks for itself goes on.
    pub again: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(2),
            response: Duration::from_secs(2),
            login: Duration::from_millis(500),
            again: Duration::MAX,
        }
    }
}

#[derive(Clone)]
enum Live {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Live {
    async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        let answer = match self {
            Live::Node(connection) => connection.req_packed_command(command).await,
            Live::Cluster(connection) => connection.req_packed_command(command).await,
        };
        // At this level the library hands an error of the server on as a value.
        match answer? {
            Value::ServerError(error) => Err(error.into()),
            value => Ok(value),
        }
    }
}

impl Live {
    /// To the primary of a slot; a server has them all.
    async fn send_to(&mut self, slot: u16, command: &Cmd) -> RedisResult<Value> {
        let Live::Cluster(connection) = self else { return self.send(command).await };
        let route = Route::new(slot, SlotAddr::Master);
        let route = RoutingInfo::SingleNode(SingleNodeRoutingInfo::SpecificNode(route));
        match connection.route_command(command.clone(), route).await? {
            Value::ServerError(error) => Err(error.into()),
            value => Ok(value),
        }
    }

    /// Sends all at once; each has an answer of its own, which may be an error.
    async fn send_all(&mut self, commands: &Pipeline, count: usize) -> RedisResult<Vec<Value>> {
        match self {
            Live::Node(connection) => connection.req_packed_commands(commands, 0, count).await,
            Live::Cluster(connection) => connection.req_packed_commands(commands, 0, count).await,
        }
    }
}

pub(crate) struct Link {
    dialer: Dialer,
    connect_timeout: Duration,
    /// The connection and how many were dialled before it.
    live: RwLock<(u64, Option<Live>)>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Link").field("dialer", &self.dialer).finish_non_exhaustive()
    }
}

impl Link {
    pub(crate) fn new(url: &RedisUrl, timeouts: &Timeouts) -> Result<Link, Error> {
        let dialer = dialer(url, timeouts.connect, Some(timeouts.response))?;
        Ok(Link { dialer, connect_timeout: timeouts.connect, live: RwLock::new((0, None)) })
    }

    /// The library bounds the connect but not the handshake, which can hang in a partition. The bound is also around
    /// the wait for another call that dials: a thousand calls do not wait for a thousand dials in turn.
    async fn get(&self) -> Result<(u64, Live), Option<RedisError>> {
        tokio::time::timeout(self.connect_timeout, self.get_or_dial()).await.map_err(|_| None)?.map_err(Some)
    }

    async fn get_or_dial(&self) -> RedisResult<(u64, Live)> {
        if let (generation, Some(live)) = &*self.live.read().await {
            return Ok((*generation, live.clone()));
        }
        let mut slot = self.live.write().await;
        if let (generation, Some(live)) = &*slot {
            return Ok((*generation, live.clone()));
        }
        let live = self.dialer.dial().await?;
        if slot.0 > 0 {
            meter::reconnected();
        }
        *slot = (slot.0 + 1, Some(live.clone()));
        Ok((slot.0, live))
    }

    /// Puts a connection away, unless another call has already replaced it.
    async fn put_away(&self, generation: u64) {
        let mut slot = self.live.write().await;
        if slot.0 == generation {
            slot.1 = None;
        }
    }

    /// Sends commands that only read, at once.
    pub(crate) async fn send_all(
        &self,
        commands: &Pipeline,
        count: usize,
    ) -> Result<Vec<Value>, Option<RedisError>> {
        let (generation, mut live) = self.get().await?;
        let answers = live.send_all(commands, count).await;
        if let Err(error) = &answers
            && matches!(remedy(error), Remedy::Reconnect(_))
        {
            self.put_away(generation).await;
        }
        answers.map_err(Some)
    }

    pub(crate) fn is_cluster(&self) -> bool {
        self.dialer.is_cluster()
    }

    /// Sends one command to the primary of a slot.
    pub(crate) async fn send_to(&self, slot: u16, command: &Cmd) -> Result<Value, Option<RedisError>> {
        let (generation, mut live) = self.get().await?;
        let answer = live.send_to(slot, command).await;
        if let Err(error) = &answer
            && matches!(remedy(error), Remedy::Reconnect(_))
        {
            self.put_away(generation).await;
        }
        answer.map_err(Some)
    }

    /// Sends one command. `Err(None)` means that no connection could be had in time.
    pub(crate) async fn send(&self, command: &Cmd) -> Result<Value, Option<RedisError>> {
        let (generation, mut live) = self.get().await?;
        let answer = live.send(command).await;
        if let Err(error) = &answer
            && matches!(remedy(error), Remedy::Reconnect(_))
        {
            self.put_away(generation).await;
        }
        answer.map_err(Some)
    }
}

fn dialer(url: &RedisUrl, connect: Duration, response: Option<Duration>) -> Result<Dialer, Error> {
    Dialer::new(url, connect, response)
        .map_err(|error| Error::fault(format!("the address {url}"), error.to_string()))
}

/// Connections for calls that block, one for each at a time: the server answers the next command of a connection only
/// after the one that blocks.
pub(crate) struct Lines {
    dialer: Dialer,
    timeouts: Timeouts,
    /// Connections whose last call was answered. One that was left in the middle of a call never comes back here.
    idle: Mutex<Vec<Live>>,
}

/// More are dialled where more calls block at once, and not kept.
const IDLE_LINES_MAX: usize = 16;

impl Lines {
    pub(crate) fn new(url: &RedisUrl, timeouts: &Timeouts) -> Result<Lines, Error> {
        let dialer = dialer(url, timeouts.connect, None)?;
        Ok(Lines { dialer, timeouts: *timeouts, idle: Mutex::new(Vec::new()) })
    }

    /// Sends a command that blocks for `wait` at most. A partition leaves no answer at all, so our own clock ends the
    /// wait too, a little later.
    pub(crate) async fn send(&self, command: &Cmd, wait: Duration) -> Result<Value, Option<RedisError>> {
        loop {
            match self.send_once(command, wait).await? {
                // A kept one may have ended since its last call; what blocks is safe to ask again.
                (true, Err(error)) if matches!(remedy(&error), Remedy::Reconnect(_)) => {}
                (_, answer) => return answer.map_err(Some),
            }
        }
    }

    /// The same for one who must know of every gap: that his connection has ended is his answer.
    pub(crate) async fn follow(&self, command: &Cmd, wait: Duration) -> Result<Value, Option<RedisError>> {
        let (_, answer) = self.send_once(command, wait).await?;
        answer.map_err(Some)
    }

    /// Whether the connection was used before, and what it answered.
    async fn send_once(
        &self,
        command: &Cmd,
        wait: Duration,
    ) -> Result<(bool, RedisResult<Value>), Option<RedisError>> {
        let patience = wait + self.timeouts.response;
        let (mut line, kept) = self.take().await?;
        let answer = tokio::time::timeout(patience, line.send(command)).await.map_err(|_| None)?;
        if answer.is_ok() {
            self.keep(line);
        }
        Ok((kept, answer))
    }

    /// Sends commands one behind the other over the same connection: what `WAIT` answers is about the writes of its own.
    pub(crate) async fn send_in_turn(
        &self,
        commands: &[&Cmd],
        wait: Duration,
    ) -> Result<Vec<Value>, Option<RedisError>> {
        let patience = wait + self.timeouts.response;
        let (mut line, _) = self.take().await?;
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands {
            let answer = tokio::time::timeout(patience, line.send(command)).await.map_err(|_| None)?;
            answers.push(answer.map_err(Some)?);
        }
        self.keep(line);
        Ok(answers)
    }

    /// A connection, and whether it was used before.
    async fn take(&self) -> Result<(Live, bool), Option<RedisError>> {
        let kept = self.idle().pop();
        if let Some(line) = kept {
            return Ok((line, true));
        }
        let dialled = tokio::time::timeout(self.timeouts.connect, self.dialer.dial()).await;
        dialled.map_err(|_| None)?.map(|line| (line, false)).map_err(Some)
    }

    fn keep(&self, line: Live) {
        let mut idle = self.idle();
        if idle.len() < IDLE_LINES_MAX {
            idle.push(line);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Live>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
