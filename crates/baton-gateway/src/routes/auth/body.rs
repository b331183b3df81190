//! Bodies of logins. They come from clients of many makes, so what is not known in them is ignored; and what is wrong
//! with them is said without repeating any of it, because it may be a secret.

use axum::extract::{FromRequest, Request};
use axum::http::header;
use baton_api::{Wrong, read};
use baton_core::Code;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::auth::site;
use crate::extract::receive;
use crate::problem::Fail;

const BYTES_MAX: usize = 16 * 1024;

/// The body of a request.
pub(super) struct Loose<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Loose<T> {
    type Rejection = Fail;

    async fn from_request(request: Request, app: &App) -> Result<Loose<T>, Fail> {
        match receive(request, app, BYTES_MAX).await? {
            (bytes, true) => parse(&bytes).map(Loose),
            (_, false) => Err(Fail::new(Code::UnsupportedMediaType)),
        }
    }
}

/// The same where a cookie may say everything: no body at all, or null, is as good as an empty one.
pub(super) struct MaybeLoose<T>(pub(super) T);

impl<T: DeserializeOwned + Default> FromRequest<App> for MaybeLoose<T> {
    type Rejection = Fail;

    async fn from_request(request: Request, app: &App) -> Result<MaybeLoose<T>, Fail> {
        let declared = request.headers().contains_key(header::CONTENT_TYPE);
        let by_cookie = request.headers().contains_key(header::COOKIE);
        let own = if by_cookie { site::same(request.headers(), true) } else { Ok(()) };
        match receive(request, app, BYTES_MAX).await? {
            (bytes, _) if bytes.is_empty() && !declared => Ok(MaybeLoose(T::default())),
            (bytes, true) if bytes.trim_ascii() == b"null" => Ok(MaybeLoose(T::default())),
            (bytes, true) => parse(&bytes).map(MaybeLoose),
            // What a form of another site can send is told that, and not how to do better.
            (_, false) => own.and(Err(Fail::new(Code::UnsupportedMediaType))),
        }
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fail> {
    read(bytes).map_err(|error| match error.wrong {
        Wrong::Syntax => Fail::malformed("The body is not JSON."),
        Wrong::Shape => {
            let missing = error.error.message.strip_prefix("missing field `");
            let name = missing.and_then(|rest| rest.split('`').next());
            match name {
                Some(name) => Fail::invalid(format!("{}/{name}", error.error.pointer), "it is missing"),
                None => Fail::invalid(error.error.pointer, "it is not of the type that belongs there"),
            }
        }
    })
}

/// A text that must say something.
pub(super) fn filled<'a>(text: &'a str, pointer: &str) -> Result<&'a str, Fail> {
    if text.is_empty() {
        return Err(Fail::malformed(format!("{pointer} is empty.")));
    }
    Ok(text)
}

/// A text that people choose: bounded, and without control characters, which could forge lines of logs.
pub(super) fn plain<'a>(text: &'a str, max: usize, pointer: &str) -> Result<&'a str, Fail> {
    if text.len() > max {
        return Err(Fail::invalid(pointer, format!("it is longer than {max} bytes")));
    }
    if text.chars().any(char::is_control) {
        return Err(Fail::invalid(pointer, "it has control characters"));
    }
    Ok(text)
}
