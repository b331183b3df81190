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

/// What to do about an error of Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The server forgot the script.
    LoadScript,
    /// Ask again over this connection, a little later.
    Wait(&'static str),
    /// Ask again over another connection; whether the call was carried out is not known.
    Reconnect(&'static str),
    StorageFull,
    GiveUp,
}

/// Decides by error code alone: texts differ between versions.
pub(crate) fn remedy(error: &RedisError) -> Remedy {
    if error.is_timeout() {
        return Remedy::Reconnect("no answer in time");
    }
    match error.code() {
        Some("NOSCRIPT") => return Remedy::LoadScript,
        Some("OOM") => return Remedy::StorageFull,
        Some("LOADING") => return Remedy::Wait("it is loading its data"),
        Some("BUSY") => return Remedy::Wait("a script keeps it busy"),
        Some("MISCONF") => return Remedy::Wait("it cannot persist its data"),
        Some("NOREPLICAS") => return Remedy::Wait("too few replicas follow it"),
        Some("CLUSTERDOWN" | "TRYAGAIN") => return Remedy::Wait("the cluster is not ready"),
        Some("READONLY" | "MASTERDOWN") => return Remedy::Reconnect("it is not the primary"),
        _ => {}
    }
    match error.kind() {
        ErrorKind::Io | ErrorKind::ClusterConnectionNotFound | ErrorKind::MasterNameNotFoundBySentinel => {
            Remedy::Reconnect("the connection failed")
        }
        // A reply cut off in the middle ends the connection, not the program.
        ErrorKind::Parse => Remedy::Reconnect("the reply was cut off"),
        _ if error.is_connection_dropped() => Remedy::Reconnect("the connection was lost"),
        _ => Remedy::GiveUp,
    }
}
