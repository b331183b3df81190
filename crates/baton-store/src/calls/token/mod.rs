//! Logins: one step each. Whoever calls has read the tokens and hashed the secrets; nothing secret comes here.

mod attempt;
mod end;
mod gate;
mod key;
mod key_change;
mod login;
mod meter;
mod note;
mod password;
mod revoked;
mod ring;
mod rotate;
mod sessions;
mod signing_keys;
mod standing;
mod user;
mod user_change;

pub use attempt::Attempt;
pub use end::{EndSession, Ended};
pub use gate::{Gate, GateKey, Gated};
pub use key::NewApiKey;
pub use key_change::{ChangeKey, KeyChanged};
pub use login::{Login, NewSession, Opened, OpenedSession};
pub use meter::{Meter, Metered};
pub use note::{Came, Note};
pub use password::{PasswordSet, SetPassword};
pub use revoked::Revocation;
pub use ring::RingMet;
pub use rotate::{Live, Rotate, Rotated};
pub use sessions::SessionRow;
pub use signing_keys::SigningKeys;
pub use standing::{Standing, StandingUser};
pub use user::{Made, NewUser};
pub use user_change::{Change, UserChanged};

pub use crate::logins::{ApiKey, Heard, Noted, User};

use crate::keys::LoginKeys;
use crate::store::Store;

impl Store {
    pub(crate) fn logins(&self) -> &LoginKeys {
        &self.inner.logins
    }
}
