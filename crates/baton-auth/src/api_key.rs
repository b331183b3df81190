//! API keys: `btk_<id>_<secret><check>`, 12, 43 and 6 letters and digits.
//!
//! The check is a CRC, so that scanners of source code and our own logs know a key when they see one, offline. It
//! protects nothing. 256 random bits need no slow hash: what is stored is their SHA-256.

use baton_core::login::KeyId;
use zeroize::Zeroizing;

use crate::secret::SecretText;
use crate::text;

pub const PREFIX: &str = "btk_";
/// Characters of a key.
pub const LENGTH: usize = PREFIX.len() + KeyId::LENGTH + 1 + SECRET + CHECK;

const SECRET: usize = 43;
const CHECK: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    #[error("read an API key: it has not the form of one")]
    Malformed,
    #[error("read an API key: its check digits are wrong")]
    Check,
}

/// A key of these random bytes, and its id.
pub fn new(id: [u8; 16], secret: [u8; 32]) -> Result<(KeyId, SecretText), ApiKeyError> {
    let id = KeyId::new(&base62::<{ KeyId::LENGTH }>(&id)).map_err(|_| ApiKeyError::Malformed)?;
    let key = with_id(&id, secret);
    Ok((id, key))
}

/// The key of this id with another secret.
pub fn with_id(id: &KeyId, secret: [u8; 32]) -> SecretText {
    let mut key = String::with_capacity(LENGTH);
    key.push_str(PREFIX);
    key.push_str(id.as_str());
    key.push('_');
    key.push_str(&base62::<SECRET>(&secret));
    let check = base62::<CHECK>(&crc32(key.as_bytes()).to_be_bytes());
    key.push_str(&check);
    SecretText::new(key)
}

/// The id of a key and the hash of its secret, without asking anyone.
pub fn parse(key: &str) -> Result<(KeyId, String), ApiKeyError> {
    let rest = key.strip_prefix(PREFIX).filter(|_| key.len() == LENGTH).ok_or(ApiKeyError::Malformed)?;
    let (id, rest) = rest.split_once('_').ok_or(ApiKeyError::Malformed)?;
    let id = KeyId::new(id).map_err(|_| ApiKeyError::Malformed)?;
    if !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(ApiKeyError::Malformed);
    }
    let (before, check) = key.split_at(LENGTH - CHECK);
    if base62::<CHECK>(&crc32(before.as_bytes()).to_be_bytes()).as_str() != check {
        return Err(ApiKeyError::Check);
    }
    Ok((id, text::encode(&text::sha256(&[&rest.as_bytes()[..SECRET]]))))
}

/// Whether two hashes are the same, in constant time.
pub fn same(one: &str, other: &str) -> bool {
    text::same(one.as_bytes(), other.as_bytes())
}

/// A hash that belongs to no secret: what a key of an unknown id is compared with, so that it takes as long.
pub const NO_HASH: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The last `N` digits of a number of big-endian bytes.
fn base62<const N: usize>(bytes: &[u8]) -> Zeroizing<String> {
    let mut number = Zeroizing::new(bytes.to_vec());
    let mut digits = Zeroizing::new([b'0'; N]);
    for digit in digits.iter_mut().rev() {
        let mut rest = 0;
        for byte in number.iter_mut() {
            let value = rest * 256 + usize::from(*byte);
            // Below 62 * 256, so the quotient is a byte.
            *byte = (value / 62) as u8;
            rest = value % 62;
        }
        *digit = BASE62[rest];
    }
    Zeroizing::new(digits.iter().map(|digit| char::from(*digit)).collect())
}

/// The CRC of zip, gzip and PNG.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_and_checks_are_the_known_ones() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(*base62::<3>(&[0x0f, 0x24]), "10W".to_owned());
        assert_eq!(*base62::<2>(&[0, 61]), "0z".to_owned());
        // 2^256 - 1 has 43 digits.
        assert_eq!(
            base62::<44>(&[0xff; 32]).as_bytes()[..2],
            [b'0', base62::<43>(&[0xff; 32]).as_bytes()[0]]
        );
        assert_ne!(base62::<43>(&[0xff; 32]).as_bytes()[0], b'0');
    }

    #[test]
    fn case_95_a_key_is_known_by_its_form() {
        let (id, key) = new([1; 16], [2; 32]).unwrap();
        let key = key.expose();
        assert_eq!(key.len(), LENGTH);
        assert!(key.starts_with(&format!("btk_{id}_")));
        let (read, hash) = parse(key).unwrap();
        assert_eq!((read, hash.len()), (id, 43));
        assert!(same(&hash, &hash) && !same(&hash, NO_HASH) && NO_HASH.len() == 43);
        for at in 0..LENGTH {
            let mut other = key.clone().into_bytes();
            other[at] = if other[at] == b'x' { b'y' } else { b'x' };
            assert!(parse(str::from_utf8(&other).unwrap()).is_err(), "character {at}");
        }
        for wrong in ["", "btk_", &key[1..], &format!("{key}0"), &key.replace('_', "-"), &"é".repeat(33)] {
            assert_eq!(parse(wrong), Err(ApiKeyError::Malformed), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_key_comes_back_and_says_another_hash(id: [u8; 16], one: [u8; 32], two: [u8; 32]) {
            let (made, key) = new(id, one).unwrap();
            let (read, hash) = parse(key.expose()).unwrap();
            prop_assert_eq!(read, made);
            let (_, other) = parse(new(id, two).unwrap().1.expose()).unwrap();
            prop_assert_eq!(one == two, same(&hash, &other));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}", tail in "[0-9A-Za-z_]{62}") {
            prop_assert!(parse(&text).is_err());
            prop_assert!(parse(&["btk_", &tail].concat()).is_err());
        }
    }
}
