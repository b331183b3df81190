//! Requests that are held until something happens: `Prefer: wait=N` (RFC 7240) or `?wait=N`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use baton_core::Code;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::app::App;
use crate::auth::{self, Grant};
use crate::clock;
use crate::extract::Terms;
use crate::measure::Stream;
use crate::problem::Fail;

/// Proxies and clients give up on longer ones.
pub(crate) const WAIT_S_MAX: u64 = 60;

/// The parameter `wait`. Beyond a day it was meant in ms.
pub(crate) fn wait(terms: &mut Terms) -> Option<u64> {
    terms.number("wait", 0, 86_400)
}

/// For how long the header `Prefer` lets us wait. Other preferences, and ones that cannot be read, are not ours.
pub(crate) struct Prefer(pub(crate) Option<u64>);

impl FromRequestParts<App> for Prefer {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Prefer, Fail> {
        Ok(Prefer(preferred(&parts.headers)))
    }
}

fn preferred(headers: &HeaderMap) -> Option<u64> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut each =
        values.flat_map(|value| value.split(',')).filter_map(|preference| preference.split(';').next());
    each.find_map(|preference| {
        let (name, seconds) = preference.split_once('=')?;
        let ours = name.trim().eq_ignore_ascii_case("wait");
        ours.then(|| seconds.trim().trim_matches('"').parse().ok()).flatten()
    })
}

/// A request that may be held, until when, and its place among all that are.
pub(crate) struct Hold {
    until: Instant,
    applied: Option<u64>,
    grant: Arc<Grant>,
    /// Given back when the request is answered or its client has gone.
    _place: Option<(Arc<OwnedSemaphorePermit>, Stream)>,
}

impl Hold {
    /// `query` is what `?wait` says; it counts more than the header.
    pub(crate) fn begin(
        app: &App,
        query: Option<u64>,
        prefer: Prefer,
        grant: &Arc<Grant>,
    ) -> Result<Hold, Fail> {
        let applied = query.or(prefer.0).map(|seconds| seconds.min(WAIT_S_MAX));
        let until = clock::instant() + Duration::from_secs(applied.unwrap_or_default());
        let held = applied.is_some_and(|seconds| seconds > 0);
        let place = match held.then(|| Arc::clone(&app.held).try_acquire_owned()) {
            Some(Err(_)) => return Err(Fail::new(Code::Overloaded)),
            Some(Ok(permit)) => Some((Arc::new(permit), Stream::open("wait"))),
            None => None,
        };
        Ok(Hold { until, applied, grant: Arc::clone(grant), _place: place })
    }

    /// True once there is nothing more to wait for: the time is over, or this gateway is about to end.
    pub(crate) fn is_over(&self, app: &App) -> bool {
        app.draining.is_cancelled() || clock::instant() >= self.until
    }

    /// Waits for `something`, but not beyond `longest`, the end of the hold, or the end of this gateway. Refuses to go on when
    /// the credential ends meanwhile.
    pub(crate) async fn until(
        &self,
        app: &App,
        longest: Duration,
        something: impl Future<Output = ()>,
    ) -> Result<(), Fail> {
        let end = self.until.min(clock::instant() + longest);
        tokio::select! {
            biased;
            () = auth::ended(app, &self.grant) => return Err(Fail::new(Code::TokenExpired)),
            () = something => {}
            () = tokio::time::sleep_until(end) => {}
            () = app.draining.cancelled() => {}
        }
        Ok(())
    }

    /// Says in the answer how long we were ready to wait.
    pub(crate) fn applied(&self, answer: impl IntoResponse) -> Response {
        let mut answer = answer.into_response();
        if let Some(value) =
            self.applied.and_then(|seconds| HeaderValue::from_str(&format!("wait={seconds}")).ok())
        {
            answer.headers_mut().insert(HeaderName::from_static("preference-applied"), value);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preference_is_found_among_others() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", value.parse().unwrap());
            preferred(&headers)
        };
        assert_eq!(of("wait=10"), Some(10));
        assert_eq!(of("respond-async, Wait = 10; foo=1"), Some(10));
        assert_eq!(of("wait=\"7\""), Some(7));
        for other in ["wait", "wait=x", "waiting=3", "return=minimal", "wait=-1"] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
