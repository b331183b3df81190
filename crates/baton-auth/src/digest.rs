//! SHA-256, for what is remembered or compared and must not be kept.

/// The hash of these bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    crate::text::sha256(&[bytes])
}

/// The same, as 64 hex digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    sha256(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_what_everyone_writes() {
        // printf abc | sha256sum
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_hex(b"abc"), known);
    }
}
