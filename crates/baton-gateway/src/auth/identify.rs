//! From the headers of a request to what it is allowed.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use baton_auth::bearer::{self, BearerError, Kind, Presented};
use baton_core::Code;

use super::cookie::Cookie;
use super::who::Address;
use super::{Credential, Grant, site};
use crate::app::App;
use crate::problem::Fail;

/// How sure it must be that a credential has not been revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// As far as this gateway has heard.
    Usual,
    /// Redis is asked.
    Strict,
}

/// Whom this request acts as. `Err` is also what whoever brings nothing gets where something is needed.
///
/// The header decides, also when it is wrong; then a ticket, where one is taken; and only then a cookie.
pub(crate) async fn identify(app: &App, parts: &Parts, care: Care) -> Result<Arc<Grant>, Fail> {
    match presented(&parts.headers)? {
        Some(Presented::Bearer(credential)) => {
            let from = Address::of(parts, &app.auth.logins.rules.trusted_proxies);
            by_credential(app, credential.expose(), from, care).await
        }
        // Basic is for the routes of OAuth, which read it themselves.
        Some(Presented::Basic { .. }) => Err(Fail::new(Code::Unauthenticated)),
        None => without_header(app, parts, care).await,
    }
}

/// What a bearer token or an API key allows that came from there, if it was not revoked.
pub(crate) async fn from_bearer(app: &App, credential: &str, from: IpAddr) -> Result<Arc<Grant>, Fail> {
    by_credential(app, credential, from, Care::Strict).await
}

/// The header Authorization.
pub(crate) fn presented(headers: &HeaderMap) -> Result<Option<Presented>, Fail> {
    let values = headers.get_all(header::AUTHORIZATION).iter().map(|value| value.as_bytes());
    bearer::read(values).map_err(|error| match error {
        BearerError::Twice => Fail::malformed("The header Authorization is there more than once."),
        BearerError::Malformed | BearerError::Scheme => Fail::new(Code::Unauthenticated),
    })
}

async fn by_credential(app: &App, credential: &str, from: IpAddr, care: Care) -> Result<Arc<Grant>, Fail> {
    let strict = care == Care::Strict;
    match bearer::kind(credential) {
        Kind::ApiKey => app.auth.by_key(credential, from, strict).await,
        Kind::Access => Ok(Arc::clone(&app.auth.by_token(credential, Some(from), strict).await?.grant)),
        Kind::Refresh | Kind::OneShot => Err(Fail::new(Code::Unauthenticated)),
    }
}

async fn without_header(app: &App, parts: &Parts, care: Care) -> Result<Arc<Grant>, Fail> {
    if let Some(ticket) = ticket(parts) {
        return app.auth.redeem(&ticket).await;
    }
    let by_cookie = by_cookie(app, parts, care).await;
    match (by_cookie, app.principal()) {
        (Some(Ok(grant)), _) => Ok(grant),
        // Cookies are the same for all ports of a host: one of another program says nothing here.
        (_, Some(principal)) => Ok(Arc::new(Grant::open(principal))),
        (Some(Err(fail)), None) => Err(fail),
        (None, None) => Err(Fail::new(Code::Unauthenticated)),
    }
}

async fn by_cookie(app: &App, parts: &Parts, care: Care) -> Option<Result<Arc<Grant>, Fail>> {
    let token = Cookie::Access.read(&parts.headers, app.auth.jar())?;
    // A socket answers pages of any site, and no header of a script tells them apart.
    let socket = parts.headers.contains_key(header::UPGRADE);
    let changes = site::changes(&parts.method);
    if (changes || socket)
        && let Err(fail) = site::same(&parts.headers, changes)
    {
        return Some(Err(fail));
    }
    let from = Address::of(parts, &app.auth.logins.rules.trusted_proxies);
    let known = app.auth.by_token(token, Some(from), care == Care::Strict).await;
    Some(known.map(|known| Arc::new(marked(&known.grant))))
}

fn marked(grant: &Grant) -> Grant {
    let mut grant = grant.clone();
    if let Credential::Session { by_cookie, .. } = &mut grant.credential {
        *by_cookie = true;
    }
    grant
}

/// A browser cannot send a header with an event stream or a socket: there, and only there, a ticket does.
fn ticket(parts: &Parts) -> Option<String> {
    if !matches!(parts.uri.path(), "/api/v1/events" | "/api/v1/ws") {
        return None;
    }
    // Characters of a ticket need no escapes.
    let mut pairs = parts.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == "ticket").map(|(_, value)| value.to_owned())
}
