//! JSON bodies: of a bounded size, in bounded time, declared as JSON, and with nothing in them that we do not know.

use std::marker::PhantomData;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use baton_api::error_group::SilenceError;
use baton_api::flow::NewFlow;
use baton_api::kind::PutKind;
use baton_api::lease::{Append, Beat, Complete, Fail as Failed, Note, Release};
use baton_api::operation::{NewAction, Purge, RerunGroup};
use baton_api::pool::{PutPool, Scale};
use baton_api::queue::PatchQueue;
use baton_api::schedule::{NewSchedule, PatchSchedule, PreviewTimes};
use baton_api::task::{LinkRequest, NewTask, NewTasks, Operate, Reprioritise};
use baton_api::webhook::PutWebhook;
use baton_api::worker::{Claim, ClaimOne, Heartbeat, Leave, Register};
use baton_api::{ReadError, Wrong, read};
use baton_core::Code;
use bytes::Bytes;
use futures_util::StreamExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::problem::Fail;

const KIB: usize = 1024;

/// A type that stands in a request body.
pub(crate) trait Read: DeserializeOwned {
    const BYTES_MAX: usize;

    /// What no body at all, or null, means, where it means something.
    fn absent() -> Option<Self> {
        None
    }
}

macro_rules! bodies {
    ($($type:ty: $max:expr $(, $absent:ident)?;)*) => {$(
        impl Read for $type {
            const BYTES_MAX: usize = $max;
            $(fn $absent() -> Option<Self> { Some(Self::default()) })?
        }
    )*};
}

/// For routes whose path says everything.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

// A payload or result of a MiB, and room for what stands beside it. Text may be six times as long when it is escaped.
bodies! {
    Nothing: 64 * KIB, absent;
    NewTask: 1024 * KIB + 64 * KIB;
    NewTasks: 32 * 1024 * KIB;
    NewFlow: 32 * 1024 * KIB;
    LinkRequest: 64 * KIB;
    Complete: 1024 * KIB + 64 * KIB;
    Append: 3 * 1024 * KIB;
    Failed: 64 * KIB;
    Release: 64 * KIB;
    Note: 64 * KIB;
    Beat: 64 * KIB;
    Operate: 64 * KIB, absent;
    Reprioritise: 64 * KIB;
    Register: 64 * KIB;
    Claim: 64 * KIB, absent;
    ClaimOne: 64 * KIB;
    Heartbeat: 64 * KIB, absent;
    Leave: 64 * KIB, absent;
    NewAction: 128 * KIB;
    Purge: 64 * KIB;
    RerunGroup: 64 * KIB, absent;
    SilenceError: 64 * KIB, absent;
    PutPool: 64 * KIB;
    PutKind: 64 * KIB;
    PutWebhook: 64 * KIB;
    Scale: 64 * KIB;
    NewSchedule: 256 * KIB;
    PatchSchedule: 256 * KIB;
    PatchQueue: 64 * KIB;
    PreviewTimes: 64 * KIB;
}

/// The body of a request.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: Read> FromRequest<App> for Body<T> {
    type Rejection = Fail;

    async fn from_request(request: Request, app: &App) -> Result<Body<T>, Fail> {
        let (bytes, declared) = receive(request, app, T::BYTES_MAX).await?;
        match T::absent() {
            Some(absent) if bytes.is_empty() => Ok(Body(absent)),
            _ if !declared => Err(Fail::new(Code::UnsupportedMediaType)),
            Some(absent) if bytes.trim_ascii() == b"null" => Ok(Body(absent)),
            _ => parse(&bytes).map(Body),
        }
    }
}

/// The bytes of a body that takes long to read as `T`: whoever asks for them reads them where nobody waits.
pub(crate) struct Whole<T> {
    pub(crate) bytes: Bytes,
    read_as: PhantomData<fn() -> T>,
}

impl<T: Read> FromRequest<App> for Whole<T> {
    type Rejection = Fail;

    async fn from_request(request: Request, app: &App) -> Result<Whole<T>, Fail> {
        match receive(request, app, T::BYTES_MAX).await? {
            (bytes, true) => Ok(Whole { bytes, read_as: PhantomData }),
            (_, false) => Err(Fail::new(Code::UnsupportedMediaType)),
        }
    }
}

/// The bytes of a body, and whether they are declared as JSON.
pub(crate) async fn receive(request: Request, app: &App, max: usize) -> Result<(Bytes, bool), Fail> {
    let (parts, body) = request.into_parts();
    let late = |_| Fail::malformed("The body did not arrive in time.");
    let bytes = tokio::time::timeout(app.settings.patience, collect(&parts.headers, body, max));
    Ok((bytes.await.map_err(late)??, is_json(&parts.headers)))
}

/// `application/json`, in UTF-8 as JSON always is.
fn is_json(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(kind), None) = (kinds.next().and_then(|kind| kind.to_str().ok()), kinds.next()) else {
        return false;
    };
    let (essence, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let utf8 = |parameter: &str| {
        let value = parameter.trim().to_ascii_lowercase();
        value.is_empty() || matches!(value.as_str(), "charset=utf-8" | "charset=\"utf-8\"")
    };
    essence.trim().eq_ignore_ascii_case("application/json") && parameters.split(';').all(utf8)
}

async fn collect(headers: &HeaderMap, body: axum::body::Body, max: usize) -> Result<Bytes, Fail> {
    let too_large =
        || Fail::new(Code::PayloadTooLarge).because(format!("The body is larger than {max} bytes."));
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > max) {
        return Err(too_large());
    }
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::with_capacity(announced.unwrap_or_default());
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Fail::malformed("The body ended early."))?;
        if bytes.len() + chunk.len() > max {
            return Err(too_large());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.into())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fail> {
    read(bytes).map_err(refused)
}

pub(crate) fn refused(error: ReadError) -> Fail {
    match error.wrong {
        Wrong::Syntax => Fail::malformed(format!("The body is not JSON: {}.", error.error.message)),
        Wrong::Shape => Fail::invalid(error.error.pointer, error.error.message),
    }
}
