//! Codes that are good once. Taking one is one command, GETDEL, so two never get the same; an answer that is lost takes
//! the code along, and whoever lost it fetches another.

use deadpool_redis::redis::{Cmd, FromRedisValue};

use crate::error::Error;
use crate::store::Store;

impl Store {
    /// Keeps what a code stands for, by a digest of the code.
    pub async fn put_once(&self, digest: &str, value: &str, ttl_ms: u64) -> Result<(), Error> {
        let mut command = Cmd::new();
        command.arg("SET").arg(self.logins().once(digest)).arg(value).arg("PX").arg(ttl_ms);
        self.send_soon(&command).await.map(|_| ())
    }

    /// What a code stands for, to the first who asks. Sent once: a repeat would find nothing and call it spent.
    pub async fn take_once(&self, digest: &str) -> Result<Option<String>, Error> {
        let mut command = Cmd::new();
        command.arg("GETDEL").arg(self.logins().once(digest));
        FromRedisValue::from_redis_value(self.send_once_soon(&command).await?)
            .map_err(|error| Error::fault("a one-time code", error.to_string()))
    }
}
