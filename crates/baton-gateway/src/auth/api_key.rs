//! API keys: looked up by id, compared in constant time, and remembered for a few seconds.

use std::net::IpAddr;
use std::sync::Arc;

use baton_auth::address::Cidr;
use baton_auth::{Scopes, api_key, user_tag};
use baton_core::login::{KeyId, UserId, UserTag};
use baton_core::{Code, WorkerId};
use baton_store::calls::token::{ApiKey, ChangeKey, Revocation};

use super::issue::{Bearer, Issued, Of};
use super::revoked::Marks;
use super::settings::ms;
use super::token::principal;
use super::{Auth, Credential, Grant, Hands};
use crate::clock;
use crate::problem::Fail;

/// How often a key is noted as used.
const TOUCH_EVERY_MS: u64 = 60_000;

/// A key as it was read a moment ago.
#[derive(Debug)]
pub(super) struct KnownKey {
    hashes: Vec<String>,
    /// Empty: everywhere.
    networks: Vec<Cidr>,
    tag: UserTag,
    marks: Marks,
    grant: Arc<Grant>,
}

impl Auth {
    /// What this key may do, if it is one and may come from there. Wrong, unknown, revoked and expired look the same.
    pub(crate) async fn by_key(&self, key: &str, from: IpAddr, fresh: bool) -> Result<Arc<Grant>, Fail> {
        let refused = || Fail::new(Code::Unauthenticated);
        let (id, hash) = api_key::parse(key).map_err(|_| refused())?;
        let now_ms = clock::now_ms();
        let known =
            if fresh { self.look_up(&id, now_ms).await? } else { self.known_key(&id, now_ms).await? };
        let Some(known) = known else {
            api_key::same(&hash, api_key::NO_HASH);
            return Err(refused());
        };
        // Both are compared, so that the time does not say which one it was.
        let is = known.hashes.iter().fold(false, |is, known| api_key::same(&hash, known) | is);
        let over = known.grant.expires_at_ms.is_some_and(|until_ms| now_ms >= until_ms);
        if !is || over || !known.works_from(from) || self.revoked.has(&known.marks) {
            return Err(refused());
        }
        Ok(Arc::clone(&known.grant))
    }

    /// A key as it is, or was a few seconds ago.
    pub(super) async fn known_key(&self, id: &KeyId, now_ms: u64) -> Result<Option<Arc<KnownKey>>, Fail> {
        match self.api_keys.get(&id.to_string(), now_ms) {
            Some(known) => Ok(Some(known)),
            None => self.look_up(id, now_ms).await,
        }
    }

    /// What a token of this key may do at most that is brought from there; `None`: nothing. While Redis is away, what
    /// was last read must do.
    pub(super) async fn allowed_by(
        &self,
        id: &KeyId,
        user: &UserId,
        from: Option<IpAddr>,
        now_ms: u64,
    ) -> Result<Option<Scopes>, Fail> {
        let known = match self.known_key(id, now_ms).await {
            Ok(known) => known,
            Err(fail) => Some(self.api_keys.last(&id.to_string()).ok_or(fail)?),
        };
        Ok(known.and_then(|known| known.allows(user, from)))
    }

    /// The same, as Redis says it now.
    pub(super) async fn surely_allowed_by(
        &self,
        id: &KeyId,
        user: &UserId,
        from: Option<IpAddr>,
        now_ms: u64,
    ) -> Result<Option<Scopes>, Fail> {
        Ok(self.look_up(id, now_ms).await?.and_then(|known| known.allows(user, from)))
    }

    /// Whether a key is gone, disabled, or allows less than what was given for it; and so for its owner. What cannot be
    /// asked has not changed.
    pub(super) async fn has_outlived_key(&self, grant: &Grant) -> bool {
        let (Credential::Key { id }, Some(user)) = (&grant.credential, &grant.user) else { return false };
        match self.known_key(id, clock::now_ms()).await {
            Ok(Some(known)) => !known.allows(user, None).is_some_and(|now| now.contain(&grant.scopes)),
            Ok(None) => true,
            Err(_) => false,
        }
    }

    async fn look_up(&self, id: &KeyId, now_ms: u64) -> Result<Option<Arc<KnownKey>>, Fail> {
        let Some(record) = self.store.read_key(id).await?.filter(|record| !record.disabled) else {
            return Ok(None);
        };
        let tag = user_tag(&record.owner);
        let owner = self.store.read_user(tag, &record.owner).await?;
        let owner = owner.filter(|owner| !owner.disabled && owner.born == record.owner_born);
        let Some(owner) = owner else { return Ok(None) };
        if record.last_used_at_ms.is_none_or(|used_ms| now_ms >= used_ms + TOUCH_EVERY_MS) {
            let (store, id) = (self.store.clone(), id.clone());
            tokio::spawn(async move {
                if let Err(error) = store.change_key(&id, ChangeKey::Touch).await {
                    tracing::debug!(%error, "failed to note that a key was used");
                }
            });
        }
        let known = Arc::new(known(record, tag, &owner.roles));
        let until_ms = now_ms + ms(self.logins.rules.key_cache);
        self.api_keys.put(id.to_string(), Arc::clone(&known), now_ms, until_ms);
        Ok(Some(known))
    }

    /// A key was changed: other gateways read it again when they have forgotten it, and at once if it ends.
    pub(crate) fn key_changed(&self, id: &KeyId, ended: bool) {
        self.forget_key(id);
        if ended {
            self.outbox.send(Revocation::Key { id: id.clone(), until_ms: 0 });
        }
    }

    /// An access token for whoever has this key.
    pub(crate) async fn key_access(
        &self,
        grant: &Grant,
        scopes: &Scopes,
        worker: Option<&WorkerId>,
    ) -> Result<Issued, Fail> {
        let (Some(user), Credential::Key { id }) = (&grant.user, &grant.credential) else {
            return Err(Fail::new(Code::Unauthenticated));
        };
        let now_ms = self.store.clock_ms().await?;
        let bearer = Bearer {
            user,
            client: id.as_str(),
            scopes,
            epoch: 0,
            auth_time_ms: now_ms,
            amr: "key",
            now_ms,
            of: Of::Key { id, expires_at_ms: grant.expires_at_ms },
            worker,
        };
        self.access(&bearer).await
    }

    pub(super) fn forget_key(&self, id: &KeyId) {
        self.api_keys.forget(|known, _| known == id.as_str());
    }

    /// Their owner was changed: his keys are read again.
    pub(super) fn forget_keys_of(&self, tag: UserTag) {
        self.api_keys.forget(|_, known| known.tag == tag);
    }
}

impl KnownKey {
    fn works_from(&self, from: IpAddr) -> bool {
        self.networks.is_empty() || self.networks.iter().any(|range| range.contains(from))
    }

    /// What it allows its owner; `None`: nothing, for it is another's, or for other places. No place is asked after where
    /// nobody brings it.
    fn allows(&self, user: &UserId, from: Option<IpAddr>) -> Option<Scopes> {
        let his = self.grant.user.as_ref() == Some(user);
        let there = from.is_none_or(|from| self.works_from(from));
        (his && there).then(|| self.grant.scopes.clone())
    }
}

fn known(record: ApiKey, tag: UserTag, roles: &str) -> KnownKey {
    let scopes: Scopes = record.scopes.parse().unwrap_or_default();
    let worker = record.worker.as_deref().and_then(|worker| worker.parse::<WorkerId>().ok());
    let grant = Grant {
        principal: principal(&record.owner),
        // A key is never worth more than whoever has it is allowed now.
        scopes: scopes.and(&Scopes::of_roles(roles)),
        user: Some(record.owner),
        hands: worker.map_or(Hands::None, Hands::Of),
        credential: Credential::Key { id: record.id.clone() },
        expires_at_ms: record.expires_at_ms,
        jti: None,
    };
    KnownKey {
        hashes: [Some(record.hash), record.hash_next].into_iter().flatten().collect(),
        networks: record.cidrs.split_whitespace().filter_map(|range| range.parse().ok()).collect(),
        tag,
        // A key lives through a new password of its owner: no epoch ends it.
        marks: Marks { user: tag, epoch: u64::MAX, session: None, key: Some(record.id), jti: None },
        grant: Arc::new(grant),
    }
}
