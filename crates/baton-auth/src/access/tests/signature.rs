use aws_lc_rs::hmac;
use aws_lc_rs::rsa::{KeyPair as RsaPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, KeyPair, RSA_PSS_SHA256};

use super::*;

/// The token with another signature.
fn signed(token: &str, signature: &[u8]) -> String {
    format!("{}.{}", &token[..token.rfind('.').unwrap()], text::encode(signature))
}

fn signature(token: &str) -> Vec<u8> {
    text::decode(&token[token.rfind('.').unwrap() + 1..]).unwrap()
}

#[test]
fn case_62_a_public_key_is_no_secret() {
    let forger = Forger::new();
    let jwks: Value = serde_json::from_str(forger.set.jwks().unwrap()).unwrap();
    let point = forger.pair.public_key().as_ref().to_vec();
    let spki = [text::decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE").unwrap(), point[1..].to_vec()].concat();
    let public =
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&spki));
    let header = with(forger.header(), json!({ "alg": "HS256" }));
    let token = forger.sign(&header.to_string(), &payload().to_string());
    let message = &token[..token.rfind('.').unwrap()];
    for secret in [public.into_bytes(), jwks["keys"][0].to_string().into_bytes(), spki, point] {
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
        assert_eq!(forger.check(&signed(&token, mac.as_ref())), Err(AccessError::Malformed));
    }
}

#[test]
fn case_63_a_key_signs_in_one_way() {
    let forger = Forger::new();
    for alg in ["RS256", "PS256", "ES384", "ES512", "EdDSA", "Ed25519", "HS256", "es256", "ES256K"] {
        let header = with(forger.header(), json!({ "alg": alg }));
        assert_eq!(forger.check_header(&header), Err(AccessError::Malformed), "{alg}");
    }
    let pair = RsaPair::generate(KeySize::Rsa2048).unwrap();
    let der = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let key = SigningKey::from_pem(&pem(der.as_ref())).unwrap();
    let kid = key.kid().to_owned();
    let set = KeySet::new(key, Vec::new()).unwrap();
    let good = set.sign(&claims()).unwrap();
    assert_eq!(set.verify(&good, &EXPECTED, NOW), Ok(claims()));
    // The same key and a good signature, but in another way.
    for (alg, error) in [("PS256", AccessError::Malformed), ("RS256", AccessError::BadSignature)] {
        let header = text::encode(json!({ "alg": alg, "typ": "at+jwt", "kid": kid }).to_string().as_bytes());
        let message = format!("{header}.{}", text::encode(payload().to_string().as_bytes()));
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        let token = format!("{message}.{}", text::encode(&signature));
        assert_eq!(set.verify(&token, &EXPECTED, NOW), Err(error), "{alg}");
    }
}

#[test]
fn case_64_signatures_of_nothing_and_in_other_forms() {
    let forger = Forger::new();
    let good = forger.set.sign(&claims()).unwrap();
    let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let (zero, one) = ([0; 32], {
        let mut one = [0; 32];
        one[31] = 1;
        one
    });
    for (r, s) in [(zero, zero), (zero, one), (one, zero), (order, order), (order, one), (one, order)] {
        let token = signed(&good, &[r, s].concat());
        assert_eq!(forger.check(&token), Err(AccessError::BadSignature), "{r:?} {s:?}");
    }
    let message = &good[..good.rfind('.').unwrap()];
    let pkcs8 = forger.pair.to_pkcs8v1().unwrap();
    let asn1 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).unwrap();
    let der = asn1.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    assert_eq!(forger.check(&signed(&good, der.as_ref())), Err(AccessError::BadSignature));
    // Both s and n - s are good. Nothing is remembered by its signature, so this harms nobody.
    let raw = signature(&good);
    let other = minus(&order, &raw[32..]);
    assert_eq!(forger.check(&signed(&good, &[&raw[..32], &other].concat())), Ok(claims()));
    for length in [0, 1, 63, 65, 128] {
        let cut: Vec<u8> = raw.iter().copied().cycle().take(length).collect();
        assert_eq!(forger.check(&signed(&good, &cut)), Err(AccessError::BadSignature), "{length}");
    }
}

#[test]
fn a_signature_is_over_every_byte() {
    let forger = Forger::new();
    let good = forger.set.sign(&claims()).unwrap();
    for at in (0..good.len()).step_by(7) {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(forger.check(str::from_utf8(&changed).unwrap()).is_err(), "{at}");
    }
    assert_eq!(Forger::new().check(&good), Err(AccessError::UnknownKid));
}

fn hex(text: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}

fn minus(from: &[u8; 32], number: &[u8]) -> [u8; 32] {
    let (mut rest, mut borrow) = ([0; 32], 0);
    for at in (0..32).rev() {
        let digit = i32::from(from[at]) - i32::from(number[at]) - borrow;
        borrow = i32::from(digit < 0);
        rest[at] = digit.rem_euclid(256) as u8;
    }
    rest
}
