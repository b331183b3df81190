//! URLs as handlers: the task is posted, signed as [Standard Webhooks](https://www.standardwebhooks.com) says, and the
//! answer is the result.
//!
//! Which addresses are posted to, and how, `baton-outbound` knows.

mod answer;

use std::fmt;
use std::time::Duration;

use baton_outbound::{Message, Outbound, RequestBuilder, Secret, Url};
use tokio::time::sleep_until;

use self::answer::{answered, unreachable};
use super::clock;
use super::document::{document, stopped};
use crate::handler::{End, Handler, Run, Running};

/// A URL that tasks are posted to.
#[derive(Clone)]
pub struct HttpPush {
    url: Url,
    outbound: Outbound,
    secrets: Vec<Secret>,
    timeout: Option<Duration>,
}

/// Why a URL or a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error("take {url:?} as a URL: {why}")]
    Url { url: String, why: String },
    #[error("take a signing secret: {0}")]
    Secret(&'static str),
    #[error("set up an HTTP client")]
    Client(#[source] baton_outbound::Error),
}

impl HttpPush {
    pub fn new(url: &str) -> Result<HttpPush, PushError> {
        let wrong = |why: String| PushError::Url { url: url.to_owned(), why };
        let parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(wrong("it must begin with http:// or https://".to_owned()));
        }
        let agent = concat!("baton-worker/", env!("CARGO_PKG_VERSION"));
        let outbound = Outbound::new(agent).map_err(PushError::Client)?;
        Ok(HttpPush { url: parsed, outbound, secrets: Vec::new(), timeout: None })
    }

    /// Signs with this secret, `whsec_` and 24 to 64 bytes in Base64. Called twice, it signs with both, so that a
    /// receiver can go from one to the other.
    pub fn secret(mut self, secret: &str) -> Result<HttpPush, PushError> {
        self.secrets.push(Secret::parse(secret).map_err(PushError::Secret)?);
        Ok(self)
    }

    /// Ends a run earlier than the task's own timeout does.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> HttpPush {
        HttpPush { timeout: Some(timeout), ..self }
    }

    /// Also posts to addresses that are not public: of this machine, its networks and its cloud.
    #[must_use]
    pub fn allow_private(self, allowed: bool) -> HttpPush {
        self.outbound.allow_private(allowed);
        self
    }

    async fn post(&self, run: &Run) -> End {
        let body = match document(run) {
            Ok(body) => body,
            Err(end) => return end,
        };
        if let Some(refused) = self.outbound.refuses(&self.url) {
            return unreachable(&refused);
        }
        match self.request(run, body).send().await {
            Ok(response) => answered(response, clock::wall().as_millisecond().unsigned_abs()).await,
            Err(error) => unreachable(&error),
        }
    }

    fn request(&self, run: &Run, body: Vec<u8>) -> RequestBuilder {
        // The same for every repeat under this fence, so that a receiver can tell a repeat from another run.
        let id = format!("{}.{}", run.grant.task, run.grant.fence.0);
        let timestamp_s = clock::wall().as_second();
        let message = Message { id: &id, timestamp_s, body, secrets: &self.secrets };
        let request = self.outbound.post(&self.url, message);
        match &run.grant.traceparent {
            Some(context) => request.header("traceparent", context),
            None => request,
        }
    }
}

impl Handler for HttpPush {
    fn run(&self, run: Run) -> Running {
        let push = self.clone();
        Box::pin(async move {
            let deadline = clock::deadline(run.deadline, push.timeout);
            tokio::select! {
                end = push.post(&run) => end,
                () = run.cancel.cancelled() => stopped(),
                () = sleep_until(deadline) => End::TimeOut { error: "the receiver did not answer in time".to_owned() },
            }
        })
    }
}

impl fmt::Debug for HttpPush {
    /// Without what a URL may carry beside its path: credentials.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, path) = (self.url.host_str().unwrap_or_default(), self.url.path());
        out.debug_struct("HttpPush").field("host", &host).field("path", &path).finish_non_exhaustive()
    }
}
