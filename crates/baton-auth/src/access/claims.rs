//! The inside of a token.

use std::fmt;

use baton_core::WorkerId;
use baton_core::login::{KeyId, SessionId, UserId};
use serde::de::{self, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{AccessError, Expected};
use crate::text;

/// A token lives for a day at most, whoever signed it.
pub const LIFE_S_MAX: u64 = 24 * 3600;

const JTI_MAX: usize = 64;

/// What a token says of the one who brings it. Times are seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    pub iss: String,
    pub aud: Vec<String>,
    pub sub: UserId,
    pub client_id: String,
    pub iat: u64,
    pub exp: u64,
    pub jti: String,
    /// Words between spaces.
    pub scope: String,
    /// The epoch of the user when it was signed.
    pub ep: u64,
    pub auth_time: u64,
    pub amr: Vec<String>,
    pub username: String,
    pub holder: Holder,
    /// The worker that its owner may act as.
    pub wid: Option<WorkerId>,
}

/// What a token hangs on: with it, it ends. The claims `sid` and `key`, of which a token has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    Session(SessionId),
    Key(KeyId),
}

/// The id of a token, of these random bytes.
pub fn jti(chance: [u8; 16]) -> String {
    text::encode(&chance)
}

impl Claims {
    /// Whether now is within its times; for claims that are remembered, too.
    pub fn check_times(&self, leeway_s: u64, now_s: u64) -> Result<(), AccessError> {
        if self.iat > now_s.saturating_add(leeway_s) {
            return Err(AccessError::WrongClaims("iat"));
        }
        let life_s = self.exp.checked_sub(self.iat).ok_or(AccessError::WrongClaims("exp"))?;
        if life_s > LIFE_S_MAX {
            return Err(AccessError::WrongClaims("exp"));
        }
        if self.exp.saturating_add(leeway_s) <= now_s { Err(AccessError::Expired) } else { Ok(()) }
    }
}

/// The claims as JSON. A repeated one and one of another type make it fail; unknown ones count for nothing.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Wire {
    iss: String,
    #[serde(deserialize_with = "one_or_many")]
    aud: Vec<String>,
    sub: String,
    client_id: String,
    iat: u64,
    exp: u64,
    jti: String,
    scope: String,
    ep: u64,
    auth_time: u64,
    amr: Vec<String>,
    username: String,
    #[serde(default, deserialize_with = "there", skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(default, deserialize_with = "there", skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, deserialize_with = "there", skip_serializing_if = "Option::is_none")]
    wid: Option<String>,
    /// We write none.
    #[serde(default, deserialize_with = "there", skip_serializing)]
    nbf: Option<u64>,
    /// It binds the token to a key of its owner, which nobody here can check: then it is not for us.
    #[serde(default, deserialize_with = "there", skip_serializing)]
    cnf: Option<Anything>,
}

#[derive(Debug)]
struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Anything, D::Error> {
        IgnoredAny::deserialize(from).map(|_| Anything)
    }
}

/// A claim that is there has its type: null is not the same as nothing.
fn there<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    struct Audience;

    impl<'de> Visitor<'de> for Audience {
        type Value = Vec<String>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a string, or an array of strings")
        }

        fn visit_str<E: de::Error>(self, one: &str) -> Result<Vec<String>, E> {
            Ok(vec![one.to_owned()])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut many: A) -> Result<Vec<String>, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = many.next_element()? {
                all.push(one);
            }
            Ok(all)
        }
    }

    from.deserialize_any(Audience)
}

impl Wire {
    pub(super) fn of(claims: &Claims) -> Wire {
        let (sid, key) = match &claims.holder {
            Holder::Session(sid) => (Some(sid.to_string()), None),
            Holder::Key(key) => (None, Some(key.to_string())),
        };
        Wire {
            iss: claims.iss.clone(),
            aud: claims.aud.clone(),
            sub: claims.sub.to_string(),
            client_id: claims.client_id.clone(),
            iat: claims.iat,
            exp: claims.exp,
            jti: claims.jti.clone(),
            scope: claims.scope.clone(),
            ep: claims.ep,
            auth_time: claims.auth_time,
            amr: claims.amr.clone(),
            username: claims.username.clone(),
            sid,
            key,
            wid: claims.wid.as_ref().map(|wid| wid.to_string()),
            nbf: None,
            cnf: None,
        }
    }

    /// The claims, if they are those of a token of ours that is good now.
    pub(super) fn check(self, expected: &Expected<'_>, now_s: u64) -> Result<Claims, AccessError> {
        let wrong = AccessError::WrongClaims;
        if self.iss != expected.issuer {
            return Err(wrong("iss"));
        }
        if !self.aud.iter().any(|aud| aud == expected.audience) {
            return Err(wrong("aud"));
        }
        if self.cnf.is_some() {
            return Err(wrong("cnf"));
        }
        if self.nbf.is_some_and(|nbf| nbf > now_s.saturating_add(expected.leeway_s)) {
            return Err(wrong("nbf"));
        }
        if !(1..=JTI_MAX).contains(&self.jti.len()) || !self.jti.bytes().all(text::is_base64url) {
            return Err(wrong("jti"));
        }
        let holder = match (self.sid, self.key) {
            (Some(sid), None) => Holder::Session(sid.parse().map_err(|_| wrong("sid"))?),
            (None, Some(key)) => Holder::Key(key.parse().map_err(|_| wrong("key"))?),
            _ => return Err(wrong("one of sid and key")),
        };
        let claims = Claims {
            iss: self.iss,
            aud: self.aud,
            sub: self.sub.parse().map_err(|_| wrong("sub"))?,
            client_id: self.client_id,
            iat: self.iat,
            exp: self.exp,
            jti: self.jti,
            scope: self.scope,
            ep: self.ep,
            auth_time: self.auth_time,
            amr: self.amr,
            username: self.username,
            holder,
            wid: self.wid.map(|wid| WorkerId::new(&wid)).transpose().map_err(|_| wrong("wid"))?,
        };
        claims.check_times(expected.leeway_s, now_s).map(|()| claims)
    }
}
