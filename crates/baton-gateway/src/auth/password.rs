//! New passwords. Each ends all sessions of its user, but for the one that asks.

use std::net::IpAddr;

use baton_auth::one_shot::Purpose;
use baton_auth::{Scopes, SecretText, address, password, user_tag};
use baton_core::Code;
use baton_core::login::{SessionId, UserId};
use baton_store::Error;
use baton_store::calls::token::{PasswordSet, SetPassword};

use super::Auth;
use super::clients::{BATON, Client};
use super::issue::{About, Draft, Tokens};
use super::login::BY_PASSWORD;
use crate::problem::Fail;

impl Auth {
    /// Refuses a password that may not be set, with the place where it stands.
    pub(crate) fn check_new(&self, new: &str, pointer: &str) -> Result<(), Fail> {
        let checked = password::check_new(new, self.logins.rules.password_min_length);
        checked.map_err(|error| Fail::invalid(pointer, format!("failed to {error}")))
    }

    /// Sets a password for whoever knows the current one. His session goes on under a new id.
    pub(crate) async fn change_password(
        &self,
        user: &UserId,
        session: SessionId,
        current: &str,
        new: &str,
        from: IpAddr,
    ) -> Result<(Tokens, String), Fail> {
        self.check_new(new, "/new")?;
        let tag = user_tag(user);
        let rows = self.store.sessions(tag).await?;
        let row = rows.into_iter().find(|row| row.sid == session);
        let row = row.ok_or_else(|| Fail::new(Code::Unauthenticated))?;
        let known = self.prove(user, current, None, from).await?;
        let phc = self.hashing.hash(new.to_owned()).await?;
        let draft = Draft::draw(self, tag)?;
        let ip = address::pseudonym(&self.ring, from);
        let client = self.client(&row.client)?;
        let about = About {
            client: &client.id,
            policy: client.policy,
            scope: &row.scope,
            device: &row.device,
            ip: &ip,
            amr: BY_PASSWORD,
        };
        let set = SetPassword {
            tag,
            user_id: user,
            epoch_seen: Some(known.epoch),
            phc: &phc,
            session: Some(draft.session(self, about)),
        };
        let done = self.store.set_password(&set).await;
        if let Ok(PasswordSet::Changed) | Err(Error::NotConfirmed) = done {
            self.tell_newer(user, known.epoch).await;
        }
        match done? {
            PasswordSet::Set { epoch, opened: Some(opened) } => {
                self.revoke_user(tag, epoch);
                let scopes: Scopes = row.scope.parse().unwrap_or_default();
                let tokens = self.first_tokens(user, &client.id, &scopes, &draft, &opened).await?;
                Ok((tokens, row.client))
            }
            PasswordSet::Set { opened: None, .. } => Err(Fail::new(Code::Internal)),
            PasswordSet::Unknown => Err(Fail::new(Code::InvalidCredentials)),
            PasswordSet::Changed => Err(Fail::new(Code::Conflict).because(
                "The user was changed at the same time: log in with the new password, or with the old one if that is \
                 refused.",
            )),
        }
    }

    /// It is not known how a change of this user came about. If he was changed, everyone hears that his sessions ended.
    async fn tell_newer(&self, user: &UserId, epoch_seen: u64) {
        let tag = user_tag(user);
        if let Ok(Some(known)) = self.store.read_user(tag, user).await
            && known.epoch > epoch_seen
        {
            self.revoke_user(tag, known.epoch);
        }
    }

    /// Sets a password for somebody else, or for whoever brought a code. `false`: there is no such user.
    pub(crate) async fn set_password(
        &self,
        user: &UserId,
        new: &str,
        epoch_seen: Option<u64>,
    ) -> Result<bool, Fail> {
        let tag = user_tag(user);
        let phc = self.hashing.hash(new.to_owned()).await?;
        let set = SetPassword { tag, user_id: user, epoch_seen, phc: &phc, session: None };
        let done = self.store.set_password(&set).await;
        if let Err(Error::NotConfirmed) = done
            && let Ok(Some(known)) = self.store.read_user(tag, user).await
        {
            self.revoke_user(tag, known.epoch);
        }
        match done? {
            PasswordSet::Set { epoch, .. } => {
                self.revoke_user(tag, epoch);
                Ok(true)
            }
            PasswordSet::Unknown | PasswordSet::Changed => Ok(false),
        }
    }

    /// A code by which this user sets a password once.
    pub(crate) async fn reset_code(&self, user: &UserId) -> Result<SecretText, Fail> {
        let known = self.store.read_user(user_tag(user), user).await?;
        let known = known.ok_or_else(|| Fail::new(Code::UnknownUser))?;
        // Whatever changes his sessions, another such code among it, takes the worth from this one.
        self.code_for(Purpose::Reset, &(user.as_str(), known.epoch), self.logins.rules.join_ttl).await
    }

    /// Sets a password for whoever brings such a code. One that may not be set does not use the code up.
    pub(crate) async fn reset_password(&self, code: &str, new: &str) -> Result<(), Fail> {
        self.check_new(new, "/new")?;
        let refused = || Fail::new(Code::Unauthenticated);
        let (user, epoch): (String, u64) = self.spend(Purpose::Reset, code).await?.ok_or_else(refused)?;
        let user: UserId = user.parse().map_err(|_| refused())?;
        if self.set_password(&user, new, Some(epoch)).await? { Ok(()) } else { Err(refused()) }
    }

    /// The client of a session: one that was taken from the file since counts as the built-in one.
    fn client(&self, id: &str) -> Result<&Client, Fail> {
        let clients = &self.logins.clients;
        clients.get(id).or_else(|| clients.get(BATON)).ok_or_else(|| Fail::new(Code::Internal))
    }
}
