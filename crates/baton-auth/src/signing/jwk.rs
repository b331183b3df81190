//! Public keys as others read them (RFC 7517), and their names (RFC 7638).

use crate::text;

/// The public members of a key, and no others: there is no place here for a private one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Jwk {
    P256 { x: String, y: String },
    Ed25519 { x: String },
    Rsa { n: String, e: String },
}

impl Jwk {
    /// Of an uncompressed point.
    pub(crate) fn p256(point: &[u8]) -> Option<Jwk> {
        let (x, y) = point.strip_prefix(&[4]).filter(|xy| xy.len() == 64)?.split_at(32);
        Some(Jwk::P256 { x: text::encode(x), y: text::encode(y) })
    }

    pub(crate) fn ed25519(key: &[u8]) -> Jwk {
        Jwk::Ed25519 { x: text::encode(key) }
    }

    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Jwk {
        Jwk::Rsa { n: text::encode(modulus), e: text::encode(exponent) }
    }

    /// The members that make the key, by name and without a space: both the thumbprint and the set begin with them.
    /// All of them are base64url, so there is nothing to escape.
    fn members(&self) -> String {
        match self {
            Jwk::P256 { x, y } => format!(r#""crv":"P-256","kty":"EC","x":"{x}","y":"{y}""#),
            Jwk::Ed25519 { x } => format!(r#""crv":"Ed25519","kty":"OKP","x":"{x}""#),
            Jwk::Rsa { n, e } => format!(r#""e":"{e}","kty":"RSA","n":"{n}""#),
        }
    }

    pub(crate) fn thumbprint(&self) -> String {
        text::encode(&text::sha256(&[b"{", self.members().as_bytes(), b"}"]))
    }

    /// One element of a published set.
    pub(crate) fn json(&self, alg: &str, kid: &str) -> String {
        format!(r#"{{{},"alg":"{alg}","use":"sig","kid":"{kid}"}}"#, self.members())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbprints_are_those_of_the_standards() {
        // RFC 7638, section 3.1.
        let n = concat!(
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs",
            "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI",
            "SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        );
        let rsa = Jwk::Rsa { n: n.to_owned(), e: "AQAB".to_owned() };
        assert_eq!(rsa.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        // RFC 8037, appendix A.3.
        let ed = Jwk::Ed25519 { x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned() };
        assert_eq!(ed.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn only_uncompressed_points_are_read() {
        assert!(Jwk::p256(&[4; 65]).is_some());
        assert!(Jwk::p256(&[2; 33]).is_none() && Jwk::p256(&[4; 64]).is_none() && Jwk::p256(&[]).is_none());
    }
}
