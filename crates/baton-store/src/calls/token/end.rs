//! Faces `lua/token/end.lua`. Repeatable: a session that has ended is gone.

use baton_core::login::{EndReason, SessionId, UserId, UserTag};

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A session that is to end, and who may say so.
#[derive(Clone, Copy, Debug)]
pub struct EndSession<'a> {
    pub tag: UserTag,
    pub sid: SessionId,
    /// Of the token that asks; `None`: somebody else does.
    pub secret_hash: Option<&'a str>,
    /// Whose session it must be; `None`: that is not the question.
    pub user_id: Option<&'a UserId>,
    pub why: EndReason,
    /// How long the end is remembered.
    pub ended_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Revoked,
    /// It had ended before, or never was.
    Gone,
    /// Another secret, or another user.
    Refused,
}

impl Store {
    /// Ends a session.
    pub async fn end_session(&self, ask: EndSession<'_>) -> Result<Ended, Error> {
        let keys = self.logins().of_user(ask.tag);
        let named = [keys.session(ask.sid), keys.sessions(), keys.ended(ask.sid)];
        let mut call = Call::new("token/end", named);
        call.arg(ask.sid.to_string()).arg(ask.secret_hash.unwrap_or_default());
        call.arg(ask.user_id.map_or("", UserId::as_str)).arg(ask.why.as_str()).arg(ask.ended_ms);
        let mut reply = self.run_confirmed(&call).await?;
        match reply.text()?.as_str() {
            "revoked" => Ok(Ended::Revoked),
            "gone" => Ok(Ended::Gone),
            "refused" => Ok(Ended::Refused),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
