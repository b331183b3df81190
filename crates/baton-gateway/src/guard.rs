//! What is refused before any route is asked: headers that are too large, and, where there are no logins, whoever does
//! not come from this host by its own name. A page of another site could otherwise reach a gateway on loopback through
//! the browser of its owner.

use axum::http::{HeaderMap, Uri, header};
use baton_core::Code;

use crate::app::Settings;
use crate::problem::Fail;

/// All names and values of the headers of one request together.
pub(crate) const HEADER_BYTES_MAX: usize = 32 * 1024;

pub(crate) fn check(settings: &Settings, uri: &Uri, headers: &HeaderMap) -> Result<(), Fail> {
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if size + uri.path().len() + uri.query().map_or(0, str::len) > HEADER_BYTES_MAX {
        return Err(Fail::new(Code::HeadersTooLarge));
    }
    if settings.open && !is_probe(uri.path()) { open(settings, uri, headers) } else { Ok(()) }
}

/// Probes ask by the address of a container, and learn nothing that a page of another site could use.
fn is_probe(path: &str) -> bool {
    matches!(path, "/health" | "/ready")
}

/// Whether a probe may be told more than that somebody lives here: where there are no logins, only what the guard lets
/// through may.
pub(crate) fn trusts(settings: &Settings, uri: &Uri, headers: &HeaderMap) -> bool {
    !settings.open || open(settings, uri, headers).is_ok()
}

fn open(settings: &Settings, uri: &Uri, headers: &HeaderMap) -> Result<(), Fail> {
    let forwarded = |name: &str| name == "forwarded" || name.starts_with("x-forwarded");
    if let Some(name) = headers.keys().find(|name| forwarded(name.as_str())) {
        return refuse(format!("The header {name} says that a proxy is in front."));
    }
    let host = one(headers, "host").or_else(|| uri.authority().map(|authority| authority.as_str()));
    let Some(host) = host.filter(|host| is_ours(settings, without_port(host))) else {
        return refuse("The header Host names neither this machine nor a host that is allowed.");
    };
    match one(headers, "origin") {
        None if headers.contains_key(header::ORIGIN) => return refuse("The header Origin cannot be read."),
        Some(origin) if !is_own(origin, host) => return refuse("The header Origin names another site."),
        _ => {}
    }
    match one(headers, "sec-fetch-site") {
        Some("none" | "same-origin") => Ok(()),
        None if !headers.contains_key("sec-fetch-site") => Ok(()),
        _ => refuse("The browser says that another site asks."),
    }
}

fn refuse(detail: impl Into<String>) -> Result<(), Fail> {
    Err(Fail::new(Code::CrossSite).because(format!("{} {}", detail.into(), Code::CrossSite.advice())))
}

/// The value of a header that is there exactly once.
pub(crate) fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

fn is_ours(settings: &Settings, name: &str) -> bool {
    let allowed = settings.allowed_hosts.iter().map(String::as_str);
    ["localhost", "127.0.0.1", "[::1]"]
        .into_iter()
        .chain(allowed)
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// An origin is a scheme and an authority, nothing more.
pub(crate) fn is_own(origin: &str, host: &str) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(pairs: &[(&'static str, &str)]) -> bool {
        let settings = Settings { allowed_hosts: vec!["fleet.example".to_owned()], ..Settings::default() };
        let mut headers = HeaderMap::new();
        pairs.iter().for_each(|(name, value)| {
            headers.append(*name, value.parse().unwrap());
        });
        check(&settings, &Uri::from_static("/api/v1/tasks"), &headers).is_ok()
    }

    #[test]
    fn only_this_host_by_its_own_name_may_ask() {
        for host in ["localhost", "127.0.0.1:8000", "[::1]:8000", "[::1]", "LOCALHOST:1", "fleet.example:80"]
        {
            assert!(passes(&[("host", host)]), "{host}");
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.", "", "127.0.0.2", "[::2]:8000"] {
            assert!(!passes(&[("host", host)]), "{host}");
        }
        assert!(!passes(&[]));
        assert!(!passes(&[("host", "localhost"), ("host", "localhost")]));
    }

    #[test]
    fn other_sites_and_proxies_are_refused() {
        let ours = ("host", "localhost:8000");
        assert!(passes(&[ours, ("origin", "http://localhost:8000"), ("sec-fetch-site", "same-origin")]));
        assert!(passes(&[ours, ("sec-fetch-site", "none")]));
        for other in [
            ("origin", "http://localhost:9000"),
            ("origin", "null"),
            ("origin", "http://evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("forwarded", "for=1.2.3.4"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-host", "localhost"),
        ] {
            assert!(!passes(&[ours, other]), "{other:?}");
        }
    }
}
