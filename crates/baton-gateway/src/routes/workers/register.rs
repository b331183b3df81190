//! `POST /workers/register`: a worker introduces itself, and is known in every shard from then on.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use baton_api::worker::{Register, Registered};
use baton_auth::Action;
use baton_core::{Boot, Code, LeaseLength, Refusal, WorkerId, limits};
use baton_store::calls::{Refused, worker as stored};

use crate::app::App;
use crate::auth::{Grant, Hands};
use crate::clock;
use crate::extract::{Body, Caller};
use crate::problem::Fail;

/// Register a worker
///
/// Without `worker_id` it is the one that the credential is bound to; where there are no logins, one is allocated. The boot names this life of the worker: keep it, and send it with every claim and
/// heartbeat. What an earlier boot of the same worker held, this one holds from now on.
#[utoipa::path(
    post, path = "/workers/register", tag = "workers", operation_id = "register_worker",
    security(("bearer" = ["tasks:claim"])),
    request_body = Register,
    responses((status = 201, description = "It is registered", body = Registered,
               headers(("Location" = String, description = "Where the worker is")))),
    extensions(("x-problem-codes" = json!(["worker_not_bound", "conflict", "superseded", "lease_lost"])))
)]
pub(crate) async fn register_worker(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<Register>,
) -> Result<impl IntoResponse, Fail> {
    let bound = who(&caller.grant, asked.worker_id.as_ref())?;
    caller.grant.must_in_all(Action::TasksClaim, &asked.queues, |at| format!("/queues/{at}"))?;
    let lease = LeaseLength::from_ms(asked.lease_ms.unwrap_or(limits::LEASE_MS));
    let lease = lease.map_err(|error| Fail::invalid("/lease_ms", format!("failed to {error}")))?;
    check(&asked)?;
    let about = about(&asked)?;
    let about: Vec<(&str, &str)> = about.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let id = match bound {
        Some(id) => id,
        None => allocate(&app, asked.kind.as_deref()).await?,
    };
    let boot = asked.boot.clone().map_or_else(draw_boot, Ok)?;
    let mut taken_over = 0;
    for shard in app.store.shards().all() {
        let expects = asked.expects.as_ref();
        let register = stored::Register { worker: &id, boot: &boot, expects, lease, about: &about };
        match app.store.register(shard, &register).await? {
            stored::Registered::Current { taken_over: more, .. } => taken_over += more,
            stored::Registered::Refused(refused) => return Err(refused_boot(refused)),
        }
    }
    let location = format!("/api/v1/workers/{id}");
    let (lease_ms, renew_every_ms) = (lease.ms(), lease.renew_every_ms());
    let registered = Registered { id, boot, lease_ms, renew_every_ms, taken_over };
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(registered)))
}

/// The worker that this credential registers; none where it may be any.
fn who(grant: &Grant, asked: Option<&WorkerId>) -> Result<Option<WorkerId>, Fail> {
    match (asked, &grant.hands) {
        (Some(id), _) => grant.must_be(id).map(|()| Some(id.clone())),
        (None, Hands::Any) => Ok(None),
        (None, Hands::Of(own)) => Ok(Some(own.clone())),
        (None, Hands::None) => {
            let detail = "The credential is bound to no worker. POST /auth/workers/join gives one that is, in exchange for a                           join token or with a key that may workers:register; or make one with `baton key create --worker`.";
            Err(Fail::new(Code::WorkerNotBound).because(detail))
        }
    }
}

fn check(asked: &Register) -> Result<(), Fail> {
    let longest = [("/host", &asked.host, 256), ("/version", &asked.version, 64), ("/kind", &asked.kind, 32)];
    for (pointer, text, max) in longest {
        if text.as_ref().is_some_and(|text| text.chars().count() > max) {
            return Err(Fail::invalid(pointer, format!("at most {max} characters")));
        }
    }
    let plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase() || byte == b'-';
    match &asked.kind {
        Some(kind) if kind.is_empty() || kind.starts_with('-') || !kind.bytes().all(plain) => {
            Err(Fail::invalid("/kind", "only lower-case letters, digits and -, and no - in front"))
        }
        _ => Ok(()),
    }
}

async fn allocate(app: &App, kind: Option<&str>) -> Result<WorkerId, Fail> {
    let number = app.store.number_worker().await?;
    let id = WorkerId::new(&format!("worker-{number:03}-{}", kind.unwrap_or("default")));
    id.map_err(|error| Fail::invalid("/kind", format!("failed to {error}")))
}

fn draw_boot() -> Result<Boot, Fail> {
    Boot::new(&format!("{:016x}", clock::random())).map_err(|_| Fail::new(Code::Internal))
}

/// What the record keeps beside what the lease needs.
fn about(asked: &Register) -> Result<Vec<(&'static str, String)>, Fail> {
    if asked.queues.len() as u64 > limits::CLAIM_QUEUES_MAX {
        return Err(Fail::invalid("/queues", format!("at most {} queues", limits::CLAIM_QUEUES_MAX)));
    }
    let slots = asked.slots.unwrap_or(1);
    if !(1..=limits::HELD_TASKS_MAX).contains(&slots) {
        return Err(Fail::invalid(
            "/slots",
            format!("{slots} is not between 1 and {}", limits::HELD_TASKS_MAX),
        ));
    }
    let list = |names: Vec<String>| names.join(",");
    let given = [
        ("kind", asked.kind.clone()),
        ("queues", Some(list(asked.queues.iter().map(ToString::to_string).collect()))),
        ("kinds", Some(list(asked.kinds.iter().map(ToString::to_string).collect()))),
        ("slots", asked.slots.map(|slots| slots.to_string())),
        ("host", asked.host.clone()),
        ("pid", asked.pid.map(|pid| pid.to_string())),
        ("version", asked.version.clone()),
    ];
    // A record keeps what it had: who leaves queues out says that there are none.
    let given: Vec<(&str, String)> =
        given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    match given.iter().find(|(_, value)| value.len() as u64 > limits::ABOUT_BYTES_MAX) {
        Some((name, value)) => {
            Err(Fail::invalid(format!("/{name}"), format!("{} bytes are too many", value.len())))
        }
        None => Ok(given),
    }
}

/// A boot that is not current is told which one is.
pub(super) fn refused_boot(refused: Refused) -> Fail {
    match (refused.refusal, refused.detail) {
        (Refusal::Conflict, Some(boot)) if !boot.is_empty() => Fail::new(Code::Conflict).because(format!(
            "The current boot of this worker is {boot}. To follow it, name it in `expects`; a boot that is not current \
             cannot renew or claim."
        )),
        (refusal, detail) => Refused { refusal, detail }.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::of_key;

    #[test]
    fn a_credential_registers_its_own_worker_and_no_other() {
        let [one, other] = ["worker-001-a", "worker-002-a"].map(|id| WorkerId::new(id).unwrap());
        let with = |hands| Grant { hands, ..of_key("tasks:claim") };
        let of = |hands: Hands, asked: Option<&WorkerId>| who(&with(hands), asked).map_err(|fail| fail.code);
        assert_eq!(of(Hands::Any, None), Ok(None));
        assert_eq!(of(Hands::Any, Some(&one)), Ok(Some(one.clone())));
        assert_eq!(of(Hands::Of(one.clone()), None), Ok(Some(one.clone())));
        assert_eq!(of(Hands::Of(one.clone()), Some(&one)), Ok(Some(one.clone())));
        for (hands, asked) in
            [(Hands::Of(one.clone()), Some(&other)), (Hands::None, Some(&one)), (Hands::None, None)]
        {
            assert_eq!(of(hands, asked), Err(Code::WorkerNotBound));
        }
    }
}
