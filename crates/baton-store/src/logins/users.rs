//! Users, read. Plain commands: there is nothing to decide.

use baton_core::login::{UserId, UserTag};
use deadpool_redis::redis::{Cmd, FromRedisValue};

use crate::error::Error;
use crate::store::Store;

/// A user.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub user_id: UserId,
    pub epoch: u64,
    pub disabled: bool,
    /// Between spaces.
    pub roles: String,
    /// As a PHC text.
    pub password: Option<String>,
    pub password_at_ms: Option<u64>,
    /// The epoch at which this user was made: a namesake of a deleted one has another.
    pub born: String,
}

impl std::fmt::Debug for User {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("User")
            .field("user_id", &self.user_id)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

type Fields = (
    Option<String>,
    Option<u64>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<u64>,
    Option<String>,
    Option<String>,
);

impl Store {
    /// A user who was not deleted.
    pub async fn read_user(&self, tag: UserTag, user: &UserId) -> Result<Option<User>, Error> {
        let mut command = Cmd::new();
        command.arg("HMGET").arg(self.logins().of_user(tag).user());
        for field in ["user_id", "epoch", "disabled", "roles", "password", "password_at", "deleted", "born"] {
            command.arg(field);
        }
        let value = self.send_soon(&command).await?;
        let (user_id, epoch, disabled, roles, password, password_at_ms, deleted, born): Fields =
            FromRedisValue::from_redis_value(value)
                .map_err(|error| Error::fault("a user", error.to_string()))?;
        let (Some(user_id), Some(epoch)) = (user_id, epoch) else { return Ok(None) };
        if user_id != user.as_str() || deleted.as_deref() == Some("1") {
            return Ok(None);
        }
        Ok(Some(User {
            user_id: user.clone(),
            epoch,
            disabled: disabled.as_deref() == Some("1"),
            roles: roles.unwrap_or_default(),
            password: password.filter(|password| !password.is_empty()),
            password_at_ms,
            born: born.unwrap_or_default(),
        }))
    }

    /// Ids behind this one in the order of the alphabet. Some may be of users that were never made or are gone.
    pub async fn users(&self, after: Option<&UserId>, limit: u64) -> Result<Vec<UserId>, Error> {
        let mut command = Cmd::new();
        let from = after.map_or("-".to_owned(), |after| format!("({after}"));
        command.arg("ZRANGE").arg(self.logins().users()).arg(from).arg("+").arg("BYLEX");
        command.arg("LIMIT").arg(0).arg(limit);
        let value = self.send_soon(&command).await?;
        let names: Vec<String> = FromRedisValue::from_redis_value(value)
            .map_err(|error| Error::fault("users", error.to_string()))?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }
}
