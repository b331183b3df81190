//! The client: what every request of ours to a stranger has, and lacks.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, Url, redirect};

use crate::address::is_public;
use crate::resolve::{Refused, Resolver};
use crate::sign::Secret;

/// A receiver that does not even take the connection is not there.
const CONNECT: Duration = Duration::from_secs(10);

/// Posts to strangers. Clones share connections.
#[derive(Clone, Debug)]
pub struct Outbound {
    client: Client,
    private: Arc<AtomicBool>,
}

/// What is posted.
#[derive(Debug)]
pub struct Message<'a> {
    /// The same for every repeat, so that a receiver can tell one from something new.
    pub id: &'a str,
    pub timestamp_s: i64,
    /// JSON.
    pub body: Vec<u8>,
    /// It is signed with each of them, so that a receiver can go from one to the next.
    pub secrets: &'a [Secret],
}

impl Outbound {
    /// `agent` is who says that he asks.
    pub fn new(agent: &str) -> Result<Outbound, reqwest::Error> {
        let private = Arc::new(AtomicBool::new(false));
        // Without a provider reqwest panics. If somebody has chosen one, it stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(agent)
            .dns_resolver(Arc::new(Resolver::new(Arc::clone(&private))))
            .build()?;
        Ok(Outbound { client, private })
    }

    /// Also posts to addresses that are not public: of this machine, its networks and its cloud.
    pub fn allow_private(&self, allowed: bool) {
        self.private.store(allowed, Ordering::Relaxed);
    }

    /// A literal address is never resolved, so it has to be looked at before it is posted to.
    pub fn refuses(&self, url: &Url) -> Option<Refused> {
        let host = url.host_str()?;
        let address: IpAddr = host.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
        let refused = !self.private.load(Ordering::Relaxed) && !is_public(address);
        refused.then(|| Refused { host: address.to_string() })
    }

    pub fn post(&self, url: &Url, message: Message<'_>) -> RequestBuilder {
        let Message { id, timestamp_s, body, secrets } = message;
        let mut request = self.client.post(url.clone());
        request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request = request.header("webhook-id", id).header("webhook-timestamp", timestamp_s);
        if !secrets.is_empty() {
            let sign = |secret: &Secret| secret.sign(id, timestamp_s, &body);
            let signatures: Vec<String> = secrets.iter().map(sign).collect();
            request = request.header("webhook-signature", signatures.join(" "));
        }
        request.body(body)
    }
}

/// Whether an address was refused: that is how a name ends that leads to none that may be used.
pub fn refused_in(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(|error| error.is::<Refused>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_addresses_of_our_own_are_refused_however_they_are_written() {
        let outbound = Outbound::new("tests").unwrap();
        let refuses = |url: &str| outbound.refuses(&Url::parse(url).unwrap()).is_some();
        let own = [
            "http://127.0.0.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://017700000001/",
            "http://[::1]:8000/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/",
            "https://169.254.169.254/latest/meta-data",
            "https://10.1.2.3./",
        ];
        for url in own {
            assert!(refuses(url), "{url}");
        }
        assert!(!refuses("https://8.8.8.8/") && !refuses("https://localhost/"));
        outbound.allow_private(true);
        assert!(!own.into_iter().any(refuses));
    }
}
