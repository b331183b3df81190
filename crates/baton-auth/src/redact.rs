//! Texts that go to logs, without the tokens that may stand in them.

use std::borrow::Cow;

const PREFIXES: [&str; 6] = ["btr_", "btk_", "btj_", "btt_", "btp_", "eyJ"];
/// What follows a prefix must be so long to look like a secret.
const TAIL_MIN: usize = 8;

/// The text with `btr_…` in place of a refresh token, `eyJ…` in place of a JWT, and so on; parts of tokens too.
pub fn redact(text: &str) -> Cow<'_, str> {
    let Some(mut found) = find(text) else { return Cow::Borrowed(text) };
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        clean.push_str(&rest[..found.start]);
        clean.push_str(found.prefix);
        clean.push('…');
        rest = &rest[found.end..];
        match find(rest) {
            Some(next) => found = next,
            None => break,
        }
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

struct Found {
    start: usize,
    prefix: &'static str,
    end: usize,
}

/// The first token. Every character is looked at a few times at most, however the text was made.
fn find(text: &str) -> Option<Found> {
    let mut start = 0;
    while let Some(at) = text[start..].find(['b', 'e']).map(|at| start + at) {
        let prefix = PREFIXES.into_iter().find(|prefix| text[at..].starts_with(prefix));
        let Some(prefix) = prefix else {
            start = at + 1;
            continue;
        };
        let tail = text[at + prefix.len()..].bytes().take_while(|byte| in_token(*byte)).count();
        let end = at + prefix.len() + tail;
        if tail >= TAIL_MIN {
            return Some(Found { start: at, prefix, end });
        }
        start = at + prefix.len();
    }
    None
}

fn in_token(byte: u8) -> bool {
    crate::text::is_base64url(byte) || byte == b'.'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::one_shot::{self, Purpose};

    #[test]
    fn case_107_tokens_are_not_told() {
        let ticket = one_shot::new(Purpose::Ticket, [1; 32]);
        let key = crate::api_key::new([1; 16], [2; 32]).unwrap().1;
        let jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
        let text = format!("got {}, then {{\"t\":\"{jwt}\"}} and key={}&x", ticket.expose(), key.expose());
        assert_eq!(redact(&text), "got btt_…, then {\"t\":\"eyJ…\"} and key=btk_…&x");
        assert_eq!(redact("cut btr_AQFhYWFhYWFh"), "cut btr_…");
        assert_eq!(redact("é btj_abcdefgh btp_abcdefgh"), "é btj_… btp_…");
    }

    #[test]
    fn what_is_none_stays_as_it_is() {
        for text in ["", "be btr_ eyJ", "btr_short", "the prefix btr_… says it", "btrabcdefghijkl"] {
            assert!(matches!(redact(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_left_wherever_it_stands(before in "\\PC{0,20}", secret in "[A-Za-z0-9]{40}", after in "\\PC{0,20}") {
            for prefix in PREFIXES {
                let clean = redact(&[&before, prefix, &secret, &after].concat()).into_owned();
                prop_assert!(!clean.contains(&secret));
            }
        }

        #[test]
        fn twice_is_as_once(text in "([be]|btr_|eyJ|[a-z_.]|é){0,60}") {
            let once = redact(&text).into_owned();
            prop_assert_eq!(redact(&once).into_owned(), once.clone());
        }
    }
}
