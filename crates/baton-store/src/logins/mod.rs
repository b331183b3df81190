//! Logins, where there is nothing to decide: plain commands, each safe to repeat but for those that say otherwise.

mod denied;
mod feed;
mod keys;
mod notes;
mod once;
mod users;

pub use feed::Heard;
pub use keys::ApiKey;
pub(crate) use keys::JOINED;
pub use notes::Noted;
pub use users::User;
