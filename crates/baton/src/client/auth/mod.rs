//! Who a client asks as: a credential that stays as it is, or a login that is kept alive; and what can be asked of
//! logins, users and keys.

mod file;
mod keeper;
mod keys;
mod logins;
mod pass;
mod path;
mod store;
mod users;

pub use file::CredentialsFile;
pub(super) use pass::Pass;
pub use store::{MemoryTokens, TokenStore, Tokens};
