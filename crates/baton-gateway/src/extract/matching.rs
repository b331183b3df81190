//! `If-Match` and `If-None-Match`: what somebody knows of a thing that he wants to change, or to read.

use axum::http::{HeaderMap, header};

/// Does the caller know this version? `None`: he does not say what he knows.
pub(crate) fn if_match(headers: &HeaderMap, version: u64) -> Option<bool> {
    let mut values =
        headers.get_all(header::IF_MATCH).iter().filter_map(|value| value.to_str().ok()).peekable();
    values.peek()?;
    let tag = format!("\"{version}\"");
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    Some(tags.any(|known| known == "*" || known == tag))
}

/// Does the caller want it only if there is none yet?
pub(crate) fn if_new(headers: &HeaderMap) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|value| value.as_bytes().trim_ascii() == b"*")
}

/// Is this what the caller has already?
pub(crate) fn if_none_match(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = values.flat_map(|value| value.split(',')).map(|known| known.trim());
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_tags_is_enough_and_a_star_stands_for_all() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_MATCH, value.parse().unwrap());
            }
            if_match(&headers, 7)
        };
        assert_eq!(of(&[]), None);
        for known in [&["\"7\""][..], &["\"6\", \"7\""], &["\"6\"", "\"7\""], &["*"]] {
            assert_eq!(of(known), Some(true), "{known:?}");
        }
        for other in ["\"6\"", "7", "W/\"7\""] {
            assert_eq!(of(&[other]), Some(false), "{other}");
        }
    }

    #[test]
    fn a_star_wants_what_is_new() {
        let of =
            |value: &str| if_new(&HeaderMap::from_iter([(header::IF_NONE_MATCH, value.parse().unwrap())]));
        assert!(of("*") && of(" * ") && !of("\"7\"") && !of("") && !if_new(&HeaderMap::new()));
    }

    #[test]
    fn whoever_reads_may_know_it_weakly() {
        let of = |value: &str| {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, value.parse().unwrap())]);
            if_none_match(&headers, "\"7\"")
        };
        assert!(!if_none_match(&HeaderMap::new(), "\"7\""));
        for known in ["\"7\"", "W/\"7\"", "\"6\", \"7\"", "*"] {
            assert!(of(known), "{known}");
        }
        for other in ["\"6\"", "7", "W/7", ""] {
            assert!(!of(other), "{other}");
        }
    }
}
