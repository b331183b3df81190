//! Signatures by which a receiver knows who posted something, and that nobody changed it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// What a receiver and the sender share.
#[derive(Clone)]
pub struct Secret(hmac::Key);

impl Secret {
    /// `whsec_` and 24 to 64 bytes in Base64.
    pub fn parse(text: &str) -> Result<Secret, &'static str> {
        let encoded = text.strip_prefix("whsec_").ok_or("it must begin with whsec_")?;
        let bytes = STANDARD.decode(encoded).map_err(|_| "what follows whsec_ is not Base64")?;
        if !(24..=64).contains(&bytes.len()) {
            return Err("it must have from 24 to 64 bytes");
        }
        Ok(Secret(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// `v1,` and the digest of `id.timestamp.body`.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut digest = hmac::Context::with_key(&self.0);
        digest.update(format!("{id}.{timestamp}.").as_bytes());
        digest.update(body);
        format!("v1,{}", STANDARD.encode(digest.sign()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the specification's own libraries are tested with.
    #[test]
    fn the_signature_is_the_one_of_the_standard() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_that_cannot_be_meant_are_refused() {
        for text in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_*"] {
            assert!(Secret::parse(text).is_err(), "{text}");
        }
    }
}
