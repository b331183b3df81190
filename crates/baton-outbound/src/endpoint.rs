//! URLs that others name.

use reqwest::Url;

/// Why a URL cannot be one to post to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error("it is no URL: {0}")]
    Unreadable(String),
    #[error("it must begin with http:// or https://")]
    Scheme,
    #[error("it must name a host")]
    Host,
    #[error(
        "it must not hold a name or a password: they would lie about in clear, and signatures say who asks"
    )]
    Credentials,
    #[error("what follows # is never sent: leave it out")]
    Fragment,
}

/// A URL that can be posted to. Whether its address may be is seen when it is.
pub fn endpoint(text: &str) -> Result<Url, EndpointError> {
    let url = Url::parse(text).map_err(|error| EndpointError::Unreadable(error.to_string()))?;
    match &url {
        url if !matches!(url.scheme(), "http" | "https") => Err(EndpointError::Scheme),
        url if url.host_str().is_none_or(str::is_empty) => Err(EndpointError::Host),
        url if !url.username().is_empty() || url.password().is_some() => Err(EndpointError::Credentials),
        url if url.fragment().is_some() => Err(EndpointError::Fragment),
        _ => Ok(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_posted_to_is_taken() {
        for text in ["http://a", "https://hooks.example:8443/x?y=z", "http://[2606:4700::1]/"] {
            assert!(endpoint(text).is_ok(), "{text}");
        }
        let wrong = |text: &str| endpoint(text).unwrap_err();
        for text in ["", "x", "http://", "https:///", "http://[::1", "http://a b/", "http://x:99999/"] {
            assert!(matches!(wrong(text), EndpointError::Unreadable(_)), "{text}: {:?}", wrong(text));
        }
        for text in ["file:///etc/passwd", "ftp://a/", "javascript:alert(1)", "redis://a:6379/", "data:,x"] {
            assert_eq!(wrong(text), EndpointError::Scheme, "{text}");
        }
        for text in ["https://u@a/", "https://u:p@a/", "https://:p@a/"] {
            assert_eq!(wrong(text), EndpointError::Credentials, "{text}");
        }
        assert_eq!(wrong("https://a/#x"), EndpointError::Fragment);
    }
}
