//! Faces `lua/token/rotate.lua`. Repeatable: the nonce names the request, and a repeat gets the same successor.

use baton_core::login::{EndReason, OnReuse, Refused, Rotation, SessionId, UserTag, Windows};

use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// A refresh token whose seal is good, and what its successor would be.
#[derive(Clone, Debug)]
pub struct Rotate<'a> {
    pub tag: UserTag,
    pub sid: SessionId,
    pub generation: u64,
    pub client: &'a str,
    pub secret_hash: &'a str,
    pub nonce: &'a str,
    /// The key that seals a new successor.
    pub kid: u8,
    pub idle_ms: u64,
    /// How long the end of a session is remembered.
    pub ended_ms: u64,
    pub windows: Windows,
}

/// A session that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// Of its token from now on.
    pub generation: u64,
    /// The key that seals it: of a replay the one that sealed it the first time.
    pub kid: u8,
    pub user_id: String,
    pub epoch: u64,
    pub scope: String,
    pub roles: String,
    pub auth_time_ms: u64,
    pub amr: String,
    pub client: String,
    /// Redis's clock.
    pub now_ms: u64,
    pub expires_at_ms: u64,
    pub absolute_at_ms: u64,
}

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotated {
    Successor {
        how: Rotation,
        session: Live,
    },
    Refused {
        why: Refused,
        /// Why a session that is unknown has ended, as far as that is remembered.
        ended: Option<EndReason>,
        /// The new epoch of the user, where all his sessions ended.
        epoch: Option<u64>,
    },
}

impl Store {
    /// Gives a refresh token its successor, or says why it gets none.
    pub async fn rotate(&self, ask: &Rotate<'_>) -> Result<Rotated, Error> {
        let keys = self.logins().of_user(ask.tag);
        let named = [keys.user(), keys.sessions(), keys.ended(ask.sid)];
        let mut call = Call::new("token/rotate", [keys.session(ask.sid)].into_iter().chain(named));
        let Windows { leeway_ms, retry_ms, heal_max_ahead, on_reuse } = ask.windows;
        call.arg(ask.generation).arg(ask.client).arg(ask.secret_hash).arg(ask.nonce).arg(ask.kid);
        call.arg(ask.idle_ms).arg(leeway_ms).arg(retry_ms).arg(ask.ended_ms).arg(heal_max_ahead);
        call.arg(OnReuse::as_str(on_reuse)).arg(ask.sid.to_string()).arg(self.now_argument());
        let mut reply = self.run_soon(&call).await?;
        let refused = |why| Rotated::Refused { why, ended: None, epoch: None };
        Ok(match reply.text()?.as_str() {
            "rotated" => Rotated::Successor { how: Rotation::Rotated, session: live(&mut reply)? },
            "healed" => Rotated::Successor { how: Rotation::Healed, session: live(&mut reply)? },
            "replayed" => Rotated::Successor { how: Rotation::Replayed, session: live(&mut reply)? },
            "unknown" => Rotated::Refused { why: Refused::Unknown, ended: reply.optional()?, epoch: None },
            "invalid" => refused(Refused::Invalid),
            "expired" => refused(Refused::Expired),
            "stale_epoch" => refused(Refused::StaleEpoch),
            "ahead" => refused(Refused::TooFarAhead),
            "superseded" => refused(Refused::Superseded),
            "reused" => Rotated::Refused { why: Refused::Reused, ended: None, epoch: reply.optional()? },
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        })
    }
}

fn live(reply: &mut Reply) -> Result<Live, Error> {
    Ok(Live {
        generation: reply.parse()?,
        kid: reply.parse()?,
        user_id: reply.text()?,
        epoch: reply.parse()?,
        scope: reply.text()?,
        roles: reply.text()?,
        auth_time_ms: reply.parse()?,
        amr: reply.text()?,
        client: reply.text()?,
        now_ms: reply.parse()?,
        expires_at_ms: reply.parse()?,
        absolute_at_ms: reply.parse()?,
    })
}
