//! Names in paths. One that cannot exist is answered like one that does not exist.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use baton_api::schemas;
use baton_core::{
    Code, Fingerprint, FlowId, Kind, OperationId, PoolName, QueueName, ScheduleName, TaskId, WebhookName,
    WorkerId,
};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Required, Schema};

use crate::app::App;
use crate::problem::Fail;

pub(crate) struct TaskPath(pub(crate) TaskId);

pub(crate) struct FlowPath(pub(crate) FlowId);

pub(crate) struct WorkerPath(pub(crate) WorkerId);

pub(crate) struct PoolPath(pub(crate) PoolName);

/// A pool that may be new: here it matters why a name cannot be one.
pub(crate) struct NewPool(pub(crate) PoolName);

pub(crate) struct KindPath(pub(crate) Kind);

/// A kind of which nothing may be said yet: here it matters why a name cannot be one.
pub(crate) struct NewKind(pub(crate) Kind);

pub(crate) struct SchedulePath(pub(crate) ScheduleName);

pub(crate) struct WebhookPath(pub(crate) WebhookName);

/// A webhook that may be new: here it matters why a name cannot be one.
pub(crate) struct NewWebhook(pub(crate) WebhookName);

pub(crate) struct OperationPath(pub(crate) OperationId);

/// A group of failures.
pub(crate) struct FingerprintPath(pub(crate) Fingerprint);

pub(crate) struct QueueId(pub(crate) QueueName);

async fn first<T: FromStr>(parts: &mut Parts, unknown: Code) -> Result<T, Fail> {
    let path = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| Fail::new(unknown))?;
    let parsed = path.iter().next().and_then(|(_, text)| text.parse().ok());
    parsed.ok_or_else(|| Fail::new(unknown))
}

impl FromRequestParts<App> for TaskPath {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<TaskPath, Fail> {
        let task: TaskId = first(parts, Code::UnknownTask).await?;
        match app.store.keys(task.shard()) {
            Ok(_) => Ok(TaskPath(task)),
            Err(_) => Err(Fail::new(Code::UnknownTask)),
        }
    }
}

impl FromRequestParts<App> for FlowPath {
    type Rejection = Fail;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<FlowPath, Fail> {
        let flow: FlowId = first(parts, Code::UnknownFlow).await?;
        match app.store.keys(flow.shard()) {
            Ok(_) => Ok(FlowPath(flow)),
            Err(_) => Err(Fail::new(Code::UnknownFlow)),
        }
    }
}

/// What cannot be one is none that there is.
macro_rules! known {
    ($($path:ident = $code:ident;)*) => {$(
        impl FromRequestParts<App> for $path {
            type Rejection = Fail;

            async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<$path, Fail> {
                first(parts, Code::$code).await.map($path)
            }
        }
    )*};
}

known! {
    WorkerPath = UnknownWorker;
    PoolPath = UnknownPool;
    KindPath = UnknownKind;
    SchedulePath = UnknownSchedule;
    WebhookPath = UnknownWebhook;
    OperationPath = UnknownOperation;
    FingerprintPath = UnknownErrorGroup;
    QueueId = UnknownQueue;
}

/// What may be new: what cannot be a name is told so.
macro_rules! named {
    ($($path:ident = $code:ident;)*) => {$(
        impl FromRequestParts<App> for $path {
            type Rejection = Fail;

            async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<$path, Fail> {
                let name: String = first(parts, Code::$code).await?;
                let named = name.parse().map($path);
                named.map_err(|error| Fail::invalid("name", format!("failed to {error}")))
            }
        }
    )*};
}

named! {
    NewPool = UnknownPool;
    NewKind = UnknownKind;
    NewWebhook = UnknownWebhook;
}

macro_rules! documented {
    ($($path:ident = $name:literal, $what:literal, $schema:ident;)*) => {$(
        impl IntoParams for $path {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                vec![parameter($name, $what, schemas::$schema())]
            }
        }
    )*};
}

documented! {
    TaskPath = "id", "The task's id", task;
    FlowPath = "id", "The flow's id", flow;
    WorkerPath = "id", "The worker's id", worker;
    QueueId = "name", "The queue's name", queue;
    PoolPath = "name", "The pool's name", pool;
    FingerprintPath = "fingerprint", "The group's fingerprint", fingerprint;
    SchedulePath = "name", "The schedule's name", schedule;
    OperationPath = "id", "The operation's id", operation;
    NewPool = "name", "The pool's name", pool;
    KindPath = "name", "The kind", kind;
    NewKind = "name", "The kind", kind;
    WebhookPath = "name", "The webhook's name", webhook;
    NewWebhook = "name", "The webhook's name", webhook;
}

fn parameter(name: &str, what: &str, schema: Schema) -> Parameter {
    let parameter =
        ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
    parameter.description(Some(what)).schema(Some(schema)).build()
}
