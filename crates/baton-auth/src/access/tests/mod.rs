//! What forgers try. The numbers are those of the list of cases that every release must stand.

mod claims;
mod header;
mod keys;
mod signature;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::signing::SigningKey;
use crate::text;

const NOW: u64 = 1_700_000_000;
const EXPECTED: Expected<'static> =
    Expected { issuer: "https://baton.test", audience: "baton", leeway_s: 30 };

/// Somebody who has our key, and may therefore write what he likes.
struct Forger {
    pair: EcdsaKeyPair,
    kid: String,
    set: KeySet,
}

impl Forger {
    fn new() -> Forger {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = SigningKey::from_pem(&pem(pair.to_pkcs8v1().unwrap().as_ref())).unwrap();
        Forger { pair, kid: key.kid().to_owned(), set: KeySet::new(key, Vec::new()).unwrap() }
    }

    fn header(&self) -> Value {
        json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.kid })
    }

    /// These two texts under a good signature.
    fn sign(&self, header: &str, payload: &str) -> String {
        let message = format!("{}.{}", text::encode(header.as_bytes()), text::encode(payload.as_bytes()));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", text::encode(signature.as_ref()))
    }

    fn check(&self, token: &str) -> Result<Claims, AccessError> {
        self.set.verify(token, &EXPECTED, NOW)
    }

    fn check_header(&self, header: &Value) -> Result<Claims, AccessError> {
        self.check(&self.sign(&header.to_string(), &payload().to_string()))
    }

    fn check_payload(&self, payload: &str) -> Result<Claims, AccessError> {
        self.check(&self.sign(&self.header().to_string(), payload))
    }

    /// The good claims with these on top; null takes one away.
    fn check_with(&self, changes: Value) -> Result<Claims, AccessError> {
        self.check_payload(&with(payload(), changes).to_string())
    }
}

fn pem(pkcs8: &[u8]) -> String {
    let end = "PRIVATE KEY-----";
    format!("-----BEGIN {end}\n{}\n-----END {end}\n", STANDARD.encode(pkcs8))
}

fn claims() -> Claims {
    Claims {
        iss: EXPECTED.issuer.to_owned(),
        aud: vec![EXPECTED.audience.to_owned()],
        sub: "user_alice".parse().unwrap(),
        client_id: "baton".to_owned(),
        iat: NOW,
        exp: NOW + 900,
        jti: jti([3; 16]),
        scope: "tasks:read tasks:claim@emails".to_owned(),
        ep: NOW * 1000,
        auth_time: NOW - 5,
        amr: vec!["pwd".to_owned()],
        username: "alice".to_owned(),
        holder: Holder::Session("AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap()),
        wid: None,
    }
}

fn payload() -> Value {
    json!({
        "iss": "https://baton.test", "aud": ["baton"], "sub": "user_alice", "client_id": "baton", "iat": NOW,
        "exp": NOW + 900, "jti": jti([3; 16]), "scope": "tasks:read tasks:claim@emails", "ep": NOW * 1000,
        "auth_time": NOW - 5, "amr": ["pwd"], "username": "alice", "sid": "AAAAAAAAAAAAAAAAAAAAAA",
    })
}

fn with(mut object: Value, changes: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    object
}

/// What the rest of these tests stand on: without a change, the forged token is good.
#[test]
fn a_token_by_hand_is_as_good_as_ours() {
    let forger = Forger::new();
    assert_eq!(forger.check_payload(&payload().to_string()), Ok(claims()));
    assert_eq!(forger.check(&forger.set.sign(&claims()).unwrap()), Ok(claims()));
    assert_eq!(forger.check_header(&forger.header()), Ok(claims()));
}
