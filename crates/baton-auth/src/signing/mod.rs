//! The keys that sign access tokens: where they come from, how they lie in Redis, and when each of them serves.

mod alg;
mod jwk;
mod key;
mod lifecycle;
mod managed;

pub use alg::{Alg, UnknownAlg};
pub(crate) use jwk::Jwk;
pub use key::{KeyError, SigningKey};
pub use lifecycle::{Settings, Step, signer, steps};
pub use managed::{KeyAge, KeyState, ManagedKey, sealed_by, with_state};
