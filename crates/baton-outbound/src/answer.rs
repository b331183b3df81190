//! What every receiver's answer may have: a body of unknown length, and a wish when to come again.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Response;
use reqwest::header::RETRY_AFTER;

/// A body, up to a length.
#[derive(Debug)]
pub struct Part {
    pub bytes: Vec<u8>,
    /// There was no more.
    pub whole: bool,
}

/// The body up to this length; what is behind it is not taken.
pub async fn part(mut response: Response, max: usize) -> Result<Part, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await? {
        let room = max - bytes.len();
        bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            return Ok(Part { bytes, whole: false });
        }
    }
    Ok(Part { bytes, whole: true })
}

/// How long the receiver asks us to wait: seconds, or a date.
pub fn retry_after(response: &Response, now_ms: u64) -> Option<Duration> {
    let now = Timestamp::from_millisecond(i64::try_from(now_ms).ok()?).ok()?;
    wait(response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim(), now)
}

fn wait(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::parse(text).ok()?.timestamp();
    // A date that is over means now.
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_of_its_forms() {
        let now = "2015-10-21T07:27:00Z".parse().unwrap();
        for (text, seconds) in [
            ("120", Some(120)),
            ("0", Some(0)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(60)),
            ("Wed, 21 Oct 2015 07:26:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(wait(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
