//! What can go wrong between us and Redis. What the rules refuse is no error: it is a value in each call's reply.

use deadpool_redis::redis::{ErrorKind, RedisError};

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// We cannot ask, or do not know whether it was done. Every call may be repeated.
    #[error("reach Redis ({reason})")]
    Unavailable {
        reason: &'static str,
        #[source]
        source: Option<RedisError>,
    },
    /// Redis is at its memory ceiling: it takes no new tasks, while running ones still finish.
    #[error("store more: Redis is at its memory limit")]
    StorageFull,
    /// It was done, and too few replicas have confirmed it in time: a failover could undo it.
    #[error("have it confirmed by enough replicas in time")]
    NotConfirmed,
    /// The caller asks for something that no store could do. Nothing was sent.
    #[error("take {field}: {problem}")]
    Invalid { field: &'static str, problem: String },
    /// Somebody is wrong: we, the data, or the server.
    #[error("use {what}: {problem}")]
    Fault { what: String, problem: String },
}

impl Error {
    pub(crate) fn invalid(field: &'static str, problem: impl Into<String>) -> Error {
        Error::Invalid { field, problem: problem.into() }
    }

    pub(crate) fn fault(what: impl Into<String>, problem: impl Into<String>) -> Error {
        Error::Fault { what: what.into(), problem: problem.into() }
    }
}

/// What is wrong: a label for those who count, and words for those who read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) kind: &'static str,
    pub(crate) words: &'static str,
}

/// What to do about an error of Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The server forgot the script.
    LoadScript,
    /// Ask again over this connection, a little later.
    Wait(Reason),
    /// Ask again over another connection; whether the call was carried out is not known.
    Reconnect(Reason),
    StorageFull,
    GiveUp,
}

impl Remedy {
    /// How it is counted.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Remedy::LoadScript => "script_missing",
            Remedy::Wait(reason) | Remedy::Reconnect(reason) => reason.kind,
            Remedy::StorageFull => "storage_full",
            Remedy::GiveUp => "fault",
        }
    }
}

fn wait(kind: &'static str, words: &'static str) -> Remedy {
    Remedy::Wait(Reason { kind, words })
}

fn reconnect(kind: &'static str, words: &'static str) -> Remedy {
    Remedy::Reconnect(Reason { kind, words })
}

/// Decides by error code alone: texts differ between versions.
pub(crate) fn remedy(error: &RedisError) -> Remedy {
    if error.is_timeout() {
        return reconnect("timeout", "no answer in time");
    }
    match error.code() {
        Some("NOSCRIPT") => return Remedy::LoadScript,
        Some("OOM") => return Remedy::StorageFull,
        Some("LOADING") => return wait("loading", "it is loading its data"),
        Some("BUSY") => return wait("busy", "a script keeps it busy"),
        Some("MISCONF") => return wait("not_persisting", "it cannot persist its data"),
        Some("NOREPLICAS") => return wait("few_replicas", "too few replicas follow it"),
        Some("CLUSTERDOWN" | "TRYAGAIN") => return wait("cluster_not_ready", "the cluster is not ready"),
        Some("READONLY" | "MASTERDOWN") => return reconnect("not_primary", "it is not the primary"),
        _ => {}
    }
    match error.kind() {
        ErrorKind::Io | ErrorKind::ClusterConnectionNotFound | ErrorKind::MasterNameNotFoundBySentinel => {
            reconnect("connection", "the connection failed")
        }
        // A reply cut off in the middle ends the connection, not the program.
        ErrorKind::Parse => reconnect("connection", "the reply was cut off"),
        _ if error.is_connection_dropped() => reconnect("connection", "the connection was lost"),
        _ => Remedy::GiveUp,
    }
}
