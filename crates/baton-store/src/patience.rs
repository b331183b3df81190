//! Questions that only read are asked again while Redis is away for a moment, by those who have time.

use std::time::Duration;

use deadpool_redis::redis::{ErrorKind, RedisError};

use crate::error::{Error, Remedy, remedy};

const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(50);

pub(crate) async fn patiently<T, F: Future<Output = Result<T, Error>>>(
    ask: impl Fn() -> F,
) -> Result<T, Error> {
    let mut wait = FIRST_WAIT;
    for _ in 1..TRIES {
        match ask().await {
            Err(Error::Unavailable { .. }) => tokio::time::sleep(wait).await,
            answer => return answer,
        }
        wait *= 3;
    }
    ask().await
}

/// `None`: there was no connection.
pub(crate) fn failed_once(error: Option<RedisError>) -> Error {
    error.map_or(Error::Unavailable { reason: "no connection in time", source: None }, failed)
}

pub(crate) fn failed(error: RedisError) -> Error {
    match remedy(&error) {
        Remedy::Wait(reason) | Remedy::Reconnect(reason) => {
            Error::Unavailable { reason: reason.words, source: Some(error) }
        }
        _ if error.code() == Some("NOPERM") => Error::fault(
            "this user of Redis",
            format!(
                "{}; `baton redis-acl` prints users that may audit",
                error.detail().unwrap_or("it may not")
            ),
        ),
        _ if error.kind() == ErrorKind::Io => {
            Error::Unavailable { reason: "the connection failed", source: Some(error) }
        }
        _ => Error::fault("Redis", error.to_string()),
    }
}
