mod cascade;
mod ends;
mod open;
mod probe;
mod tick;

pub use ends::StreamEnds;
pub use tick::{Tick, Ticked};
