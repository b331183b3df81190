//! The same tokens for programs that speak OAuth: RFC 6749 for the answers, 7009 to revoke, 7662 to introspect, and what
//! they read first (8414, 9728, 7517). A gateway without logins has none of it.

mod caller;
mod form;
mod introspect;
mod refusal;
mod revoke;
mod token;
mod well_known;

use std::net::IpAddr;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use baton_core::Code;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Address;
use crate::extract::receive;
use crate::problem::Fail;
use caller::Caller;
use form::Form;
use refusal::Refusal;

pub(crate) use form::decoded;

const BYTES_MAX: usize = 16 * 1024;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(token::token))
        .routes(routes!(revoke::revoke))
        .routes(routes!(introspect::introspect))
        .routes(routes!(well_known::jwks))
        .routes(routes!(well_known::authorization_server))
        .routes(routes!(well_known::protected_resource))
}

/// A form, and who sent it.
struct Posted {
    form: Form,
    caller: Caller,
    headers: HeaderMap,
    from: IpAddr,
}

impl FromRequest<App> for Posted {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Posted, Refusal> {
        if app.settings.open {
            return Err(Fail::new(Code::NotFound).into());
        }
        let (parts, body) = request.into_parts();
        let (headers, from) =
            (parts.headers.clone(), Address::of(&parts, &app.auth.logins.rules.trusted_proxies));
        let declared = is_form(&headers);
        let (bytes, _) = receive(Request::from_parts(parts, body), app, BYTES_MAX).await?;
        if !declared {
            return Err(Refusal::request("the body is a form: application/x-www-form-urlencoded"));
        }
        let form = Form::read(&bytes).map_err(Refusal::request)?;
        let caller = Caller::of(app, &headers, &form, from).await?;
        Ok(Posted { form, caller, headers, from })
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(kind), None) = (kinds.next().and_then(|kind| kind.to_str().ok()), kinds.next()) else {
        return false;
    };
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
