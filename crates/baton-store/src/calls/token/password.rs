//! Faces `lua/token/password.lua`. Repeatable: a repeat finds the password that it set, and writes the same session once
//! more.

use baton_core::login::{UserId, UserTag};

use super::login::{NewSession, OpenedSession, read_opened};
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A new password, and the session that goes on.
#[derive(Clone, Debug)]
pub struct SetPassword<'a> {
    pub tag: UserTag,
    pub user_id: &'a UserId,
    /// When the old one was read; `None`: nobody had to know it.
    pub epoch_seen: Option<u64>,
    /// As a PHC text.
    pub phc: &'a str,
    /// In the place of the one that asked.
    pub session: Option<NewSession<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSet {
    Set {
        epoch: u64,
        opened: Option<OpenedSession>,
    },
    Unknown,
    /// Somebody else was first, or the user is disabled.
    Changed,
}

impl Store {
    /// Sets a password; all sessions of the user end.
    pub async fn set_password(&self, ask: &SetPassword<'_>) -> Result<PasswordSet, Error> {
        let keys = self.logins().of_user(ask.tag);
        let session = ask.session.as_ref();
        let named = [Some(keys.user()), Some(keys.sessions()), session.map(|new| keys.session(new.sid))];
        let mut call = Call::new("token/password", named.into_iter().flatten());
        call.arg(ask.user_id.as_str()).optional(ask.epoch_seen).arg(ask.phc);
        call.optional(session.map(|new| new.sid.to_string())).optional(session.map(|new| new.idle_ms));
        call.optional(session.map(|new| new.absolute_ms)).arg(self.now_argument());
        if let Some(new) = session {
            new.put(ask.user_id, &mut call);
        }
        let mut reply = self.run_confirmed(&call).await?;
        match (reply.text()?.as_str(), reply.text()?.as_str()) {
            ("set", epoch) => {
                let epoch = epoch.parse().map_err(|_| reply.fault("its epoch is no number"))?;
                let opened = session.map(|_| read_opened(epoch, &mut reply)).transpose()?;
                Ok(PasswordSet::Set { epoch, opened })
            }
            ("refused", "unknown") => Ok(PasswordSet::Unknown),
            ("refused", "changed") => Ok(PasswordSet::Changed),
            (other, _) => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
