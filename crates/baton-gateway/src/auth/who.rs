//! Who asks, for routes that must know; and from where.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use baton_auth::address::{Cidr, forwarded};

use super::{Care, Grant, identify};
use crate::app::App;
use crate::problem::Fail;

/// The other end of a connection, as the accept loop saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Where a request comes from, as far as the proxies in between can be believed.
pub(crate) struct Address(pub(crate) IpAddr);

impl Address {
    pub(crate) fn of(parts: &Parts, trusted: &[Cidr]) -> IpAddr {
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0);
        forwarded(peer, &heard(&parts.headers), trusted)
    }
}

fn heard(headers: &HeaderMap) -> Vec<&str> {
    // A line that cannot be read is one that no address stands in, and ends the search there.
    headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or("?")).collect()
}

impl FromRequestParts<App> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Address, Infallible> {
        Ok(Address(Address::of(parts, &app.auth.logins.rules.trusted_proxies)))
    }
}

/// Whoever sent the request, by the credential that he brought.
pub(crate) struct Who(pub(crate) Arc<Grant>);

impl FromRequestParts<App> for Who {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Who, Fail> {
        match parts.extensions.get::<Arc<Grant>>() {
            Some(grant) => Ok(Who(Arc::clone(grant))),
            None => identify(app, parts, Care::Usual).await.map(Who),
        }
    }
}

/// The same, asked of Redis: for what hands out power.
pub(crate) struct Surely(pub(crate) Arc<Grant>);

impl FromRequestParts<App> for Surely {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Surely, Fail> {
        identify(app, parts, Care::Strict).await.map(Surely)
    }
}
