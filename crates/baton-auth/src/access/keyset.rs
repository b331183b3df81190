//! The keys that a gateway signs and verifies with.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::Validation;
use jsonwebtoken::errors::ErrorKind;

use super::claims::Wire;
use super::{AccessError, Claims, TOKEN_BYTES_MAX, compact};
use crate::signing::{Alg, ManagedKey, SigningKey, signer};
use crate::text;

/// Whose tokens are good, for whom, and how far clocks may differ.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub audience: &'a str,
    pub leeway_s: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    #[error("take the signing keys: none of them signs")]
    NoSigner,
    #[error("take the signing keys: {0} is there twice")]
    Twice(String),
    #[error("take a shared secret of {0} bytes: it has {SECRET_MIN} to {SECRET_MAX}")]
    Length(usize),
    #[error("take the shared secret: it is not random, so it can be guessed")]
    Weak,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Too many scopes, most likely: each of them may be as long as the name of a queue.
    #[error("sign an access token of {0} bytes: nobody would take more than {TOKEN_BYTES_MAX}")]
    TooLong(usize),
    #[error("sign an access token")]
    Library,
}

const SECRET_MIN: usize = 32;
const SECRET_MAX: usize = 1024;

/// All keys whose tokens are good, and the one that signs. Cheap to clone.
#[derive(Clone)]
pub struct KeySet {
    signer: Arc<SigningKey>,
    /// All of them, by name.
    keys: Arc<[Arc<SigningKey>]>,
    jwks: Option<Arc<str>>,
}

impl KeySet {
    /// Keys from files: one signs, and tokens of the others are still good.
    pub fn new(signer: SigningKey, others: Vec<SigningKey>) -> Result<KeySet, KeySetError> {
        let signer = Arc::new(signer);
        let keys = others.into_iter().map(Arc::new).chain([Arc::clone(&signer)]).collect();
        KeySet::of(signer, keys)
    }

    /// Keys that the installation makes for itself. The newest active one signs.
    pub fn of_managed(keys: Vec<ManagedKey>) -> Result<KeySet, KeySetError> {
        let ages: Vec<_> = keys.iter().map(ManagedKey::age).collect();
        let kid = &signer(&ages).ok_or(KeySetError::NoSigner)?.kid;
        let keys: Vec<_> = keys.into_iter().map(|managed| Arc::new(managed.key)).collect();
        let signer = keys.iter().find(|key| key.kid() == kid).ok_or(KeySetError::NoSigner)?;
        KeySet::of(Arc::clone(signer), keys)
    }

    /// A secret that whoever verifies has as well, and so could sign with. It stands alone, and nothing is published.
    pub fn shared_secret(secret: &[u8]) -> Result<KeySet, KeySetError> {
        if !(SECRET_MIN..=SECRET_MAX).contains(&secret.len()) {
            return Err(KeySetError::Length(secret.len()));
        }
        if is_weak(secret) {
            return Err(KeySetError::Weak);
        }
        let signer = Arc::new(SigningKey::of_secret(secret));
        KeySet::of(Arc::clone(&signer), vec![signer])
    }

    fn of(signer: Arc<SigningKey>, mut keys: Vec<Arc<SigningKey>>) -> Result<KeySet, KeySetError> {
        keys.sort_by(|one, other| one.kid().cmp(other.kid()));
        if let Some(twice) = keys.windows(2).find(|pair| pair[0].kid() == pair[1].kid()) {
            return Err(KeySetError::Twice(twice[0].kid().to_owned()));
        }
        let published: Option<Vec<String>> = keys.iter().map(|key| key.jwk_json()).collect();
        let jwks = published.map(|keys| format!(r#"{{"keys":[{}]}}"#, keys.join(",")).into());
        Ok(KeySet { signer, keys: keys.into(), jwks })
    }

    pub fn sign(&self, claims: &Claims) -> Result<String, SignError> {
        let json = serde_json::to_vec(&Wire::of(claims)).map_err(|_| SignError::Library)?;
        let token = self.signer.token(&json).ok_or(SignError::Library)?;
        if token.len() > TOKEN_BYTES_MAX { Err(SignError::TooLong(token.len())) } else { Ok(token) }
    }

    /// What a token says, if it is one of ours and good now.
    pub fn verify(&self, token: &str, expected: &Expected<'_>, now_s: u64) -> Result<Claims, AccessError> {
        let signed = compact::read(token)?;
        let key = self.keys.iter().find(|key| key.kid() == signed.kid).ok_or(AccessError::UnknownKid)?;
        if signed.alg != key.alg().as_str() {
            return Err(AccessError::Malformed);
        }
        let read = jsonwebtoken::decode::<Wire>(token, key.verifies(), &validation(key.alg(), expected));
        read.map_err(|error| of_library(error.kind()))?.claims.check(expected, now_s)
    }

    /// What is published: public members only, in an order that does not change. `None`: a shared secret.
    pub fn jwks(&self) -> Option<&str> {
        self.jwks.as_deref()
    }

    /// What two gateways compare to learn whether they publish the same.
    pub fn fingerprint(&self) -> String {
        let kids: Vec<&str> = self.kids().collect();
        text::encode(&text::sha256(&[kids.join("\n").as_bytes()]))
    }

    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.kid())
    }

    /// The key that signs, by name.
    pub fn signer(&self) -> &str {
        self.signer.kid()
    }

    pub fn alg(&self) -> Alg {
        self.signer.alg()
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("KeySet").field("signer", &self.signer).field("keys", &self.keys).finish()
    }
}

/// What the library is told, here and nowhere else. It would read the clock by itself, and by default it forgives what
/// is missing: times are ours to check, and these claims must be there.
fn validation(alg: Alg, expected: &Expected<'_>) -> Validation {
    let mut rules = Validation::new(alg.of_library());
    rules.validate_exp = false;
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    rules.set_issuer(&[expected.issuer]);
    rules.set_audience(&[expected.audience]);
    rules
}

fn of_library(kind: &ErrorKind) -> AccessError {
    match kind {
        ErrorKind::InvalidSignature => AccessError::BadSignature,
        ErrorKind::InvalidIssuer => AccessError::WrongClaims("iss"),
        ErrorKind::InvalidAudience => AccessError::WrongClaims("aud"),
        // Only what is under a good signature is read as JSON claims.
        ErrorKind::Json(_) | ErrorKind::MissingRequiredClaim(_) => AccessError::WrongClaims("types"),
        // The enum is not ours, and grows.
        _ => AccessError::Malformed,
    }
}

/// What people type when they are asked for a secret. A guess, not a proof: the length does most of the work.
fn is_weak(secret: &[u8]) -> bool {
    let mut seen = [false; 256];
    secret.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    let few = seen.iter().filter(|seen| **seen).count() < 10;
    let repeats =
        (1..=secret.len() / 2).any(|period| secret.iter().zip(&secret[period..]).all(|(a, b)| a == b));
    let counts =
        secret.windows(2).filter(|pair| pair[1] == pair[0].wrapping_add(1)).count() > secret.len() / 2;
    let words = [
        "secret",
        "password",
        "passwort",
        "changeme",
        "change-me",
        "change_me",
        "example",
        "default",
        "qwerty",
    ];
    let lower = String::from_utf8_lossy(secret).to_lowercase();
    few || repeats || counts || words.iter().any(|word| lower.contains(word))
}
