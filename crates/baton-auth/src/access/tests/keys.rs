use std::collections::BTreeSet;

use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der};
use aws_lc_rs::signature::ECDSA_P384_SHA384_FIXED_SIGNING;

use super::*;
use crate::signing::{Alg, KeyError, KeyState, ManagedKey};

fn key(alg: Alg) -> SigningKey {
    SigningKey::generate(alg).unwrap()
}

const SECRET: &[u8] = b"\x8f\x01Zk\xe2\x99\x10\xa7\x3c\xdd\x42\xb8\x05\xf1\x6e\x97\xc3\x2a\xd0\x7b\x54\x1f\xe9\x80\xaa\x36\x61\xbe\x0d\x73\xc8\x49";

/// Without a provider, or with two, the library compiles and panics at its first token: here, not in production.
#[test]
fn case_81_there_is_one_provider_and_it_signs_and_verifies() {
    let shared = KeySet::shared_secret(SECRET).unwrap();
    let sets = [Alg::Es256, Alg::EdDsa].map(|alg| KeySet::new(key(alg), Vec::new()).unwrap());
    for set in sets.iter().chain([&shared]) {
        let token = set.sign(&claims()).unwrap();
        assert_eq!(set.verify(&token, &EXPECTED, NOW), Ok(claims()), "{:?}", set.alg());
        assert!(token.len() < 700, "{}", token.len());
    }
    let crossed = shared.verify(&sets[0].sign(&claims()).unwrap(), &EXPECTED, NOW);
    assert_eq!(crossed, Err(AccessError::UnknownKid));
}

#[test]
fn case_75_tokens_outlive_the_turn_of_their_key_and_not_the_key() {
    let (old, new) = (key(Alg::Es256), key(Alg::Es256));
    let old_pem = pem(managed_der(&old).as_ref());
    let again = || SigningKey::from_pem(&old_pem).unwrap();
    let before = KeySet::new(old, Vec::new()).unwrap();
    let token = before.sign(&claims()).unwrap();
    let new_pem = pem(managed_der(&new).as_ref());
    let during = KeySet::new(new, vec![again()]).unwrap();
    assert_eq!(during.verify(&token, &EXPECTED, NOW), Ok(claims()));
    assert_ne!(during.signer(), before.signer());
    assert_eq!(during.kids().count(), 2);
    let after = KeySet::new(SigningKey::from_pem(&new_pem).unwrap(), Vec::new()).unwrap();
    assert_eq!(after.verify(&token, &EXPECTED, NOW), Err(AccessError::UnknownKid));
    assert_eq!(after.verify(&during.sign(&claims()).unwrap(), &EXPECTED, NOW), Ok(claims()));
    assert_eq!(
        KeySet::new(again(), vec![again()]).unwrap_err(),
        KeySetError::Twice(before.signer().to_owned())
    );
}

/// The private key, out of its sealed text.
fn managed_der(key: &SigningKey) -> Vec<u8> {
    key.to_pkcs8().unwrap().as_ref().to_vec()
}

#[test]
fn case_77_the_newest_active_key_signs_on_every_gateway() {
    let managed = |state, since_ms| ManagedKey { key: key(Alg::Es256), state, since_ms };
    let keys = vec![
        managed(KeyState::Active, 5),
        managed(KeyState::Active, 7),
        managed(KeyState::Pending, 9),
        managed(KeyState::Retiring, 9),
    ];
    let newest = keys[1].key.kid().to_owned();
    let set = KeySet::of_managed(keys).unwrap();
    assert_eq!((set.signer(), set.kids().count()), (&newest[..], 4));
    assert_eq!(KeySet::of_managed(vec![managed(KeyState::Pending, 1)]).unwrap_err(), KeySetError::NoSigner);
    assert_eq!(KeySet::of_managed(Vec::new()).unwrap_err(), KeySetError::NoSigner);
}

#[test]
fn case_76_the_published_set_is_public() {
    let rsa = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let rsa = AsDer::<Pkcs8V1Der<'_>>::as_der(&rsa).unwrap();
    let rsa = SigningKey::from_pem(&pem(rsa.as_ref())).unwrap();
    let set = KeySet::new(key(Alg::Es256), vec![rsa, key(Alg::EdDsa)]).unwrap();
    let jwks: Value = serde_json::from_str(set.jwks().unwrap()).unwrap();
    let keys = jwks["keys"].as_array().unwrap();
    let allowed: BTreeSet<&str> = ["kty", "crv", "x", "y", "n", "e", "alg", "use", "kid"].into();
    for key in keys {
        let members: BTreeSet<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(members.is_subset(&allowed), "{members:?}");
        assert_eq!(key["use"], "sig");
        let expected = match key["kty"].as_str().unwrap() {
            "EC" => "ES256",
            "OKP" => "EdDSA",
            _ => "RS256",
        };
        assert_eq!(key["alg"], expected);
    }
    // By name, however they were given.
    let kids: Vec<&str> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert!(kids.len() == 3 && kids.is_sorted());
    assert_eq!(set.kids().collect::<Vec<_>>(), kids);
    let shown = format!("{set:?}");
    assert!(kids.iter().all(|kid| shown.contains(kid)) && shown.len() < 600, "{shown}");
}

#[test]
fn a_shared_secret_is_published_nowhere_and_not_guessed() {
    let set = KeySet::shared_secret(SECRET).unwrap();
    assert_eq!((set.jwks(), set.alg()), (None, Alg::Hs256));
    assert_eq!(KeySet::shared_secret(&SECRET[..31]).unwrap_err(), KeySetError::Length(31));
    for weak in [
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "x7Qz9LpRx7Qz9LpRx7Qz9LpRx7Qz9LpR",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "my-Secret-that-nobody-ever-guesses-31",
        "please-CHANGEME-in-production-1234567",
        "012301230132013201230231023102310231",
    ] {
        assert_eq!(KeySet::shared_secret(weak.as_bytes()).unwrap_err(), KeySetError::Weak, "{weak}");
    }
    // 16 random bytes in hex, which is the least that is good.
    assert!(KeySet::shared_secret(b"8f015a6be29910a73cdd42b805f16e97").is_ok());
}

#[test]
fn keys_are_read_in_every_form_that_files_have() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let sec1 = AsDer::<EcPrivateKeyRfc5915Der<'_>>::as_der(&pair.private_key()).unwrap();
    let sec1 = pem(sec1.as_ref()).replace("PRIVATE", "EC PRIVATE");
    let pkcs8 = pem(pair.to_pkcs8v1().unwrap().as_ref());
    let (one, other) = (SigningKey::from_pem(&sec1).unwrap(), SigningKey::from_pem(&pkcs8).unwrap());
    assert_eq!((one.alg(), one.kid()), (Alg::Es256, other.kid()));
    // Files may have more in them than the key.
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    assert_eq!(SigningKey::from_pem(&format!("# ours\n{parameters}{sec1}")).unwrap().kid(), one.kid());
    let ed = SigningKey::from_pem(&pem(&managed_der(&key(Alg::EdDsa)))).unwrap();
    assert_eq!(ed.alg(), Alg::EdDsa);
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap().to_pkcs8v1().unwrap();
    for (wrong, error) in [
        (String::new(), KeyError::Pem),
        (parameters.to_owned(), KeyError::Pem),
        (pkcs8.replace("PRIVATE", "PUBLIC"), KeyError::Pem),
        (pem(b"nonsense"), KeyError::Kind),
        (pem(p384.as_ref()), KeyError::Kind),
    ] {
        assert_eq!(SigningKey::from_pem(&wrong).unwrap_err(), error, "{wrong}");
    }
}
