//! Keys that the installation makes for itself. They lie in Redis, sealed with a secret that is not there.
//!
//! The text of one is `<state> <since, ms> <ring secret>.<nonce>.<sealed key>`. State and time stand outside of the
//! seal, so that a key moves on without being opened. The seal names the key: a sealed key under another name does not
//! open. Whoever can write to Redis can still end a key or hasten it; reading it takes the ring.

use aws_lc_rs::aead::{Aad, Nonce};
use zeroize::Zeroizing;

use super::{KeyError, SigningKey};
use crate::ring::Ring;
use crate::text;

/// Where a key is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Published, so that everyone knows it before the first token comes.
    Pending,
    /// Signs.
    Active,
    /// Signs no more; what it signed is still good.
    Retiring,
}

impl KeyState {
    pub fn as_str(self) -> &'static str {
        match self {
            KeyState::Pending => "pending",
            KeyState::Active => "active",
            KeyState::Retiring => "retiring",
        }
    }

    fn read(text: &str) -> Option<KeyState> {
        let all = [KeyState::Pending, KeyState::Active, KeyState::Retiring];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// What can be known of a key without opening it: enough to decide what happens to it next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAge {
    pub kid: String,
    pub state: KeyState,
    /// When it came to this state, by the clock of Redis.
    pub since_ms: u64,
}

impl KeyAge {
    /// `None`: not such a text.
    pub fn of_text(kid: &str, text: &str) -> Option<KeyAge> {
        let (state, since_ms, _) = parts(text)?;
        Some(KeyAge { kid: kid.to_owned(), state, since_ms })
    }
}

/// A key and its age.
#[derive(Debug)]
pub struct ManagedKey {
    pub key: SigningKey,
    pub state: KeyState,
    pub since_ms: u64,
}

impl ManagedKey {
    pub fn age(&self) -> KeyAge {
        KeyAge { kid: self.key.kid().to_owned(), state: self.state, since_ms: self.since_ms }
    }

    /// As it goes to Redis, sealed with the first secret of the ring. The nonce is random.
    pub fn to_text(&self, ring: &Ring, nonce: [u8; 12]) -> Result<String, KeyError> {
        let kid = ring.first_kid();
        let seal = ring.seal_key(kid).ok_or(KeyError::UnknownKid(kid))?;
        let mut sealed = Zeroizing::new(self.key.to_pkcs8()?.as_ref().to_vec());
        let name = Aad::from(self.key.kid());
        seal.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), name, &mut *sealed)
            .map_err(|_| KeyError::Seal)?;
        let sealed = format!("{kid}.{}.{}", text::encode(&nonce), text::encode(&sealed));
        Ok(whole(self.state, self.since_ms, &sealed))
    }

    pub fn from_text(kid: &str, text: &str, ring: &Ring) -> Result<ManagedKey, KeyError> {
        let (state, since_ms, sealed) = parts(text).ok_or(KeyError::Form)?;
        let (secret, nonce, sealed) = seal_parts(sealed).ok_or(KeyError::Form)?;
        let seal = ring.seal_key(secret).ok_or(KeyError::UnknownKid(secret))?;
        let mut sealed = Zeroizing::new(sealed);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let der = seal.open_in_place(nonce, Aad::from(kid), &mut sealed).map_err(|_| KeyError::Opened)?;
        let key = SigningKey::from_der(der)?;
        if key.kid() != kid {
            return Err(KeyError::Opened);
        }
        Ok(ManagedKey { key, state, since_ms })
    }
}

/// The text of the same key in another state. `None`: not such a text.
pub fn with_state(text: &str, state: KeyState, since_ms: u64) -> Option<String> {
    parts(text).map(|(_, _, sealed)| whole(state, since_ms, sealed))
}

/// The secret of the ring that sealed it. It must stay in the ring for as long as the key lives.
pub fn sealed_by(text: &str) -> Option<u8> {
    seal_parts(parts(text)?.2).map(|(secret, ..)| secret)
}

fn whole(state: KeyState, since_ms: u64, sealed: &str) -> String {
    format!("{} {since_ms} {sealed}", state.as_str())
}

fn parts(text: &str) -> Option<(KeyState, u64, &str)> {
    let (state, rest) = text.split_once(' ')?;
    let (since_ms, sealed) = rest.split_once(' ')?;
    Some((KeyState::read(state)?, since_ms.parse().ok()?, sealed))
}

fn seal_parts(sealed: &str) -> Option<(u8, [u8; 12], Vec<u8>)> {
    let (secret, rest) = sealed.split_once('.')?;
    let (nonce, key) = rest.split_once('.')?;
    Some((secret.parse().ok()?, text::decode(nonce)?.try_into().ok()?, text::decode(key)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::tests::ring;
    use crate::signing::Alg;

    fn managed(alg: Alg) -> ManagedKey {
        ManagedKey {
            key: SigningKey::generate(alg).unwrap(),
            state: KeyState::Active,
            since_ms: 1_700_000_000_000,
        }
    }

    #[test]
    fn case_77_a_sealed_key_comes_back_on_every_gateway() {
        for alg in [Alg::Es256, Alg::EdDsa] {
            let key = managed(alg);
            let text = key.to_text(&ring(&[3, 1]), [5; 12]).unwrap();
            assert!(text.starts_with("active 1700000000000 3.BQUFBQUFBQUFBQUF."), "{text}");
            assert_eq!(sealed_by(&text), Some(3));
            let back = ManagedKey::from_text(key.key.kid(), &text, &ring(&[1, 3])).unwrap();
            assert_eq!((back.age(), back.key.alg()), (key.age(), alg));
            assert_eq!(back.key.jwk_json(), key.key.jwk_json());
        }
    }

    #[test]
    fn a_key_moves_on_without_being_opened() {
        let key = managed(Alg::Es256);
        let text = key.to_text(&ring(&[3]), [5; 12]).unwrap();
        let later = with_state(&text, KeyState::Retiring, 1_700_000_000_001).unwrap();
        let age = KeyAge::of_text(key.key.kid(), &later).unwrap();
        assert_eq!((age.state, age.since_ms), (KeyState::Retiring, 1_700_000_000_001));
        assert_eq!(ManagedKey::from_text(key.key.kid(), &later, &ring(&[3])).unwrap().age(), age);
    }

    #[test]
    fn a_seal_opens_for_its_key_and_its_ring_only() {
        let (key, other) = (managed(Alg::Es256), managed(Alg::Es256));
        let text = key.to_text(&ring(&[3]), [5; 12]).unwrap();
        let open = |kid: &str, text: &str, ring: &Ring| ManagedKey::from_text(kid, text, ring).unwrap_err();
        assert_eq!(open(key.key.kid(), &text, &ring(&[1])), KeyError::UnknownKid(3));
        assert_eq!(open(other.key.kid(), &text, &ring(&[3])), KeyError::Opened);
        assert_eq!(open(key.key.kid(), &text.replacen(" 3.", " 1.", 1), &ring(&[1, 3])), KeyError::Opened);
        assert_eq!(
            open(key.key.kid(), &text.replace("BQUFBQUFBQUFBQUF", "BgUFBQUFBQUFBQUF"), &ring(&[3])),
            KeyError::Opened
        );
        for wrong in [
            "",
            "active",
            "active 1",
            "active 1 3.BQ.BQ",
            "gone 1 3.BQUFBQUFBQUFBQUF.BQ",
            "active x 3.BQUFBQUFBQUFBQUF.BQ",
            "active 1 999.BQUFBQUFBQUFBQUF.BQ",
        ] {
            assert_eq!(open(key.key.kid(), wrong, &ring(&[3])), KeyError::Form, "{wrong}");
        }
        assert!(!format!("{key:?} {text}").contains("PRIVATE"));
        assert_eq!(format!("{:?}", key.key), format!("SigningKey {{ alg: ES256, kid: {} }}", key.key.kid()));
    }

    #[test]
    fn a_key_bears_its_own_name_or_none() {
        let (ring, other) = (ring(&[3]), managed(Alg::Es256));
        let mut sealed = managed(Alg::Es256).key.to_pkcs8().unwrap().as_ref().to_vec();
        let (seal, nonce) = (ring.seal_key(3).unwrap(), Nonce::assume_unique_for_key([5; 12]));
        seal.seal_in_place_append_tag(nonce, Aad::from(other.key.kid()), &mut sealed).unwrap();
        let text = format!("active 1 3.{}.{}", text::encode(&[5; 12]), text::encode(&sealed));
        assert_eq!(ManagedKey::from_text(other.key.kid(), &text, &ring).unwrap_err(), KeyError::Opened);
    }
}
