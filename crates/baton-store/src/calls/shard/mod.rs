mod audit;
pub(crate) mod behind;
mod cascade;
mod ends;
pub(crate) mod export;
pub(crate) mod facts;
pub(crate) mod import;
mod open;
mod probe;
mod repair;
mod tick;

pub use audit::{Counted, Miscounted};
pub use ends::StreamEnds;
pub use facts::Row;
pub use repair::{Mend, Repaired};
pub use tick::{Tick, Ticked};
