//! Refresh tokens that came once more, read. Plain commands: there is nothing to decide.

use std::collections::HashMap;

use baton_core::limits;
use baton_core::login::{SessionId, UserId, UserTag};
use deadpool_redis::redis::{Cmd, FromRedisValue};

use crate::calls::token::Came;
use crate::error::Error;
use crate::event::StreamId;
use crate::store::Store;

/// A refresh token that came once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    pub id: StreamId,
    pub came: Came,
    pub sid: SessionId,
    /// Only of those that may be held by two.
    pub user: Option<UserId>,
    pub generation: u64,
    pub ip: String,
}

impl Store {
    /// Those of a user that did no harm, the earliest first.
    pub async fn token_notes(&self, tag: UserTag) -> Result<Vec<Noted>, Error> {
        self.noted(self.logins().of_user(tag).notes(), limits::NOTES_MAX).await
    }

    /// Those of all users that came so late that two may hold their sessions, the earliest first.
    pub async fn alarms(&self) -> Result<Vec<Noted>, Error> {
        self.noted(self.logins().alarms(), limits::ALARMS_MAX).await
    }

    async fn noted(&self, key: String, max: u64) -> Result<Vec<Noted>, Error> {
        let mut command = Cmd::new();
        command.arg("XRANGE").arg(&key).arg("-").arg("+").arg("COUNT").arg(max);
        let fault = |problem: String| Error::fault(&key, problem);
        let rows: Vec<(String, HashMap<String, String>)> =
            FromRedisValue::from_redis_value(self.send_soon(&command).await?)
                .map_err(|error| fault(error.to_string()))?;
        // What cannot be read was written by a later release.
        Ok(rows.iter().filter_map(|(id, fields)| read(id, fields)).collect())
    }

    /// Whose tag this is.
    pub(crate) async fn user_of(&self, tag: UserTag) -> Result<Option<UserId>, Error> {
        let mut command = Cmd::new();
        command.arg("HMGET").arg(self.logins().of_user(tag).user()).arg("user_id");
        let (user,): (Option<String>,) = FromRedisValue::from_redis_value(self.send_soon(&command).await?)
            .map_err(|error| Error::fault("a user", error.to_string()))?;
        Ok(user.and_then(|user| user.parse().ok()))
    }
}

fn read(id: &str, fields: &HashMap<String, String>) -> Option<Noted> {
    let word = |name: &str| fields.get(name).map_or("", String::as_str);
    Some(Noted {
        id: id.parse().ok()?,
        came: Came::ALL.into_iter().find(|came| came.as_str() == word("outcome"))?,
        sid: word("sid").parse().ok()?,
        user: word("user_id").parse().ok(),
        generation: word("generation").parse().ok()?,
        ip: word("ip").to_owned(),
    })
}
