//! The shared connection that scripts go over: one, pipelined, for all concurrent calls of the process.
//!
//! A connection that failed or did not answer in time is put away and the next call dials anew; calls that still wait
//! on the old one are not disturbed. The library's own manager does the same for a single node only, and keeps a
//! connection that merely stopped answering; with Sentinel the primary may meanwhile be elsewhere.

mod dial;
mod url;

use std::time::Duration;

use deadpool_redis::redis::aio::{ConnectionLike, MultiplexedConnection};
use deadpool_redis::redis::cluster_async::ClusterConnection;
use deadpool_redis::redis::{Cmd, RedisError, RedisResult, Value};
use tokio::sync::RwLock;

use crate::error::Error;
use dial::Dialer;
pub use url::{RedisUrl, UrlError};

/// How long to wait for Redis. Nothing waits for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Dialling, with handshake and login.
    pub connect: Duration,
    /// One answer: above the worst script, below a third of the lease.
    pub response: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts { connect: Duration::from_secs(2), response: Duration::from_secs(2) }
    }
}

#[derive(Clone)]
enum Live {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Live {
    async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Live::Node(connection) => connection.req_packed_command(command).await,
            Live::Cluster(connection) => connection.req_packed_command(command).await,
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
    /// `timeouts.response` of `None` is for calls that block.
    pub(crate) fn new(url: &RedisUrl, connect: Duration, response: Option<Duration>) -> Result<Link, Error> {
        let dialer = Dialer::new(url, connect, response)
            .map_err(|error| Error::fault(format!("the address {url}"), error.to_string()))?;
        Ok(Link { dialer, connect_timeout: connect, live: RwLock::new((0, None)) })
    }

    async fn get(&self) -> Result<(u64, Live), Option<RedisError>> {
        if let (generation, Some(live)) = &*self.live.read().await {
            return Ok((*generation, live.clone()));
        }
        let mut slot = self.live.write().await;
        if let (generation, Some(live)) = &*slot {
            return Ok((*generation, live.clone()));
        }
        // The library bounds the connect but not the handshake, which can hang in a partition.
        let dialled = tokio::time::timeout(self.connect_timeout, self.dialer.dial()).await;
        let live = dialled.map_err(|_| None)?.map_err(Some)?;
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

    /// Sends one command. `Err(None)` means that no connection could be had in time.
    pub(crate) async fn send(&self, command: &Cmd) -> Result<Value, Option<RedisError>> {
        let (generation, mut live) = self.get().await?;
        let answer = live.send(command).await;
        if let Err(error) = &answer
            && matches!(crate::error::remedy(error), crate::error::Remedy::Reconnect(_))
        {
            self.put_away(generation).await;
        }
        answer.map_err(Some)
    }
}
