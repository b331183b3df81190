//! The ring: the secrets that all gateways of an installation share, and that are never in Redis.
//!
//! A file of lines, each a number and 32 random bytes: `1 q3Jh…`. The first line signs, every line verifies. So a new
//! secret is added at the end everywhere, then moved to the front, and the old one is dropped once no session can
//! hold a token of it. Nothing uses a secret as it is: each purpose has a key of its own, derived by HKDF.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{aead, hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::secret::SecretText;
use crate::text;

/// Lines of one file at most.
pub const SECRETS_MAX: usize = 16;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    #[error("read the secrets: there are none")]
    Empty,
    #[error("read the secrets: there are more than {SECRETS_MAX}")]
    TooMany,
    #[error("read line {0} of the secrets: it is a number up to 255, a space, and 32 bytes as base64url")]
    Line(usize),
    #[error("read line {0} of the secrets: its number stands above already")]
    Twice(usize),
    #[error("read line {0} of the secrets: it is not random")]
    Weak(usize),
    #[error("derive the keys of line {0} of the secrets")]
    Derive(usize),
}

/// All secrets, the one that signs first.
#[derive(Clone)]
pub struct Ring(Arc<[Keys]>);

/// What is derived from one secret.
struct Keys {
    kid: u8,
    refresh: hmac::Key,
    address: hmac::Key,
    webhooks: hmac::Key,
    seal: aead::LessSafeKey,
    fingerprint: String,
}

impl Ring {
    /// Reads the file. Empty lines and those that begin with # count for nothing.
    pub fn parse(file: &str) -> Result<Ring, RingError> {
        let mut ring: Vec<Keys> = Vec::new();
        for (number, line) in (1..).zip(file.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let keys = Keys::parse(number, line)?;
            if ring.iter().any(|other| other.kid == keys.kid) {
                return Err(RingError::Twice(number));
            }
            if ring.len() == SECRETS_MAX {
                return Err(RingError::TooMany);
            }
            ring.push(keys);
        }
        if ring.is_empty() { Err(RingError::Empty) } else { Ok(Ring(ring.into())) }
    }

    /// A line of the file, for these random bytes.
    pub fn line(kid: u8, bytes: [u8; 32]) -> SecretText {
        SecretText::new(format!("{kid} {}", text::encode(&bytes)))
    }

    /// The number of the secret that signs.
    pub fn first_kid(&self) -> u8 {
        self.first().kid
    }

    pub fn kids(&self) -> impl Iterator<Item = u8> {
        self.0.iter().map(|keys| keys.kid)
    }

    /// What two gateways compare to learn whether they mean the same secret by a number.
    pub fn fingerprint(&self, kid: u8) -> Option<String> {
        self.of(kid).map(|keys| keys.fingerprint.clone())
    }

    pub(crate) fn refresh_key(&self, kid: u8) -> Option<&hmac::Key> {
        self.of(kid).map(|keys| &keys.refresh)
    }

    /// The key for addresses. A new first secret makes new pseudonyms, so all counts by address begin again.
    pub(crate) fn address_key(&self) -> &hmac::Key {
        &self.first().address
    }

    /// The secret of a webhook, as its receiver gets it: from the secret with this fingerprint, and for these words alone. So
    /// nobody has to keep it. `None` where this ring does not have that secret.
    pub fn webhook_secret(&self, fingerprint: &str, words: &[&str]) -> Option<SecretText> {
        let keys = self.0.iter().find(|keys| keys.fingerprint == fingerprint)?;
        let mut mac = hmac::Context::with_key(&keys.webhooks);
        for word in words {
            mac.update(&(word.len() as u64).to_be_bytes());
            mac.update(word.as_bytes());
        }
        Some(SecretText::new(format!("whsec_{}", STANDARD.encode(mac.sign()))))
    }

    pub(crate) fn seal_key(&self, kid: u8) -> Option<&aead::LessSafeKey> {
        self.of(kid).map(|keys| &keys.seal)
    }

    fn of(&self, kid: u8) -> Option<&Keys> {
        self.0.iter().find(|keys| keys.kid == kid)
    }

    fn first(&self) -> &Keys {
        // No ring is empty.
        &self.0[0]
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Ring")?;
        out.debug_list().entries(self.kids()).finish()
    }
}

impl Keys {
    fn parse(number: usize, line: &str) -> Result<Keys, RingError> {
        let (kid, secret) = line.split_once(' ').ok_or(RingError::Line(number))?;
        // A number has one text, so that no one takes 01 for another secret than 1.
        let kid = kid.parse::<u8>().ok().filter(|read| read.to_string() == kid);
        let bytes = text::decode(secret).map(Zeroizing::new).filter(|bytes| bytes.len() == 32);
        let (Some(kid), Some(bytes)) = (kid, bytes) else { return Err(RingError::Line(number)) };
        if distinct(&bytes) < DISTINCT_MIN {
            return Err(RingError::Weak(number));
        }
        Keys::derive(kid, &bytes).ok_or(RingError::Derive(number))
    }

    fn derive(kid: u8, secret: &[u8]) -> Option<Keys> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret);
        let mac = |purpose| Some(hmac::Key::new(hmac::HMAC_SHA256, &*expand::<32>(&root, purpose)?));
        let seal = expand::<32>(&root, "baton/signing-key-seal/v1")?;
        let seal = aead::UnboundKey::new(&aead::AES_256_GCM, &*seal).ok()?;
        Some(Keys {
            kid,
            refresh: mac("baton/refresh-mac/v1")?,
            address: mac("baton/address/v1")?,
            webhooks: mac("baton/webhooks/v1")?,
            seal: aead::LessSafeKey::new(seal),
            fingerprint: text::encode(&*expand::<16>(&root, "baton/fingerprint/v1")?),
        })
    }
}

/// 32 random bytes hold about 30 different ones, and fewer than this not once in 10^24 rings.
const DISTINCT_MIN: usize = 12;

fn distinct(bytes: &[u8]) -> usize {
    let mut seen = [false; 256];
    bytes.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    seen.iter().filter(|seen| **seen).count()
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(root: &hkdf::Prk, purpose: &str) -> Option<Zeroizing<[u8; N]>> {
    let mut key = Zeroizing::new([0; N]);
    root.expand(&[purpose.as_bytes()], Length(N)).and_then(|okm| okm.fill(&mut *key)).ok()?;
    Some(key)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn bytes(seed: u8) -> [u8; 32] {
        std::array::from_fn(|at| seed.wrapping_mul(31).wrapping_add(at as u8 * 7))
    }

    /// A ring of these numbers, each with the same bytes in every test.
    pub(crate) fn ring(kids: &[u8]) -> Ring {
        let lines: Vec<String> =
            kids.iter().map(|kid| Ring::line(*kid, bytes(*kid)).expose().clone()).collect();
        Ring::parse(&lines.join("\n")).unwrap()
    }

    #[test]
    fn the_first_line_signs() {
        let file = format!(
            "# ours\n\n{}\r\n{}\n",
            Ring::line(7, bytes(7)).expose(),
            Ring::line(0, bytes(0)).expose()
        );
        let ring = Ring::parse(&file).unwrap();
        assert_eq!((ring.first_kid(), ring.kids().collect::<Vec<_>>()), (7, vec![7, 0]));
        assert_eq!(format!("{ring:?}"), "Ring[7, 0]");
    }

    #[test]
    fn fingerprints_tell_secrets_apart() {
        let one = ring(&[1, 2]);
        assert_eq!(one.fingerprint(1), ring(&[2, 1]).fingerprint(1));
        assert_eq!(one.fingerprint(1).unwrap().len(), 22);
        assert_ne!(one.fingerprint(1), one.fingerprint(2));
        assert_eq!(one.fingerprint(3), None);
    }

    #[test]
    fn every_purpose_has_a_key_of_its_own() {
        let ring = ring(&[1]);
        let tag = |key: &hmac::Key| hmac::sign(key, b"x").as_ref().to_vec();
        assert_ne!(tag(ring.refresh_key(1).unwrap()), tag(ring.address_key()));
        assert!(ring.refresh_key(2).is_none() && ring.seal_key(2).is_none());
    }

    #[test]
    fn each_webhook_has_a_secret_of_its_own_that_any_gateway_can_derive() {
        let print = ring(&[1]).fingerprint(1).unwrap();
        let of = |kids: &[u8], words: &[&str]| {
            ring(kids).webhook_secret(&print, words).map(|secret| secret.expose().clone())
        };
        let one = of(&[1], &["ops", "a", "1"]).unwrap();
        assert_eq!(of(&[2, 1], &["ops", "a", "1"]).as_ref(), Some(&one));
        assert!(one.starts_with("whsec_") && one.len() == 50, "{one}");
        for words in [["ops", "a", "2"], ["ops", "b", "1"], ["opsa", "", "1"], ["op", "sa", "1"]] {
            assert_ne!(of(&[1], &words).unwrap(), one, "{words:?}");
        }
        assert_eq!(of(&[2], &["ops", "a", "1"]), None);
    }

    #[test]
    fn mistakes_are_found_by_line_and_say_no_secret() {
        let good = Ring::line(1, bytes(1)).expose().clone();
        let secret = &good[2..];
        let wrong = |file: String| Ring::parse(&file).unwrap_err();
        assert_eq!(wrong(String::new()), RingError::Empty);
        assert_eq!(wrong("# nothing".to_owned()), RingError::Empty);
        assert_eq!(wrong(format!("{good}\n{good}")), RingError::Twice(2));
        assert_eq!(wrong(format!("1 {}", text::encode(&[5; 32]))), RingError::Weak(1));
        let lines = (0..17).map(|kid| Ring::line(kid, bytes(kid)).expose().clone());
        assert_eq!(wrong(lines.collect::<Vec<_>>().join("\n")), RingError::TooMany);
        for line in [
            secret.to_owned(),
            format!("256 {secret}"),
            format!("01 {secret}"),
            format!("+1 {secret}"),
            format!("1  {secret}"),
            format!("1 {secret}="),
            format!("1 {}", &secret[1..]),
            format!("1 {secret} x"),
        ] {
            let error = wrong(format!("\n{line}"));
            assert_eq!(error, RingError::Line(2), "{line}");
            assert!(!error.to_string().contains(secret));
        }
    }
}
