//! How the deployment does, and what lies in its Redis.

use baton_api::doctor::Doctor;
use baton_api::gateway::Gateways;
use baton_api::redis::{RedisCheck, RedisKey, RedisKeys, RedisScripts};

use super::Client;
use super::call::Call;
use super::wait::HELD_FOR;
use crate::error::Error;

impl Client {
    /// Examines the deployment. It takes a few seconds where something does not answer.
    pub async fn doctor(&self) -> Result<Doctor, Error> {
        self.call(Call::get("/api/v1/doctor".to_owned()).held_for(HELD_FOR)).await
    }

    /// The gateways that were seen lately.
    pub async fn gateways(&self) -> Result<Gateways, Error> {
        self.call(Call::get("/api/v1/gateways".to_owned())).await
    }

    /// The forms of keys that there are.
    pub async fn redis_keys(&self) -> Result<RedisKeys, Error> {
        self.call(Call::get("/api/v1/redis/keys".to_owned())).await
    }

    /// One key, explained.
    pub async fn redis_key(&self, key: &str) -> Result<RedisKey, Error> {
        self.call(Call::get(format!("/api/v1/redis/keys/{}", encoded(key)))).await
    }

    /// A quick look at some keys.
    pub async fn redis_check(&self) -> Result<RedisCheck, Error> {
        self.call(Call::get("/api/v1/redis/check".to_owned()).held_for(HELD_FOR)).await
    }

    /// The scripts of the gateway's release.
    pub async fn redis_scripts(&self) -> Result<RedisScripts, Error> {
        self.call(Call::get("/api/v1/redis/scripts".to_owned())).await
    }
}

/// As one part of a path.
fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_part_of_a_path() {
        assert_eq!(encoded("baton:{0}:task/ä.."), "baton%3A%7B0%7D%3Atask%2F%C3%A4%2E%2E");
    }
}
