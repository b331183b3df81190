//! Requests read strictly: what is not understood is refused, never ignored.

mod body;
mod caller;
mod id;
mod lines;
mod matching;
mod paging;
mod query;

pub(crate) use body::{Body, Nothing, Whole, receive, refused};
pub(crate) use caller::{Caller, IdempotencyKey, Key, Visitor, replayed};
pub(crate) use id::{
    FingerprintPath, FlowPath, KindPath, NewKind, NewPool, NewWebhook, OperationPath, PoolPath, QueueId,
    SchedulePath, TaskPath, WebhookPath, WorkerPath,
};
pub(crate) use lines::Lines;
pub(crate) use matching::{if_match, if_new, if_none_match};
pub(crate) use paging::{Paging, Part, Walk, cut, no_cursor, with_link};
pub(crate) use query::{FromTerms, Query, Terms, no_query};
