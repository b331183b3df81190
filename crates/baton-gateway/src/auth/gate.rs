//! What is asked before a handler or a body is touched: is there a credential, and is what it allows enough?

use std::sync::Arc;

use axum::extract::MatchedPath;
use axum::http::HeaderValue;
use axum::http::request::Parts;
use baton_core::Code;

use super::need::Looked;
use super::{Grant, Need, Needs, identify};
use crate::app::App;
use crate::problem::Fail;
use crate::ui;

/// What becomes of a request.
pub(crate) enum Passage {
    /// It goes on; where a credential is needed, as this.
    Free(Option<Arc<Grant>>),
    /// The path takes these methods, and not this one.
    OtherMethods(HeaderValue),
    Refused(Fail),
}

pub(crate) async fn pass(app: &App, needs: &Needs, parts: &Parts) -> Passage {
    // No route, nothing to guard: it is answered that there is none.
    let Some(path) = parts.extensions.get::<MatchedPath>() else { return Passage::Free(None) };
    if ui::answers(path.as_str()) {
        return Passage::Free(None);
    }
    match needs.look(path.as_str(), &parts.method) {
        Looked::Need(Need::Nothing) => Passage::Free(None),
        Looked::Need(need) => match admitted(app, need, parts).await {
            Ok(grant) => Passage::Free(Some(grant)),
            Err(fail) => Passage::Refused(fail),
        },
        Looked::OtherMethods(allowed) => Passage::OtherMethods(allowed),
        Looked::Undeclared => {
            tracing::error!(route = path.as_str(), "a route does not say what it needs; it is refused");
            Passage::Refused(Fail::new(Code::InsufficientScope))
        }
    }
}

async fn admitted(app: &App, need: &Need, parts: &Parts) -> Result<Arc<Grant>, Fail> {
    let grant = identify(app, parts, need.care()).await?;
    need.met_by(&grant)?;
    Ok(grant)
}
