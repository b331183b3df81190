//! Where things are. Every link, form, asset, redirect and stream of the pages is built here, so that a dashboard that is
//! reached below some path of a site works there, too.

use std::fmt::{self, Write};
use std::str::FromStr;

/// The path below which the gateway is reached; empty where it has a host of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base(String);

/// Why a text is no such path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BaseError {
    Odd(String),
    /// A path of the gateway itself begins with this name.
    Taken(String),
}

impl fmt::Display for BaseError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BaseError::Odd(text) => {
                write!(out, "read {text:?} as the beginning of paths: write it like /ops/baton")
            }
            BaseError::Taken(name) => {
                write!(
                    out,
                    "tell it from the gateway's own /{name}: begin with another name, as in /ops/baton"
                )
            }
        }
    }
}

impl std::error::Error for BaseError {}

/// With one of these in front, a path could be meant with the base or without it, and nobody could tell.
const TAKEN: [&str; 11] = [
    "ui",
    "api",
    "auth",
    "oauth",
    "docs",
    "problems",
    "openapi.json",
    "health",
    "ready",
    "metrics",
    ".well-known",
];

/// Longer ones would not fit beside what else stands in a header.
const BASE_BYTES_MAX: usize = 128;

impl FromStr for Base {
    type Err = BaseError;

    fn from_str(text: &str) -> Result<Base, BaseError> {
        let wrong = || BaseError::Odd(text.chars().take(64).collect());
        let base = text.strip_suffix('/').unwrap_or(text);
        if base.is_empty() {
            return Ok(Base::default());
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let is_name = |name: &str| !matches!(name, "" | "." | "..") && name.bytes().all(plain);
        let names = base.strip_prefix('/').ok_or_else(wrong)?;
        if let Some(name) = TAKEN.into_iter().find(|name| names.split('/').next() == Some(name)) {
            return Err(BaseError::Taken(name.to_owned()));
        }
        let good = base.len() <= BASE_BYTES_MAX && names.split('/').all(is_name);
        if good { Ok(Base(base.to_owned())) } else { Err(wrong()) }
    }
}

impl Base {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// To a path of this gateway, which begins with a slash.
    pub fn to(&self, path: &str) -> Link {
        Link { text: format!("{}{path}", self.0), asked: false }
    }

    /// To one thing below a path: `of("/ui/queues", "emails")`.
    pub fn of(&self, path: &str, name: impl AsRef<str>) -> Link {
        self.to(path).below(name)
    }

    /// To a file that the pages bring along.
    pub fn asset(&self, name: &str) -> Link {
        self.to("/ui/assets/").and(name)
    }

    /// What follows the base in a path, if the path lies below it.
    pub fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        let rest = path.strip_prefix(&self.0)?;
        if rest.is_empty() {
            return Some("/");
        }
        rest.starts_with('/').then_some(rest)
    }
}

/// A place, to be written into a page or a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    text: String,
    /// A query has begun.
    asked: bool,
}

impl Link {
    /// Goes on with more of a path that we wrote ourselves.
    pub fn and(mut self, more: &str) -> Link {
        self.text.push_str(more);
        self
    }

    /// Goes on with the name of a thing, which may come from anyone.
    pub fn below(mut self, name: impl AsRef<str>) -> Link {
        self.text.push('/');
        escape(name.as_ref(), &mut self.text);
        self
    }

    /// With a parameter, which may come from anyone.
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Link {
        self.text.push(if self.asked { '&' } else { '?' });
        self.asked = true;
        self.text.push_str(name);
        self.text.push('=');
        escape(&value.to_string(), &mut self.text);
        self
    }

    /// The same, where there is something to say.
    pub fn with_some(self, name: &str, value: impl AsRef<str>) -> Link {
        if value.as_ref().is_empty() { self } else { self.with(name, value.as_ref()) }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

fn escape(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            into.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_a_plain_path() {
        for good in ["", "/", "/ops", "/ops/", "/ops/baton", "/a.b/c-d_e~f"] {
            assert!(good.parse::<Base>().is_ok(), "{good}");
        }
        for wrong in
            ["ops", "//evil.example", "/a//b", "/../x", "/./x", "/a b", "/a?b", "/a%20", "/\"><script>"]
        {
            assert!(wrong.parse::<Base>().is_err(), "{wrong}");
        }
        for taken in ["/ui", "/api/", "/auth/x", "/oauth", "/docs/baton", "/problems"] {
            assert!(matches!(taken.parse::<Base>(), Err(BaseError::Taken(_))), "{taken}");
        }
        assert!("/apis".parse::<Base>().is_ok() && "/ops/api".parse::<Base>().is_ok());
    }

    #[test]
    fn everything_lies_below_the_base() {
        let base: Base = "/ops/baton".parse().unwrap();
        assert_eq!(
            base.to("/ui/tasks").with("q", "a&b=c d").with("status", "failed").to_string(),
            "/ops/baton/ui/tasks?q=a%26b%3Dc%20d&status=failed"
        );
        assert_eq!(base.of("/ui/queues", "a/../b").to_string(), "/ops/baton/ui/queues/a%2F..%2Fb");
        assert_eq!(
            base.of("/ui/users", "a").and("/b").below("c/d").to_string(),
            "/ops/baton/ui/users/a/b/c%2Fd"
        );
        assert_eq!(base.asset("live.js").to_string(), "/ops/baton/ui/assets/live.js");
        assert_eq!(base.strip("/ops/baton/ui"), Some("/ui"));
        assert_eq!((base.strip("/ops/baton"), base.strip("/ops/batons")), (Some("/"), None));
        assert_eq!(Base::default().to("/").with_some("q", "").to_string(), "/");
    }
}
