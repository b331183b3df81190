//! Faces `lua/token/note.lua`. Repeatable: it says the same thing twice.

use baton_core::limits;
use baton_core::login::{SessionId, UserId, UserTag};

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// What was answered to a refresh token that came once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// The same successor.
    Replayed,
    /// The successor, though the store had fallen behind.
    Healed,
    /// Nothing, and no harm was done: it came a moment too late.
    Superseded,
    /// Nothing: two may hold this session.
    Reused,
}

impl Came {
    pub const ALL: [Came; 4] = [Came::Replayed, Came::Healed, Came::Superseded, Came::Reused];

    pub fn as_str(self) -> &'static str {
        match self {
            Came::Replayed => "replayed",
            Came::Healed => "healed",
            Came::Superseded => "superseded",
            Came::Reused => "reused",
        }
    }
}

/// A refresh token that came once more.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    pub tag: UserTag,
    pub sid: SessionId,
    pub came: Came,
    pub generation: u64,
    /// A pseudonym of the address that it came from.
    pub ip: &'a str,
}

impl Store {
    /// Notes it for whoever looks after that user; and for whoever looks after all, where two may hold the session. The
    /// latter does not stand among the former: nobody can push it away by what is harmless.
    pub async fn note_token(&self, note: &Note<'_>) -> Result<(), Error> {
        let (key, max, keep_ms, user) = match note.came {
            Came::Reused => (self.logins().alarms(), limits::ALARMS_MAX, None, self.user_of(note.tag).await?),
            Came::Replayed | Came::Healed | Came::Superseded => {
                let key = self.logins().of_user(note.tag).notes();
                (key, limits::NOTES_MAX, Some(limits::NOTES_RETENTION_MS), None)
            }
        };
        let mut call = Call::new("token/note", [key]);
        call.arg(max).optional(keep_ms).arg(note.came.as_str()).arg(note.sid.to_string());
        call.arg(user.as_ref().map_or("", UserId::as_str)).arg(note.generation).arg(note.ip);
        let mut reply = self.run_soon(&call).await?;
        match reply.text()?.as_str() {
            "noted" => Ok(()),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
