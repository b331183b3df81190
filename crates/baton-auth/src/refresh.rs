//! Refresh tokens: 66 bytes under a seal, as 92 characters.
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | version |
//! | 1 | the secret of the ring that signed |
//! | 8 | the tag of the user |
//! | 16 | the session |
//! | 8 | the generation |
//! | 16 | a secret, the same in all generations; Redis holds its hash |
//! | 16 | HMAC-SHA256 over all of this, its first half |
//!
//! A successor is computed, never stored: the same bytes with the next generation and a new seal. So a replay gives
//! the same text again, provided that it is signed with the secret that signed it first; Redis keeps its number.
//! Whoever holds a token cannot compute the next one without the ring, and whoever holds the ring and all of Redis
//! still lacks the secret.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_core::login::{SessionId, UserTag};
use zeroize::Zeroizing;

use crate::ring::Ring;
use crate::secret::{Secret, SecretText};
use crate::text;

pub const PREFIX: &str = "btr_";
/// Characters of a token.
pub const LENGTH: usize = 92;
/// Lua counts in doubles: beyond 2^53 they skip numbers.
pub const GENERATION_MAX: u64 = 1 << 52;

const VERSION: u8 = 1;
const BODY: usize = 50;
const SEALED: usize = BODY + 16;

/// Why a text is no token of ours. Redis need not be asked about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("read a refresh token: it has not the form of one")]
    Malformed,
    /// Perhaps another gateway has the secret: then it is our mistake and not the caller's.
    #[error("read a refresh token: the secret {0} is not in our ring")]
    UnknownKid(u8),
    #[error("read a refresh token: its seal is not ours")]
    BadSeal,
}

/// A token that we made.
#[derive(Clone)]
pub struct Token {
    pub tag: UserTag,
    pub sid: SessionId,
    pub generation: u64,
    secret: Secret<[u8; 16]>,
}

impl Token {
    /// The first one of a session, with these random bytes.
    pub fn first(tag: UserTag, sid: SessionId, secret: [u8; 16]) -> Token {
        Token { tag, sid, generation: 1, secret: Secret::new(secret) }
    }

    /// The token of the same session in this generation.
    pub fn successor(&self, generation: u64) -> Token {
        Token { generation, ..self.clone() }
    }

    /// Reads a token and checks its seal. Nothing is allocated for whoever sends rubbish.
    pub fn decode(token: &str, ring: &Ring) -> Result<Token, DecodeError> {
        let sealed = unseal(token).ok_or(DecodeError::Malformed)?;
        let (body, mac) = sealed.split_at(BODY);
        if body[0] != VERSION {
            return Err(DecodeError::Malformed);
        }
        let kid = body[1];
        let key = ring.refresh_key(kid).ok_or(DecodeError::UnknownKid(kid))?;
        if !text::same(&seal(key, body), mac) {
            return Err(DecodeError::BadSeal);
        }
        let generation = u64::from_be_bytes(part(body, 26));
        if !(1..=GENERATION_MAX).contains(&generation) {
            return Err(DecodeError::Malformed);
        }
        Ok(Token {
            tag: UserTag(part(body, 2)),
            sid: SessionId(part(body, 10)),
            generation,
            secret: Secret::new(part(body, 34)),
        })
    }

    /// The token as its owner gets it, signed with this secret of the ring. `None`: the ring has none of this number,
    /// or no token may have this generation.
    pub fn text(&self, ring: &Ring, kid: u8) -> Option<SecretText> {
        if !(1..=GENERATION_MAX).contains(&self.generation) {
            return None;
        }
        let key = ring.refresh_key(kid)?;
        let mut sealed = Zeroizing::new([0; SEALED]);
        let (body, mac) = sealed.split_at_mut(BODY);
        body[..2].copy_from_slice(&[VERSION, kid]);
        body[2..10].copy_from_slice(&self.tag.0);
        body[10..26].copy_from_slice(&self.sid.0);
        body[26..34].copy_from_slice(&self.generation.to_be_bytes());
        body[34..].copy_from_slice(self.secret.expose());
        mac.copy_from_slice(&seal(key, body));
        let mut token = String::with_capacity(LENGTH);
        token.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(*sealed, &mut token);
        Some(SecretText::new(token))
    }

    /// What Redis holds of the secret: 43 characters.
    pub fn secret_hash(&self) -> String {
        text::encode(&text::sha256(&[self.secret.expose()]))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Token { tag, sid, generation, secret: _ } = self;
        write!(out, "Token {{ tag: {tag}, sid: {sid}, generation: {generation} }}")
    }
}

/// The bytes of a text that is the one text of these bytes.
fn unseal(token: &str) -> Option<Zeroizing<[u8; SEALED]>> {
    let text = token.strip_prefix(PREFIX).filter(|_| token.len() == LENGTH)?;
    let mut sealed = Zeroizing::new([0; SEALED]);
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut *sealed).ok()?;
    // 66 bytes leave no spare bits. Should that ever change, a second text of the same token is refused here.
    let mut again = Zeroizing::new([0; LENGTH - PREFIX.len()]);
    URL_SAFE_NO_PAD.encode_slice(*sealed, &mut *again).ok()?;
    (length == SEALED && *again == *text.as_bytes()).then_some(sealed)
}

fn seal(key: &hmac::Key, body: &[u8]) -> [u8; 16] {
    let mut context = hmac::Context::with_key(key);
    context.update(b"baton-rt-v1");
    context.update(body);
    part(context.sign().as_ref(), 0)
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}

/// The nonce of a request that brings a key of its own: the same for each of its repetitions. 22 characters.
pub fn nonce_of_key(idempotency_key: &str) -> String {
    text::encode(&text::sha256(&[b"ik:", idempotency_key.as_bytes()])[..16])
}

/// The nonce of a request without one, of these random bytes.
pub fn nonce_drawn(chance: [u8; 16]) -> String {
    text::encode(&chance)
}

#[cfg(test)]
#[path = "refresh_tests.rs"]
mod tests;
