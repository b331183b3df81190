//! Faces `lua/token/ring.lua`. Repeatable: it writes the same fingerprints once more.

use deadpool_redis::redis::{Cmd, FromRedisValue};

use crate::clock::random;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// Whether our keys are those of all gateways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RingMet {
    Agrees {
        store_id: String,
    },
    /// Others have other bytes under this kid.
    OtherBytes {
        kid: u8,
    },
    /// Others seal with this kid, and we do not have it.
    FirstMissing {
        kid: u8,
    },
}

impl Store {
    /// Compares the keys that seal refresh tokens, by their fingerprints. The first is the one that we seal with.
    pub async fn meet_ring(&self, keys: &[(u8, String)]) -> Result<RingMet, Error> {
        let mut call = Call::new("token/ring", [self.logins().meta()]);
        call.arg(format!("{:016x}", random())).optional(keys.first().map(|(kid, _)| kid)).arg(keys.len());
        for (kid, fingerprint) in keys {
            call.arg(kid).arg(fingerprint);
        }
        let mut reply = self.run_soon(&call).await?;
        match (reply.text()?.as_str(), reply.text()?.as_str()) {
            ("agreed", store_id) => Ok(RingMet::Agrees { store_id: store_id.to_owned() }),
            ("refused", "other_bytes") => Ok(RingMet::OtherBytes { kid: reply.parse()? }),
            ("refused", "first_missing") => Ok(RingMet::FirstMissing { kid: reply.parse()? }),
            (other, _) => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }

    /// Which keys any gateway has told of, and the id of the store.
    pub async fn ring_kids(&self) -> Result<(Vec<u8>, Option<String>), Error> {
        let mut command = Cmd::new();
        command.arg("HGETALL").arg(self.logins().meta());
        let fields: Vec<(String, String)> = FromRedisValue::from_redis_value(self.send_soon(&command).await?)
            .map_err(|error| Error::fault("the record of logins", error.to_string()))?;
        let kids = fields.iter().filter_map(|(name, _)| name.strip_prefix("kid:")?.parse().ok()).collect();
        let store_id = fields.into_iter().find_map(|(name, value)| (name == "store_id").then_some(value));
        Ok((kids, store_id))
    }
}
