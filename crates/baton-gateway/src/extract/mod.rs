//! Requests read strictly: what is not understood is refused, never ignored.

mod body;
mod caller;
mod id;
mod paging;
mod query;

pub(crate) use body::{Body, Nothing, Whole, receive, refused};
pub(crate) use caller::{Caller, IdempotencyKey, Key, Visitor, replayed};
pub(crate) use id::{
    FingerprintPath, FlowPath, NewPool, PoolPath, QueueId, SchedulePath, TaskPath, WorkerPath,
};
pub(crate) use paging::{Paging, Part, Walk, cut, no_cursor, with_link};
pub(crate) use query::{FromTerms, Query, Terms, no_query};
