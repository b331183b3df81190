mod open;

pub use open::Opened;
