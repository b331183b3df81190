//! The two ways through a list: a cursor that stays good, or numbered pages with a total.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Object, ObjectBuilder, Required, Type};

use super::{Caller, Terms};
use crate::problem::Fail;

pub(crate) const LIMIT_MAX: u64 = 500;
const LIMIT: u64 = 50;
pub(crate) const PAGE_SIZE_MAX: u64 = 100;
/// Further away nobody looks by hand, and every page before it would be counted.
const PAGE_MAX: u64 = 1_000_000;

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Paging {
    Cursor { limit: u64, cursor: Option<String> },
    Page { page: u64, size: u64 },
}

impl Paging {
    pub(crate) fn read(terms: &mut Terms) -> Paging {
        let limit = terms.number("limit", 1, LIMIT_MAX);
        let cursor = terms.one("cursor");
        let page = terms.number("page", 1, PAGE_MAX);
        let size = terms.number("page_size", 1, PAGE_SIZE_MAX);
        let numbered = ["page", "page_size"].into_iter().find(|name| terms.has(name));
        let walked = terms.has("limit") || terms.has("cursor");
        match numbered {
            Some(name) if walked => terms.wrong(name, "either limit and cursor, or page and page_size"),
            _ => {}
        }
        match numbered {
            Some(_) => Paging::Page { page: page.unwrap_or(1), size: size.unwrap_or(20) },
            None => Paging::Cursor { limit: limit.unwrap_or(LIMIT), cursor },
        }
    }
}

impl IntoParams for Paging {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let number = |max: Option<u64>, default: Option<u64>| {
            let schema = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(max);
            schema.default(default.map(Into::into)).build()
        };
        let parameter = |name: &str, what: &str, schema: Object| {
            let built =
                ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).required(Required::False);
            built.description(Some(what)).schema(Some(schema)).build()
        };
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        vec![
            parameter("limit", "How many, from the cursor on", number(Some(LIMIT_MAX), Some(LIMIT))),
            parameter("cursor", "Where to begin: `next_cursor` of the page before", text),
            parameter("page", "A numbered page instead of a cursor", number(Some(PAGE_MAX), None)),
            parameter("page_size", "How many a numbered page has", number(Some(PAGE_SIZE_MAX), Some(20))),
        ]
    }
}

/// A list that has only the first of the two ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Walk {
    pub(crate) limit: u64,
    pub(crate) cursor: Option<String>,
}

impl Walk {
    pub(crate) fn read(terms: &mut Terms) -> Walk {
        let limit = terms.number("limit", 1, LIMIT_MAX).unwrap_or(LIMIT);
        Walk { limit, cursor: terms.one("cursor") }
    }
}

impl IntoParams for Walk {
    fn into_params(parameter_in: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let both = Paging::into_params(parameter_in);
        both.into_iter().filter(|known| matches!(known.name.as_str(), "limit" | "cursor")).collect()
    }
}

/// What of a list that is at hand belongs to the part that was asked for.
pub(crate) struct Part<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next_cursor: Option<String>,
    pub(crate) total: Option<u64>,
    pub(crate) page: Option<u64>,
    pub(crate) page_size: Option<u64>,
}

/// Cuts a list that is sorted by `name`. A cursor is the name of the last item before it.
pub(crate) fn cut<T>(all: Vec<T>, paging: &Paging, name: impl Fn(&T) -> String) -> Result<Part<T>, Fail> {
    let total = all.len() as u64;
    match paging {
        Paging::Cursor { limit, cursor } => {
            let after = cursor.as_deref().map_or(Ok(String::new()), last_before)?;
            let mut rest = all.into_iter().filter(|item| name(item) > after).peekable();
            let items: Vec<T> = rest.by_ref().take(*limit as usize).collect();
            let next =
                items.last().filter(|_| rest.peek().is_some()).map(|item| URL_SAFE_NO_PAD.encode(name(item)));
            Ok(Part { items, next_cursor: next, total: None, page: None, page_size: None })
        }
        Paging::Page { page, size } => {
            let items = all.into_iter().skip(((page - 1) * size) as usize).take(*size as usize).collect();
            Ok(Part {
                items,
                next_cursor: None,
                total: Some(total),
                page: Some(*page),
                page_size: Some(*size),
            })
        }
    }
}

fn last_before(cursor: &str) -> Result<String, Fail> {
    let name = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    name.filter(|name| !name.is_empty()).ok_or_else(no_cursor)
}

pub(crate) fn no_cursor() -> Fail {
    Fail::invalid("cursor", "this is no cursor: send `next_cursor` of the page before, as it was")
}

/// `Link: <…>; rel="next"`, for clients that follow links.
pub(crate) fn with_link(
    answer: impl IntoResponse,
    caller: &Caller,
    paging: &Paging,
    next_cursor: Option<&str>,
    total: Option<u64>,
) -> Response {
    let mut answer = answer.into_response();
    let next = match (paging, next_cursor, total) {
        (Paging::Cursor { .. }, Some(cursor), _) => Some(format!("cursor={cursor}")),
        (Paging::Page { page, size }, _, Some(total)) if page * size < total => {
            Some(format!("page={}", page + 1))
        }
        _ => None,
    };
    let kept = caller.query.split('&');
    let kept =
        kept.filter(|pair| !pair.is_empty() && !pair.starts_with("cursor=") && !pair.starts_with("page="));
    if let Some(next) = next {
        let query: Vec<&str> = kept.chain([next.as_str()]).collect();
        let link = format!("<{}?{}>; rel=\"next\"", caller.asked.path, query.join("&"));
        if let Ok(link) = HeaderValue::from_str(&link) {
            answer.headers_mut().insert(header::LINK, link);
        }
    }
    answer
}
