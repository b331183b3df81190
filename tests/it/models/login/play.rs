//! Plays a sequence to Redis and to the model, and stops where they differ.

use std::collections::BTreeMap;
use std::fmt::Debug;

use baton_core::login::{EndReason, OnReuse, RacePolicy, Refused, Rotation, SessionId, Windows};
use baton_store::calls::token::{
    Change, EndSession, Ended, Login, NewSession, Opened, Rotate, Rotated, UserChanged,
};
use baton_testkit::Snapshot;

use super::history::{Event, What, wrong};
use super::model::{Model, Session};
use super::stage::{Copy, Stage, TAG, user};
use super::step::{Back, Everywhere, Generation, Refresh, Step, Who};

const DAY_MS: u64 = 86_400_000;
const IDLE_MS: u64 = 7 * DAY_MS;
/// A session that is rotated after a day comes to this end, and not to the other.
const ABSOLUTE_MS: u64 = 8 * DAY_MS;
const ENDED_MS: u64 = 960_000;
/// Few enough to be too many soon.
const SESSIONS: u64 = 3;
/// Redis drops a key by its own clock, not by ours: no session may have less than this left, unless it has expired.
const TOO_SHORT_MS: u64 = 60_000;

const NONCES: [&str; 3] = ["nonce-a", "nonce-b", "nonce-c"];

struct Play<'a> {
    stage: &'a mut Stage,
    model: Model,
    /// In the order in which they were opened.
    opened: Vec<SessionId>,
    kept: BTreeMap<SessionId, (Copy, Session)>,
    history: Vec<Event>,
}

/// What differs, or is wrong with the history.
pub(super) async fn play(stage: &mut Stage, sequence: &[Step]) -> Result<(), String> {
    stage.clear().await;
    let mut play =
        Play { stage, model: Model::new(), opened: Vec::new(), kept: BTreeMap::new(), history: Vec::new() };
    for step in sequence {
        play.stage.steps += 1;
        play.step(step).await.map_err(|differs| format!("{step:?}\n{differs}"))?;
        let (stored, pictured) = (play.stage.snapshot().await, play.model.picture());
        if stored != pictured {
            let diff = Snapshot::diff(&pictured, &stored);
            return Err(format!("{step:?}\nleaves behind (-: the model, +: Redis)\n{diff}"));
        }
    }
    wrong(&play.history).map_or(Ok(()), Err)
}

fn same<T: PartialEq + Debug>(redis: &T, model: &T) -> Result<(), String> {
    if redis == model { Ok(()) } else { Err(format!("Redis: {redis:?}\nmodel: {model:?}")) }
}

impl Play<'_> {
    async fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Open { policy, seen, again } => self.open(*policy, *seen, *again).await,
            Step::Refresh(refresh) => self.refresh(refresh).await,
            Step::End { session, who, again } => self.end(*session, *who, *again).await,
            Step::Change(change) => self.change(*change).await,
            Step::Pass(ms) => {
                self.pass(*ms);
                Ok(())
            }
            Step::Keep(back) => {
                let sid = self.pick(*back);
                let copy = self.stage.keep(sid).await;
                if let (Some(copy), Some(session)) = (copy, self.model.sessions.get(&sid)) {
                    self.kept.insert(sid, (copy, session.clone()));
                }
                Ok(())
            }
            Step::RollBack(back) => {
                let sid = self.pick(*back);
                if let Some((copy, session)) = self.kept.get(&sid) {
                    self.stage.roll_back(sid, copy).await;
                    self.model.sessions.insert(sid, session.clone());
                    self.stage.meet("rolled back");
                    self.say(sid, What::RolledBack);
                    // A copy may be about to end.
                    self.pass(0);
                }
                Ok(())
            }
        }
    }

    /// One whose number nobody has, where there are not that many.
    fn pick(&self, back: Back) -> SessionId {
        let at = self.opened.len().checked_sub(1 + usize::from(back));
        at.map_or(SessionId([0; 16]), |at| self.opened[at])
    }

    fn say(&mut self, sid: SessionId, what: What) {
        let at = self.history.len() as u64;
        self.history.push(Event { sid, began: at, answered: at, what });
    }

    fn pass(&mut self, ms: i64) {
        self.model.now_ms = self.model.now_ms.saturating_add_signed(ms);
        let mut passed = true;
        while passed {
            let now_ms = self.model.now_ms;
            let ends = self
                .model
                .sessions
                .values()
                .flat_map(|session| [session.absolute_at_ms, session.family.expires_at_ms]);
            let next = ends.filter(|end| (now_ms + 1..now_ms + TOO_SHORT_MS).contains(end)).max();
            passed = next.is_some();
            self.model.now_ms = next.unwrap_or(now_ms);
        }
        self.stage.tell_time(self.model.now_ms);
    }

    async fn open(&mut self, policy: RacePolicy, seen: Option<u64>, again: bool) -> Result<(), String> {
        let sid = SessionId([self.opened.len() as u8 + 1; 16]);
        let user_id = user();
        let session = NewSession {
            sid,
            client: "baton",
            policy,
            scope: "tasks:read",
            secret_hash: "secret",
            nonce: "login",
            kid: 1,
            idle_ms: IDLE_MS,
            absolute_ms: ABSOLUTE_MS,
            device: "laptop",
            ip: "p-1",
            amr: "pwd",
        };
        let ask = Login {
            tag: TAG,
            user_id: &user_id,
            epoch_seen: seen.map(|bumps| self.model.owner.epoch - bumps),
            create: false,
            max: SESSIONS,
            ended_ms: ENDED_MS,
            session,
        };
        for _ in 0..=u8::from(again) {
            let answer = self.stage.store.login(&ask).await.map_err(|error| error.to_string())?;
            same(&answer, &self.model.open(&ask))?;
            self.stage.meet(if matches!(answer, Opened::Changed) { "changed" } else { "opened" });
            if let Opened::Session { evicted, .. } = answer {
                if !self.opened.contains(&sid) {
                    self.opened.push(sid);
                }
                for gone in evicted {
                    self.stage.meet("evicted");
                    self.say(gone, What::Ended);
                }
            }
        }
        Ok(())
    }

    async fn refresh(&mut self, refresh: &Refresh) -> Result<(), String> {
        let sid = self.pick(refresh.session);
        let current = self.model.sessions.get(&sid).map_or(1, |session| session.family.generation);
        let ask = Rotate {
            tag: TAG,
            sid,
            generation: match refresh.generation {
                Generation::Current => current,
                Generation::Behind(by) => current.saturating_sub(by).max(1),
                Generation::Ahead(by) => current + by,
                Generation::Exactly(generation) => generation,
            },
            client: if refresh.other_client { "other" } else { "baton" },
            secret_hash: if refresh.stranger { "other" } else { "secret" },
            nonce: NONCES[usize::from(refresh.nonce)],
            kid: refresh.kid,
            idle_ms: IDLE_MS,
            ended_ms: ENDED_MS,
            windows: Windows {
                leeway_ms: refresh.leeway_ms,
                retry_ms: 600_000,
                heal_max_ahead: 16,
                on_reuse: refresh.on_reuse,
            },
        };
        for _ in 0..=u8::from(refresh.again) {
            let answer = self.stage.rotate(&ask).await?;
            same(&answer, &self.model.rotate(&ask))?;
            self.stage.meet(word(&answer));
            self.note(&ask, &answer);
        }
        Ok(())
    }

    fn note(&mut self, ask: &Rotate<'_>, answer: &Rotated) {
        match answer {
            Rotated::Successor { how, session } => {
                let (generation, kid) = (session.generation, session.kid);
                self.say(ask.sid, What::Success { of: ask.generation, how: *how, generation, kid });
            }
            Rotated::Refused { epoch: Some(_), .. } => {
                self.stage.meet("reused by a user");
                self.all_ended();
            }
            Rotated::Refused { why: Refused::Unknown | Refused::StaleEpoch, .. } => {
                self.say(ask.sid, What::Ended);
            }
            Rotated::Refused { why: Refused::Reused, .. } if ask.windows.on_reuse != OnReuse::Deny => {
                self.say(ask.sid, What::Ended);
            }
            Rotated::Refused { .. } => {}
        }
    }

    fn all_ended(&mut self) {
        for sid in self.opened.clone() {
            self.say(sid, What::Ended);
        }
    }

    async fn end(&mut self, back: Back, who: Who, again: bool) -> Result<(), String> {
        let sid = self.pick(back);
        let ask = EndSession {
            tag: TAG,
            sid,
            secret_hash: match who {
                Who::Owner => Some("secret"),
                Who::Stranger => Some("other"),
                Who::Admin => None,
            },
            user_id: None,
            why: if matches!(who, Who::Admin) { EndReason::Admin } else { EndReason::Logout },
            ended_ms: ENDED_MS,
        };
        for _ in 0..=u8::from(again) {
            let answer = self.stage.store.end_session(ask).await.map_err(|error| error.to_string())?;
            same(&answer, &self.model.end_session(&ask))?;
            let (word, over) = match answer {
                Ended::Revoked => ("revoked", true),
                Ended::Gone => ("gone", true),
                Ended::Refused => ("refused", false),
            };
            self.stage.meet(word);
            if over {
                self.say(sid, What::Ended);
            }
        }
        Ok(())
    }

    async fn change(&mut self, change: Everywhere) -> Result<(), String> {
        let (asked, disabled) = match change {
            Everywhere::Bump => (Change::Bump, self.model.owner.disabled),
            Everywhere::Disable => (Change::Disable, true),
            Everywhere::Enable => (Change::Enable, false),
        };
        let answer = self.stage.store.change_user(TAG, &user(), asked).await;
        self.model.owner.disabled = disabled;
        let epoch = match change {
            Everywhere::Enable => self.model.owner.epoch,
            Everywhere::Bump | Everywhere::Disable => {
                self.all_ended();
                self.model.bump()
            }
        };
        same(&answer.map_err(|error| error.to_string())?, &UserChanged::Epoch(epoch))
    }
}

fn word(answer: &Rotated) -> &'static str {
    match answer {
        Rotated::Successor { how: Rotation::Rotated, .. } => "rotated",
        Rotated::Successor { how: Rotation::Healed, .. } => "healed",
        Rotated::Successor { how: Rotation::Replayed, .. } => "replayed",
        Rotated::Refused { why, .. } => match why {
            Refused::Unknown => "unknown",
            Refused::Invalid => "invalid",
            Refused::Expired => "expired",
            Refused::StaleEpoch => "stale_epoch",
            Refused::TooFarAhead => "ahead",
            Refused::Superseded => "superseded",
            Refused::Reused => "reused",
        },
    }
}
