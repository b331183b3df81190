//! What a request is allowed, once it is known who sends it.

use baton_auth::{Action, Scopes};
use baton_core::login::{KeyId, SessionId, UserId};
use baton_core::{Code, Principal, QueueName, WorkerId};

use crate::problem::Fail;

/// Whom a request acts as, and what that may do.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// As it stands in histories.
    pub(crate) principal: Principal,
    /// `None`: nobody logged in, where nobody must.
    pub(crate) user: Option<UserId>,
    pub(crate) scopes: Scopes,
    pub(crate) hands: Hands,
    pub(crate) credential: Credential,
    /// When it ends by itself.
    pub(crate) expires_at_ms: Option<u64>,
    /// Of an access token: its own name, by which it alone may have been revoked.
    pub(crate) jti: Option<String>,
}

/// The worker that a credential may act as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hands {
    /// Every one: only where there are no logins.
    Any,
    /// This one.
    Of(WorkerId),
    None,
}

/// What was brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// Nothing, where nothing is needed.
    Open,
    /// An access token of a login.
    Session { id: SessionId, epoch: u64, client: String, auth_time_s: u64, by_cookie: bool },
    /// An API key, or an access token that one was exchanged for.
    Key { id: KeyId },
}

impl Grant {
    /// Everything, for whoever reaches a gateway without logins.
    pub(crate) fn open(principal: Principal) -> Grant {
        Grant {
            principal,
            user: None,
            scopes: Scopes::admin(),
            hands: Hands::Any,
            credential: Credential::Open,
            expires_at_ms: None,
            jti: None,
        }
    }

    /// Refuses what is allowed nowhere, be it for one queue.
    pub(crate) fn must(&self, action: Action) -> Result<(), Fail> {
        if self.scopes.allow(action) { Ok(()) } else { Err(Fail::lacks(action)) }
    }

    /// Refuses what is not allowed in this queue.
    pub(crate) fn must_in(&self, action: Action, queue: &QueueName) -> Result<(), Fail> {
        if self.scopes.allow_in(action, queue) { Ok(()) } else { Err(Fail::lacks(action)) }
    }

    /// Refuses whoever acts as a worker that is not his.
    pub(crate) fn must_be(&self, worker: &WorkerId) -> Result<(), Fail> {
        match &self.hands {
            Hands::Any => Ok(()),
            Hands::Of(own) if own == worker => Ok(()),
            _ => Err(Fail::new(Code::WorkerNotBound)),
        }
    }
}

/// What a key with these scopes gets, that is bound to no worker.
#[cfg(test)]
pub(crate) fn of_key(scopes: &str) -> Grant {
    let principal = Principal::new("key-1").expect("a name");
    let scopes = scopes.parse().expect("scopes");
    Grant { scopes, hands: Hands::None, ..Grant::open(principal) }
}
