//! Requests read strictly: what is not understood is refused, never ignored.

mod body;
mod caller;
mod id;
mod paging;
mod query;

pub(crate) use body::{Body, Nothing};
pub(crate) use caller::{Caller, Key};
pub(crate) use id::{QueueId, TaskPath, WorkerPath};
pub(crate) use paging::{Paging, Part, cut, no_cursor, with_link};
pub(crate) use query::{FromTerms, Query, Terms, no_query};
