//! What a form or an address says.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Query, Request};
use axum::http::{Uri, header};
use baton_core::Code;

use crate::app::App;
use crate::problem::Fail;
use crate::routes::decoded;

/// A payload of a MiB, of which each byte may be written as three.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Names and values, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// What stands behind the question mark.
    pub(super) fn of(uri: &Uri) -> Result<Form, Fail> {
        let read = Query::<Vec<(String, String)>>::try_from_uri(uri);
        read.map(|Query(pairs)| Form(pairs)).map_err(|_| Fail::malformed("The address cannot be read."))
    }

    /// What a body says: `a=b&c=d+e`.
    pub(super) fn of_text(body: &[u8]) -> Result<Form, Fail> {
        let wrong = |_| Fail::malformed("The form cannot be read.");
        let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let value = pair.get(at + 1..).unwrap_or_default();
            Ok((decoded(&pair[..at]).map_err(wrong)?, decoded(value).map_err(wrong)?))
        });
        pairs.collect::<Result<_, Fail>>().map(Form)
    }

    /// The first value of that name; empty, if there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// What is said under these names, without the spaces around it; what is empty is not said.
    pub(super) fn said(&self, names: impl IntoIterator<Item = &'static str>) -> Vec<(&'static str, String)> {
        let all = names.into_iter().map(|name| (name, self.get(name).trim().to_owned()));
        all.filter(|(_, value)| !value.is_empty()).collect()
    }

    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }
}

impl FromRequest<App> for Form {
    type Rejection = Fail;

    async fn from_request(request: Request, _: &App) -> Result<Form, Fail> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(Fail::new(Code::UnsupportedMediaType));
        }
        let bytes =
            to_bytes(request.into_body(), BYTES_MAX).await.map_err(|_| Fail::new(Code::PayloadTooLarge))?;
        Form::of_text(&bytes)
    }
}
