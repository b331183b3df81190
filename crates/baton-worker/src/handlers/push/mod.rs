//! URLs as handlers: the task is posted, signed as [Standard Webhooks](https://www.standardwebhooks.com) says, and the
//! answer is the result.
//!
//! A worker stands where the outside cannot reach, and a URL may lead anywhere. So an address that is not public is
//! refused unless it is allowed, when the connection is made and not only when the name is first read; redirects are
//! not followed, and no proxy of the environment is used.

mod address;
mod answer;
mod resolve;
mod sign;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Url, redirect};
use tokio::time::sleep_until;

use self::answer::{answered, unreachable};
use self::resolve::Resolver;
use self::sign::Secret;
use super::clock;
use super::document::{document, stopped};
use crate::handler::{End, Handler, Run, Running};

/// A receiver that does not even take the connection is not there.
const CONNECT: Duration = Duration::from_secs(10);

/// A URL that tasks are posted to.
#[derive(Clone)]
pub struct HttpPush {
    url: Url,
    client: Client,
    secrets: Vec<Secret>,
    timeout: Option<Duration>,
    private: Arc<AtomicBool>,
}

/// Why a URL or a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    #[error("take {url:?} as a URL: {why}")]
    Url { url: String, why: String },
    #[error("take a signing secret: {0}")]
    Secret(&'static str),
    #[error("set up an HTTP client")]
    Client(#[source] reqwest::Error),
}

impl HttpPush {
    pub fn new(url: &str) -> Result<HttpPush, PushError> {
        let wrong = |why: String| PushError::Url { url: url.to_owned(), why };
        let parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(wrong("it must begin with http:// or https://".to_owned()));
        }
        let private = Arc::new(AtomicBool::new(false));
        let client = client(Arc::clone(&private)).map_err(PushError::Client)?;
        Ok(HttpPush { url: parsed, client, secrets: Vec::new(), timeout: None, private })
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
        self.private.store(allowed, Ordering::Relaxed);
        self
    }

    async fn post(&self, run: &Run) -> End {
        let body = match document(run) {
            Ok(body) => body,
            Err(end) => return end,
        };
        // A literal address is never resolved, so the resolver does not see it.
        if let Some(refused) = self.literal().filter(|address| self.refuses(*address)) {
            return unreachable(&resolve::Refused { host: refused.to_string() });
        }
        match self.request(run, body).send().await {
            Ok(response) => answered(response, clock::wall()).await,
            Err(error) => unreachable(&error),
        }
    }

    fn request(&self, run: &Run, body: Vec<u8>) -> reqwest::RequestBuilder {
        // The same for every repeat under this fence, so that a receiver can tell a repeat from another run.
        let id = format!("{}.{}", run.grant.task, run.grant.fence.0);
        let timestamp = clock::wall().as_second();
        let mut request = self.client.post(self.url.clone());
        request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request = request.header("webhook-id", &id).header("webhook-timestamp", timestamp);
        if !self.secrets.is_empty() {
            let sign = |secret: &Secret| secret.sign(&id, timestamp, &body);
            let signatures: Vec<String> = self.secrets.iter().map(sign).collect();
            request = request.header("webhook-signature", signatures.join(" "));
        }
        if let Some(context) = &run.grant.traceparent {
            request = request.header("traceparent", context);
        }
        request.body(body)
    }

    fn literal(&self) -> Option<IpAddr> {
        let host = self.url.host_str()?;
        host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    fn refuses(&self, address: IpAddr) -> bool {
        !self.private.load(Ordering::Relaxed) && !address::is_public(address)
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

fn client(private: Arc<AtomicBool>) -> Result<Client, reqwest::Error> {
    // Without a provider reqwest panics. If somebody has chosen one, it stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .connect_timeout(CONNECT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .user_agent(concat!("baton-worker/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(Resolver::new(private)))
        .build()
}
