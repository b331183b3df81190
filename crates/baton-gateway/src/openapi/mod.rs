//! The API document: the routes say what they answer; what every route may answer is added here.

mod links;

use std::collections::BTreeMap;

use baton_api::Problem;
use baton_api::problem::status_of;
use baton_auth::Action;
use baton_core::Code;
use utoipa::PartialSchema;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, Header, InfoBuilder, License, OpenApi, PathItem, Ref, RefOr, ResponseBuilder, Server, Tag,
};

use crate::auth::SCHEME;
use crate::budget;
use crate::routes;

/// What any route may say no with.
const EVERYWHERE: [Code; 7] = [
    Code::Malformed,
    Code::CrossSite,
    Code::Validation,
    Code::HeadersTooLarge,
    Code::Internal,
    Code::RedisUnavailable,
    Code::SchemaTooNew,
];
/// And those that take a body.
const WITH_BODY: [Code; 2] = [Code::PayloadTooLarge, Code::UnsupportedMediaType];
/// And those that are not for everyone.
const WITH_CREDENTIAL: [Code; 3] = [Code::Unauthenticated, Code::TokenExpired, Code::InsufficientScope];
/// Where a route names the further codes that it may say no with.
const CODES: &str = "x-problem-codes";

/// OpenAPI 3.1 of everything under `/api/v1`, and of health.
pub fn openapi() -> OpenApi {
    complete(routes::documented().into_openapi())
}

pub(crate) fn complete(mut api: OpenApi) -> OpenApi {
    let license = License::builder().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
    api.info = InfoBuilder::new()
        .title("Baton")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A fleet of workers on Redis: submit tasks, claim them under a lease, report how they ended.",
        ))
        .license(Some(license))
        .build();
    api.servers = Some(vec![Server::new("/")]);
    let tag = |(name, what): (&str, &str)| {
        let mut tag = Tag::new(name);
        tag.description = Some(what.to_owned());
        tag
    };
    let tags = [
        ("tasks", "Submit tasks, look at them, act on them"),
        ("flows", "Tasks that wait for each other: submit them together, look at them, act on all of them"),
        ("leases", "What the holder of a task says of it: worker and fence are in every body"),
        ("workers", "Register, claim, renew, leave; and what operators tell workers"),
        ("pools", "Sets of equal workers that supervisors keep alive: how large they are, and how they do"),
        ("schedules", "Tasks at given times: make schedules, look at them, pause and trigger them"),
        ("kinds", "What holds for tasks of a kind that say nothing themselves"),
        ("webhooks", "Addresses that are told of ends of tasks"),
        ("queues", "Queues in numbers; limits, pause and resume, drain and purge"),
        ("operations", "One act on many tasks, how far it is; and the trail of what operators did"),
        ("errors", "Failures in groups: those that differ only in numbers, ids and the like are one"),
        ("events", "What happens, as it happens"),
        ("auth", "Log in and out; sessions, passwords, API keys, users"),
        ("oauth", "The same for programs that speak OAuth"),
        ("gateway", "What a gateway says of itself"),
    ];
    api.tags = Some(tags.into_iter().map(tag).collect());
    let components = api.components.get_or_insert_default();
    components.schemas.insert("Problem".to_owned(), Problem::schema());
    components.add_security_scheme(SCHEME, bearer());
    components.schemas.insert("Pointed".to_owned(), baton_api::problem::Pointed::schema());
    for (path, item) in &mut api.paths.paths {
        let counted = budget::counts(path);
        operations(item).for_each(|operation| document_problems(operation, counted));
    }
    links::add(&mut api);
    api
}

/// OAuth knows which scopes a token may have; this scheme only that there is one, so they stand in the description.
fn bearer() -> SecurityScheme {
    let scopes: Vec<String> =
        Action::ALL.iter().map(|action| format!("- `{action}`: {}", action.about())).collect();
    let description = format!(
        "An access token or an API key. A route names the scopes that it takes; those of tasks and queues may be for some \
         queues only: `tasks:claim@emails`, `tasks:read@img-*`.\n\n{}",
        scopes.join("\n")
    );
    SecurityScheme::Http(
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build(),
    )
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.put, &mut path.post, &mut path.delete, &mut path.patch].into_iter().flatten()
}

fn document_problems(operation: &mut Operation, counted: bool) {
    let named = operation.extensions.as_ref().and_then(|extensions| extensions.get(CODES)).cloned();
    let named: Vec<String> = named.and_then(|codes| serde_json::from_value(codes).ok()).unwrap_or_default();
    let own = named.iter().filter_map(|code| code.parse::<Code>().ok());
    let body = operation.request_body.iter().flat_map(|_| WITH_BODY);
    let is_open = operation.security.iter().flatten().any(|way| *way == SecurityRequirement::default());
    let credential = WITH_CREDENTIAL.into_iter().filter(|_| !is_open);
    let budget = Some(Code::RateLimited).filter(|_| counted && !is_open);
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in EVERYWHERE.into_iter().chain(body).chain(credential).chain(budget).chain(own) {
        let codes = by_status.entry(status_of(code)).or_default();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    for (status, codes) in by_status {
        let responses = &mut operation.responses.responses;
        match responses.get_mut(&status.to_string()) {
            None => {
                responses.insert(status.to_string(), problem(status, &codes).into());
            }
            // OAuth has words of its own; what goes wrong before anybody thinks of OAuth is a problem all the same.
            Some(RefOr::T(known)) if status >= 400 => known.content.extend(problem(status, &codes).content),
            Some(_) => {}
        }
    }
}

fn problem(status: u16, codes: &[Code]) -> utoipa::openapi::Response {
    let words: Vec<String> = codes.iter().map(|code| format!("`{code}`: {}", code.advice())).collect();
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let mut response =
        ResponseBuilder::new().description(words.join(" ")).content("application/problem+json", content);
    if status == 401 {
        response = response.header("WWW-Authenticate", Header::new(String::schema()));
    }
    if matches!(status, 429 | 503 | 507) {
        response = response.header("Retry-After", Header::new(u64::schema()));
    }
    response.build()
}
