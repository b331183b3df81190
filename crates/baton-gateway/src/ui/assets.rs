//! The files of the pages.

use axum::extract::Path;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use baton_core::Code;
use baton_dashboard::assets::find;

use super::visit::{fresh, tag};
use crate::problem::Fail;

pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Fail> {
    let asset = find(&name).ok_or_else(|| Fail::new(Code::NotFound))?;
    let bytes = asset.sent();
    let tag = tag(&bytes);
    let answer = ([(header::CONTENT_TYPE, asset.kind)], bytes).into_response();
    Ok(fresh(answer, &tag, &headers, "no-cache"))
}
