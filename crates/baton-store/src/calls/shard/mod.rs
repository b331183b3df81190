pub(crate) mod behind;
mod cascade;
mod ends;
pub(crate) mod facts;
mod open;
mod probe;
mod tick;

pub use ends::StreamEnds;
pub use facts::Row;
pub use tick::{Tick, Ticked};
