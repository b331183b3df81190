//! Faces `lua/token/sessions.lua`. It only reads.

use baton_core::limits;
use baton_core::login::{SessionId, UserTag};

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// A session, as its user may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    pub sid: SessionId,
    pub client: String,
    pub device: String,
    pub ip: String,
    pub scope: String,
    pub generation: u64,
    pub created_at_ms: u64,
    pub rotated_at_ms: u64,
    pub expires_at_ms: u64,
    pub auth_time_ms: u64,
    pub epoch: u64,
}

impl Store {
    /// The live sessions of a user, those first that end first.
    pub async fn sessions(&self, tag: UserTag) -> Result<Vec<SessionRow>, Error> {
        let keys = self.logins().of_user(tag);
        let mut call = Call::new("token/sessions", [keys.sessions(), keys.user()]);
        call.arg(keys.prefix()).arg(limits::SESSIONS_MAX);
        let mut reply = self.run_soon(&call).await?;
        match reply.text()?.as_str() {
            "sessions" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let mut rows = Vec::new();
        while !reply.is_empty() {
            rows.push(SessionRow {
                sid: reply.parse()?,
                client: reply.text()?,
                device: reply.text()?,
                ip: reply.text()?,
                scope: reply.text()?,
                generation: reply.parse()?,
                created_at_ms: reply.parse()?,
                rotated_at_ms: reply.parse()?,
                expires_at_ms: reply.parse()?,
                auth_time_ms: reply.parse()?,
                epoch: reply.parse()?,
            });
        }
        Ok(rows)
    }
}
