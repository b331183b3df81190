//! A page that asks for itself once more, for whoever came by a link on another site.

use axum::response::{IntoResponse, Response};
use baton_core::Code;
use baton_dashboard::notice::AgainPage;

use super::visit::page_of;
use crate::app::App;
use crate::problem::Fail;

pub(super) fn page(app: &App, here: &str) -> Response {
    let to = app.settings.base.to(here).to_string();
    AgainPage { to }
        .whole()
        .map_or_else(|_| Fail::new(Code::Internal).into_response(), |text| page_of(text, 200))
}
