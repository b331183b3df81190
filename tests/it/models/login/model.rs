//! What should be stored: the rule of baton-core decides, and this only keeps its decisions.

use std::collections::BTreeMap;

use baton_core::login::{
    EndReason, Family, OnReuse, Outcome, Owner, Presented, RacePolicy, Refused, Rotation, SessionId, judge,
};
use baton_store::calls::token::{EndSession, Ended, Live, Login, Opened, OpenedSession, Rotate, Rotated};
use baton_testkit::Snapshot;
use baton_testkit::fixture::START_MS;
use baton_testkit::snapshot::{Content, Value};

use super::stage::{PREFIX, USER};

/// A session, as it lies in Redis.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub family: Family,
    kid: u8,
    created_at_ms: u64,
    pub absolute_at_ms: u64,
}

#[derive(Debug)]
pub(super) struct Model {
    pub now_ms: u64,
    pub owner: Owner,
    pub sessions: BTreeMap<SessionId, Session>,
    index: BTreeMap<SessionId, u64>,
    ended: BTreeMap<SessionId, EndReason>,
}

impl Model {
    /// Of a user who was made just now.
    pub(super) fn new() -> Model {
        let owner = Owner { user_id: USER.to_owned(), epoch: START_MS, disabled: false };
        Model {
            now_ms: START_MS,
            owner,
            sessions: BTreeMap::new(),
            index: BTreeMap::new(),
            ended: BTreeMap::new(),
        }
    }

    fn end(&mut self, sid: SessionId, why: EndReason) {
        self.sessions.remove(&sid);
        self.index.remove(&sid);
        self.ended.insert(sid, why);
    }

    pub(super) fn open(&mut self, ask: &Login<'_>) -> Opened {
        if self.owner.disabled || ask.epoch_seen.is_some_and(|seen| seen != self.owner.epoch) {
            return Opened::Changed;
        }
        let (new, now_ms) = (&ask.session, self.now_ms);
        self.index.retain(|_, absolute| *absolute > now_ms);
        let mut evicted = Vec::new();
        if self.index.len() as u64 >= ask.max && !self.index.contains_key(&new.sid) {
            self.index.retain(|sid, _| self.sessions.contains_key(sid));
            while self.index.len() as u64 >= ask.max {
                let oldest = self.index.iter().min_by_key(|(sid, end)| (**end, sid.to_string()));
                let Some((oldest, _)) = oldest.map(|(sid, end)| (*sid, *end)) else { break };
                self.end(oldest, EndReason::Evicted);
                evicted.push(oldest);
            }
        }
        let absolute_at_ms = now_ms + new.absolute_ms;
        let family = Family {
            generation: 1,
            secret_hash: new.secret_hash.to_owned(),
            client: new.client.to_owned(),
            policy: new.policy,
            nonce: new.nonce.to_owned(),
            epoch: self.owner.epoch,
            rotated_at_ms: now_ms,
            expires_at_ms: absolute_at_ms.min(now_ms + new.idle_ms),
            user_id: USER.to_owned(),
        };
        let expires_at_ms = family.expires_at_ms;
        self.sessions
            .insert(new.sid, Session { family, kid: new.kid, created_at_ms: now_ms, absolute_at_ms });
        self.index.insert(new.sid, absolute_at_ms);
        let epoch = self.owner.epoch;
        let opened =
            OpenedSession { epoch, roles: "operator".to_owned(), now_ms, expires_at_ms, absolute_at_ms };
        Opened::Session { opened, evicted }
    }

    pub(super) fn rotate(&mut self, ask: &Rotate<'_>) -> Rotated {
        let presented = Presented {
            generation: ask.generation,
            secret_hash: ask.secret_hash.to_owned(),
            client: ask.client.to_owned(),
            nonce: ask.nonce.to_owned(),
        };
        let family = self.sessions.get(&ask.sid).map(|session| &session.family);
        match judge(family, Some(&self.owner), &presented, &ask.windows, self.now_ms) {
            Outcome::Successor { how, generation } => self.succeed(ask, how, generation),
            Outcome::Refused { why, ends } => self.refuse(ask, why, ends),
        }
    }

    fn succeed(&mut self, ask: &Rotate<'_>, how: Rotation, generation: u64) -> Rotated {
        let session = self.sessions.get_mut(&ask.sid).expect("the rule found it");
        if how != Rotation::Replayed {
            let expires_at_ms = session.absolute_at_ms.min(self.now_ms + ask.idle_ms);
            let (nonce, rotated_at_ms) = (ask.nonce.to_owned(), self.now_ms);
            let family = session.family.clone();
            session.family = Family { generation, nonce, rotated_at_ms, expires_at_ms, ..family };
            session.kid = ask.kid;
        }
        let session = Live {
            generation: session.family.generation,
            kid: session.kid,
            user_id: USER.to_owned(),
            epoch: self.owner.epoch,
            scope: "tasks:read".to_owned(),
            roles: "operator".to_owned(),
            auth_time_ms: session.created_at_ms,
            amr: "pwd".to_owned(),
            client: session.family.client.clone(),
            now_ms: self.now_ms,
            expires_at_ms: session.family.expires_at_ms,
            absolute_at_ms: session.absolute_at_ms,
        };
        Rotated::Successor { how, session }
    }

    fn refuse(&mut self, ask: &Rotate<'_>, why: Refused, ends: Option<EndReason>) -> Rotated {
        let known = self.ended.get(&ask.sid).copied();
        let mut epoch = None;
        if let Some(reason) = ends {
            self.end(ask.sid, reason);
            if reason == EndReason::Reuse && ask.windows.on_reuse == OnReuse::RevokeUser {
                epoch = Some(self.bump());
            }
        }
        Rotated::Refused { why, ended: known.filter(|_| why == Refused::Unknown), epoch }
    }

    pub(super) fn end_session(&mut self, ask: &EndSession<'_>) -> Ended {
        let Some(session) = self.sessions.get(&ask.sid) else { return Ended::Gone };
        if ask.secret_hash.is_some_and(|hash| hash != session.family.secret_hash) {
            return Ended::Refused;
        }
        self.end(ask.sid, ask.why);
        Ended::Revoked
    }

    /// All sessions end; answers the new epoch.
    pub(super) fn bump(&mut self) -> u64 {
        self.index.clear();
        self.owner.epoch += 1;
        self.owner.epoch
    }

    /// Every key of the user, as Redis should have it.
    pub(super) fn picture(&self) -> Snapshot {
        let mut keys = BTreeMap::new();
        let mut put = |name: String, expires: bool, content: Content| {
            keys.insert(format!("{PREFIX}{name}"), Value { content, expires });
        };
        for (sid, session) in &self.sessions {
            put(format!("session:{sid}"), true, session.content());
        }
        for (sid, why) in &self.ended {
            put(format!("ended:{sid}"), true, Content::String(why.as_str().into()));
        }
        if !self.index.is_empty() {
            let mut members: Vec<_> = self.index.iter().map(|(sid, end)| (*end, sid.to_string())).collect();
            members.sort();
            let members = members.into_iter().map(|(end, sid)| (sid.into_bytes(), end.to_string()));
            put("sessions".to_owned(), true, Content::SortedSet(members.collect()));
        }
        let user = [
            ("user_id", self.owner.user_id.clone()),
            ("epoch", self.owner.epoch.to_string()),
            ("disabled", u8::from(self.owner.disabled).to_string()),
            ("deleted", "0".to_owned()),
            ("roles", "operator".to_owned()),
            ("password", String::new()),
            ("password_at", START_MS.to_string()),
            ("born", START_MS.to_string()),
        ];
        put("user".to_owned(), false, hash(user));
        Snapshot(keys)
    }
}

impl Session {
    fn content(&self) -> Content {
        let family = &self.family;
        hash([
            ("gen", family.generation.to_string()),
            ("secret_hash", family.secret_hash.clone()),
            ("client", family.client.clone()),
            ("policy", RacePolicy::as_str(family.policy).to_owned()),
            ("nonce", family.nonce.clone()),
            ("kid", self.kid.to_string()),
            ("epoch", family.epoch.to_string()),
            ("created_at", self.created_at_ms.to_string()),
            ("auth_time", self.created_at_ms.to_string()),
            ("rotated_at", family.rotated_at_ms.to_string()),
            ("expires_at", family.expires_at_ms.to_string()),
            ("absolute_at", self.absolute_at_ms.to_string()),
            ("user_id", family.user_id.clone()),
            ("scope", "tasks:read".to_owned()),
            ("device", "laptop".to_owned()),
            ("ip", "p-1".to_owned()),
            ("amr", "pwd".to_owned()),
        ])
    }
}

fn hash<const N: usize>(fields: [(&str, String); N]) -> Content {
    Content::Hash(fields.into_iter().map(|(name, value)| (name.into(), value.into_bytes())).collect())
}
