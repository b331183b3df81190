//! Faces `lua/token/login.lua`. Repeatable: a repeat writes the same session once more.

use baton_core::login::{RacePolicy, SessionId, UserId, UserTag};

use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// A session to be.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    pub sid: SessionId,
    pub client: &'a str,
    pub policy: RacePolicy,
    pub scope: &'a str,
    pub secret_hash: &'a str,
    pub nonce: &'a str,
    pub kid: u8,
    pub idle_ms: u64,
    pub absolute_ms: u64,
    /// By which a person tells it from others; cut at 64 bytes.
    pub device: &'a str,
    /// A pseudonym of the address that it came from.
    pub ip: &'a str,
    /// How its user showed who he is.
    pub amr: &'a str,
}

/// A user who has shown who he is.
#[derive(Clone, Debug)]
pub struct Login<'a> {
    pub tag: UserTag,
    pub user_id: &'a UserId,
    /// When his password was read; `None`: none was.
    pub epoch_seen: Option<u64>,
    /// A user that there is not is made, as an admin.
    pub create: bool,
    /// Sessions that he may have.
    pub max: u64,
    /// How long the end of a session is remembered.
    pub ended_ms: u64,
    pub session: NewSession<'a>,
}

/// A session that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedSession {
    pub epoch: u64,
    pub roles: String,
    /// Redis's clock.
    pub now_ms: u64,
    pub expires_at_ms: u64,
    pub absolute_at_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    Session {
        opened: OpenedSession,
        /// Those that had to go.
        evicted: Vec<SessionId>,
    },
    /// Another user has the same tag.
    TagCollision,
    /// The user was changed since his password was read.
    Changed,
}

const LOGIN_TEXT_MAX: usize = 64;

impl NewSession<'_> {
    /// Its fields and their values, in the order of the arguments.
    pub(super) fn put(&self, user_id: &UserId, call: &mut Call) {
        let device = &self.device[..self.device.floor_char_boundary(LOGIN_TEXT_MAX)];
        let fields = [
            ("user_id", user_id.as_str()),
            ("client", self.client),
            ("policy", self.policy.as_str()),
            ("scope", self.scope),
            ("secret_hash", self.secret_hash),
            ("nonce", self.nonce),
            ("device", device),
            ("ip", self.ip),
            ("amr", self.amr),
        ];
        for (name, value) in fields {
            call.arg(name).arg(value);
        }
        call.arg("kid").arg(self.kid);
    }
}

pub(super) fn read_opened(epoch: u64, reply: &mut Reply) -> Result<OpenedSession, Error> {
    Ok(OpenedSession {
        epoch,
        roles: reply.text()?,
        now_ms: reply.parse()?,
        expires_at_ms: reply.parse()?,
        absolute_at_ms: reply.parse()?,
    })
}

impl Store {
    /// Opens a session.
    pub async fn login(&self, ask: &Login<'_>) -> Result<Opened, Error> {
        let keys = self.logins().of_user(ask.tag);
        let session = &ask.session;
        let mut call = Call::new("token/login", [keys.user(), keys.sessions(), keys.session(session.sid)]);
        call.arg(keys.prefix()).arg(session.sid.to_string()).arg(ask.user_id.as_str());
        call.optional(ask.epoch_seen).arg(u8::from(ask.create)).arg(session.idle_ms).arg(session.absolute_ms);
        call.arg(ask.max).arg(ask.ended_ms).arg(self.now_argument());
        session.put(ask.user_id, &mut call);
        let mut reply = self.run_soon(&call).await?;
        match (reply.text()?.as_str(), reply.text()?.as_str()) {
            ("opened", epoch) => {
                let epoch = epoch.parse().map_err(|_| reply.fault("its epoch is no number"))?;
                let opened = read_opened(epoch, &mut reply)?;
                let mut evicted = Vec::new();
                while !reply.is_empty() {
                    evicted.push(reply.parse()?);
                }
                Ok(Opened::Session { opened, evicted })
            }
            ("refused", "tag_collision") => Ok(Opened::TagCollision),
            ("refused", "changed") => Ok(Opened::Changed),
            (other, _) => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
