//! Faces `lua/token/signing_keys.lua`. A repeat finds the version that it wrote, and reads again.

use deadpool_redis::redis::{Cmd, FromRedisValue};

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// The sealed keys that sign access tokens, by kid, and their version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SigningKeys {
    pub version: u64,
    pub keys: Vec<(String, String)>,
}

impl Store {
    pub async fn signing_keys(&self) -> Result<SigningKeys, Error> {
        let mut command = Cmd::new();
        command.arg("HGETALL").arg(self.logins().jwks());
        let fields: Vec<(String, String)> = FromRedisValue::from_redis_value(self.send_soon(&command).await?)
            .map_err(|error| Error::fault("the signing keys", error.to_string()))?;
        let version =
            fields.iter().find(|(name, _)| name == "version").and_then(|(_, value)| value.parse().ok());
        let mut keys: Vec<_> = fields.into_iter().filter(|(name, _)| name != "version").collect();
        keys.sort();
        Ok(SigningKeys { version: version.unwrap_or_default(), keys })
    }

    /// Writes keys, or removes those without a text, unless somebody else changed them since this version. Answers
    /// whether it did.
    pub async fn write_signing_keys(
        &self,
        version: u64,
        keys: &[(&str, Option<&str>)],
    ) -> Result<bool, Error> {
        let mut call = Call::new("token/signing_keys", [self.logins().jwks()]);
        call.arg(version);
        for (kid, text) in keys {
            call.arg(*kid).optional(*text);
        }
        let mut reply = self.run_soon(&call).await?;
        match reply.text()?.as_str() {
            "written" => Ok(true),
            "stale" => Ok(false),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
