//! Before the first request: do all gateways of this installation mean the same secrets?

use baton_store::calls::token::RingMet;

use super::Auth;
use crate::problem::Fail;

/// Why a gateway does not start with the secrets that it was given.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("use the secret {0} of auth.secret_file: other gateways have other bytes under this number")]
    OtherBytes(u8),
    #[error("go without the secret {0}: other gateways seal with it, so add its line to auth.secret_file")]
    FirstMissing(u8),
    #[error("compare the secrets with those of other gateways")]
    Store(#[source] baton_store::Error),
}

impl Auth {
    /// Compares the secrets with those of other gateways, and gets the signing keys ready. Gateways without logins on
    /// several machines have secrets of their own: their tokens are good on one machine only, and that is said.
    pub async fn meet_others(&self) -> Result<(), StartError> {
        let keys: Vec<(u8, String)> =
            self.ring.kids().filter_map(|kid| Some((kid, self.ring.fingerprint(kid)?))).collect();
        let met = self.store.meet_ring(&keys).await.map_err(StartError::Store)?;
        let wrong = match met {
            RingMet::Agrees { store_id } => {
                self.met.set(store_id);
                None
            }
            RingMet::OtherBytes { kid } => Some(StartError::OtherBytes(kid)),
            RingMet::FirstMissing { kid } => Some(StartError::FirstMissing(kid)),
        };
        match wrong {
            Some(wrong) if !self.open => return Err(wrong),
            Some(_) => {
                tracing::info!("other gateways on this Redis have other secrets: logins are good here only")
            }
            None => {}
        }
        if !self.open
            && let Err(Fail { code, .. }) = self.key_set().await
        {
            tracing::warn!(%code, "the signing keys are not there yet; the first login asks again");
        }
        Ok(())
    }
}
