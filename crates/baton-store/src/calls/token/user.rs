//! Faces `lua/token/user.lua`. A repeat after a lost answer finds the user that it made.

use baton_core::login::{UserId, UserTag};
use deadpool_redis::redis::Cmd;

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A user to be.
#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    pub tag: UserTag,
    pub user_id: &'a UserId,
    /// Between spaces.
    pub roles: &'a str,
    /// As a PHC text; without one nobody can sign in as him.
    pub password: Option<&'a str>,
    pub disabled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    User {
        epoch: u64,
    },
    Exists,
    /// Another user has the same tag.
    TagCollision,
}

impl Store {
    /// Makes a user. He is in the list before he is there: a list may name users that are gone, and misses none.
    pub async fn create_user(&self, ask: &NewUser<'_>) -> Result<Made, Error> {
        self.list_user(ask.user_id).await?;
        let mut call = Call::new("token/user", [self.logins().of_user(ask.tag).user()]);
        call.arg(ask.user_id.as_str()).arg(ask.roles).arg(ask.password.unwrap_or_default());
        call.arg(u8::from(ask.disabled)).arg(self.now_argument());
        let mut reply = self.run_soon(&call).await?;
        match (reply.text()?.as_str(), reply.text()?.as_str()) {
            ("made", epoch) => {
                let epoch = epoch.parse().map_err(|_| reply.fault("its epoch is no number"))?;
                Ok(Made::User { epoch })
            }
            ("refused", "exists") => Ok(Made::Exists),
            ("refused", "tag_collision") => Ok(Made::TagCollision),
            (other, _) => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }

    /// Puts a user into the list, where he may be already.
    pub async fn list_user(&self, user: &UserId) -> Result<(), Error> {
        let mut command = Cmd::new();
        command.arg("ZADD").arg(self.logins().users()).arg("NX").arg(0).arg(user.as_str());
        self.send_soon(&command).await.map(|_| ())
    }
}
