//! Whose rights a schedule needs when it is due.

use baton_core::login::{KeyId, UserId};
use baton_core::schedule::Denied;

use super::Fields;
use crate::error::Error;

/// Whoever last said what a schedule is to be, where there are logins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub user: UserId,
    /// When that user was made: a namesake of a deleted one does not own his schedules.
    pub born: String,
    /// The API key that he did it with: it is then the key that must be allowed to.
    pub key: Option<KeyId>,
}

impl Owner {
    pub(crate) fn read(fields: &mut Fields) -> Result<Option<Owner>, Error> {
        let Some(user) = fields.optional("owner")? else { return Ok(None) };
        let born = fields.or("owner_born", String::new())?;
        Ok(Some(Owner { user, born, key: fields.optional("owner_key")? }))
    }

    /// As a script takes it: three words.
    pub(crate) fn words(owner: Option<&Owner>) -> [&str; 3] {
        owner.map_or([""; 3], |owner| {
            [owner.user.as_str(), &owner.born, owner.key.as_ref().map_or("", KeyId::as_str)]
        })
    }
}

/// What is known of an owner's rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Granted,
    Denied(Denied),
    /// Whoever asks cannot tell: only schedules that nobody owns are seen to.
    Unjudged,
}

impl Verdict {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Verdict::Granted => "granted",
            Verdict::Denied(denied) => denied.as_str(),
            Verdict::Unjudged => "",
        }
    }
}
