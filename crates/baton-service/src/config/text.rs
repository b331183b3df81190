//! Values as people write them.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use super::key::Shape;

/// A length of time, as people write it: `250ms`, `30s`, `5m`, `2h`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

/// Text that is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {0:?} as a length of time: write it like 250ms, 30s, 5m, 2h or 7d")]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Span, SpanError> {
        let wrong = || SpanError(text.to_owned());
        let unit_at = text.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(unit_at);
        let ms_each = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let number: u64 = number.parse().map_err(|_| wrong())?;
        number.checked_mul(ms_each).map(|ms| Span(Duration::from_millis(ms))).ok_or_else(wrong)
    }
}

/// In the largest unit that is exact, so that it reads back as the same.
impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        match ms {
            _ if ms > 0 && ms.is_multiple_of(3_600_000) => write!(out, "{}h", ms / 3_600_000),
            _ if ms > 0 && ms.is_multiple_of(60_000) => write!(out, "{}m", ms / 60_000),
            _ if ms.is_multiple_of(1_000) => write!(out, "{}s", ms / 1_000),
            _ => write!(out, "{ms}ms"),
        }
    }
}

/// An amount of memory, as people write it: `64KiB`, `512MiB`, `2GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

/// Text that is no amount of memory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {0:?} as an amount of memory: write it like 64KiB, 512MiB or 2GiB")]
pub struct BytesError(String);

impl FromStr for Bytes {
    type Err = BytesError;

    fn from_str(text: &str) -> Result<Bytes, BytesError> {
        let wrong = || BytesError(text.to_owned());
        let unit_at = text.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(unit_at);
        let each: u64 = match unit {
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(wrong()),
        };
        let number: u64 = number.parse().map_err(|_| wrong())?;
        number.checked_mul(each).filter(|bytes| *bytes > 0).map(Bytes).ok_or_else(wrong)
    }
}

/// In the largest unit that is exact.
impl fmt::Display for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes.is_multiple_of(1 << 30) => write!(out, "{}GiB", bytes >> 30),
            bytes if bytes.is_multiple_of(1 << 20) => write!(out, "{}MiB", bytes >> 20),
            bytes => write!(out, "{}KiB", bytes >> 10),
        }
    }
}

/// The parts of a list: separated by commas, blanks around them do not count.
pub(super) fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// An address without what may be a password: all before its last `@`, and what its query says, but for the path of a CA.
pub fn masked(address: &str) -> String {
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) if scheme.chars().all(|one| one.is_ascii_alphanumeric() || one == '+') => {
            (format!("{scheme}://"), rest)
        }
        _ => (String::new(), address),
    };
    // A path of this host has no credential before it.
    let is_path = address.starts_with("unix:");
    let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    if !is_path && query.is_some_and(|query| query.contains('@')) {
        // Perhaps the question mark belongs to the password.
        return format!("{scheme}…");
    }
    let place = match place.rsplit_once('@') {
        Some((_, host)) if !is_path => format!("…@{host}"),
        _ => place.to_owned(),
    };
    let query = query.map(|query| query.split('&').map(masked_part).collect::<Vec<_>>().join("&"));
    format!("{scheme}{place}{}", query.map(|query| format!("?{query}")).unwrap_or_default())
}

/// Is there a password in this address: behind a name before its last `@`, or in its query?
pub(super) fn has_password(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.rsplit_once("?ca=").map_or(rest, |(rest, _)| rest);
    let behind_a_name = rest.rsplit_once('@').is_some_and(|(login, _)| login.contains(':'));
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    // A path of this host has no credential before it.
    (behind_a_name && !address.starts_with("unix:")) || query.split('&').any(|part| part.starts_with("pass"))
}

fn masked_part(part: &str) -> String {
    match part.split_once('=') {
        Some(("ca", _)) => part.to_owned(),
        Some((name, _)) => format!("{name}=…"),
        None => "…".to_owned(),
    }
}

impl Shape {
    /// What is wrong with this text, as a clause that follows its quotation.
    pub(super) fn check(self, text: &str) -> Result<(), String> {
        let fits = match self {
            Shape::Text | Shape::Url | Shape::List => true,
            Shape::Switch => text.parse::<bool>().is_ok(),
            Shape::Number { min, max } => text.parse().is_ok_and(|number| (min..=max).contains(&number)),
            Shape::Span => text.parse::<Span>().is_ok(),
            Shape::SpanOrNone => text.is_empty() || text.parse::<Span>().is_ok(),
            Shape::BytesOrNone => text.is_empty() || text.parse::<Bytes>().is_ok(),
            Shape::SpanWithin { min_ms, max_ms } => text.parse::<Span>().is_ok_and(|span| {
                (Duration::from_millis(min_ms)..=Duration::from_millis(max_ms)).contains(&span.0)
            }),
            Shape::Address => text.parse::<SocketAddr>().is_ok(),
            Shape::AddressOrNone => text.is_empty() || text.parse::<SocketAddr>().is_ok(),
            Shape::OneOf(words) => words.contains(&text),
        };
        if fits { Ok(()) } else { Err(format!("is not {self}")) }
    }

    /// The text as it may be shown to anyone.
    pub(super) fn shown(self, text: &str) -> String {
        if self == Shape::Url { masked(text) } else { text.to_owned() }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = |ms: u64| Span(Duration::from_millis(ms));
        match self {
            Shape::Text => out.write_str("a text"),
            Shape::Url => out.write_str("an address with a scheme"),
            Shape::Switch => out.write_str("true or false"),
            Shape::Number { min, max } => write!(out, "a number from {min} to {max}"),
            Shape::Span => out.write_str("a length of time like 250ms, 30s, 5m or 2h"),
            Shape::SpanOrNone => out.write_str("empty or a length of time like 250ms, 30s, 5m or 2h"),
            Shape::BytesOrNone => out.write_str("empty or an amount of memory like 64KiB, 512MiB or 2GiB"),
            Shape::SpanWithin { min_ms, max_ms } => {
                write!(out, "a length of time from {} to {}", span(*min_ms), span(*max_ms))
            }
            Shape::Address => out.write_str("an address with a port, like 127.0.0.1:8000"),
            Shape::AddressOrNone => out.write_str("empty or an address with a port, like 127.0.0.1:8001"),
            Shape::List => out.write_str("a list"),
            Shape::OneOf([only]) => write!(out, "{only:?}, the only word there is"),
            Shape::OneOf(words) => write!(out, "one of {}", words.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory_read_back_as_the_same() {
        for text in ["1KiB", "64KiB", "512MiB", "3GiB"] {
            assert_eq!(text.parse::<Bytes>().unwrap().to_string(), text);
        }
        assert_eq!("2048MiB".parse::<Bytes>().unwrap().to_string(), "2GiB");
        for wrong in
            ["", "0MiB", "12", "1.5GiB", "MiB", "99999999999999999999GiB", "17179869184GiB", "1MB", "-1KiB"]
        {
            assert!(wrong.parse::<Bytes>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn lengths_of_time_are_read_and_written() {
        for text in ["250ms", "30s", "5m", "2h", "0s", "90s", "1500ms"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("7d".parse::<Span>().unwrap().to_string(), "168h");
        for wrong in
            ["", "5", "s", "-1s", "1.5s", "5 m", "1w", "99999999999999999999s", "18446744073709551615h"]
        {
            assert!(wrong.parse::<Span>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn passwords_are_never_shown() {
        assert_eq!(masked("redis://baton:hunt@er2@host:6379/0"), "redis://…@host:6379/0");
        assert_eq!(masked("redis://host"), "redis://host");
        assert_eq!(masked("unix:/tmp/a@b"), "unix:/tmp/a@b");
        assert_eq!(masked("redis:u:SECRET@h"), "…@h");
        assert_eq!(masked("u:SECRET@h:6379"), "…@h:6379");
        assert_eq!(masked("redis://h?password=SECRET&ca=/a.pem"), "redis://h?password=…&ca=/a.pem");
        assert_eq!(masked("rediss://u:p@h/0?ca=/a.pem"), "rediss://…@h/0?ca=/a.pem");
        for text in ["redis://u:SECRET?x@h", "u:a://SECRET@h", "redis://h?SECRET", "unix:/a?pass=SECRET"] {
            assert!(!masked(text).contains("SECRET"), "{}", masked(text));
        }
    }
}
