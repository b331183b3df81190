//! Light or dark, remembered by the browser.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use baton_dashboard::Theme;

use super::form::Form;
use super::settings::{keep, remembered};
use super::visit::back;
use crate::app::App;

pub(super) const COOKIE: &str = "baton_theme";

/// What the browser remembers.
pub(crate) fn of(headers: &HeaderMap) -> Theme {
    Theme::of(remembered(headers, COOKIE))
}

pub(super) async fn choose(State(app): State<App>, form: Form) -> Response {
    let base = &app.settings.base;
    let mut answer = back(base, form.get("next")).into_response();
    if let Some(cookie) = keep(base, COOKIE, Theme::of(form.get("theme")).as_str()) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}
