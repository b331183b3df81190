//! `/problems`: what each code means and what to do about it. The `type` of every problem leads here.

use axum::Json;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use baton_api::problem::status_of;
use baton_core::Code;
use serde::Serialize;

use crate::app::App;
use crate::problem::{Fail, title};

/// One code, explained.
#[derive(Serialize)]
struct Explained {
    code: &'static str,
    title: String,
    status: u16,
    advice: &'static str,
}

impl Explained {
    fn of(code: Code) -> Explained {
        Explained { code: code.as_str(), title: title(code), status: status_of(code), advice: code.advice() }
    }

    fn html(&self) -> String {
        let Explained { code, title, status, advice } = self;
        format!(
            "<h2 id=\"{code}\"><a href=\"/problems/{code}\">{title}</a></h2><p><code>{code}</code>, HTTP {status}</p><p>{advice}</p>"
        )
    }
}

pub(super) fn routes() -> Router<App> {
    Router::new().route("/problems", get(all)).route("/problems/{code}", get(one))
}

async fn all(headers: HeaderMap) -> Response {
    let each: Vec<Explained> = Code::ALL.iter().map(|code| Explained::of(*code)).collect();
    if wants_html(&headers) {
        page("Problems", &each.iter().map(Explained::html).collect::<String>())
    } else {
        Json(serde_json::json!({ "problems": each })).into_response()
    }
}

async fn one(Path(code): Path<String>, headers: HeaderMap) -> Result<Response, Fail> {
    let code = code.parse().map_err(|_| Fail::new(Code::NotFound))?;
    let explained = Explained::of(code);
    Ok(if wants_html(&headers) {
        page(&explained.title, &(explained.html() + "<p><a href=\"/problems\">All problems</a></p>"))
    } else {
        Json(explained).into_response()
    })
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

fn page(title: &str, body: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}: Baton</title><h1>{title}</h1>{body}</html>"
    );
    ([(header::VARY, "Accept")], Html(page)).into_response()
}
