//! `/ui/settings` and `/ui/about`. What is chosen is kept by the browser, in cookies that no script reads.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use baton_dashboard::settings::{AboutPage, Density, Keys, Look, SettingsPage, Times};
use baton_dashboard::{Base, Theme};

use super::form::Form;
use super::theme;
use super::visit::Visit;
use crate::app::App;
use crate::guard::one;
use crate::problem::Fail;

const FOR_S: u64 = 365 * 86_400;
const DENSITY: &str = "baton_density";
const TIMES: &str = "baton_times";
const KEYS: &str = "baton_keys";

/// What the browser remembers under this name.
pub(super) fn remembered<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let pairs =
        one(headers, "cookie").unwrap_or_default().split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(known, _)| *known == name).map(|(_, value)| value).next().unwrap_or_default()
}

/// What it is to remember.
pub(super) fn keep(base: &Base, name: &str, value: &str) -> Option<HeaderValue> {
    let path = base.to("/");
    HeaderValue::from_str(&format!("{name}={value}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={FOR_S}"))
        .ok()
}

pub(super) fn of(headers: &HeaderMap) -> Look {
    Look {
        density: Density::of(remembered(headers, DENSITY)),
        times: Times::of(remembered(headers, TIMES)),
        keys: Keys::of(remembered(headers, KEYS)),
    }
}

pub(super) async fn page(visit: Visit) -> Result<Response, Fail> {
    let kept = !visit.query.get("kept").is_empty();
    visit.show(&SettingsPage { shell: visit.shell("").await, kept })
}

pub(super) async fn choose(State(app): State<App>, form: Form) -> Response {
    let base = &app.settings.base;
    let said = [
        (theme::COOKIE, Theme::of(form.get("theme")).as_str().to_owned()),
        (DENSITY, Density::of(form.get("density")).as_str().to_owned()),
        (TIMES, Times::of(form.get("times")).word()),
        (KEYS, Keys::of(form.get("keys")).as_str().to_owned()),
    ];
    let mut answer = Redirect::to(&base.to("/ui/settings").with("kept", 1).to_string()).into_response();
    for cookie in said.iter().filter_map(|(name, value)| keep(base, name, value)) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}

pub(super) async fn about(visit: Visit) -> Result<Response, Fail> {
    let shell = visit.shell("").await;
    let health = shell.bar.as_ref().and_then(|bar| bar.health.as_ref());
    let uptime_s = health.and_then(|health| health.uptime_ms).map(|ms| ms / 1_000);
    let version = env!("CARGO_PKG_VERSION").to_owned();
    // Whoever builds an image may leave it empty.
    let revision = option_env!("BATON_REVISION").filter(|revision| !revision.is_empty());
    visit.show(&AboutPage { shell, version, revision, uptime_s })
}
