//! What the owner of a schedule may at the moment at which it is due, as Redis says: nothing is remembered here. Networks of
//! a key are not looked at, for nobody brings it.

use baton_auth::{Action, Scopes, user_tag};
use baton_core::QueueName;
use baton_core::login::KeyId;
use baton_core::schedule::Denied;
use baton_store::Error;
use baton_store::calls::schedule::{Owner, Verdict};
use baton_store::ticker::Judge;

use super::{Auth, Credential, Grant};
use crate::clock;
use crate::problem::Fail;

impl Auth {
    /// Who owns what is made with this grant; nobody, where nobody logs in.
    pub(crate) async fn owner(&self, grant: &Grant) -> Result<Option<Owner>, Fail> {
        let Some(user) = grant.user.clone() else { return Ok(None) };
        let key = match &grant.credential {
            Credential::Key { id } => Some(id.clone()),
            Credential::Open | Credential::Session { .. } => None,
        };
        let record = self.store.read_user(user_tag(&user), &user).await?;
        Ok(Some(Owner { born: record.map(|record| record.born).unwrap_or_default(), user, key }))
    }

    /// What his key allows; `Err` says why it is nothing.
    async fn key_allows(&self, id: &KeyId, owner: &Owner) -> Result<Result<Scopes, Denied>, Error> {
        let Some(key) = self.store.read_key(id).await? else { return Ok(Err(Denied::Unknown)) };
        let over = key.expires_at_ms.is_some_and(|until_ms| clock::now_ms() >= until_ms);
        if key.owner != owner.user || key.owner_born != owner.born || over {
            return Ok(Err(Denied::Unknown));
        }
        // A scope that cannot be read allows nothing.
        Ok(if key.disabled { Err(Denied::Disabled) } else { Ok(key.scopes.parse().unwrap_or_default()) })
    }

    async fn rights(&self, owner: &Owner) -> Result<Result<Scopes, Denied>, Error> {
        let user = self.store.read_user(user_tag(&owner.user), &owner.user).await?;
        let Some(user) = user.filter(|user| user.born == owner.born) else {
            return Ok(Err(Denied::Unknown));
        };
        if user.disabled {
            return Ok(Err(Denied::Disabled));
        }
        let roles = Scopes::of_roles(&user.roles);
        match &owner.key {
            None => Ok(Ok(roles)),
            Some(id) => Ok(self.key_allows(id, owner).await?.map(|scopes| scopes.and(&roles))),
        }
    }
}

impl Judge for Auth {
    async fn judge(&self, owner: &Owner, queue: &QueueName) -> Result<Verdict, Error> {
        // Whoever reaches a gateway without logins may do everything.
        if self.open {
            return Ok(Verdict::Granted);
        }
        Ok(match self.rights(owner).await? {
            Ok(scopes) if scopes.allow_in(Action::TasksWrite, queue) => Verdict::Granted,
            Ok(_) => Verdict::Denied(Denied::Forbidden),
            Err(denied) => Verdict::Denied(denied),
        })
    }
}
