//! Query strings: every parameter is known, is there once, and can be read. All mistakes are answered together.

use std::collections::HashSet;
use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Request};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use baton_api::nearest;
use baton_api::problem::Pointed;

use crate::app::App;
use crate::problem::Fail;

/// The parameters of one route.
pub(crate) trait FromTerms: Sized {
    const KNOWN: &[&str];

    fn read(terms: &mut Terms) -> Self;
}

/// What stands in a query string, and what is wrong with it.
pub(crate) struct Terms {
    pairs: Vec<(String, String)>,
    errors: Vec<Pointed>,
}

impl Terms {
    fn of(uri: &Uri, known: &[&str]) -> Result<Terms, Fail> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        let pairs = pairs.map_err(|_| Fail::malformed("The query cannot be read."))?.0;
        let mut terms = Terms { pairs, errors: Vec::new() };
        let unknown: HashSet<String> = terms
            .pairs
            .iter()
            .map(|(name, _)| name.clone())
            .filter(|name| !known.contains(&name.as_str()))
            .collect();
        for name in unknown {
            let message = match nearest(&name, known.iter().copied()) {
                Some(meant) => format!("there is no such parameter: did you mean {meant}?"),
                None => format!("there is no such parameter; known are: {}", known.join(", ")),
            };
            terms.wrong(&name, message);
        }
        Ok(terms)
    }

    /// The whole query as what a route knows.
    pub(crate) fn read_all<T: FromTerms>(uri: &Uri) -> Result<T, Fail> {
        let mut terms = Terms::of(uri, T::KNOWN)?;
        let value = T::read(&mut terms);
        if terms.errors.is_empty() { Ok(value) } else { Err(Fail::all(terms.errors)) }
    }

    pub(crate) fn wrong(&mut self, name: &str, message: impl Into<String>) {
        self.errors.push(Pointed { pointer: name.chars().take(64).collect(), message: message.into() });
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(known, _)| known == name)
    }

    /// A parameter that stands there at most once.
    pub(crate) fn one<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        let values: Vec<String> = self.values(name);
        match &values[..] {
            [] => None,
            [value] => self.parse(name, value),
            _ => {
                self.wrong(name, "it may stand there only once");
                None
            }
        }
    }

    /// A parameter that may be repeated, or have several values with commas between.
    pub(crate) fn many<T: FromStr<Err: Display>>(&mut self, name: &str) -> Vec<T> {
        let values = self.values(name);
        let each = values.iter().flat_map(|value| value.split(','));
        each.filter_map(|value| self.parse(name, value)).collect()
    }

    /// A number within bounds.
    pub(crate) fn number(&mut self, name: &str, min: u64, max: u64) -> Option<u64> {
        let number = self.one(name)?;
        if (min..=max).contains(&number) {
            return Some(number);
        }
        self.wrong(name, format!("{number} is not between {min} and {max}"));
        None
    }

    fn values(&self, name: &str) -> Vec<String> {
        self.pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
    }

    fn parse<T: FromStr<Err: Display>>(&mut self, name: &str, value: &str) -> Option<T> {
        value.parse().map_err(|error| self.wrong(name, format!("failed to {}", reading(&error)))).ok()
    }
}

/// Our own errors say what could not be done; those of the standard library say what is wrong with a number.
fn reading(error: &impl Display) -> String {
    let text = error.to_string();
    let ours = ["read ", "take ", "use "].iter().any(|verb| text.starts_with(verb));
    if ours { text } else { format!("read it: {text}") }
}

/// The query of a request.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: FromTerms> FromRequestParts<App> for Query<T> {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Query<T>, Fail> {
        Terms::read_all(&parts.uri).map(Query)
    }
}

/// For routes without parameters.
pub(crate) async fn no_query(request: Request, next: Next) -> Response {
    match Terms::of(request.uri(), &[]) {
        Ok(terms) if terms.errors.is_empty() => next.run(request).await,
        Ok(terms) => Fail::all(terms.errors).into_response(),
        Err(fail) => fail.into_response(),
    }
}
