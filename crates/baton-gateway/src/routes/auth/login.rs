//! Log in, refresh, log out, and whose a credential is.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use baton_api::Timestamp;
use baton_api::auth::{Login, Logout, Message, Pair, Refresh, Validated};
use baton_auth::Scopes;
use baton_auth::refresh::{nonce_drawn, nonce_of_key};
use baton_core::Code;
use baton_core::login::{EndReason, UserId};
use baton_store::calls::token::Ended;

use super::answer::{pair, unkept, with_outcome, without_cookies};
use super::body::{Loose, MaybeLoose, filled, plain};
use crate::app::App;
use crate::auth::clients::{BATON, Client, DASHBOARD};
use crate::auth::cookie::Cookie;
use crate::auth::{Address, Auth, Credential, Grant, Hands, Who, drawn, login, refresh, site};
use crate::problem::Fail;

/// Of a device's name; no list shows more.
const DEVICE_BYTES_MAX: usize = 256;

/// Log in
///
/// With a name and a password. `?mode=cookie` is for the gateway's own pages: the tokens come as cookies.
#[utoipa::path(
    post, path = "/auth/login", tag = "auth", operation_id = "log_in", security(()),
    params(("mode" = Option<String>, Query, description = "`cookie`: the tokens come as cookies, not in the body")),
    request_body = Login,
    responses((status = 200, description = "A session has begun", body = Pair)),
    extensions(("x-problem-codes" = json!(["invalid_credentials", "rate_limited", "overloaded", "invalid_scope", "storage_full"])))
)]
pub(super) async fn log_in(
    State(app): State<App>,
    IntoCookies(by_cookie): IntoCookies,
    Address(from): Address,
    Loose(body): Loose<Login>,
) -> Result<Response, Fail> {
    let username = filled(&body.username, "/username")?;
    let password = filled(&body.password.0, "/password")?;
    let user =
        UserId::person(username).map_err(|error| Fail::invalid("/username", format!("failed to {error}")))?;
    if password.len() > login::PASSWORD_BYTES_MAX {
        return Err(Fail::invalid("/password", "it is longer than any password"));
    }
    let device = plain(body.device_name.as_deref().unwrap_or_default(), DEVICE_BYTES_MAX, "/device_name")?;
    let scopes = scopes(body.scope.as_deref())?;
    let wish = login::Wish {
        user: &user,
        password,
        scopes: scopes.as_ref(),
        device,
        previous: body.previous_refresh_token.as_ref().map(|token| token.0.as_str()),
        client: client(&app.auth, body.client_id.as_deref(), by_cookie)?,
        from,
    };
    Ok(pair(&app.auth, app.auth.log_in(&wish).await?, by_cookie))
}

/// Refresh the tokens of a session
///
/// Each refresh token is good once. Send an `Idempotency-Key` with it, and repeat it with the request if the answer is
/// lost: then the same tokens come again.
#[utoipa::path(
    post, path = "/auth/refresh", tag = "auth", operation_id = "refresh_tokens", security(()),
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{0,255}$", description = "Names this refresh, so that repeating it is safe")),
    request_body = Refresh,
    responses((status = 200, description = "The next tokens", body = Pair,
               headers(("X-Refresh-Outcome" = String, description = "`rotated`, or `replayed` where it was repeated")))),
    extensions(("x-problem-codes" = json!([
        "refresh_token_invalid", "refresh_token_superseded", "refresh_token_reused", "invalid_scope", "rate_limited",
        "key_ring_mismatch", "storage_full"
    ])))
)]
pub(super) async fn refresh_tokens(
    State(app): State<App>,
    headers: HeaderMap,
    Address(from): Address,
    MaybeLoose(body): MaybeLoose<Refresh>,
) -> Result<Response, Fail> {
    let given = body.refresh_token.as_ref().map(|token| token.0.as_str());
    let Brought { token, by_cookie } = brought(&app.auth, &headers, given, Code::Malformed)?;
    let nonce = match request_key(&headers, body.request_id.as_deref())? {
        Some(key) => nonce_of_key(key),
        None => nonce_drawn(drawn()?),
    };
    let client = client(&app.auth, body.client_id.as_deref(), by_cookie)?;
    if client.secret_sha256.is_some() {
        return Err(Fail::invalid("/client_id", "this client has a secret: it refreshes at /oauth/token"));
    }
    let scopes = scopes(body.scope.as_deref())?;
    let wish = refresh::Wish { token, client: &client.id, nonce, scopes: scopes.as_ref(), from };
    let refreshed = app.auth.refresh(&wish).await?;
    Ok(with_outcome(pair(&app.auth, refreshed.tokens, by_cookie), refreshed.outcome))
}

/// Log out
///
/// Any refresh token of the session ends it, be it an old one.
#[utoipa::path(
    post, path = "/auth/logout", tag = "auth", operation_id = "log_out", security(()),
    request_body = Logout,
    responses((status = 200, description = "The session has ended, now or before", body = Message)),
    extensions(("x-problem-codes" = json!(["unknown_token", "key_ring_mismatch", "revocation_not_durable"])))
)]
pub(super) async fn log_out(
    State(app): State<App>,
    headers: HeaderMap,
    MaybeLoose(body): MaybeLoose<Logout>,
) -> Result<Response, Fail> {
    let given = body.refresh_token.as_ref().map(|token| token.0.as_str());
    let Brought { token, by_cookie } = brought(&app.auth, &headers, given, Code::UnknownToken)?;
    let unknown = || Fail::new(Code::UnknownToken);
    let token = app.auth.decode(token).await?.ok_or_else(unknown)?;
    let hash = token.secret_hash();
    if let Ended::Refused = app.auth.end(token.tag, token.sid, Some(&hash), None, EndReason::Logout).await? {
        return Err(unknown());
    }
    let done = unkept(Json(Message { message: "Logged out successfully".to_owned() }).into_response());
    Ok(if by_cookie { without_cookies(&app.auth, done) } else { done })
}

/// Whose credential is this?
#[utoipa::path(
    get, path = "/auth/validate", tag = "auth", operation_id = "validate_credential", security(("bearer" = [])),
    responses((status = 200, description = "It is good", body = Validated)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "token_expired"])))
)]
pub(super) async fn validate(Who(grant): Who) -> Result<Json<Validated>, Fail> {
    let Grant { user: Some(user), scopes, hands, credential, expires_at_ms, .. } = &*grant else {
        return Err(Fail::new(Code::Unauthenticated));
    };
    let (session_id, key_id) = match credential {
        Credential::Open => return Err(Fail::new(Code::Unauthenticated)),
        Credential::Session { id, .. } => (Some(id.to_string()), None),
        Credential::Key { id } => (None, Some(id.to_string())),
    };
    Ok(Json(Validated {
        valid: true,
        user_id: user.to_string(),
        username: user.name().to_owned(),
        scope: scopes.to_string(),
        expires_at: expires_at_ms.map(Timestamp::from_ms),
        session_id,
        key_id,
        worker_id: match hands {
            Hands::Of(worker) => Some(worker.to_string()),
            Hands::Any | Hands::None => None,
        },
    }))
}

/// Whether the tokens go into cookies, which only a page of the gateway may ask for. Looked at before the body is.
pub(super) struct IntoCookies(bool);

impl FromRequestParts<App> for IntoCookies {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<IntoCookies, Fail> {
        let asked = parts.uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "mode=cookie"));
        if asked {
            site::same(&parts.headers, true)?;
        }
        Ok(IntoCookies(asked))
    }
}

/// The refresh token of a request, and whether a cookie brought it.
struct Brought<'a> {
    token: &'a str,
    by_cookie: bool,
}

/// What stands in the body decides. `empty`: what an empty one is.
fn brought<'a>(
    auth: &Auth,
    headers: &'a HeaderMap,
    given: Option<&'a str>,
    empty: Code,
) -> Result<Brought<'a>, Fail> {
    match (given, Cookie::Refresh.read(headers, auth.jar())) {
        (Some(""), _) => Err(Fail::new(empty)),
        (Some(token), _) => Ok(Brought { token, by_cookie: false }),
        (None, Some(token)) => {
            site::same(headers, true)?;
            Ok(Brought { token, by_cookie: true })
        }
        (None, None) => Err(Fail::invalid("/refresh_token", "it is missing")),
    }
}

/// The key under which a refresh may be repeated: in the header, in the body, or in both if they say the same.
pub(crate) fn request_key<'a>(
    headers: &'a HeaderMap,
    body: Option<&'a str>,
) -> Result<Option<&'a str>, Fail> {
    let odd = || Fail::malformed("Idempotency-Key is one word of 1 to 255 visible ASCII characters.");
    let mut values = headers.get_all("idempotency-key").iter();
    let header = match (values.next(), values.next()) {
        (None, _) => None,
        (Some(value), None) => Some(value.to_str().map_err(|_| odd())?),
        _ => return Err(odd()),
    };
    let given = |key: &&str| !key.is_empty();
    let key = match (header.filter(given), body.filter(given)) {
        (Some(one), Some(other)) if one != other => {
            return Err(Fail::malformed("Idempotency-Key and request_id say different things."));
        }
        (one, other) => one.or(other),
    };
    let sane = |key: &str| key.len() <= 255 && key.bytes().all(|byte| byte.is_ascii_graphic());
    if key.is_some_and(|key| !sane(key)) { Err(odd()) } else { Ok(key) }
}

/// Scopes that are asked for; an empty text asks for nothing in particular.
fn scopes(text: Option<&str>) -> Result<Option<Scopes>, Fail> {
    let text = text.filter(|text| !text.trim().is_empty());
    let scopes = text.map(str::parse::<Scopes>).transpose();
    scopes.map_err(|error| Fail::new(Code::InvalidScope).because(format!("It failed to {error}.")))
}

/// Who logs in here: the pages of the gateway by cookie, and else a program that its users trust with their passwords.
fn client<'a>(auth: &'a Auth, id: Option<&str>, by_cookie: bool) -> Result<&'a Client, Fail> {
    let own = if by_cookie { DASHBOARD } else { BATON };
    let id = id.filter(|id| !id.is_empty()).unwrap_or(own);
    let taken = |client: &&Client| client.first_party && by_cookie == (client.id == DASHBOARD);
    auth.logins
        .clients
        .get(id)
        .filter(taken)
        .ok_or_else(|| Fail::invalid("/client_id", "no such client logs in here"))
}
