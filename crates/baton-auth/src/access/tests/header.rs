use super::*;

#[test]
fn case_61_alg_none_in_any_spelling() {
    let forger = Forger::new();
    for alg in
        [json!("none"), json!("None"), json!("nOnE"), json!("NONE"), json!(""), json!(["ES256"]), Value::Null]
    {
        let header = with(forger.header(), json!({ "alg": alg }));
        assert_eq!(forger.check_header(&header), Err(AccessError::Malformed), "{alg}");
        let unsigned = forger.sign(&header.to_string(), &payload().to_string());
        let unsigned = &unsigned[..=unsigned.rfind('.').unwrap()];
        assert_eq!(forger.check(unsigned), Err(AccessError::Malformed), "{alg}");
    }
}

#[test]
fn case_65_a_kid_is_a_name_and_nothing_else() {
    let forger = Forger::new();
    let odd = [
        "../../etc/passwd",
        "' OR 1=1 --",
        "a\0",
        "",
        "kid with spaces",
        "é",
        "https://evil.test/jwks",
        "a+b",
    ];
    for kid in odd.map(str::to_owned).into_iter().chain(["k".repeat(65), "k".repeat(10_240)]) {
        let header = with(forger.header(), json!({ "kid": kid }));
        assert_eq!(forger.check_header(&header), Err(AccessError::Malformed), "{kid}");
    }
    for kid in [json!(["k"]), json!(1), Value::Null] {
        let header = with(forger.header(), json!({ "kid": kid }));
        assert_eq!(forger.check_header(&header), Err(AccessError::Malformed), "{kid}");
    }
    // 66: a thousand of them are a thousand look-ups, and the caller learns that it was the name.
    for number in 0..1_000 {
        let header = with(forger.header(), json!({ "kid": format!("k{number}") }));
        let token = format!("{}.e30.AAAA", text::encode(header.to_string().as_bytes()));
        assert_eq!(forger.check(&token), Err(AccessError::UnknownKid));
    }
    assert_eq!(
        forger.check_header(&with(forger.header(), json!({ "kid": "k".repeat(64) }))),
        Err(AccessError::UnknownKid)
    );
}

#[test]
fn case_67_68_a_header_brings_no_keys_and_no_extensions() {
    let forger = Forger::new();
    let members = [
        ("jwk", json!({ "kty": "oct", "k": "AAAA" })),
        ("jku", json!("https://evil.test/jwks")),
        ("x5u", json!("https://evil.test/cert")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("enc", json!("A256GCM")),
        ("nonsense", Value::Bool(true)),
    ];
    for (name, value) in members {
        let header = with(forger.header(), json!({ name: value }));
        assert_eq!(forger.check_header(&header), Err(AccessError::Malformed), "{name}");
    }
}

#[test]
fn case_69_every_kind_of_token_has_its_typ() {
    let forger = Forger::new();
    for typ in [
        json!("JWT"),
        json!("dpop+jwt"),
        json!("AT+JWT"),
        json!("application/at+jwt"),
        json!(""),
        Value::Null,
    ] {
        let header = with(forger.header(), json!({ "typ": typ }));
        assert_eq!(forger.check_header(&header), Err(AccessError::Malformed), "{typ}");
    }
    // A refresh token as an access token, and the other way round.
    let ring = crate::ring::tests::ring(&[1]);
    let refresh = crate::refresh::Token::first(
        crate::user_tag(&claims().sub),
        "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap(),
        [1; 16],
    );
    assert_eq!(forger.check(refresh.text(&ring, 1).unwrap().expose()), Err(AccessError::Malformed));
    let access = forger.set.sign(&claims()).unwrap();
    assert!(crate::refresh::Token::decode(&access, &ring).is_err());
}

#[test]
fn case_72_a_header_says_nothing_twice() {
    let forger = Forger::new();
    let once = forger.header().to_string();
    for again in [r#","alg":"ES256"}"#, r#","typ":"at+jwt"}"#, &format!(r#","kid":"{}"}}"#, forger.kid)] {
        let twice = format!("{}{again}", &once[..once.len() - 1]);
        assert_eq!(forger.check(&forger.sign(&twice, &payload().to_string())), Err(AccessError::Malformed));
    }
    let escaped = once.replace("ES256", "\\u0045S256");
    assert_eq!(forger.check(&forger.sign(&escaped, &payload().to_string())), Err(AccessError::Malformed));
}

#[test]
fn case_73_a_token_has_one_text() {
    let forger = Forger::new();
    let good = forger.set.sign(&claims()).unwrap();
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    assert_eq!(signature.len(), 86);
    // 64 bytes leave four spare bits: the last character has fifteen siblings of the same bytes.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(&signature[85..]).unwrap();
    let sibling = format!("{}{}", &signature[..85], &alphabet[last + 1..last + 2]);
    let wrong = [
        format!("{header}.{payload}.{sibling}"),
        format!("{header}.{payload}.{signature}=="),
        format!("{header}.{payload}.{signature}\n"),
        format!(" {good}"),
        format!("{header}. {payload}.{signature}"),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{good}."),
        format!(".{good}"),
        format!("{header}.{payload}.{signature}.a.b"),
        format!("{header}..{signature}"),
        format!("{header}.{payload}.{}", signature.replace(['-', '_'], "+")) + "/",
        format!("{header}.{payload}.{signature}%3D"),
        String::new(),
        "..".to_owned(),
    ];
    for token in wrong {
        let error = forger.check(&token).unwrap_err();
        assert!(matches!(error, AccessError::Malformed | AccessError::BadSignature), "{token}: {error}");
    }
}

#[test]
fn case_74_what_is_no_object_is_refused_with_little_work() {
    let forger = Forger::new();
    let (header, good) = (forger.header().to_string(), payload().to_string());
    let array = format!(r#"["ES256","at+jwt","{}"]"#, forger.kid);
    for odd in [
        "",
        "x",
        "null",
        "1",
        "\"a\"",
        "[]",
        &array,
        "{",
        "\u{feff}{}",
        &format!(" {header}"),
        &format!("{header}{{}}"),
    ] {
        assert_eq!(forger.check(&forger.sign(odd, &good)), Err(AccessError::Malformed), "{odd}");
    }
    let deep = "[".repeat(5_000);
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(1_400), "]".repeat(1_400));
    let many = format!(r#"["https://baton.test",["baton"],"user_alice","baton",{NOW},{}]"#, NOW + 900);
    for odd in ["", "x", "null", "[]", &many, &deep, "{", &nested, "{}"] {
        assert!(forger.check(&forger.sign(&header, odd)).is_err(), "{}", &odd[..odd.len().min(40)]);
    }
    let long = forger.sign(&header, &format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20)));
    assert_eq!(forger.check(&long), Err(AccessError::Malformed));
    let padded = format!("{}{}}}", &header[..header.len() - 1], " ".repeat(512 - header.len()));
    assert!(padded.len() == 512 && forger.check(&forger.sign(&padded, &good)).is_ok());
    assert_eq!(forger.check(&forger.sign(&padded.replace('}', " }"), &good)), Err(AccessError::Malformed));
}
