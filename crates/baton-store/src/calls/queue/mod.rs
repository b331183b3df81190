mod counts;
mod pause;

pub use counts::{Counts, QueueCounts};
pub use pause::{Paused, SetPaused};
