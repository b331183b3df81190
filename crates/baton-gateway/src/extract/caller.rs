//! Who asks, and the key under which he may ask again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use baton_core::{Code, OpId, Principal};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ObjectBuilder, Required, Type};

use crate::app::App;
use crate::auth::{self, Care, Grant};
use crate::problem::{Asked, Fail};
use crate::{guard, shell};

/// Whoever sent the request.
pub(crate) struct Caller {
    pub(crate) by: Option<Principal>,
    pub(crate) grant: Arc<Grant>,
    pub(crate) traceparent: Option<String>,
    pub(crate) asked: Asked,
    /// As it was sent.
    pub(crate) query: String,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Caller, Fail> {
        let grant = granted(parts)?;
        let path = parts.uri.path().to_owned();
        let asked = parts.extensions.get::<Asked>().cloned();
        Ok(Caller {
            by: Some(grant.principal.clone()),
            grant,
            traceparent: shell::traceparent(&parts.headers).map(str::to_owned),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            asked: asked.unwrap_or(Asked { path, request_id: String::new(), trace_id: None, page: None }),
        })
    }
}

/// The outermost layer has asked who it is, wherever a route needs to know.
fn granted(parts: &Parts) -> Result<Arc<Grant>, Fail> {
    parts.extensions.get::<Arc<Grant>>().cloned().ok_or_else(|| Fail::new(Code::Unauthenticated))
}

/// A probe does not wait for Redis to say who it is.
const PATIENCE: Duration = Duration::from_millis(250);

/// Whoever asks a route that is for everyone, if it is known: some of them say more to some people. A credential that is
/// not good counts as none.
pub(crate) struct Visitor(pub(crate) Option<Arc<Grant>>);

impl FromRequestParts<App> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Visitor, Infallible> {
        if !guard::trusts(&app.settings, &parts.uri, &parts.headers) {
            return Ok(Visitor(None));
        }
        let who = tokio::time::timeout(PATIENCE, auth::identify(app, parts, Care::Usual)).await;
        Ok(Visitor(who.ok().and_then(Result::ok)))
    }
}

/// The header `Idempotency-Key`, as the store remembers it: two callers may use the same one.
pub(crate) struct Key(pub(crate) Option<OpId>);

/// The same header, for the API document.
pub(crate) struct IdempotencyKey;

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let word = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .min_length(Some(1))
            .max_length(Some(255))
            .pattern(Some("^[!-~]+$"))
            .build();
        let header = ParameterBuilder::new().name("Idempotency-Key").parameter_in(ParameterIn::Header);
        let what = "Names this request, so that repeating it is safe";
        vec![header.required(Required::False).description(Some(what)).schema(Some(word)).build()]
    }
}

/// An answer that the first request with this key had, too.
pub(crate) fn replayed(mut answer: Response) -> Response {
    let name = HeaderName::from_static("idempotency-replayed");
    answer.headers_mut().insert(name, HeaderValue::from_static("true"));
    answer
}

impl FromRequestParts<App> for Key {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Key, Fail> {
        let grant = granted(parts)?;
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let value = match (values.next(), values.next()) {
            (None, _) => return Ok(Key(None)),
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        };
        let key = value.filter(|key| (1..=255).contains(&key.len())).map(unquoted);
        let Some(key) = key.filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic())) else {
            return Err(Fail::invalid(
                "Idempotency-Key",
                "it is one word of 1 to 255 visible ASCII characters",
            ));
        };
        op_id(grant.principal.as_str(), key).map(|op| Key(Some(op)))
    }
}

/// The draft of the header writes it as a string of a structured field, in quotes.
fn unquoted(text: &str) -> &str {
    let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inside.filter(|inside| !inside.is_empty()).unwrap_or(text)
}

/// A key that is too long for a name, or has other characters, is known by its digest; and a principal with a colon in it,
/// whose end could not be told from the beginning of the key.
pub(crate) fn op_id(principal: &str, key: &str) -> Result<OpId, Fail> {
    let sha1 = |text: &str| sha1_smol::Sha1::from(text).digest().to_string();
    let hidden = principal.contains(':').then(|| format!("sha1-{}", sha1(principal)));
    let principal = hidden.as_deref().unwrap_or(principal);
    let digest = || format!("{principal}:sha1:{}", sha1(key));
    let op = OpId::new(&format!("{principal}:{key}")).or_else(|_| OpId::new(&digest()));
    op.map_err(|error| Fail::invalid("Idempotency-Key", format!("failed to {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_key_becomes_a_name_and_two_keys_never_the_same() {
        assert_eq!(op_id("local-dev", "a-7").unwrap().as_str(), "local-dev:a-7");
        let long = op_id("local-dev", &"x".repeat(255)).unwrap();
        let odd = op_id("local-dev", "a/b").unwrap();
        assert!(long.as_str().starts_with("local-dev:sha1:") && long != odd);
        assert_ne!(op_id("user_a:b", "c").unwrap(), op_id("user_a", "b:c").unwrap());
        assert_ne!(op_id("user_a", "c").unwrap(), op_id("user_b", "c").unwrap());
        assert_eq!([unquoted("\"8e03\""), unquoted("\"\""), unquoted("\"")], ["8e03", "\"\"", "\""]);
    }
}
