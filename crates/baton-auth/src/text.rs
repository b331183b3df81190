//! Bytes as text, hashes, and comparisons that take the same time whatever they find.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

/// base64url without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// `None` for everything but the one text of these bytes: no padding, no spare bits, no white space.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

pub(crate) fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// SHA-256 of the parts, one behind the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    // A hash of this algorithm has 32 bytes.
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Whether both are the same, found out in a time that depends on their lengths only.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_form() {
        assert_eq!(encode(&[0xff, 0xff]), "__8");
        assert_eq!(decode("__8"), Some(vec![0xff, 0xff]));
        for wrong in ["__9", "__8=", "__8\n", " __8", "//8", "__8_8"] {
            assert_eq!(decode(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn hashes_are_of_all_parts() {
        let whole = sha256(&[b"abc"]);
        assert_eq!(sha256(&[b"a", b"", b"bc"]), whole);
        assert_eq!(encode(&whole), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
        assert!(same(b"ab", b"ab") && !same(b"ab", b"ac") && !same(b"ab", b"abc"));
    }
}
