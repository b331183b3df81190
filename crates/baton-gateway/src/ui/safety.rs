//! What a browser may do with a page, whatever stands on it.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use baton_dashboard::Base;

use crate::app::App;

/// Nothing but what this gateway serves itself; no script or style inside a page; and only one function makes nodes of text.
const RULES: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                     worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                     require-trusted-types-for 'script'; trusted-types baton";

/// Assets have the same rules: a script that runs beside the pages asks under its own.
pub(super) async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    dressed(&app, next.run(request).await)
}

pub(super) fn dressed(app: &App, mut answer: Response) -> Response {
    // Other sites hear nothing. With `no-referrer` our own would not either: a browser then writes `Origin: null` on forms.
    answer.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    if let Some(rules) = rules(&app.settings.base) {
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, rules);
    }
    answer
}

fn rules(base: &Base) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{RULES}; report-uri {}", base.to("/ui/reports"))).ok()
}
