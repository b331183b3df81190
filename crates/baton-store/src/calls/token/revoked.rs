//! Faces `lua/token/revoked.lua`. Repeatable: it says the same thing twice.

use baton_core::login::{KeyId, SessionId, UserTag};

use crate::error::Error;
use crate::event::StreamId;
use crate::run::Call;
use crate::store::Store;

/// Something that is worth nothing any more, and until when anybody could hold a token of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revocation {
    Session {
        sid: SessionId,
        until_ms: u64,
    },
    /// All sessions of a user that are of an earlier epoch.
    User {
        tag: UserTag,
        epoch: u64,
        until_ms: u64,
    },
    Key {
        id: KeyId,
        until_ms: u64,
    },
    Token {
        jti: String,
        until_ms: u64,
    },
}

impl Revocation {
    /// As the feed has it: kind, id, epoch, until.
    fn words(&self) -> (&'static str, String, Option<u64>, u64) {
        match self {
            Revocation::Session { sid, until_ms } => ("session", sid.to_string(), None, *until_ms),
            Revocation::User { tag, epoch, until_ms } => ("user", tag.to_string(), Some(*epoch), *until_ms),
            Revocation::Key { id, until_ms } => ("key", id.to_string(), None, *until_ms),
            Revocation::Token { jti, until_ms } => ("jti", jti.clone(), None, *until_ms),
        }
    }

    /// `None`: a kind of a later release, or not ours.
    pub(crate) fn read(kind: &str, id: &str, epoch: &str, until: &str) -> Option<Revocation> {
        let until_ms = until.parse().ok()?;
        Some(match kind {
            "session" => Revocation::Session { sid: id.parse().ok()?, until_ms },
            "user" => Revocation::User { tag: id.parse().ok()?, epoch: epoch.parse().ok()?, until_ms },
            "key" => Revocation::Key { id: id.parse().ok()?, until_ms },
            "jti" => Revocation::Token { jti: id.to_owned(), until_ms },
            _ => return None,
        })
    }
}

impl Store {
    /// Tells all gateways.
    pub async fn tell_revoked(&self, revocation: &Revocation) -> Result<StreamId, Error> {
        let (kind, id, epoch, until_ms) = revocation.words();
        let mut call = Call::new("token/revoked", [self.logins().revoked()]);
        call.arg(kind).arg(id).optional(epoch).arg(until_ms).arg(self.now_argument());
        let mut reply = self.run_soon(&call).await?;
        match reply.text()?.as_str() {
            "told" => reply.parse(),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
