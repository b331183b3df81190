use proptest::prelude::*;

use super::*;
use crate::ring::tests::ring;

fn token() -> Token {
    Token::first(UserTag([7; 8]), SessionId([9; 16]), [11; 16])
}

fn text(token: &Token, ring: &Ring, kid: u8) -> String {
    token.text(ring, kid).unwrap().expose().clone()
}

/// Bytes under a good seal: what only we could have made.
fn forged(ring: &Ring, body: &[u8; BODY]) -> String {
    let mac = seal(ring.refresh_key(body[1]).unwrap(), body);
    format!("{PREFIX}{}", text::encode(&[&body[..], &mac].concat()))
}

fn body(of: &str) -> [u8; BODY] {
    part(&text::decode(&of[PREFIX.len()..]).unwrap(), 0)
}

#[test]
fn a_token_comes_back() {
    let ring = ring(&[1, 2]);
    let first = text(&token(), &ring, 2);
    assert_eq!(first.len(), LENGTH);
    let back = Token::decode(&first, &ring).unwrap();
    assert_eq!((back.tag, back.sid, back.generation), (UserTag([7; 8]), SessionId([9; 16]), 1));
    assert_eq!(back.secret_hash(), token().secret_hash());
    assert_eq!(back.secret_hash().len(), 43);
    assert_eq!(
        format!("{back:?}"),
        "Token { tag: 0707070707070707, sid: CQkJCQkJCQkJCQkJCQkJCQ, generation: 1 }"
    );
}

#[test]
fn case_17_what_is_not_ours_is_refused_for_its_reason() {
    let (ours, other) = (ring(&[1]), ring(&[2]));
    let good = text(&token(), &ours, 1);
    assert_eq!(Token::decode(&good, &other).unwrap_err(), DecodeError::UnknownKid(1));
    // Somebody else's session, with a secret of his own.
    for at in 0..SEALED {
        let mut changed = text::decode(&good[PREFIX.len()..]).unwrap();
        changed[at] ^= 1;
        let error = Token::decode(&format!("{PREFIX}{}", text::encode(&changed)), &ours).unwrap_err();
        let expected = match at {
            0 => DecodeError::Malformed,
            1 => DecodeError::UnknownKid(0),
            _ => DecodeError::BadSeal,
        };
        assert_eq!(error, expected, "byte {at}");
    }
    let long = format!("{PREFIX}{}", "A".repeat(1 << 20));
    let upper = good.replacen("btr_", "BTR_", 1);
    let padded = format!("{}=", &good[..LENGTH - 1]);
    let spaced = format!("{} ", &good[..LENGTH - 1]);
    let wide = format!("{}é", &good[..LENGTH - 2]);
    for rubbish in
        ["", "btr_", &good[..LENGTH - 1], &format!("{good}A"), &long, &upper, &padded, &spaced, &wide]
    {
        assert_eq!(Token::decode(rubbish, &ours).unwrap_err(), DecodeError::Malformed);
    }
}

#[test]
fn another_version_is_refused_however_it_is_sealed() {
    let ring = ring(&[1]);
    let mut odd = body(&text(&token(), &ring, 1));
    assert!(Token::decode(&forged(&ring, &odd), &ring).is_ok());
    odd[0] = 2;
    assert_eq!(Token::decode(&forged(&ring, &odd), &ring).unwrap_err(), DecodeError::Malformed);
}

#[test]
fn case_22_generations_are_exact_or_refused() {
    let ring = ring(&[1]);
    let mut odd = body(&text(&token(), &ring, 1));
    for (generation, good) in [
        (0, false),
        (1, true),
        (GENERATION_MAX - 1, true),
        (GENERATION_MAX, true),
        (GENERATION_MAX + 1, false),
        ((1 << 53) + 1, false),
        (u64::MAX, false),
    ] {
        odd[26..34].copy_from_slice(&generation.to_be_bytes());
        let read = Token::decode(&forged(&ring, &odd), &ring).map(|token| token.generation);
        assert_eq!(read, if good { Ok(generation) } else { Err(DecodeError::Malformed) });
        assert_eq!(token().successor(generation).text(&ring, 1).is_some(), good, "{generation}");
    }
}

#[test]
fn case_26_a_successor_is_the_same_bytes_across_a_change_of_the_ring() {
    let (before, between, after) = (ring(&[1]), ring(&[1, 2]), ring(&[2, 1]));
    let first = text(&token(), &before, before.first_kid());
    let second = text(&Token::decode(&first, &before).unwrap().successor(2), &before, 1);
    // Redis says that 1 signed it. Today's first secret would make another text.
    for ring in [&before, &between, &after] {
        let replayed = Token::decode(&first, ring).unwrap().successor(2);
        assert_eq!(text(&replayed, ring, 1), second);
    }
    assert_ne!(text(&Token::decode(&first, &after).unwrap().successor(2), &after, after.first_kid()), second);
    assert!(Token::decode(&second, &after).unwrap().text(&ring(&[2]), 1).is_none());
}

#[test]
fn nonces_are_22_characters() {
    // printf 'ik:key-1' | sha256sum
    assert_eq!(nonce_of_key("key-1"), "_uG34KD7m9TrhFRhMfrzfw");
    assert_eq!(nonce_drawn([0xff; 16]), "_____________________w");
}

proptest! {
    #[test]
    fn every_token_comes_back(tag: [u8; 8], sid: [u8; 16], secret: [u8; 16], generation in 1..=GENERATION_MAX, kid in 1..4u8) {
        let ring = ring(&[3, 1, 2]);
        let token = Token::first(UserTag(tag), SessionId(sid), secret).successor(generation);
        let sent = text(&token, &ring, kid);
        let back = Token::decode(&sent, &ring).unwrap();
        prop_assert_eq!((back.tag, back.sid, back.generation), (token.tag, token.sid, generation));
        prop_assert_eq!(back.secret_hash(), token.secret_hash());
        prop_assert_eq!(text(&back, &ring, kid), sent);
    }

    #[test]
    fn no_bytes_are_a_token_by_chance(bytes in proptest::collection::vec(any::<u8>(), 66), known: bool) {
        let mut bytes = bytes;
        if known {
            bytes[..2].copy_from_slice(&[VERSION, 1]);
        }
        let text = format!("{PREFIX}{}", text::encode(&bytes));
        prop_assert!(Token::decode(&text, &ring(&[1])).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,100}", tail in "[A-Za-z0-9_-]{88}") {
        prop_assert!(Token::decode(&text, &ring(&[1])).is_err());
        prop_assert!(Token::decode(&[PREFIX, &tail].concat(), &ring(&[1])).is_err());
    }
}
