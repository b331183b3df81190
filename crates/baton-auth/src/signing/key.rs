//! One key that signs access tokens.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use aws_lc_rs::{hmac, pkcs8};
use jsonwebtoken::DecodingKey;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use zeroize::Zeroize;

use super::{Alg, Jwk};
use crate::text;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("read a signing key: there is no private key in the PEM")]
    Pem,
    #[error("read a signing key: it is of P-256, Ed25519, or RSA with 2048 to 8192 bits")]
    Kind,
    #[error("make a signing key for {0}: only ES256 and EdDSA keys are made here")]
    NotMade(Alg),
    #[error("make a signing key")]
    Generate,
    #[error("seal a signing key")]
    Seal,
    #[error("read a sealed signing key: it has not the form of one")]
    Form,
    /// Another gateway has a secret that we lack.
    #[error("open a sealed signing key: the secret {0} is not in our ring")]
    UnknownKid(u8),
    #[error("open a sealed signing key: it was sealed otherwise, or changed since")]
    Opened,
}

/// A private key that is read once and kept ready. Its `kid` is the thumbprint of its public half.
pub struct SigningKey {
    alg: Alg,
    kid: String,
    pair: Pair,
    /// `None`: a shared secret, which has no public half.
    jwk: Option<Jwk>,
    verifies: DecodingKey,
    /// The first part of each token, with its dot.
    header: String,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair),
    Hmac(Box<hmac::Key>),
}

impl SigningKey {
    /// A new one. The library draws by itself: it offers no other way.
    pub fn generate(alg: Alg) -> Result<SigningKey, KeyError> {
        match alg {
            Alg::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .map_err(|_| KeyError::Generate)
                .and_then(SigningKey::of_ecdsa),
            Alg::EdDsa => Ed25519KeyPair::generate().map_err(|_| KeyError::Generate).map(SigningKey::of_ed),
            Alg::Rs256 | Alg::Hs256 => Err(KeyError::NotMade(alg)),
        }
    }

    /// The first private key of a PEM file: PKCS#8, SEC1 or PKCS#1. What it is decides how it signs.
    pub fn from_pem(pem: &str) -> Result<SigningKey, KeyError> {
        let mut der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::Pem)?;
        let key = SigningKey::from_der(der.secret_der());
        der.zeroize();
        key
    }

    pub(super) fn from_der(der: &[u8]) -> Result<SigningKey, KeyError> {
        if let Ok(pair) = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der) {
            return SigningKey::of_ecdsa(pair);
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
            return Ok(SigningKey::of_ed(pair));
        }
        let pair = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der));
        pair.map(SigningKey::of_rsa).map_err(|_| KeyError::Kind)
    }

    fn of_ecdsa(pair: EcdsaKeyPair) -> Result<SigningKey, KeyError> {
        let point = pair.public_key().as_ref();
        let jwk = Jwk::p256(point).ok_or(KeyError::Kind)?;
        let verifies = DecodingKey::from_ec_der(point);
        Ok(SigningKey::of(Alg::Es256, jwk.thumbprint(), Pair::Ecdsa(pair), Some(jwk), verifies))
    }

    fn of_ed(pair: Ed25519KeyPair) -> SigningKey {
        let public = pair.public_key().as_ref();
        let (jwk, verifies) = (Jwk::ed25519(public), DecodingKey::from_ed_der(public));
        SigningKey::of(Alg::EdDsa, jwk.thumbprint(), Pair::Ed(pair), Some(jwk), verifies)
    }

    fn of_rsa(pair: RsaKeyPair) -> SigningKey {
        let public = pair.public_key();
        let modulus = public.modulus().big_endian_without_leading_zero().to_vec();
        let exponent = public.exponent().big_endian_without_leading_zero().to_vec();
        let jwk = Jwk::rsa(&modulus, &exponent);
        let verifies = DecodingKey::from_rsa_raw_components(&modulus, &exponent);
        SigningKey::of(Alg::Rs256, jwk.thumbprint(), Pair::Rsa(pair), Some(jwk), verifies)
    }

    /// A secret that others have too. Its name is a hash, as a thumbprint is.
    pub(crate) fn of_secret(secret: &[u8]) -> SigningKey {
        let kid = text::encode(&text::sha256(&[b"baton-shared-secret-kid-v1", secret])[..16]);
        let pair = Pair::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)));
        SigningKey::of(Alg::Hs256, kid, pair, None, DecodingKey::from_secret(secret))
    }

    fn of(alg: Alg, kid: String, pair: Pair, jwk: Option<Jwk>, verifies: DecodingKey) -> SigningKey {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{kid}"}}"#);
        let header = text::encode(header.as_bytes()) + ".";
        SigningKey { alg, kid, pair, jwk, verifies, header }
    }

    pub fn alg(&self) -> Alg {
        self.alg
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub(crate) fn verifies(&self) -> &DecodingKey {
        &self.verifies
    }

    /// Its public half as an element of a published set.
    pub(crate) fn jwk_json(&self) -> Option<String> {
        self.jwk.as_ref().map(|jwk| jwk.json(self.alg.as_str(), &self.kid))
    }

    /// The token of these claims. `None`: the library failed, which it does for want of memory or chance only.
    pub(crate) fn token(&self, claims: &[u8]) -> Option<String> {
        let mut token = format!("{}{}", self.header, text::encode(claims));
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        token.push_str(&text::encode(&signature));
        Some(token)
    }

    fn signature(&self, message: &[u8]) -> Option<Vec<u8>> {
        // The library ignores this argument, and draws from its own generator.
        let chance = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => {
                pair.sign(&chance, message).ok().map(|signature| signature.as_ref().to_vec())
            }
            Pair::Ed(pair) => pair.try_sign(message).ok().map(|signature| signature.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &chance, message, &mut signature).ok()?;
                Some(signature)
            }
            Pair::Hmac(key) => Some(hmac::sign(key, message).as_ref().to_vec()),
        }
    }

    /// The private key, to be sealed at once.
    pub(crate) fn to_pkcs8(&self) -> Result<pkcs8::Document, KeyError> {
        match &self.pair {
            Pair::Ecdsa(pair) => pair.to_pkcs8v1().map_err(|_| KeyError::Seal),
            Pair::Ed(pair) => pair.to_pkcs8v1().map_err(|_| KeyError::Seal),
            Pair::Rsa(_) | Pair::Hmac(_) => Err(KeyError::NotMade(self.alg)),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey {{ alg: {}, kid: {} }}", self.alg, self.kid)
    }
}
