//! Logging in and out with plain forms. What they do is what `POST /auth/login` and `POST /auth/logout` do.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use baton_core::Code;
use baton_dashboard::notice::LoginPage;
use baton_dashboard::words;
use serde_json::json;

use super::api::{Answer, Api, Inside};
use super::browser;
use super::form::Form;
use super::visit::{Stranger, back, html, inside, to_login};
use crate::app::App;
use crate::auth::cookie::Cookie;
use crate::problem::Fail;

/// To whoever sent a form and is not known any more.
const ENDED: &str = "Your session has ended; what you sent was not done.";

pub(super) async fn page(Stranger(shell): Stranger, request: Request) -> Result<Response, Fail> {
    let asked = Form::of(request.uri())?;
    let next = inside(asked.get("next")).to_owned();
    let ended = Some(ENDED.to_owned()).filter(|_| !asked.get("ended").is_empty());
    let page = LoginPage { shell, next, username: String::new(), refused: ended };
    html(&page, 200).ok_or_else(|| Fail::new(Code::Internal))
}

pub(super) async fn log_in(
    State(app): State<App>,
    Stranger(shell): Stranger,
    Asking(api): Asking,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Fail> {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let wish = json!({
        "username": form.get("username"),
        "password": form.get("password"),
        "device_name": browser::name(agent),
        // The session that this browser had ends.
        "previous_refresh_token": Cookie::Refresh.read(&headers, app.auth.jar()),
    });
    match api.post("/auth/login?mode=cookie", &wish).await {
        Ok(answer) => Ok(with_cookies(back(&app.settings.base, form.get("next")).into_response(), &answer)),
        Err(fail) if fail.status().is_server_error() => Err(fail),
        Err(fail) => {
            let status = fail.status().as_u16();
            let (next, username) = (inside(form.get("next")).to_owned(), words::shown(form.get("username")));
            let page = LoginPage { shell, next, username, refused: Some(fail.sentence()) };
            html(&page, status).ok_or_else(|| Fail::new(Code::Internal))
        }
    }
}

pub(super) async fn log_out(State(app): State<App>, Asking(api): Asking) -> Result<Response, Fail> {
    let out = to_login(&app.settings.base, "");
    match api.post("/auth/logout", &json!({})).await {
        Ok(answer) => Ok(with_cookies(out, &answer)),
        // Whose session is over is logged out, and his browser does not keep what is left of it.
        Err(fail) if fail.status().is_client_error() => {
            let mut out = out;
            for gone in app.auth.jar().removed() {
                out.headers_mut().append(header::SET_COOKIE, gone);
            }
            Ok(out)
        }
        Err(fail) => Err(fail),
    }
}

/// Asks with the cookies of the request, which came from a page of ours.
pub(super) struct Asking(Api);

impl FromRequestParts<App> for Asking {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &App) -> Result<Asking, Fail> {
        let inside = parts.extensions.get::<Inside>().ok_or_else(|| Fail::new(Code::Internal))?;
        Ok(Asking(Api::of(inside, parts).with_cookies(&parts.headers)))
    }
}

/// What the interface tells the browser to remember.
pub(super) fn with_cookies(mut answer: Response, from: &Answer) -> Response {
    for cookie in from.headers.get_all(header::SET_COOKIE) {
        answer.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    answer
}
