pub(crate) mod import;
mod open;

pub use open::Opened;
