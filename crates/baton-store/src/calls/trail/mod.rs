//! The trail: what operators did, the latest so many entries. It is in the first shard.

mod list;
mod note;

pub use list::Entry;
pub use note::{Noted, TrailNote};
