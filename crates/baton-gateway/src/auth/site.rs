//! Which site a request comes from: a page of another one must not act with the cookies of whoever looks at it.

use axum::http::{HeaderMap, Method};
use baton_core::Code;

use crate::guard::{is_own, one};
use crate::problem::Fail;

/// Whether a request by this method may change something.
pub(crate) fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A cookie counts on a request that changes something, and is set by it, when the browser says that a page of this
/// gateway asks. `scripted`: and the request brings a header that no form of another site can send.
pub(crate) fn same(headers: &HeaderMap, scripted: bool) -> Result<(), Fail> {
    let site = headers.contains_key("sec-fetch-site");
    let own = match (site, one(headers, "sec-fetch-site"), one(headers, "origin"), one(headers, "host")) {
        (true, said, _, _) => said == Some("same-origin"),
        (false, _, Some(origin), Some(host)) => is_own(origin, host),
        _ => false,
    };
    if !own {
        return Err(Fail::new(Code::CrossSite));
    }
    if scripted && one(headers, "x-baton-csrf") != Some("1") {
        return Err(
            Fail::new(Code::CrossSite).because("With a cookie this takes the header X-Baton-CSRF: 1.")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(scripted: bool, pairs: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        pairs.iter().for_each(|(name, value)| {
            headers.append(*name, value.parse().unwrap());
        });
        same(&headers, scripted).is_ok()
    }

    #[test]
    fn only_a_page_of_this_gateway_acts_with_a_cookie() {
        let token = ("x-baton-csrf", "1");
        let host = ("host", "baton.example");
        assert!(passes(true, &[("sec-fetch-site", "same-origin"), token]));
        assert!(passes(true, &[("origin", "https://baton.example"), host, token]));
        assert!(passes(false, &[("sec-fetch-site", "same-origin")]));
        for wrong in [
            &[token][..],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "same-site"), token],
            &[("sec-fetch-site", "none"), token],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://baton.example"), host, token],
            &[("origin", "https://baton.example.evil"), host, token],
            &[("origin", "null"), host, token],
            &[("sec-fetch-site", "same-origin"), ("x-baton-csrf", "0")],
        ] {
            assert!(!passes(true, wrong), "{wrong:?}");
        }
    }
}
