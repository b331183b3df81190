//! `If-Match`: what somebody knows of a thing that he wants to change.

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
}
