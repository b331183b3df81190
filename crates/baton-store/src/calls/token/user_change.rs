//! Faces `lua/token/user_change.lua`. A repeat raises the epoch once more, which ends nothing that had not ended.

use baton_core::login::{UserId, UserTag};

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What is done to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// All his sessions end.
    Bump,
    /// And he opens no new one.
    Disable,
    Enable,
    /// His record stays, so that a namesake never revives old tokens.
    Delete,
    /// Between spaces.
    Roles(&'a str),
    /// The same password, hashed with other parameters, unless he was changed since this epoch.
    Rehash {
        phc: &'a str,
        epoch_seen: u64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserChanged {
    /// His epoch from now on.
    Epoch(u64),
    Unknown,
    /// Somebody else was first.
    Changed,
}

impl Store {
    pub async fn change_user(
        &self,
        tag: UserTag,
        user: &UserId,
        change: Change<'_>,
    ) -> Result<UserChanged, Error> {
        let keys = self.logins().of_user(tag);
        let (what, value, epoch_seen) = match change {
            Change::Bump => ("bump", "", None),
            Change::Disable => ("disable", "", None),
            Change::Enable => ("enable", "", None),
            Change::Delete => ("delete", "", None),
            Change::Roles(roles) => ("roles", roles, None),
            Change::Rehash { phc, epoch_seen } => ("rehash", phc, Some(epoch_seen)),
        };
        let mut call = Call::new("token/user_change", [keys.user(), keys.sessions()]);
        call.arg(user.as_str()).arg(what).arg(value).optional(epoch_seen);
        let mut reply = self.run_confirmed(&call).await?;
        match (reply.text()?.as_str(), reply.text()?.as_str()) {
            ("changed", epoch) => {
                let epoch = epoch.parse().map_err(|_| reply.fault("its epoch is no number"))?;
                Ok(UserChanged::Epoch(epoch))
            }
            ("refused", "unknown") => Ok(UserChanged::Unknown),
            ("refused", "changed") => Ok(UserChanged::Changed),
            (other, _) => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
