//! One call: sent, and sent again while that is safe and makes sense.
//!
//! Everything a client asks for is safe to repeat: reading changes nothing, and what creates or moves something carries
//! an `Idempotency-Key` that is the same in every try.

use std::time::{Duration, Instant};

use baton_api::Problem;
use baton_api::auth::Secret;
use baton_core::Code;
use reqwest::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::Client;
use super::call::Call;
use crate::error::Error;

/// The waits between tries grow from the first of these to the second.
const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(2);
/// A gateway that asks us to stay away longer than this is as good as gone for whoever waits for the answer.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(30);
/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    pub(super) bytes: Vec<u8>,
}

/// What a try came to, where it did not bring an answer.
struct Miss {
    error: Error,
    again: bool,
    after: Option<Duration>,
}

impl Client {
    /// Sends a call and reads the answer.
    pub(super) async fn call<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        Ok(self.create(call).await?.0)
    }

    /// The same where there may be no answer: a 204.
    pub(super) async fn call_or_nothing<T: DeserializeOwned>(&self, call: Call) -> Result<Option<T>, Error> {
        let answer = self.ask(&call).await?;
        if answer.bytes.is_empty() {
            return Ok(None);
        }
        self.parse(&call, &answer).map(Some)
    }

    /// The same, and whether what was asked for is new.
    pub(super) async fn create<T: DeserializeOwned>(&self, call: Call) -> Result<(T, bool), Error> {
        let answer = self.ask(&call).await?;
        Ok((self.parse(&call, &answer)?, answer.status == StatusCode::CREATED))
    }

    /// The same with this credential or none, whatever the client has.
    pub(super) async fn read_as<T: DeserializeOwned>(
        &self,
        call: &Call,
        bearer: Option<&Secret>,
    ) -> Result<T, Error> {
        let answer = self.ask_as(call, bearer).await?;
        self.parse(call, &answer)
    }

    fn parse<T: DeserializeOwned>(&self, call: &Call, answer: &Answer) -> Result<T, Error> {
        serde_json::from_slice(&answer.bytes).map_err(|error| self.unreadable(&call.path, error))
    }

    /// The same where the answer has nothing in it.
    pub(super) async fn tell(&self, call: Call) -> Result<(), Error> {
        self.ask(&call).await.map(drop)
    }

    /// Sends a call and answers with the body as it came. A gateway that no longer accepts what we thought good for a
    /// while is asked once more with something newer.
    pub(super) async fn ask(&self, call: &Call) -> Result<Answer, Error> {
        let Some(bearer) = self.bearer().await? else { return self.ask_as(call, None).await };
        match self.ask_as(call, Some(&bearer)).await {
            Err(error) if is_stale(&error) => match self.bearer_after(&bearer).await? {
                Some(newer) => self.ask_as(call, Some(&newer)).await,
                None => Err(error),
            },
            other => other,
        }
    }

    /// The same with this credential or none.
    pub(super) async fn ask_as(&self, call: &Call, bearer: Option<&Secret>) -> Result<Answer, Error> {
        let mut wait = WAIT_FIRST;
        let mut tried = 0;
        let sent = monotonic();
        loop {
            tried += 1;
            let miss = match self.send(call, bearer).await {
                Ok(answer) => return Ok(answer),
                Err(miss) => miss,
            };
            let pause = miss.after.unwrap_or_else(|| jittered(wait));
            let late = sent.elapsed() + pause > self.again && !call.is_patient();
            if !miss.again || late || tried >= call.tries {
                return Err(miss.error);
            }
            tracing::debug!(path = call.path, tried, error = %miss.error, "asking again");
            tokio::time::sleep(pause).await;
            wait = (wait * 2).min(WAIT_MAX);
        }
    }

    async fn send(&self, call: &Call, bearer: Option<&Secret>) -> Result<Answer, Miss> {
        let mut request =
            self.request(call.method.clone(), &call.path).query(&call.query).timeout(call.patience);
        if let Some(Secret(bearer)) = bearer {
            request = request.bearer_auth(bearer);
        }
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        if let Some(key) = &call.key {
            request = request.header("idempotency-key", key);
        }
        let missed = |error| self.missed(call, error);
        let response = request.send().await.map_err(missed)?;
        let status = response.status();
        if status.is_success() {
            return Ok(Answer { status, bytes: response.bytes().await.map_err(missed)?.into() });
        }
        Err(self.refused(call, response).await)
    }

    pub(super) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.inner.http.request(method, self.url(path)).header(ACCEPT, "application/json")
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.inner.base)
    }

    pub(super) fn unreadable(&self, path: &str, error: serde_json::Error) -> Error {
        Error::Unreadable { url: self.url(path), problem: error.to_string() }
    }

    fn missed(&self, call: &Call, error: reqwest::Error) -> Miss {
        Miss { error: self.unreached(&call.path, call.patience, error), again: true, after: None }
    }

    pub(super) fn unreached(&self, path: &str, patience: Duration, error: reqwest::Error) -> Error {
        let url = self.url(path);
        match error.is_timeout() && !error.is_connect() {
            true => Error::Timeout { url, after: patience },
            false => {
                Error::Unreachable { url: self.inner.base.clone(), source: Box::new(error.without_url()) }
            }
        }
    }

    async fn refused(&self, call: &Call, response: Response) -> Miss {
        let status = response.status();
        let again = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
            || (call.stubborn && status.is_server_error());
        let after = retry_after(&response).filter(|after| *after <= RETRY_AFTER_MAX);
        let error = self.problem(&call.path, response).await;
        Miss { error, again, after }
    }

    /// The problem that a refusal carries.
    pub(super) async fn problem(&self, path: &str, response: Response) -> Error {
        let status = response.status();
        let scope = scope_that_lacks(&response);
        let body = response.bytes().await.unwrap_or_default();
        match serde_json::from_slice::<Problem>(&body) {
            Ok(mut problem) => {
                if let Some(scope) = scope {
                    problem.detail =
                        format!("The credential does not allow this: it lacks the scope {scope}.");
                }
                Error::Problem(Box::new(problem))
            }
            Err(_) => Error::Unreadable {
                url: self.url(path),
                problem: format!("it is {status} without a problem"),
            },
        }
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The scope that a challenge names (RFC 6750). The problem itself says only that there is one.
fn scope_that_lacks(response: &Response) -> Option<String> {
    let challenge = response.headers().get(WWW_AUTHENTICATE)?.to_str().ok()?;
    if !challenge.contains("error=\"insufficient_scope\"") {
        return None;
    }
    let (_, rest) = challenge.split_once(" scope=\"")?;
    rest.split_once('"').map(|(scope, _)| scope.to_owned())
}

/// Refused for what was brought, not for what it may do.
pub(super) fn is_stale(error: &Error) -> bool {
    error.status() == Some(401)
        && [Code::Unauthenticated, Code::TokenExpired].iter().any(|code| error.code() == code.as_str())
}

/// Between half of it and all of it: those who were refused together must not come back together.
pub(super) fn jittered(wait: Duration) -> Duration {
    let half = wait / 2;
    half + half.mul_f64(chance())
}

fn monotonic() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long somebody waits is measured here, and nothing else"
    )]
    Instant::now()
}

/// From 0 to 1.
fn chance() -> f64 {
    f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX)
}

/// A name for one intent, whatever number of tries it takes. None where the system has no chance to offer: two intents
/// of one name would be taken for one.
pub(super) fn draw_key() -> Option<String> {
    let (high, low) = (getrandom::u64().ok()?, getrandom::u64().ok()?);
    Some(format!("{high:016x}{low:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_and_fit() {
        let (one, other) = (draw_key().unwrap(), draw_key().unwrap());
        assert_ne!(one, other);
        assert!(baton_core::OpId::new(&one).is_ok());
    }

    #[test]
    fn waits_keep_their_bounds() {
        for _ in 0..100 {
            let wait = jittered(Duration::from_millis(100));
            assert!((50..=100).contains(&(wait.as_millis() as u64)), "{wait:?}");
        }
    }
}
