//! A race of refreshes to look at: a session of its own, whose first token is brought by several requests at once. It goes the
//! way of every refresh, with the script that decides.

use std::net::IpAddr;
use std::time::Duration;

use baton_auth::refresh::nonce_drawn;
use baton_auth::{address, user_tag};
use baton_core::Code;
use baton_core::login::{EndReason, OnReuse, RacePolicy, SessionId, UserId};
use baton_store::calls::token::{Login, NewSession, Opened};
use futures_util::future::join_all;

use super::clients::BATON;
use super::issue::{About, Draft};
use super::refresh::Wish;
use super::{Auth, drawn};
use crate::clock;
use crate::problem::Fail;

/// How the session is listed while it lives.
const DEVICE: &str = "a race of refreshes";
/// It ends with the race, and by itself where the gateway dies before.
const SESSION_MS: u64 = 60_000;
/// It takes the place of no session that somebody uses.
const SESSIONS_MORE: u64 = 8;
/// Where a second use is told from a race by less than this, the losers of one might be taken for thieves.
const LEEWAY_MIN: Duration = Duration::from_secs(2);

/// What one of the requests got.
#[derive(Clone, Debug)]
pub(crate) struct Lap {
    /// Why it got no successor.
    pub(crate) refused: Option<Code>,
    pub(crate) took: Duration,
}

impl Auth {
    /// Lets so many requests bring the same refresh token at once. Their user has no more rights through it, and no alarm.
    pub(crate) async fn race(
        &self,
        user: &UserId,
        requests: u64,
        from: IpAddr,
    ) -> Result<(SessionId, Vec<Lap>), Fail> {
        if self.logins.rules.refresh_leeway < LEEWAY_MIN {
            return Err(Fail::new(Code::Conflict).because(
                "auth.refresh_leeway is so short here that the losers of a race may be taken for thieves: none is held.",
            ));
        }
        if self.logins.rules.on_reuse == OnReuse::RevokeUser {
            return Err(Fail::new(Code::Conflict).because(
                "auth.on_reuse is revoke_user here: a loser that Redis kept waiting would end all of your sessions. No race is held.",
            ));
        }
        let draft = self.throw_away(user, from).await?;
        let token = draft.text(self)?;
        let laps = join_all((0..requests).map(|_| self.lap(token.expose(), from))).await;
        self.end(draft.token.tag, draft.token.sid, None, Some(user), EndReason::Logout).await?;
        let refused = laps.iter().filter_map(|lap| lap.refused.as_ref());
        // Something else than the race was lost.
        match refused.copied().find(|code| *code != Code::RefreshTokenSuperseded) {
            Some(code) => Err(Fail::new(code)),
            None => Ok((draft.token.sid, laps)),
        }
    }

    /// A session without any scope.
    async fn throw_away(&self, user: &UserId, from: IpAddr) -> Result<Draft, Fail> {
        let tag = user_tag(user);
        let known = self.store.read_user(tag, user).await?.filter(|known| !known.disabled);
        let known = known.ok_or_else(|| Fail::new(Code::Unauthenticated))?;
        let (draft, ip) = (Draft::draw(self, tag)?, address::pseudonym(&self.ring, from));
        let about =
            About { client: BATON, policy: RacePolicy::Strict, scope: "", device: DEVICE, ip: &ip, amr: "" };
        let session =
            NewSession { idle_ms: SESSION_MS, absolute_ms: SESSION_MS, ..draft.session(self, about) };
        let login = Login {
            tag,
            user_id: user,
            epoch_seen: Some(known.epoch),
            create: false,
            max: self.logins.rules.sessions_max + SESSIONS_MORE,
            ended_ms: self.logins.rules.ended_ms(),
            session,
        };
        match self.store.login(&login).await? {
            Opened::Session { evicted, .. } => {
                evicted.into_iter().for_each(|sid| self.revoke_session(tag, sid, EndReason::Evicted));
            }
            Opened::Changed | Opened::TagCollision => return Err(Fail::new(Code::Unauthenticated)),
        }
        Ok(draft)
    }

    async fn lap(&self, token: &str, from: IpAddr) -> Lap {
        let begun = clock::instant();
        let done = match drawn().map(nonce_drawn) {
            Ok(nonce) => {
                self.refresh(&Wish { token, client: BATON, nonce, scopes: None, from }).await.map(drop)
            }
            Err(fail) => Err(fail),
        };
        Lap { refused: done.err().map(|fail| fail.code), took: begun.elapsed() }
    }
}
