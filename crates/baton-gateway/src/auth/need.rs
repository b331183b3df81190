//! What each route asks of a credential. The routes say it in their `#[utoipa::path]`, so the API document and this table
//! cannot differ: `security(("bearer" = ["tasks:read"]))`, several of them where any one will do, `("bearer" = [])` for
//! any credential at all, and `security(())` for none. A route that says nothing is refused to everyone.

use std::collections::HashMap;

use axum::http::{HeaderValue, Method};
use baton_auth::Action;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, PathItem};

use super::{Care, Grant};
use crate::problem::Fail;

/// The name under which the API document knows credentials.
pub(crate) const SCHEME: &str = "bearer";
/// Where a route says that Redis must be asked whether the credential still counts.
const STRICT: &str = "x-strict";

/// Pages that the API document leaves out. They are the same for everyone, and say nothing of tasks or workers.
const PAGES: [&str; 6] =
    ["/openapi.json", "/docs", "/docs/", "/docs/{*file}", "/problems", "/problems/{code}"];

/// What a route asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// No credential. One that is brought all the same is not looked at.
    Nothing,
    /// One that allows everything in one of these lists. An empty list is for whoever has any.
    OneOf(Vec<Vec<Action>>, Care),
}

impl Need {
    /// What the route says; none if that is nothing, or makes no sense.
    fn of(operation: &Operation) -> Option<Need> {
        let said = serde_json::to_value(operation.security.as_ref()?).ok()?;
        let ways: Vec<HashMap<String, Vec<String>>> = serde_json::from_value(said).ok()?;
        match &ways[..] {
            [] => None,
            [only] if only.is_empty() => Some(Need::Nothing),
            ways => {
                let ways = ways.iter().map(way).collect::<Option<Vec<Vec<Action>>>>()?;
                let care = if is_strict(operation, &ways) { Care::Strict } else { Care::Usual };
                Some(Need::OneOf(ways, care))
            }
        }
    }

    pub(crate) fn care(&self) -> Care {
        match self {
            Need::OneOf(_, care) => *care,
            Need::Nothing => Care::Usual,
        }
    }

    /// Refuses a grant that does not allow it anywhere, be it for one queue.
    pub(crate) fn met_by(&self, grant: &Grant) -> Result<(), Fail> {
        let Need::OneOf(ways, _) = self else { return Ok(()) };
        let lacks = |way: &Vec<Action>| way.iter().copied().find(|action| grant.must(*action).is_err());
        let mut lacking = None;
        for way in ways {
            match lacks(way) {
                None => return Ok(()),
                Some(action) => lacking = lacking.or(Some(action)),
            }
        }
        Err(Fail::lacks(lacking.unwrap_or(Action::Admin)))
    }
}

fn way(said: &HashMap<String, Vec<String>>) -> Option<Vec<Action>> {
    if said.len() != 1 {
        return None;
    }
    said.get(SCHEME)?.iter().map(|word| word.parse().ok()).collect()
}

/// What hands out power is never done with a credential that has just been revoked.
fn is_strict(operation: &Operation, ways: &[Vec<Action>]) -> bool {
    let powers = [Action::AdminUsers, Action::AdminKeys, Action::Admin];
    let said = operation.extensions.as_ref().and_then(|extensions| extensions.get(STRICT));
    said == Some(&serde_json::Value::Bool(true))
        || ways.iter().flatten().any(|action| powers.contains(action))
}

/// The needs of all routes, by path and method.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs(HashMap<String, Vec<(Method, Option<Need>)>>);

/// What is known of a request's route.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Looked<'a> {
    Need(&'a Need),
    /// The path takes these methods, and this is not one of them.
    OtherMethods(HeaderValue),
    /// Nobody has said what it needs.
    Undeclared,
}

impl Needs {
    pub(crate) fn of(api: &OpenApi) -> Needs {
        let mut needs = Needs::default();
        for (path, item) in &api.paths.paths {
            for (method, operation) in operations(item) {
                needs.add(path, method, Need::of(operation));
            }
        }
        PAGES.iter().for_each(|path| needs.add(path, Method::GET, Some(Need::Nothing)));
        needs
    }

    fn add(&mut self, path: &str, method: Method, need: Option<Need>) {
        self.0.entry(path.to_owned()).or_default().push((method, need));
    }

    /// Whether a grant is enough for a route.
    #[cfg(test)]
    pub(crate) fn allows(&self, path: &str, method: &Method, grant: &Grant) -> bool {
        matches!(self.look(path, method), Looked::Need(need) if need.met_by(grant).is_ok())
    }

    pub(crate) fn look(&self, path: &str, method: &Method) -> Looked<'_> {
        let Some(known) = self.0.get(path) else { return Looked::Undeclared };
        // Whatever can be read can be asked for without its body.
        let meant = if method == Method::HEAD { &Method::GET } else { method };
        match known.iter().find(|(of, _)| of == meant) {
            Some((_, Some(need))) => Looked::Need(need),
            Some((_, None)) => Looked::Undeclared,
            None => Looked::OtherMethods(allowed(known)),
        }
    }
}

fn allowed(known: &[(Method, Option<Need>)]) -> HeaderValue {
    let word =
        |method: &Method| if method == Method::GET { "GET,HEAD".to_owned() } else { method.to_string() };
    let words: Vec<String> = known.iter().map(|(method, _)| word(method)).collect();
    HeaderValue::from_str(&words.join(",")).unwrap_or(HeaderValue::from_static(""))
}

fn operations(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    let each = [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::DELETE, &item.delete),
        (Method::PATCH, &item.patch),
        (Method::OPTIONS, &item.options),
        (Method::HEAD, &item.head),
        (Method::TRACE, &item.trace),
    ];
    each.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::auth::of_key as grant;

    fn needs(security: &serde_json::Value) -> Needs {
        let mut get = json!({ "responses": {} });
        if !security.is_null() {
            get["security"] = security.clone();
        }
        let document = json!({
            "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
            "paths": { "/a/{id}": { "get": get, "delete": { "responses": {}, "security": [{}] } } },
        });
        Needs::of(&serde_json::from_value(document).unwrap())
    }

    #[test]
    fn every_documented_route_says_what_it_needs() {
        let api = crate::openapi();
        let needs = Needs::of(&api);
        for (path, item) in &api.paths.paths {
            for (method, _) in operations(item) {
                assert!(matches!(needs.look(path, &method), Looked::Need(_)), "{method} {path}");
            }
        }
    }

    #[test]
    fn only_these_documented_routes_are_for_everyone() {
        let api = crate::openapi();
        let needs = Needs::of(&api);
        let open = |(path, item): (&String, &PathItem)| {
            let mut each = operations(item);
            each.any(|(method, _)| needs.look(path, &method) == Looked::Need(&Need::Nothing))
                .then(|| path.clone())
        };
        let mut open: Vec<String> = api.paths.paths.iter().filter_map(open).collect();
        open.sort();
        let expected = [
            "/.well-known/jwks.json",
            "/.well-known/oauth-authorization-server",
            "/.well-known/oauth-protected-resource",
            "/auth/login",
            "/auth/logout",
            "/auth/password/reset",
            "/auth/refresh",
            // It looks at the credential itself: a join token is one, too.
            "/auth/workers/join",
            "/health",
            // Clients show who they are in ways of their own.
            "/oauth/introspect",
            "/oauth/revoke",
            "/oauth/token",
            "/ready",
        ];
        assert_eq!(open, expected);
    }

    #[test]
    fn what_is_not_declared_or_makes_no_sense_is_for_nobody() {
        for said in [
            json!(null),
            json!([]),
            json!([{ "bearer": ["tasks:eat"] }]),
            json!([{ "basic": [] }]),
            json!([{}, {}]),
        ] {
            assert_eq!(needs(&said).look("/a/{id}", &Method::GET), Looked::Undeclared, "{said}");
        }
        let known = needs(&json!([{}]));
        assert_eq!(known.look("/a/b", &Method::GET), Looked::Undeclared);
        assert_eq!(known.look("/a/{id}", &Method::HEAD), Looked::Need(&Need::Nothing));
        let others = Looked::OtherMethods(HeaderValue::from_static("GET,HEAD,DELETE"));
        assert_eq!(known.look("/a/{id}", &Method::POST), others);
    }

    #[test]
    fn one_way_is_enough_and_must_be_whole() {
        let known =
            needs(&json!([{ "bearer": ["tasks:claim", "tasks:read"] }, { "bearer": ["workers:admin"] }]));
        let Looked::Need(need) = known.look("/a/{id}", &Method::GET) else { panic!("it is declared") };
        for (scopes, enough) in [
            ("tasks:claim", false),
            ("tasks:claim@a tasks:read@b", true),
            ("workers:admin", true),
            ("admin", true),
            ("", false),
        ] {
            assert_eq!(need.met_by(&grant(scopes)).is_ok(), enough, "{scopes:?}");
        }
        assert_eq!(need.met_by(&grant("tasks:claim")), Err(Fail::lacks(Action::TasksRead)));
        let any = needs(&json!([{ "bearer": [] }]));
        let Looked::Need(need) = any.look("/a/{id}", &Method::GET) else { panic!("it is declared") };
        assert_eq!((need, need.met_by(&grant(""))), (&Need::OneOf(vec![vec![]], Care::Usual), Ok(())));
    }

    #[test]
    fn power_is_handed_out_with_care() {
        for (scope, care) in
            [("admin:keys", Care::Strict), ("admin", Care::Strict), ("workers:admin", Care::Usual)]
        {
            let known = needs(&json!([{ "bearer": [scope] }]));
            let Looked::Need(Need::OneOf(_, found)) = known.look("/a/{id}", &Method::GET) else {
                panic!("{scope} is declared")
            };
            assert_eq!(*found, care, "{scope}");
        }
    }
}
