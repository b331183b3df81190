//! Which gateways there are.

mod leave;
mod list;
mod seen;

pub use leave::LeftFleet;
pub use list::{Gateway, Gateways};
pub use seen::{Seen, WasSeen};
