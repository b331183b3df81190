use proptest::prelude::*;

use super::*;

const YEAR: u64 = 365 * 24 * 3600;

fn wrong(claim: &'static str) -> Result<Claims, AccessError> {
    Err(AccessError::WrongClaims(claim))
}

#[test]
fn case_70_times_are_whole_seconds() {
    let forger = Forger::new();
    for name in ["exp", "iat", "auth_time", "ep"] {
        for odd in [
            r#""1700000900""#,
            "1700000900.5",
            "1700000900.0",
            "-1",
            "1e300",
            "1e9",
            "null",
            "true",
            "[1700000900]",
            "99999999999999999999999",
        ] {
            let number = payload()[name].to_string();
            let text = payload().to_string().replacen(
                &format!("\"{name}\":{number}"),
                &format!("\"{name}\":{odd}"),
                1,
            );
            assert!(text.contains(odd));
            assert_eq!(forger.check_payload(&text), wrong("types"), "{name} {odd}");
        }
        assert_eq!(forger.check_with(json!({ name: null })), wrong("types"), "{name}");
    }
}

#[test]
fn case_70_edges_are_exact() {
    let forger = Forger::new();
    let at =
        |iat: u64, exp: u64| forger.check_with(json!({ "iat": iat, "exp": exp })).map(|claims| claims.exp);
    assert_eq!(at(NOW - 900, NOW - 29), Ok(NOW - 29));
    assert_eq!(at(NOW - 900, NOW - 30), Err(AccessError::Expired));
    assert_eq!(at(NOW + 30, NOW + 900), Ok(NOW + 900));
    assert_eq!(at(NOW + 31, NOW + 900), Err(AccessError::WrongClaims("iat")));
    assert_eq!(at(NOW, NOW + 24 * 3600), Ok(NOW + 24 * 3600));
    assert_eq!(at(NOW, NOW + 24 * 3600 + 1), Err(AccessError::WrongClaims("exp")));
    assert_eq!(at(NOW, NOW + 100 * YEAR), Err(AccessError::WrongClaims("exp")));
    assert_eq!(at(NOW, NOW - 1), Err(AccessError::WrongClaims("exp")));
    assert_eq!(at(0, u64::MAX), Err(AccessError::WrongClaims("exp")));
    assert_eq!(at(u64::MAX, u64::MAX), Err(AccessError::WrongClaims("iat")));
    let before =
        |nbf: Value| forger.check_payload(&with(payload(), json!({ "nbf": nbf })).to_string()).map(|_| ());
    assert_eq!(before(json!(NOW + 30)), Ok(()));
    assert_eq!(before(json!(NOW + 31)), Err(AccessError::WrongClaims("nbf")));
    assert_eq!(before(json!("1")), Err(AccessError::WrongClaims("types")));
}

#[test]
fn case_71_the_audience_contains_us_and_the_issuer_is_us() {
    let forger = Forger::new();
    for aud in [json!("baton"), json!(["baton"]), json!(["other", "baton"])] {
        assert!(forger.check_with(json!({ "aud": aud })).is_ok(), "{aud}");
    }
    for aud in [json!("other"), json!([]), json!(""), json!(["Baton"]), json!("baton ")] {
        assert_eq!(forger.check_with(json!({ "aud": aud })), wrong("aud"), "{aud}");
    }
    for aud in [Value::Null, json!(1), json!([1, "baton"]), json!({ "baton": 1 }), json!([["baton"]])] {
        assert_eq!(forger.check_with(json!({ "aud": aud })), wrong("types"), "{aud}");
    }
    for iss in
        ["https://baton.test/", "https://Baton.test", "https://baton.tes", "https://baton.test\u{0}", ""]
    {
        assert_eq!(forger.check_with(json!({ "iss": iss })), wrong("iss"), "{iss}");
    }
    for iss in [json!(["https://baton.test"]), Value::Null, json!(1)] {
        assert_eq!(forger.check_with(json!({ "iss": iss })), wrong("types"), "{iss}");
    }
}

#[test]
fn case_72_no_claim_is_there_twice() {
    let forger = Forger::new();
    let once = payload().to_string();
    for (name, value) in payload().as_object().unwrap() {
        let twice = format!("{},\"{name}\":{value}}}", &once[..once.len() - 1]);
        assert_eq!(forger.check_payload(&twice), wrong("types"), "{name}");
        let escaped =
            format!("{},\"\\u{:04x}{}\":{value}}}", &once[..once.len() - 1], name.as_bytes()[0], &name[1..]);
        assert_eq!(forger.check_payload(&escaped), wrong("types"), "{name}");
    }
}

#[test]
fn every_claim_is_needed_and_has_its_type() {
    let forger = Forger::new();
    for name in payload().as_object().unwrap().keys().filter(|name| *name != "sid") {
        assert_eq!(forger.check_with(json!({ name: null })), wrong("types"), "{name}");
        assert_eq!(forger.check_with(json!({ name: { "a": 1 } })), wrong("types"), "{name}");
    }
    for (changes, claim) in [
        (json!({ "sid": null }), "one of sid and key"),
        (json!({ "key": "abcDEF012345" }), "one of sid and key"),
        (json!({ "sid": "short" }), "sid"),
        (json!({ "sid": null, "key": "short" }), "key"),
        (json!({ "jti": "" }), "jti"),
        (json!({ "jti": "a:b" }), "jti"),
        (json!({ "jti": "j".repeat(65) }), "jti"),
        (json!({ "sub": "alice" }), "sub"),
        (json!({ "sub": "user_" }), "sub"),
        (json!({ "sub": "user_a\nb" }), "sub"),
        (json!({ "wid": "worker-1" }), "wid"),
        (json!({ "sid": 1 }), "types"),
        (json!({ "cnf": { "jkt": "AAAA" } }), "cnf"),
        (json!({ "cnf": 1 }), "cnf"),
    ] {
        assert_eq!(forger.check_with(changes.clone()), wrong(claim), "{changes}");
    }
    // Null is not the same as nothing.
    let once = payload().to_string();
    for name in ["key", "wid", "nbf"] {
        assert_eq!(
            forger.check_payload(&format!("{},\"{name}\":null}}", &once[..once.len() - 1])),
            wrong("types")
        );
    }
    assert!(forger.check_with(json!({ "unheard": [1, { "of": null }] })).is_ok());
}

#[test]
fn case_74_names_in_any_script_pass() {
    let forger = Forger::new();
    let name = "Ünï 王 😀 \\u0041 \"";
    let mine = Claims { sub: format!("user_{name}").parse().unwrap(), username: name.to_owned(), ..claims() };
    assert_eq!(forger.check(&forger.set.sign(&mine).unwrap()), Ok(mine));
}

#[test]
fn tokens_of_keys_and_workers_come_back() {
    let forger = Forger::new();
    let worker = Claims {
        sub: "service_bot".parse().unwrap(),
        holder: Holder::Key("abcDEF012345".parse().unwrap()),
        wid: Some("worker-001-default".parse().unwrap()),
        ..claims()
    };
    assert_eq!(forger.check(&forger.set.sign(&worker).unwrap()), Ok(worker));
}

#[test]
fn a_token_that_nobody_would_take_is_not_signed() {
    let forger = Forger::new();
    let wide = Claims { scope: "tasks:read@".to_owned() + &"x".repeat(4096), ..claims() };
    assert!(matches!(forger.set.sign(&wide), Err(SignError::TooLong(length)) if length > TOKEN_BYTES_MAX));
}

#[test]
fn remembered_claims_end_as_well() {
    let (claims, life) = (claims(), 900);
    assert_eq!(claims.check_times(30, NOW + life + 29), Ok(()));
    assert_eq!(claims.check_times(30, NOW + life + 30), Err(AccessError::Expired));
    assert_eq!(claims.check_times(0, NOW + life), Err(AccessError::Expired));
    assert_eq!(claims.check_times(0, NOW - 1), wrong("iat").map(|_| ()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_is_a_token_or_a_panic(text in "\\PC{0,80}", parts in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_-]{0,40}){0,4}", json in "\\{[\\[\\]{}:,\"a-z0-9 ]{0,60}\\}") {
        let forger = Forger::new();
        prop_assert!(forger.check(&text).is_err());
        prop_assert!(forger.check(&parts).is_err());
        prop_assert!(forger.check(&forger.sign(&json, &payload().to_string())).is_err());
        prop_assert!(forger.check_payload(&json).is_err());
    }

    #[test]
    fn every_token_comes_back(name in "[^\\p{Cc}]{1,40}", scope in "[a-z:@ ]{0,40}", life in 1..=LIFE_S_MAX, ep: u64) {
        let forger = Forger::new();
        let mine = Claims { sub: format!("user_{name}").parse().unwrap(), username: name, scope, ep, exp: NOW + life, ..claims() };
        prop_assert_eq!(forger.check(&forger.set.sign(&mine).unwrap()), Ok(mine));
    }
}
