//! The ids of users, sessions and keys. None of them is a secret, and none of them can break a key of Redis.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginIdError {
    #[error("take a user name of {0} bytes: it has 1 to 256")]
    NameLength(usize),
    #[error("take a user name with control characters")]
    NameControl,
    #[error("read a user id: it begins with user_ or service_")]
    UserId,
    #[error("read a user tag: it is 16 hex digits")]
    Tag,
    #[error("read a session id: it is 22 characters of base64url")]
    SessionId,
    #[error("read a key id: it is 12 letters and digits")]
    KeyId,
    #[error("read {0:?}: it is none of the known words")]
    Word(String),
}

/// A user: `user_<name>`, or `service_<name>`. Compared byte for byte, and never part of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Box<str>);

const USER: &str = "user_";
const SERVICE: &str = "service_";

impl UserId {
    pub const NAME_BYTES_MAX: usize = 256;

    /// The id of a person of this name.
    pub fn person(name: &str) -> Result<UserId, LoginIdError> {
        UserId::of(USER, name)
    }

    pub fn service(name: &str) -> Result<UserId, LoginIdError> {
        UserId::of(SERVICE, name)
    }

    fn of(prefix: &str, name: &str) -> Result<UserId, LoginIdError> {
        if name.is_empty() || name.len() > UserId::NAME_BYTES_MAX {
            return Err(LoginIdError::NameLength(name.len()));
        }
        if name.chars().any(char::is_control) {
            return Err(LoginIdError::NameControl);
        }
        Ok(UserId(format!("{prefix}{name}").into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that he signs in with.
    pub fn name(&self) -> &str {
        self.0.strip_prefix(USER).or_else(|| self.0.strip_prefix(SERVICE)).unwrap_or(&self.0)
    }
}

impl FromStr for UserId {
    type Err = LoginIdError;

    fn from_str(text: &str) -> Result<UserId, LoginIdError> {
        match (text.strip_prefix(USER), text.strip_prefix(SERVICE)) {
            (Some(name), _) => UserId::person(name),
            (None, Some(name)) => UserId::service(name),
            (None, None) => Err(LoginIdError::UserId),
        }
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What stands for a user in keys and tokens: eight bytes of a hash of his id, in hex.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserTag(pub [u8; 8]);

impl fmt::Display for UserTag {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl FromStr for UserTag {
    type Err = LoginIdError;

    fn from_str(text: &str) -> Result<UserTag, LoginIdError> {
        let hex = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
        if text.len() != 16 || !text.bytes().all(hex) {
            return Err(LoginIdError::Tag);
        }
        let number = u64::from_str_radix(text, 16).map_err(|_| LoginIdError::Tag)?;
        Ok(UserTag(number.to_be_bytes()))
    }
}

/// One login of a user, which is one family of refresh tokens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 16]);

impl SessionId {
    /// Of random bytes. In words it begins with no hyphen: a command would take it for an option.
    pub fn of(mut chance: [u8; 16]) -> SessionId {
        const HYPHEN: u8 = 62;
        if chance[0] >> 2 == HYPHEN {
            chance[0] &= 0x7f;
        }
        SessionId(chance)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 22];
        match URL_SAFE_NO_PAD.encode_slice(self.0, &mut text) {
            Ok(_) => out.write_str(str::from_utf8(&text).unwrap_or_default()),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for SessionId {
    type Err = LoginIdError;

    fn from_str(text: &str) -> Result<SessionId, LoginIdError> {
        // Whatever is no canonical text of 16 bytes fails to decode.
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| LoginIdError::SessionId)?;
        bytes.try_into().map(SessionId).map_err(|_| LoginIdError::SessionId)
    }
}

/// An API key, by its public part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Box<str>);

impl KeyId {
    pub const LENGTH: usize = 12;

    pub fn new(text: &str) -> Result<KeyId, LoginIdError> {
        if text.len() == KeyId::LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(KeyId(text.into()))
        } else {
            Err(LoginIdError::KeyId)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyId {
    type Err = LoginIdError;

    fn from_str(text: &str) -> Result<KeyId, LoginIdError> {
        KeyId::new(text)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_session_that_is_made_begins_with_a_hyphen() {
        for first in 0..=u8::MAX {
            let mut bytes = [7; 16];
            bytes[0] = first;
            let words = SessionId::of(bytes).to_string();
            assert!(!words.starts_with('-'), "{words}");
            assert!(
                SessionId(bytes).to_string().starts_with('-') || SessionId::of(bytes) == SessionId(bytes)
            );
        }
    }

    #[test]
    fn a_user_id_is_a_name_with_a_prefix() {
        let user = UserId::person("alice:{}*\u{1f600}").unwrap();
        assert_eq!((user.as_str(), user.name()), ("user_alice:{}*\u{1f600}", "alice:{}*\u{1f600}"));
        assert_eq!("service_bot".parse::<UserId>().unwrap().name(), "bot");
        for wrong in ["", "alice", "user_", "user_a\nb", "user_a\u{7f}"] {
            assert!(wrong.parse::<UserId>().is_err(), "{wrong:?}");
        }
        assert!(UserId::person(&"x".repeat(256)).is_ok());
        assert!(UserId::person(&"x".repeat(257)).is_err());
    }

    #[test]
    fn texts_are_canonical() {
        let id = SessionId([0xff; 16]);
        assert_eq!(id.to_string(), "_____________________w");
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["_____________________x", "____________________", "/////////////////////w", ""] {
            assert!(wrong.parse::<SessionId>().is_err(), "{wrong}");
        }
        let tag = UserTag([0, 1, 2, 3, 4, 5, 6, 0xff]);
        assert_eq!(tag.to_string(), "00010203040506ff");
        assert_eq!("00010203040506ff".parse(), Ok(tag));
        for wrong in ["00010203040506FF", "+0010203040506ff", "0"] {
            assert!(wrong.parse::<UserTag>().is_err(), "{wrong}");
        }
        assert!(KeyId::new("abcDEF012345").is_ok() && KeyId::new("abcDEF01234_").is_err());
    }
}
