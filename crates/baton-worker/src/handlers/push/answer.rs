//! What a receiver's answer means for the run.

use std::error::Error;

use baton_core::limits;
use baton_outbound::{Response, StatusCode, part, refused_in, retry_after};

use super::super::document::result;
use super::super::exec::directive::bounded;
use crate::handler::End;

/// What of a refusal's body is quoted.
const EXCERPT_BYTES: usize = 1_024;

pub(super) async fn answered(response: Response, now_ms: u64) -> End {
    let status = response.status();
    match status {
        StatusCode::ACCEPTED => End::Elsewhere,
        status if status.is_success() => match part(response, limits::RESULT_BYTES_MAX as usize).await {
            Ok(body) if body.whole => result(&body.bytes),
            Ok(_) => too_large(),
            Err(error) => unreachable(&error),
        },
        StatusCode::GONE | StatusCode::UNPROCESSABLE_ENTITY => {
            End::Fail { error: refusal(response).await, reason: reason(status) }
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            match retry_after(&response, now_ms).map(bounded) {
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
    let reason = if refused_in(error) { "address_refused" } else { "unreachable" };
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
    let excerpt = part(response, EXCERPT_BYTES).await.map(|part| part.bytes).unwrap_or_default();
    let excerpt = String::from_utf8_lossy(&excerpt);
    match excerpt.trim() {
        "" => format!("the receiver answered {status}"),
        excerpt => format!("the receiver answered {status}: {excerpt}"),
    }
}
