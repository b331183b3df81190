//! A command by hand, as an operator would type it into `redis-cli`.

use deadpool_redis::redis::{FromRedisValue, cmd};

use crate::server::PrivateRedis;

impl PrivateRedis {
    /// Sends one command in words, and answers what the server says.
    pub async fn say<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let (name, rest) = words.split_first().expect("a command has a name");
        let mut connection = self.connection().await;
        cmd(name).arg(rest).query_async(&mut connection).await.expect("a command that the server knows")
    }
}
