//! Which program asks (RFC 6749, 2.3): by Basic, in the form, or by its name alone if it has no secret.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use baton_auth::bearer::Presented;
use baton_auth::{Action, api_key, digest};
use baton_core::Code;
use baton_core::login::KeyId;

use super::form::{Form, decoded};
use super::refusal::Refusal;
use crate::app::App;
use crate::auth::clients::{Client, DASHBOARD};
use crate::auth::{Credential, Grant, presented};

/// A program that has shown who it is, as far as it can.
pub(super) enum Caller {
    Client(Client),
    /// An API key: its id and its secret stand for client id and client secret.
    Key(Arc<Grant>),
    /// An access token or an API key as bearer, where one will do.
    Bearer(String),
}

impl Caller {
    pub(super) async fn of(
        app: &App,
        headers: &HeaderMap,
        form: &Form,
        from: IpAddr,
    ) -> Result<Caller, Refusal> {
        let (id, secret) = match presented(headers) {
            Ok(Some(Presented::Bearer(token))) => return Ok(Caller::Bearer(token.expose().clone())),
            Ok(Some(Presented::Basic { id, secret })) => {
                if form.get("client_secret").is_some() {
                    return Err(Refusal::request("the client shows who it is in two ways"));
                }
                let id = decoded(id.as_bytes()).map_err(|_| Refusal::client())?;
                if form.get("client_id").is_some_and(|other| other != id) {
                    return Err(Refusal::request("client_id is another one than that of the header"));
                }
                (id, Some(decoded(secret.expose().as_bytes()).map_err(|_| Refusal::client())?))
            }
            Ok(None) => {
                let id = form.get("client_id").ok_or_else(Refusal::client)?;
                (id.to_owned(), form.get("client_secret").map(str::to_owned))
            }
            Err(fail) if fail.code == Code::Malformed => {
                return Err(Refusal::request("the header Authorization is there more than once"));
            }
            Err(_) => return Err(Refusal::client()),
        };
        let secret = secret.filter(|secret| !secret.is_empty());
        match app.auth.logins.clients.get(&id) {
            // The gateway's own pages keep their tokens in cookies, and never come here.
            Some(client) if client.id == DASHBOARD => Err(Refusal::client()),
            Some(client) if is(client, secret.as_deref()) => Ok(Caller::Client(client.clone())),
            Some(_) => Err(Refusal::client()),
            None => by_key(app, &id, secret.as_deref(), from).await,
        }
    }

    /// What it may ask on its own account.
    pub(super) fn may(&self, action: Action) -> bool {
        match self {
            Caller::Client(client) => {
                client.secret_sha256.is_some()
                    && client.scopes.as_ref().is_some_and(|scopes| scopes.allow(action))
            }
            Caller::Key(grant) => grant.scopes.allow(action),
            Caller::Bearer(_) => false,
        }
    }
}

fn is(client: &Client, secret: Option<&str>) -> bool {
    match (&client.secret_sha256, secret) {
        (None, None) => true,
        (Some(known), Some(secret)) => api_key::same(known, &digest::sha256_hex(secret.as_bytes())),
        _ => false,
    }
}

async fn by_key(app: &App, id: &str, secret: Option<&str>, from: IpAddr) -> Result<Caller, Refusal> {
    let (Ok(id), Some(secret)) = (id.parse::<KeyId>(), secret) else { return Err(Refusal::client()) };
    // The whole key, or what stands behind its id.
    let key = if secret.starts_with(api_key::PREFIX) {
        secret.to_owned()
    } else {
        format!("{}{id}_{secret}", api_key::PREFIX)
    };
    match app.auth.by_key(&key, from, false).await {
        Ok(grant) if grant.credential == (Credential::Key { id }) => Ok(Caller::Key(grant)),
        Ok(_) => Err(Refusal::client()),
        Err(fail) if fail.code == Code::Unauthenticated => Err(Refusal::client()),
        Err(fail) => Err(fail.into()),
    }
}
