//! Access tokens: JWT of one narrow kind (RFC 9068), signed by us and for us.
//!
//! What is checked, cheap things first: the form, the header, the key by its name and nothing else, the signature, the
//! claims as a type, the times. The library checks signature, audience and issuer; it takes much that we must not, so
//! `compact` and `claims` look before and after it. Nothing here asks whether a session still lives.

mod claims;
mod compact;
mod keyset;

pub use claims::{Claims, Holder, LIFE_S_MAX, jti};
pub use compact::{HEADER_BYTES_MAX, TOKEN_BYTES_MAX};
pub use keyset::{Expected, KeySet, KeySetError, SignError};

/// Why a token is none. All of them are 401; the difference is for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    #[error("read an access token: it has not the form of one")]
    Malformed,
    /// Perhaps a new key: worth one look at the store, now and then.
    #[error("read an access token: its key is not known")]
    UnknownKid,
    #[error("read an access token: its signature is wrong")]
    BadSignature,
    #[error("read an access token: its claims are not those of one of ours ({0})")]
    WrongClaims(&'static str),
    #[error("read an access token: it is no longer good")]
    Expired,
}

#[cfg(test)]
mod tests;
