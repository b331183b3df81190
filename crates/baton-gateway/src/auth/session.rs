//! How sessions end, and how everyone hears of it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use baton_core::login::{EndReason, KeyId, SessionId, UserId, UserTag};
use baton_store::Error;
use baton_store::calls::token::{Change, EndSession, Ended, Revocation, UserChanged};

use super::Auth;
use crate::clock;
use crate::problem::Fail;

/// What is remembered at most of sessions that ended here.
const ENDED_MAX: usize = 10_000;

/// The sessions that this process ended, with the times until which somebody could hold a token of them.
#[derive(Debug, Default)]
pub(super) struct EndedHere(Mutex<VecDeque<(u64, UserTag, SessionId, EndReason)>>);

impl EndedHere {
    fn add(&self, until_ms: u64, tag: UserTag, sid: SessionId, why: EndReason) {
        let mut ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.len() == ENDED_MAX {
            ended.pop_front();
        }
        ended.push_back((until_ms, tag, sid, why));
    }

    fn all(&self, now_ms: u64) -> Vec<(UserTag, SessionId, EndReason)> {
        let mut ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|(until_ms, ..)| now_ms < *until_ms);
        ended.iter().map(|(_, tag, sid, why)| (*tag, *sid, *why)).collect()
    }
}

impl Auth {
    /// Something was revoked, here or elsewhere.
    pub(super) fn note(&self, revocation: &Revocation) {
        self.revoked.add(revocation, clock::now_ms());
        match revocation {
            Revocation::Key { id, .. } => self.forget_key(id),
            Revocation::User { tag, .. } => self.forget_keys_of(*tag),
            Revocation::Session { .. } | Revocation::Token { .. } => {}
        }
    }

    /// Something was revoked here: the other gateways hear of it.
    pub(crate) fn revoke(&self, revocation: Revocation) {
        self.note(&revocation);
        self.outbox.send(revocation);
    }

    /// Until when tokens of something that ends now could be good.
    pub(crate) fn until_ms(&self) -> u64 {
        clock::now_ms() + self.logins.rules.ended_ms()
    }

    pub(crate) fn revoke_session(&self, tag: UserTag, sid: SessionId, why: EndReason) {
        let until_ms = self.until_ms();
        self.ended_here.add(until_ms, tag, sid, why);
        self.revoke(Revocation::Session { sid, until_ms });
    }

    pub(crate) fn revoke_user(&self, tag: UserTag, epoch: u64) {
        self.revoke(Revocation::User { tag, epoch, until_ms: self.until_ms() });
    }

    pub(crate) fn revoke_key(&self, id: KeyId) {
        self.revoke(Revocation::Key { id, until_ms: self.until_ms() });
    }

    /// Ends a session: for whoever brings a token of it, or for its user.
    pub(crate) async fn end(
        &self,
        tag: UserTag,
        sid: SessionId,
        secret_hash: Option<&str>,
        user_id: Option<&UserId>,
        why: EndReason,
    ) -> Result<Ended, Fail> {
        let ended_ms = self.logins.rules.ended_ms();
        let ended =
            self.store.end_session(EndSession { tag, sid, secret_hash, user_id, why, ended_ms }).await;
        // One that too few replicas have confirmed has ended all the same.
        // So has one whose answer was lost: whoever brings a token of ours finds it gone when we ask again.
        let gone =
            matches!(ended, Ok(Ended::Gone)) && secret_hash.is_some() && !self.revoked.has_session(sid);
        if gone || matches!(ended, Ok(Ended::Revoked) | Err(Error::NotConfirmed)) {
            self.revoke_session(tag, sid, why);
        }
        Ok(ended?)
    }

    /// Changes a user; where that ends his sessions, everyone hears of it. `None`: there is no such user.
    pub(crate) async fn change(
        &self,
        tag: UserTag,
        user: &UserId,
        change: Change<'_>,
    ) -> Result<Option<u64>, Fail> {
        match self.store.change_user(tag, user, change).await {
            Ok(UserChanged::Epoch(epoch)) => {
                self.revoke_user(tag, epoch);
                Ok(Some(epoch))
            }
            Ok(UserChanged::Unknown | UserChanged::Changed) => Ok(None),
            Err(error) => {
                if matches!(error, Error::NotConfirmed)
                    && let Ok(Some(known)) = self.store.read_user(tag, user).await
                {
                    self.revoke_user(tag, known.epoch);
                }
                Err(error.into())
            }
        }
    }

    /// Redis may have lost its last writes: what ended here is ended once more.
    pub(super) async fn end_again(&self, now_ms: u64) {
        for (tag, sid, why) in self.ended_here.all(now_ms) {
            let ended_ms = self.logins.rules.ended_ms();
            let again = EndSession { tag, sid, secret_hash: None, user_id: None, why, ended_ms };
            if let Ok(Ended::Revoked) = self.store.end_session(again).await {
                tracing::warn!(session = %sid, "Redis had forgotten the end of a session; it was ended again");
            }
        }
    }
}

/// How often gateways are asked which secrets they have.
const KIDS_FOR_MS: u64 = 30_000;

impl Auth {
    /// Whether some other gateway seals with this secret.
    pub(super) async fn others_know(&self, kid: u8) -> Result<bool, Fail> {
        let now_ms = clock::now_ms();
        if let Some(kids) = self.kids.get(&(), now_ms) {
            return Ok(kids.contains(&kid));
        }
        let (kids, _) = self.store.ring_kids().await?;
        let knows = kids.contains(&kid);
        self.kids.put((), kids, now_ms, now_ms + KIDS_FOR_MS);
        Ok(knows)
    }
}
