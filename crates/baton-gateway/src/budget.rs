//! How many requests one principal may send in a time: counted in Redis, so it is one budget over all gateways.
//!
//! It is for whoever submits and looks, and never stands in the way of work that goes on: what holders and workers say is
//! not counted, nor what probes and monitoring ask. Nor is anybody refused because the count cannot be asked for.

use std::fmt;
use std::str::FromStr;

use axum::extract::MatchedPath;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use baton_core::Code;
use baton_service::config::Span;
use baton_store::calls::token::{Meter, Metered};

use crate::app::App;
use crate::auth::Grant;
use crate::problem::Fail;
use crate::ui;

const REQUESTS_MAX: u64 = 10_000_000;
const WINDOW_MS: std::ops::RangeInclusive<u64> = 1_000..=3_600_000;

/// So many requests in so long a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(Meter);

/// `600/60s`.
impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Budget, String> {
        let wrong = || format!("read {text:?}: it is a number and a time, as 600/60s");
        let (most, window) = text.split_once('/').ok_or_else(wrong)?;
        let most: u64 = most.trim().parse().map_err(|_| wrong())?;
        let window = window.trim().parse::<Span>().map_err(|_| wrong())?;
        let window_ms = u64::try_from(window.0.as_millis()).unwrap_or(u64::MAX);
        if !(1..=REQUESTS_MAX).contains(&most) {
            return Err(format!("take {most} requests: it is 1 to {REQUESTS_MAX}"));
        }
        if !WINDOW_MS.contains(&window_ms) || !window_ms.is_multiple_of(1_000) {
            return Err(format!("take {text:?}: the time is whole seconds, from 1s to 1h"));
        }
        Ok(Budget(Meter { most, window_ms }))
    }
}

/// How somebody stands, for the headers of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    meter: Meter,
    left: u64,
    reset_ms: u64,
}

impl fmt::Display for Standing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\"default\";r={};t={}", self.left, self.reset_ms.div_ceil(1_000))
    }
}

impl Standing {
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let policy = format!("\"default\";q={};w={}", self.meter.most, self.meter.window_ms / 1_000);
        for (name, text) in [("ratelimit-policy", policy), ("ratelimit", self.to_string())] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }

    /// Why the request is refused, where nothing was left.
    pub(crate) fn refusal(self) -> Fail {
        let (most, window_s) = (self.meter.most, self.meter.window_ms / 1_000);
        let detail = format!(
            "More than {most} requests in {window_s} s. Wait as long as the header Retry-After says."
        );
        Fail::new(Code::RateLimited).because(detail).again_after(self.reset_ms)
    }
}

/// Counts a request, if it is one that counts. An error says how the one stands who has had them all.
pub(crate) async fn spend(
    app: &App,
    parts: &Parts,
    grant: Option<&Grant>,
) -> Result<Option<Standing>, Standing> {
    let (Some(Budget(meter)), Some(grant)) = (app.settings.budget, grant) else { return Ok(None) };
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if !counts(path) || ui::asks(parts) {
        return Ok(None);
    }
    match app.store.meter(&grant.principal, meter).await {
        Ok(Metered::Ok { left, reset_ms }) => Ok(Some(Standing { meter, left, reset_ms })),
        Ok(Metered::Wait(reset_ms)) => Err(Standing { meter, left: 0, reset_ms }),
        Err(error) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "a request could not be counted");
            Ok(None)
        }
    }
}

/// A page is one request, whatever it asks for itself. Work that goes on is not counted: what holders say of their tasks, and how workers come, claim and stay.
pub(crate) fn counts(path: &str) -> bool {
    let Some(path) = path.strip_prefix("/api/v1/") else { return ui::answers(path) };
    let last = path.rsplit('/').next().unwrap_or_default();
    !path.starts_with("leases/") && !matches!(last, "register" | "heartbeat" | "claim")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_number_and_a_time() {
        let of = |text: &str| text.parse::<Budget>();
        assert_eq!(of("600/60s"), Ok(Budget(Meter { most: 600, window_ms: 60_000 })));
        assert_eq!(of("1 / 1h"), Ok(Budget(Meter { most: 1, window_ms: 3_600_000 })));
        for wrong in
            ["", "600", "600/", "/60s", "0/60s", "600/999ms", "600/2h", "600/1500ms", "10000001/1s", "x/1s"]
        {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_those_who_submit_and_look_are_counted() {
        for counted in [
            "/api/v1/tasks",
            "/api/v1/tasks/{id}",
            "/api/v1/workers",
            "/api/v1/queues/{name}/pause",
            "/",
            "/ui/tasks",
        ] {
            assert!(counts(counted), "{counted}");
        }
        for free in [
            "/health",
            "/metrics",
            "/docs/",
            "/auth/login",
            "/api/v1/leases/{id}/complete",
            "/api/v1/workers/register",
            "/api/v1/workers/{id}/heartbeat",
            "/api/v1/workers/{id}/claim",
            "/api/v1/tasks/{id}/claim",
        ] {
            assert!(!counts(free), "{free}");
        }
    }

    #[test]
    fn headers_say_whole_seconds_and_round_up() {
        let mut headers = HeaderMap::new();
        let meter = Meter { most: 600, window_ms: 60_000 };
        Standing { meter, left: 599, reset_ms: 41_001 }.write(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"default\";q=600;w=60");
        assert_eq!(headers["ratelimit"], "\"default\";r=599;t=42");
    }
}
