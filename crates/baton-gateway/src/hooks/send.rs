//! One attempt: a signed request, and what its answer means.

use std::sync::OnceLock;
use std::time::Duration;

use baton_core::{Code, limits};
use baton_outbound::{Message, Outbound, Secret, StatusCode, endpoint, part, retry_after};
use baton_service::Chain;

use crate::clock;
use crate::problem::Fail;

/// What is taken of an answer, and how long that may take, so that its connection can be used again.
const ANSWER_BYTES: usize = 4_096;
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// The client, made when it is first needed: most gateways tell nobody.
#[derive(Debug, Default)]
pub(crate) struct Posts(OnceLock<Option<Outbound>>);

impl Posts {
    pub(crate) fn client(&self, allow_private: bool) -> Result<&Outbound, Fail> {
        let made = self.0.get_or_init(|| {
            let outbound = Outbound::new(concat!("baton-gateway/", env!("CARGO_PKG_VERSION")));
            let outbound = outbound.inspect_err(
                |error| tracing::error!(error = %Chain(error), "failed to set up an HTTP client"),
            );
            outbound.inspect(|outbound| outbound.allow_private(allow_private)).ok()
        });
        made.as_ref().ok_or_else(|| Fail::new(Code::Internal))
    }
}

/// How an attempt went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// What the receiver answered with, if he did.
    pub(crate) status: Option<u16>,
    pub(crate) took_ms: u64,
    /// Why it did not arrive.
    pub(crate) error: Option<String>,
    /// How long the receiver asks us to wait.
    pub(crate) wait_ms: Option<u64>,
}

impl Sent {
    /// The receiver wants nothing more, ever.
    pub(crate) fn is_gone(&self) -> bool {
        self.status == Some(StatusCode::GONE.as_u16())
    }
}

pub(crate) async fn send(posts: &Outbound, url: &str, secrets: &[Secret], id: &str, body: Vec<u8>) -> Sent {
    let began = clock::instant();
    let sent = attempt(posts, url, secrets, id, body).await;
    Sent { took_ms: began.elapsed().as_millis() as u64, ..sent }
}

impl Sent {
    fn nothing() -> Sent {
        Sent { status: None, took_ms: 0, error: None, wait_ms: None }
    }

    fn failed(error: &(dyn std::error::Error + 'static)) -> Sent {
        // The address may hold what only its owner should see.
        Sent { error: Some(Chain(error).to_string()), ..Sent::nothing() }
    }
}

async fn attempt(posts: &Outbound, url: &str, secrets: &[Secret], id: &str, body: Vec<u8>) -> Sent {
    let url = match endpoint(url) {
        Ok(url) => url,
        Err(error) => return Sent::failed(&error),
    };
    if let Some(refused) = posts.refuses(&url) {
        return Sent::failed(&refused);
    }
    let timestamp_s = i64::try_from(clock::now_ms() / 1_000).unwrap_or(i64::MAX);
    let message = Message { id, timestamp_s, body, secrets };
    let within = Duration::from_millis(limits::WEBHOOK_TIMEOUT_MS);
    let response = match tokio::time::timeout(within, posts.post(&url, message).send()).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Sent::failed(&error.without_url()),
        Err(_) => {
            let late = "the receiver did not answer in time".to_owned();
            return Sent { error: Some(late), ..Sent::nothing() };
        }
    };
    let status = response.status();
    let wait_ms = retry_after(&response, clock::now_ms())
        .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    // What it says does not matter any more, nor whether it ever ends.
    let _ = tokio::time::timeout(ANSWER_TIME, part(response, ANSWER_BYTES)).await;
    let error = match status {
        status if status.is_success() => None,
        status if status.is_redirection() => {
            Some(format!("the receiver answered {status}, and redirects are not followed"))
        }
        status => Some(format!("the receiver answered {status}")),
    };
    Sent { status: Some(status.as_u16()), took_ms: 0, error, wait_ms }
}
