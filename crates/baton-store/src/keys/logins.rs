//! The keys of logins: each user, address and key has a hash tag of its own.

use baton_core::login::{KeyId, SessionId, UserTag};
use baton_core::{Namespace, Principal};

/// The keys of all logins, and where those of one user begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginKeys {
    namespace: String,
}

impl LoginKeys {
    pub fn new(namespace: &Namespace) -> LoginKeys {
        LoginKeys { namespace: namespace.to_string() }
    }

    fn of_all(&self, name: &str) -> String {
        format!("{}:{{u}}:{name}", self.namespace)
    }

    fn of_one(&self, kind: char, id: &str, name: &str) -> String {
        format!("{}:{{u:{kind}:{id}}}:{name}", self.namespace)
    }

    pub fn of_user(&self, tag: UserTag) -> UserKeys {
        UserKeys { prefix: format!("{}:{{u:{tag}}}:", self.namespace) }
    }

    pub fn revoked(&self) -> String {
        self.of_all("revoked")
    }

    pub fn alarms(&self) -> String {
        self.of_all("alarms")
    }

    pub fn jwks(&self) -> String {
        self.of_all("jwks")
    }

    pub fn meta(&self) -> String {
        self.of_all("meta")
    }

    pub fn users(&self) -> String {
        self.of_all("users")
    }

    pub fn address_gate(&self, pseudonym: &str) -> String {
        format!("{}:{{u:ip:{pseudonym}}}:gcra:login", self.namespace)
    }

    pub fn meter(&self, who: &Principal) -> String {
        self.of_one('r', who.as_str(), "requests")
    }

    pub fn key(&self, id: &KeyId) -> String {
        self.of_one('k', id.as_str(), "key")
    }

    pub fn once(&self, digest: &str) -> String {
        self.of_one('o', digest, "once")
    }

    pub fn denied(&self, jti: &str) -> String {
        self.of_one('j', jti, "denied")
    }

    /// A key that is never written, for the probe of rights.
    pub fn sample(&self) -> String {
        self.of_all("sample")
    }
}

/// The keys of one user. All share a hash tag, so a script touches one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserKeys {
    prefix: String,
}

impl UserKeys {
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    fn at(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub fn user(&self) -> String {
        self.at("user")
    }

    pub fn sessions(&self) -> String {
        self.at("sessions")
    }

    pub fn session(&self, id: SessionId) -> String {
        format!("{}session:{id}", self.prefix)
    }

    pub fn ended(&self, id: SessionId) -> String {
        format!("{}ended:{id}", self.prefix)
    }

    /// Refresh tokens of his that came once more.
    pub fn notes(&self) -> String {
        self.at("notes")
    }

    /// The index of his API keys.
    pub fn keys(&self) -> String {
        self.at("keys")
    }

    pub fn gate(&self) -> String {
        self.at("gcra:login")
    }

    /// Of a device that has a token of his already.
    pub fn device_gate(&self, session: SessionId) -> String {
        format!("{}gcra:device:{session}", self.prefix)
    }

    pub fn failures(&self) -> String {
        self.at("failures")
    }
}
