//! `/openapi.json`, and `/docs`: the page that shows it. The page brings everything it needs along.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use baton_core::Code;
use bytes::Bytes;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use crate::app::App;
use crate::problem::Fail;

/// The one page with scripts of others: they are served from here, and may ask nobody else.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

pub(super) fn routes(api: OpenApi) -> Router<App> {
    let text = Bytes::from(serde_json::to_vec(&api).unwrap_or_default());
    let document = move || {
        let text = text.clone();
        async move { ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")], text) }
    };
    let config = Arc::new(Config::from("/openapi.json").validator_url("none"));
    let page = move |Path(file): Path<String>| {
        let config = Arc::clone(&config);
        async move { file_of_page(&file, config) }
    };
    let index = page.clone();
    Router::new()
        .route("/openapi.json", get(document))
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(move || index(Path(String::new()))))
        .route("/docs/{*file}", get(page))
}

fn file_of_page(file: &str, config: Arc<Config<'static>>) -> Response {
    match utoipa_swagger_ui::serve(file, config) {
        Ok(Some(found)) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_str(&found.content_type)),
                (header::CONTENT_SECURITY_POLICY, Ok(CONTENT_SECURITY_POLICY)),
                (header::CACHE_CONTROL, Ok(HeaderValue::from_static("no-cache"))),
            ];
            let mut answer = (StatusCode::OK, found.bytes.into_owned()).into_response();
            for (name, value) in headers {
                if let Ok(value) = value {
                    answer.headers_mut().insert(name, value);
                }
            }
            answer
        }
        Ok(None) => Fail::new(Code::NotFound).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot show the page of the API");
            Fail::new(Code::Internal).into_response()
        }
    }
}
