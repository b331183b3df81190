//! Names become addresses here, and only those that may be used come out. A connection is made to nothing else, so a
//! name that changes its mind between a check and its use gains nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;

/// An address that is not anybody's.
#[derive(Debug, thiserror::Error)]
#[error("{host} is not a public address, and others are not allowed")]
pub struct Refused {
    pub(crate) host: String,
}

pub(crate) struct Resolver {
    private: Arc<AtomicBool>,
}

impl Resolver {
    pub(crate) fn new(private: Arc<AtomicBool>) -> Resolver {
        Resolver { private }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let private = Arc::clone(&self.private);
        Box::pin(async move {
            // The port is put in later.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let any = private.load(Ordering::Relaxed);
            let usable: Vec<SocketAddr> =
                found.into_iter().filter(|address| any || is_public(address.ip())).collect();
            if usable.is_empty() {
                return Err(Refused { host: name.as_str().to_owned() }.into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}
