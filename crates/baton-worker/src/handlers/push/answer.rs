//! What a receiver's answer means for the run.

use std::error::Error;
use std::time::Duration;

use baton_core::limits;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};

use super::super::document::result;
use super::super::exec::directive::bounded;
use super::resolve::Refused;
use crate::handler::End;

/// What of a refusal's body is quoted.
const EXCERPT_BYTES: usize = 1_024;

pub(super) async fn answered(response: Response, now: Timestamp) -> End {
    let status = response.status();
    match status {
        StatusCode::ACCEPTED => End::Elsewhere,
        status if status.is_success() => match body(response, limits::RESULT_BYTES_MAX as usize).await {
            Ok(body) if body.whole => result(&body.bytes),
            Ok(_) => too_large(),
            Err(error) => unreachable(&error),
        },
        StatusCode::GONE | StatusCode::UNPROCESSABLE_ENTITY => {
            End::Fail { error: refusal(response).await, reason: reason(status) }
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            match retry_after_ms(&response, now) {
                Some(delay_ms) => End::Release { reason: reason(status), delay_ms: Some(delay_ms) },
                None => End::Retry { error: refusal(response).await, reason: reason(status), in_ms: None },
            }
        }
        _ => End::Retry { error: refusal(response).await, reason: reason(status), in_ms: None },
    }
}

/// No answer came: nobody was there, it broke off, or we would not go there.
pub(super) fn unreachable(error: &(dyn Error + 'static)) -> End {
    let chain: Vec<&dyn Error> =
        std::iter::successors(Some(error as &dyn Error), |&error| error.source()).collect();
    let refused = chain.iter().any(|error| error.is::<Refused>());
    let reason = if refused { "address_refused" } else { "unreachable" };
    let error = chain.iter().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    End::Retry { error, reason: reason.to_owned(), in_ms: None }
}

fn too_large() -> End {
    let error = format!("the receiver answered with more than {} bytes", limits::RESULT_BYTES_MAX);
    End::Fail { error, reason: "result_too_large".to_owned() }
}

fn reason(status: StatusCode) -> String {
    format!("http {}", status.as_u16())
}

async fn refusal(response: Response) -> String {
    let status = response.status();
    let excerpt = body(response, EXCERPT_BYTES).await.map(|body| body.bytes).unwrap_or_default();
    let excerpt = String::from_utf8_lossy(&excerpt);
    match excerpt.trim() {
        "" => format!("the receiver answered {status}"),
        excerpt => format!("the receiver answered {status}: {excerpt}"),
    }
}

struct Body {
    bytes: Vec<u8>,
    whole: bool,
}

/// The body up to this length.
async fn body(mut response: Response, max: usize) -> Result<Body, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await? {
        let room = max - bytes.len();
        bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            return Ok(Body { bytes, whole: false });
        }
    }
    Ok(Body { bytes, whole: true })
}

/// Seconds, or a date.
fn retry_after_ms(response: &Response, now: Timestamp) -> Option<u64> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    wait(text, now).map(bounded)
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
