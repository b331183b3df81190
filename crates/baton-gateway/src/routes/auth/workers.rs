//! How a worker gets a credential of its own.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use baton_api::auth::{Join, Joined, NewJoinToken, OneTimeCode, Secret};
use baton_auth::bearer::Presented;
use baton_auth::one_shot::Purpose;
use baton_auth::{Action, Scopes, user_tag};
use baton_core::login::UserId;
use baton_core::{Code, WorkerId};
use baton_store::calls::token::{ChangeKey, NewApiKey};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::unkept;
use super::body::{Loose, MaybeLoose};
use super::keys::{Drawn, draw};
use crate::app::App;
use crate::auth::{Care, Credential, Grant, Hands, Who, identify, presented};
use crate::problem::Fail;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(make_join_token)).routes(routes!(join))
}

/// What a join token stands for.
#[derive(Serialize, Deserialize)]
struct Invited {
    by: String,
    scopes: String,
}

/// Make a join token
///
/// For one worker, once: it exchanges the token for a key of its own, so that an image that leaks holds nothing.
#[utoipa::path(
    post, path = "/auth/workers/join-tokens", tag = "auth", operation_id = "make_join_token",
    security(("bearer" = ["admin:keys"])),
    request_body = Option<NewJoinToken>,
    responses((status = 201, description = "The token", body = OneTimeCode)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "storage_full"])))
)]
pub(super) async fn make_join_token(
    State(app): State<App>,
    Who(grant): Who,
    MaybeLoose(body): MaybeLoose<NewJoinToken>,
) -> Result<Response, Fail> {
    grant.must(Action::AdminKeys)?;
    let by = grant.user.as_ref().ok_or_else(|| Fail::new(Code::Unauthenticated))?;
    let scopes = scopes_of(&body.queues)?;
    if !grant.scopes.contain(&scopes) {
        return Err(Fail::lacks(Action::TasksClaim));
    }
    let invited = Invited { by: by.to_string(), scopes: scopes.to_string() };
    let ttl = app.auth.logins.rules.join_ttl;
    let code = app.auth.code_for(Purpose::Join, &invited, ttl).await?;
    let body = OneTimeCode { code: Secret(code.expose().clone()), expires_in: ttl.as_secs() };
    Ok(unkept((StatusCode::CREATED, Json(body)).into_response()))
}

/// What a worker does: register, and claim from these queues.
fn scopes_of(queues: &[String]) -> Result<Scopes, Fail> {
    if let Some(odd) = queues.iter().find(|queue| queue.is_empty() || queue.contains(char::is_whitespace)) {
        return Err(Fail::invalid("/queues", format!("{odd:?} is not one queue")));
    }
    let claims: Vec<String> = match queues {
        [] => vec![Action::TasksClaim.to_string()],
        queues => queues.iter().map(|queue| format!("{}@{queue}", Action::TasksClaim)).collect(),
    };
    let scopes = format!("{} {}", Action::WorkersRegister, claims.join(" ")).parse::<Scopes>();
    scopes.map_err(|error| Fail::invalid("/queues", format!("failed to {error}")))
}

/// Who wants to join.
pub(super) enum Joiner {
    Token(String),
    Key(Box<Grant>),
}

impl FromRequestParts<App> for Joiner {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Joiner, Fail> {
        if let Some(Presented::Bearer(credential)) = presented(&parts.headers)?
            && credential.expose().starts_with(Purpose::Join.prefix())
        {
            return Ok(Joiner::Token(credential.expose().clone()));
        }
        let grant = identify(app, parts, Care::Strict).await?;
        grant.must(Action::WorkersRegister)?;
        match grant.credential {
            Credential::Key { .. } => Ok(Joiner::Key(Box::new((*grant).clone()))),
            Credential::Open => Err(Fail::new(Code::Unauthenticated)),
            Credential::Session { .. } => Err(Fail::new(Code::InsufficientScope)
                .because("This takes a join token or an API key, not a login.")),
        }
    }
}

/// Join as a worker
///
/// A join token is exchanged for an API key of a new worker, once. An API key with `workers:register` gets an access
/// token of a worker, again and again.
#[utoipa::path(
    post, path = "/auth/workers/join", tag = "auth", operation_id = "join_worker", security(()),
    request_body = Join,
    responses((status = 201, description = "The worker's id and its credential", body = Joined)),
    extensions(("x-problem-codes" = json!(["unauthenticated", "insufficient_scope", "worker_not_bound", "storage_full"])))
)]
pub(super) async fn join(
    State(app): State<App>,
    joiner: Joiner,
    Loose(body): Loose<Join>,
) -> Result<Response, Fail> {
    let wrong = |pointer, error: baton_core::NameError| Fail::invalid(pointer, format!("failed to {error}"));
    // Looked at before anything is spent or counted.
    numbered(0, &body.kind).map_err(|error| wrong("/kind", error))?;
    let named = body.worker_id.as_deref().map(str::parse::<WorkerId>).transpose();
    let named = named.map_err(|error| wrong("/worker_id", error))?;
    let joined = match joiner {
        Joiner::Token(_) if named.is_some() => {
            return Err(Fail::invalid(
                "/worker_id",
                "a join token is for a new worker, whose number is allocated",
            ));
        }
        Joiner::Token(code) => by_token(&app, &code, &body.kind).await?,
        Joiner::Key(grant) => by_key(&app, &grant, named, &body.kind).await?,
    };
    Ok(unkept((StatusCode::CREATED, Json(joined)).into_response()))
}

fn numbered(number: u64, kind: &str) -> Result<WorkerId, baton_core::NameError> {
    WorkerId::new(&format!("worker-{number:03}-{kind}"))
}

async fn allocate(app: &App, kind: &str) -> Result<WorkerId, Fail> {
    let number = app.auth.store.number_worker().await?;
    numbered(number, kind).map_err(|error| Fail::invalid("/kind", format!("failed to {error}")))
}

async fn by_token(app: &App, code: &str, kind: &str) -> Result<Joined, Fail> {
    let refused = || Fail::new(Code::Unauthenticated);
    let invited: Invited = app.auth.spend(Purpose::Join, code).await?.ok_or_else(refused)?;
    let owner: UserId = invited.by.parse().map_err(|_| refused())?;
    let worker_id = allocate(app, kind).await?;
    let Drawn { id, text, hash } = draw()?;
    let new = NewApiKey {
        id: &id,
        tag: user_tag(&owner),
        owner: &owner,
        name: worker_id.as_str(),
        scopes: &invited.scopes,
        worker: worker_id.as_str(),
        cidrs: "",
        expires_at_ms: None,
        hash: &hash,
    };
    app.auth.store.put_key(&new).await?.ok_or_else(|| Fail::new(Code::Internal))?;
    Ok(Joined {
        worker_id,
        api_key: Some(Secret(text.expose().clone())),
        access_token: None,
        expires_in: None,
    })
}

/// Workers of one key at most: they stand in its record.
const WORKERS_MAX: usize = 1_000;

/// A worker that was allocated for this key, or a new one: whoever could name any would take over others' tasks.
async fn own_worker(app: &App, grant: &Grant, named: Option<WorkerId>, kind: &str) -> Result<WorkerId, Fail> {
    let Credential::Key { id } = &grant.credential else { return Err(Fail::new(Code::Unauthenticated)) };
    let record = app.auth.store.read_key(id).await?.ok_or_else(|| Fail::new(Code::Unauthenticated))?;
    match named {
        Some(named) if record.joined.iter().any(|own| own == named.as_str()) => Ok(named),
        Some(_) => Err(Fail::new(Code::WorkerNotBound)
            .because("This worker was not allocated for this key. Leave worker_id out, and a new one is.")),
        None if record.joined.len() >= WORKERS_MAX => Err(Fail::new(Code::Conflict)
            .because(format!("{WORKERS_MAX} workers were allocated for this key: make another one."))),
        None => {
            let worker = allocate(app, kind).await?;
            app.auth.store.change_key(id, ChangeKey::Joined(&worker)).await?;
            Ok(worker)
        }
    }
}

async fn by_key(app: &App, grant: &Grant, named: Option<WorkerId>, kind: &str) -> Result<Joined, Fail> {
    let worker_id = match (&grant.hands, named) {
        (Hands::Of(own), Some(named)) if *own != named => return Err(Fail::new(Code::WorkerNotBound)),
        (Hands::Of(own), _) => own.clone(),
        (_, named) => own_worker(app, grant, named, kind).await?,
    };
    let issued = app.auth.key_access(grant, &grant.scopes, Some(&worker_id)).await?;
    Ok(Joined {
        worker_id,
        api_key: None,
        access_token: Some(Secret(issued.access)),
        expires_in: Some(issued.expires_in_s),
    })
}
