//! How pages ask: the interface of this gateway, in this process, in the name of whoever looks.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use baton_api::Problem;
use baton_core::Code;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::ServiceExt;

use super::shared::{Share, Shared};
use crate::auth::Peer;
use crate::guard::one;
use crate::problem::Fail;

/// Everything that this gateway answers beside the pages.
#[derive(Clone)]
pub(super) struct Inside {
    router: Arc<Router>,
    pub(super) shared: Shared,
}

impl Inside {
    pub(super) fn new(router: Router) -> Inside {
        Inside { router: Arc::new(router), shared: Shared::default() }
    }
}

/// Marks the requests of pages.
#[derive(Clone, Copy)]
pub(super) struct ByPage;

/// What is told on: from where the request came, and which one it was.
const TOLD: [&str; 5] = ["host", "x-forwarded-for", "traceparent", "x-request-id", "user-agent"];

/// A client of the interface that needs no network.
#[derive(Clone)]
pub(super) struct Api {
    inside: Inside,
    headers: HeaderMap,
    peer: Option<Peer>,
    /// Where answers are that others wait for, too.
    share: Option<Share>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    body: Vec<u8>,
}

/// An answer of the interface is at most a page of tasks with their payloads.
const BYTES_MAX: usize = 256 * 1024 * 1024;

impl Api {
    /// In nobody's name.
    pub(super) fn of(inside: &Inside, parts: &Parts) -> Api {
        let mut headers = HeaderMap::new();
        for name in TOLD {
            for value in parts.headers.get_all(name) {
                headers.append(HeaderName::from_static(name), value.clone());
            }
        }
        Api { inside: inside.clone(), headers, peer: parts.extensions.get::<Peer>().copied(), share: None }
    }

    /// With one more header.
    pub(super) fn with(mut self, name: HeaderName, value: &HeaderValue) -> Api {
        self.headers.insert(name, value.clone());
        self
    }

    /// To change what somebody has seen, while it is still of that version. What cannot be one fits nothing.
    pub(super) fn of_version(self, version: &str) -> Api {
        let tag = HeaderValue::from_str(&format!("\"{version}\""));
        self.with(header::IF_MATCH, &tag.unwrap_or_else(|_| HeaderValue::from_static("\"\"")))
    }

    /// With the cookies of a request that was found to come from a page of ours.
    pub(super) fn with_cookies(self, headers: &HeaderMap) -> Api {
        let mut api =
            self.with(HeaderName::from_static("sec-fetch-site"), &HeaderValue::from_static("same-origin"));
        api.headers.insert(HeaderName::from_static("x-baton-csrf"), HeaderValue::from_static("1"));
        for value in headers.get_all(header::COOKIE) {
            api.headers.append(header::COOKIE, value.clone());
        }
        api
    }

    /// With answers that may be as old as [`KEPT`](super::shared::KEPT), in the name of somebody with these scopes.
    pub(super) fn sharing(self, scopes: impl ToString) -> Api {
        let share = Some(self.inside.shared.of(scopes));
        Api { share, ..self }
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fail> {
        let asked = self.send(Method::GET, path, None);
        match &self.share {
            Some(share) => share.get(path, asked).await?.json(),
            None => asked.await?.json(),
        }
    }

    /// What a page does without, if it cannot be had.
    pub(super) async fn get_some<T: DeserializeOwned>(&self, path: &str) -> Option<T> {
        self.get(path).await.ok()
    }

    pub(super) async fn post(&self, path: &str, body: &impl Serialize) -> Result<Answer, Fail> {
        let body = serde_json::to_vec(body).map_err(|_| Fail::new(Code::Internal))?;
        self.send(Method::POST, path, Some(body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: &impl Serialize) -> Result<Answer, Fail> {
        let body = serde_json::to_vec(body).map_err(|_| Fail::new(Code::Internal))?;
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(super) async fn put(&self, path: &str, body: &impl Serialize) -> Result<Answer, Fail> {
        let body = serde_json::to_vec(body).map_err(|_| Fail::new(Code::Internal))?;
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Answer, Fail> {
        self.send(Method::DELETE, path, None).await
    }

    /// By any method; without a body where there is nothing to say.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, Fail> {
        self.send(method, path, body.map(|body| body.to_string().into_bytes())).await
    }

    async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Answer, Fail> {
        let mut request = Request::new(body.map_or_else(Body::empty, Body::from));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().map_err(|_| Fail::new(Code::NotFound))?;
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.extensions_mut().insert(ByPage);
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        let Ok(answer) = (*self.inside.router).clone().oneshot(request).await;
        let (parts, body) = answer.into_parts();
        let body = to_bytes(body, BYTES_MAX).await.map_err(|_| Fail::new(Code::Internal))?.to_vec();
        match parts.status.is_success() || parts.status == StatusCode::NOT_MODIFIED {
            true => Ok(Answer { headers: parts.headers, body }),
            false => {
                let challenge = one(&parts.headers, header::WWW_AUTHENTICATE.as_str()).unwrap_or_default();
                Err(refusal(&body).challenged(challenge))
            }
        }
    }
}

fn refusal(body: &[u8]) -> Fail {
    serde_json::from_slice::<Problem>(body).map_or_else(|_| Fail::new(Code::Internal), Fail::from)
}

impl Answer {
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Fail> {
        serde_json::from_slice(&self.body).map_err(|error| {
            tracing::error!(%error, "a page cannot read an answer of our own");
            Fail::new(Code::Internal)
        })
    }
}
