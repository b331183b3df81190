//! Addresses of gateways: what may stand in one, and when two of them are the same.

use reqwest::Url;

use crate::error::Error;

/// The address, if a gateway can be there. What is refused is not repeated where it may have a password in it.
pub(super) fn parse(text: &str) -> Result<Url, Error> {
    let shown = if text.contains('@') { "this".to_owned() } else { format!("{text:?}") };
    let refused = |why: &str| Error::Invalid(format!("use {shown} as the address of a gateway: {why}"));
    let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("it begins with http:// or https://"));
    }
    if has_login(&url) {
        return Err(refused("it carries no credential; log in there, or give an API key or token"));
    }
    Ok(url)
}

fn has_login(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Whether a credential stands in this address, such as `http://user:password@gateway`. No client takes such a one.
pub fn carries_credential(address: &str) -> bool {
    // What cannot be taken apart may have one.
    let may_have = |url: Url| !url.has_host() || has_login(&url);
    address.contains('@') && Url::parse(address).map_or(true, may_have)
}

/// Whether two addresses lead to the same gateway, however they are written: all names of this machine are one.
pub fn is_same_gateway(one: &str, other: &str) -> bool {
    match (place(one), place(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// Scheme, host, port and path.
fn place(text: &str) -> Option<(String, String, Option<u16>, String)> {
    let url = Url::parse(text.trim()).ok()?;
    let host = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
    let host = if is_loopback(&host) { "localhost".to_owned() } else { host };
    let path = url.path().trim_end_matches('/').to_owned();
    Some((url.scheme().to_owned(), host, url.port_or_known_default(), path))
}

/// Also the address that stands for all of this machine, which leads to it as well.
fn is_loopback(host: &str) -> bool {
    let number = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    let here = |address: std::net::IpAddr| {
        let address = address.to_canonical();
        address.is_loopback() || address.is_unspecified()
    };
    host == "localhost" || host.ends_with(".localhost") || number.is_ok_and(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_is_the_same_however_its_address_is_written() {
        for (one, other) in [
            ("https://p", "https://p:443/"),
            ("https://p", "HTTPS://P"),
            ("https://p", "https://p."),
            ("https://p", "https://me@p"),
            ("https://p", "https://p/?x#y"),
            ("https://p", "https:p"),
            ("https://p/a", "https://p/b/../a/"),
            ("http://10.0.0.1", "http://0xa000001:80"),
            ("http://127.0.0.1:8000", "http://localhost:8000"),
            ("http://127.0.0.1:8000", "http://[::1]:8000/"),
            ("http://127.0.0.1:8000", "http://127.1:8000"),
            ("http://127.0.0.1:8000", "http://[::ffff:127.0.0.1]:8000"),
            ("http://127.0.0.1:8000", "http://0.0.0.0:8000"),
        ] {
            assert!(is_same_gateway(one, other) && is_same_gateway(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("https://p", "http://p"),
            ("https://p", "https://p:444"),
            ("https://p", "https://q"),
            ("https://p", "https://p/a"),
            ("https://p", "https://p@q"),
            ("http://localhost", "http://localhost.example"),
            ("u", "v"),
        ] {
            assert!(!is_same_gateway(one, other), "{one} {other}");
        }
        assert!(is_same_gateway("u", "u"));
    }

    #[test]
    fn a_credential_in_an_address_is_refused_and_not_repeated() {
        for text in [
            "http://u:SECRET@h",
            "http://SECRET@h",
            "http://u:SECRET@h:99999",
            "u:SECRET@h",
            "redis://:SECRET@h",
        ] {
            let said = parse(text).unwrap_err().to_string();
            assert!(!said.contains("SECRET"), "{said}");
            assert!(carries_credential(text), "{text}");
        }
        assert!(parse("http://u:SECRET@h").unwrap_err().to_string().contains("credential"));
        assert!(parse("http://h/@x").is_ok() && !carries_credential("http://h/@x"));
        assert!(parse("localhost:8000").unwrap_err().to_string().contains("localhost:8000"));
    }
}
