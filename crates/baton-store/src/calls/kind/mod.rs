//! What is said of kinds. It stands in every shard, as tasks of a kind may lie in any: the first shard decides, and the
//! others follow in the same call. A call that was cut off in between is repeated by whoever sent it, and heals all.

mod list;
mod put;
mod remove;

pub use list::{Declared, Kinds};
pub use put::{KindPut, PutKind};
pub use remove::KindRemoved;
