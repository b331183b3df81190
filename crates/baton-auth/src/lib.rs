//! Tokens, JWT, passwords, scopes: the only room that knows them.
//!
//! It reads neither a clock nor chance: whoever calls brings both. (One exception cannot be helped: the library that
//! makes signatures and key pairs draws for itself.)

pub mod access;
pub mod address;
pub mod api_key;
pub mod bearer;
pub mod digest;
pub mod one_shot;
pub mod password;
pub mod redact;
pub mod refresh;
pub mod ring;
pub mod scope;
mod secret;
pub mod signing;
mod text;
pub mod throttle;
mod user;

pub use scope::{Action, Scope, ScopeError, Scopes, Where};
pub use secret::{Secret, SecretText};
pub use user::user_tag;
