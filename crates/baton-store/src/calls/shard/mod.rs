pub(crate) mod behind;
mod cascade;
mod ends;
mod export;
pub(crate) mod facts;
pub(crate) mod import;
mod open;
mod probe;
mod tick;

pub use ends::StreamEnds;
pub use facts::Row;
pub use tick::{Tick, Ticked};
