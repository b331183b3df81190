//! Time series, which are written behind: `behind/series.rs` says what they count.

mod depth;
mod read;

pub use read::{Of, ReadSeries};
