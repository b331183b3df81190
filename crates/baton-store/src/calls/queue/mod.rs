mod counts;
mod hint;
mod pause;

pub use counts::{Counts, QueueCounts};
pub use hint::PassedOn;
pub use pause::{Paused, SetPaused};
