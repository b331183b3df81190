//! Light or dark, remembered by the browser.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use baton_dashboard::Theme;

use super::form::Form;
use super::visit::back;
use crate::app::App;
use crate::guard::one;

const COOKIE: &str = "baton_theme";
const FOR_S: u64 = 365 * 86_400;

/// What the browser remembers.
pub(crate) fn of(headers: &HeaderMap) -> Theme {
    let pairs =
        one(headers, "cookie").unwrap_or_default().split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| Theme::of(value)).next().unwrap_or_default()
}

pub(super) async fn choose(State(app): State<App>, form: Form) -> Response {
    let base = &app.settings.base;
    let theme = Theme::of(form.get("theme")).as_str();
    let path = base.to("/");
    let cookie = format!("{COOKIE}={theme}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={FOR_S}");
    let mut answer = back(base, form.get("next")).into_response();
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().append(header::SET_COOKIE, value);
    }
    answer
}
