//! Kinds: what is said of them. A kind may occur in any queue, so to say something of it takes a credential for all.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use baton_api::kind::{Kind, Kinds, PutKind};
use baton_auth::Action;
use baton_core::{Code, Kind as Name, Refusal, limits};
use baton_store::calls::kind::{KindPut, KindRemoved, PutKind as Put};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Grant;
use crate::convert::kind as convert;
use crate::extract::{
    Body, Caller, FromTerms, KindPath, NewKind, Paging, Part, Query, Terms, cut, if_match, if_none_match,
    with_link,
};
use crate::problem::Fail;
use crate::roster;

pub(super) fn plain() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_kind, put_kind, remove_kind))
}

pub(super) fn with_query() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_kinds))
}

/// Which part of the kinds.
pub(crate) struct KindsQuery(Paging);

impl FromTerms for KindsQuery {
    const KNOWN: &[&str] = &["limit", "cursor", "page", "page_size"];

    fn read(terms: &mut Terms) -> KindsQuery {
        KindsQuery(Paging::read(terms))
    }
}

/// List kinds
///
/// Those of which something is said; what is usual holds for tasks of all others.
#[utoipa::path(
    get, path = "/kinds", tag = "kinds", operation_id = "list_kinds",
    security(("bearer" = ["tasks:read"])),
    params(Paging),
    responses((status = 200, description = "A page of kinds, by name", body = Kinds,
               headers(("Link" = String, description = "Where the next page is, with rel=\"next\""))))
)]
pub(crate) async fn list_kinds(
    State(app): State<App>,
    caller: Caller,
    Query(KindsQuery(paging)): Query<KindsQuery>,
) -> Result<Response, Fail> {
    let found = roster::kinds(&app.store).await?;
    let Part { items, next_cursor, total, page, page_size } =
        cut(found, &paging, |declared| declared.kind.to_string())?;
    let kinds = items.into_iter().map(convert::kind).collect();
    let answer = Kinds { kinds, next_cursor: next_cursor.clone(), total, page, page_size };
    Ok(with_link(Json(answer), &caller, &paging, next_cursor.as_deref(), total))
}

/// Read a kind
#[utoipa::path(
    get, path = "/kinds/{name}", tag = "kinds", operation_id = "get_kind",
    security(("bearer" = ["tasks:read"])),
    params(
        KindPath,
        ("If-None-Match" = Option<String>, Header, description = "An ETag: 304 if the kind still has it"),
    ),
    responses(
        (status = 200, description = "What is said of it", body = Kind,
         headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "It is as the client knows it"),
    ),
    extensions(("x-problem-codes" = json!(["unknown_kind"])))
)]
pub(crate) async fn get_kind(
    State(app): State<App>,
    KindPath(name): KindPath,
    headers: HeaderMap,
) -> Result<Response, Fail> {
    let kind = known(&app, &name).await?;
    let tag = etag(&kind);
    if if_none_match(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    Ok(with_tag(StatusCode::OK, kind))
}

/// Say what holds for tasks of a kind
///
/// For those that say nothing themselves. What was said before and is left out now is forgotten. Tasks that were submitted
/// keep what they got; the waits after a failure and the reasons not worth another attempt hold for them at once.
#[utoipa::path(
    put, path = "/kinds/{name}", tag = "kinds", operation_id = "put_kind",
    security(("bearer" = ["queues:admin"])),
    params(
        NewKind,
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 if the kind has another one by now"),
    ),
    request_body = PutKind,
    responses(
        (status = 200, description = "The kind as it is now", body = Kind,
         headers(("ETag" = String, description = "Its version"))),
        (status = 201, description = "Nothing was said of it before", body = Kind, headers(
            ("Location" = String, description = "Where the kind is"),
            ("ETag" = String, description = "Its version"),
        )),
    ),
    extensions(("x-problem-codes" = json!(["unknown_kind", "stale_version", "conflict", "storage_full"])))
)]
pub(crate) async fn put_kind(
    State(app): State<App>,
    NewKind(name): NewKind,
    caller: Caller,
    headers: HeaderMap,
    Body(asked): Body<PutKind>,
) -> Result<Response, Fail> {
    must_everywhere(&caller.grant)?;
    if asked == PutKind::default() {
        return Err(Fail::invalid("", "say something of it; to forget what was said, DELETE it"));
    }
    let rules = convert::rules(&asked)?;
    let version = named(&app, &name, &headers).await?;
    let put = Put { kind: &name, rules: &rules, version, by: caller.by.as_ref() };
    match app.store.put_kind(&put).await? {
        KindPut::Created { .. } => {
            let location = [(header::LOCATION, format!("/api/v1/kinds/{name}"))];
            Ok((location, with_tag(StatusCode::CREATED, known(&app, &name).await?)).into_response())
        }
        KindPut::Changed { .. } | KindPut::Same { .. } => {
            Ok(with_tag(StatusCode::OK, known(&app, &name).await?))
        }
        KindPut::Stale { version } => Err(outdated(version)),
        KindPut::Refused(refused) if refused.refusal == Refusal::Conflict => Err(Fail::new(Code::Conflict)
            .because(format!(
                "Something is said of {} kinds already, and of more it cannot be. Remove some.",
                limits::KINDS_MAX
            ))),
        KindPut::Refused(refused) => Err(refused.into()),
    }
}

/// Forget what is said of a kind
///
/// Tasks that were submitted keep what they got from it.
#[utoipa::path(
    delete, path = "/kinds/{name}", tag = "kinds", operation_id = "remove_kind",
    security(("bearer" = ["queues:admin"])),
    params(
        KindPath,
        ("If-Match" = Option<String>, Header, description = "An ETag: 412 if the kind has another one by now"),
    ),
    responses((status = 204, description = "It is forgotten")),
    extensions(("x-problem-codes" = json!(["unknown_kind", "stale_version"])))
)]
pub(crate) async fn remove_kind(
    State(app): State<App>,
    KindPath(name): KindPath,
    caller: Caller,
    headers: HeaderMap,
) -> Result<StatusCode, Fail> {
    must_everywhere(&caller.grant)?;
    let version = known(&app, &name).await?.version;
    if !if_match(&headers, version).unwrap_or(true) {
        return Err(outdated(version));
    }
    match app.store.remove_kind(&name, version, caller.by.as_ref()).await? {
        KindRemoved::Done => Ok(StatusCode::NO_CONTENT),
        KindRemoved::Stale { version } => Err(outdated(version)),
        KindRemoved::Refused(refused) => Err(refused.into()),
    }
}

/// Tasks of a kind may lie in every queue.
fn must_everywhere(grant: &Grant) -> Result<(), Fail> {
    match grant.reaches_all(Action::QueuesAdmin) {
        true => Ok(()),
        false => Err(Fail::lacks(Action::QueuesAdmin)
            .because("A kind may occur in every queue, so this takes queues:admin for all of them.")),
    }
}

async fn known(app: &App, name: &Name) -> Result<Kind, Fail> {
    let found = app.store.kind(name).await?;
    found.map(convert::kind).ok_or_else(|| Fail::new(Code::UnknownKind))
}

/// The version that the caller names as the one he knows.
async fn named(app: &App, name: &Name, headers: &HeaderMap) -> Result<Option<u64>, Fail> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(None);
    }
    let version = known(app, name).await?.version;
    match if_match(headers, version) {
        Some(false) => Err(outdated(version)),
        _ => Ok(Some(version)),
    }
}

fn outdated(version: u64) -> Fail {
    let detail = format!("The kind has version {version} by now. {}", Code::StaleVersion.advice());
    Fail::new(Code::StaleVersion).because(detail)
}

fn etag(kind: &Kind) -> String {
    format!("\"{}\"", kind.version)
}

fn with_tag(status: StatusCode, kind: Kind) -> Response {
    (status, [(header::ETAG, etag(&kind))], Json(kind)).into_response()
}
