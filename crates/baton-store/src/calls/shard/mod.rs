mod open;
mod probe;
mod tick;

pub use tick::{Tick, Ticked};
