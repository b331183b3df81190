//! Faces `lua/token/standing.lua`. It only reads.

use baton_core::login::{SessionId, UserTag};

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What a session and its user are worth at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose it is and of which epoch; `None`: it has ended.
    pub session: Option<(String, u64)>,
    /// `None`: there is no such user.
    pub user: Option<StandingUser>,
}

/// A user at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingUser {
    pub user_id: String,
    pub epoch: u64,
    pub disabled: bool,
    pub roles: String,
}

impl Standing {
    /// Whether a token of this user and epoch is good, if its session must be there too.
    pub fn bears(&self, user_id: &str, epoch: u64) -> bool {
        let session = self.session.as_ref();
        let user = self.user.as_ref();
        session.is_some_and(|(owner, of)| owner == user_id && *of == epoch)
            && user.is_some_and(|user| user.user_id == user_id && user.epoch == epoch && !user.disabled)
    }
}

impl Store {
    pub async fn standing(&self, tag: UserTag, sid: SessionId) -> Result<Standing, Error> {
        let keys = self.logins().of_user(tag);
        let call = Call::new("token/standing", [keys.session(sid), keys.user()]);
        let mut reply = self.run_soon(&call).await?;
        match reply.text()?.as_str() {
            "standing" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let (owner, of): (String, Option<u64>) = (reply.text()?, reply.optional()?);
        let (user_id, epoch, disabled, roles) =
            (reply.text()?, reply.optional()?, reply.flag()?, reply.text()?);
        let user = epoch.map(|epoch| StandingUser { user_id, epoch, disabled, roles });
        Ok(Standing { session: of.map(|of| (owner, of)), user })
    }
}
