//! Where browsers tell that a page tried what it may not. That is a mistake of ours or an attack on somebody, so it is
//! counted; what they write of it is anybody's text, and only a little of it is kept.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use metrics::counter;
use serde_json::Value;

const BYTES_MAX: usize = 16 * 1024;
const TEXT_MAX: usize = 120;

pub(super) async fn report(request: Request) -> StatusCode {
    let Ok(bytes) = to_bytes(request.into_body(), BYTES_MAX).await else {
        return StatusCode::NO_CONTENT;
    };
    counter!("baton_ui_reports_total").increment(1);
    let report: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let said = |name: &str| -> String {
        let text = report.pointer(&format!("/csp-report/{name}")).and_then(Value::as_str).unwrap_or_default();
        text.chars().take(TEXT_MAX).collect()
    };
    tracing::debug!(
        directive = said("effective-directive"),
        blocked = said("blocked-uri"),
        page = said("document-uri"),
        "a browser kept a page from something"
    );
    StatusCode::NO_CONTENT
}
