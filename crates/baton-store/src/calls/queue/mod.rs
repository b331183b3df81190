mod counts;
mod hint;
mod pause;
mod set;

pub use counts::{Counts, QueueCounts};
pub use hint::PassedOn;
pub use pause::{Paused, SetPaused};
pub use set::{QueueSet, SetQueue};
