//! Access tokens that were revoked by themselves: those of API keys, which no session can end.

use deadpool_redis::redis::{Cmd, FromRedisValue};

use crate::error::Error;
use crate::store::Store;

impl Store {
    /// Denies a token until it would have expired.
    pub async fn deny(&self, jti: &str, ttl_ms: u64) -> Result<(), Error> {
        let mut command = Cmd::new();
        command.arg("SET").arg(self.logins().denied(jti)).arg("1").arg("PX").arg(ttl_ms.max(1));
        self.send_soon(&command).await.map(|_| ())
    }

    pub async fn is_denied(&self, jti: &str) -> Result<bool, Error> {
        let mut command = Cmd::new();
        command.arg("EXISTS").arg(self.logins().denied(jti));
        FromRedisValue::from_redis_value(self.send_soon(&command).await?)
            .map_err(|error| Error::fault("a denied token", error.to_string()))
    }
}
