//! A8: sessions against their ends, their users, and what was revoked. That a token has one successor cannot be seen afterwards:
//! models and tests prove it.

use std::collections::HashMap;

use baton_core::audit::Fields;
use baton_core::audit::rule::{
    AFTER_END, AFTER_REVOCATION, ENDED_LISTED, EPOCH_BACK, GENERATION_BACK, UNLISTED,
};
use baton_core::audit::session::{self, Beside};
use baton_core::audit::{number, word};

use super::Auditor;
use super::report::Finding;
use crate::error::Error;
use crate::keys::LoginKeys;

/// What is answered of a token that has a successor since, if it had none before.
const OLD: [&str; 4] = ["replayed", "superseded", "reused", "healed"];

/// Of a session: the latest generation that was old already, and the stream that says so.
type Old = HashMap<String, u64>;

/// What was told of all logins.
struct Known {
    /// By kind and id: the epoch that was told with it.
    revoked: HashMap<(String, String), u64>,
    alarms: Old,
}

type Entries = Vec<(String, Vec<String>)>;

impl Auditor<'_> {
    pub(super) async fn logins(&mut self) -> Result<(), Error> {
        let pattern = format!("{}:{{u*}}:*", self.store.namespace());
        let known = Known { revoked: self.revoked().await?, alarms: self.alarms().await? };
        let (mut cursor, mut any) = ("0".to_owned(), false);
        loop {
            let (next, page) = match self.store.scan_step(&cursor, &pattern, "1000").await {
                Err(Error::Fault { what, problem }) if what == "this user of Redis" => {
                    self.report.skip("A8", problem);
                    return Ok(());
                }
                answer => answer?,
            };
            any |= !page.is_empty();
            for key in page.into_iter().map(|key| String::from_utf8_lossy(&key).into_owned()) {
                if let Some((prefix, sid)) = key.split_once("}:session:") {
                    self.session(&key, &format!("{prefix}}}:"), sid, &known).await?;
                } else if key.ends_with("}:user") {
                    self.user(&key, &known.revoked).await?;
                } else if let Some(prefix) =
                    key.strip_suffix("sessions").filter(|prefix| prefix.ends_with("}:"))
                {
                    self.ended(&key, prefix).await?;
                }
            }
            if next == "0" {
                break;
            }
            cursor = next;
        }
        if !any {
            self.report.skip("A8", "nobody logs in here");
        }
        Ok(())
    }

    /// By kind and id: the epoch that was told with it.
    async fn revoked(&self) -> Result<HashMap<(String, String), u64>, Error> {
        let key = LoginKeys::new(self.store.namespace()).revoked();
        let (mut from, mut known) = ("-".to_owned(), HashMap::new());
        loop {
            let question = vec!["XRANGE", &key, &from, "+", "COUNT", "1000"];
            let page: Entries = self.store.ask_text::<Option<_>>(question).await?.unwrap_or_default();
            let Some((last, _)) = page.last() else { return Ok(known) };
            from = format!("({last}");
            for (_, words) in &page {
                let fields = pairs(words);
                let name = (word(&fields, "kind").to_owned(), word(&fields, "id").to_owned());
                let epoch = number(&fields, "epoch").unwrap_or_default();
                let newest = known.entry(name).or_insert(epoch);
                *newest = epoch.max(*newest);
            }
        }
    }

    /// Of each session the latest generation that came when it was old: where that ends nothing, the session lives on.
    async fn alarms(&self) -> Result<Old, Error> {
        let key = LoginKeys::new(self.store.namespace()).alarms();
        let page: Entries =
            self.store.ask_text::<Option<_>>(vec!["XRANGE", &key, "-", "+"]).await?.unwrap_or_default();
        let mut old = Old::new();
        for (_, words) in &page {
            let fields = pairs(words);
            let newest = old.entry(word(&fields, "sid").to_owned()).or_default();
            *newest = number(&fields, "generation").unwrap_or_default().max(*newest);
        }
        Ok(old)
    }

    async fn session(&mut self, key: &str, prefix: &str, sid: &str, known: &Known) -> Result<(), Error> {
        let (user, sessions) = (format!("{prefix}user"), format!("{prefix}sessions"));
        let (ended, notes) = (format!("{prefix}ended:{sid}"), format!("{prefix}notes"));
        // What ended is noted by the script that removes the session, so the session is looked at last.
        let answers = self
            .store
            .ask_all([
                vec!["EXISTS", &ended],
                vec!["HGET", &user, "epoch"],
                vec!["ZSCORE", &sessions, sid],
                vec!["XRANGE", &notes, "-", "+"],
                vec!["HGETALL", key],
                vec!["HGET", &user, "epoch"],
                vec!["ZSCORE", &sessions, sid],
                vec!["HGETALL", &user],
                vec!["PTTL", key],
                vec!["TIME"],
            ])
            .await?;
        let answers: Vec<_> = answers.into_iter().map(super::ask::lossy).collect();
        let fields: Fields = answers.get(4).cloned().and_then(super::ask::some).unwrap_or_default();
        if fields.is_empty() {
            return Ok(());
        }
        let said =
            |at: usize| answers.get(at).cloned().and_then(super::ask::some::<Option<String>>).flatten();
        self.report.look("A8", 1);
        let mut wrong = Vec::new();
        if said(0).as_deref() == Some("1") {
            wrong.push((AFTER_END.broken("no session, as it has ended", "it is there"), ended));
        }
        let name = ("session".to_owned(), sid.to_owned());
        if known.revoked.contains_key(&name) {
            let stream = LoginKeys::new(self.store.namespace()).revoked();
            wrong.push((AFTER_REVOCATION.broken("no session, as it was revoked", "it is there"), stream));
        }
        // One of another epoch is dead, and goes at its next use.
        let epoch = word(&fields, "epoch");
        let counts = [1, 5].iter().all(|at| said(*at).as_deref() == Some(epoch));
        if counts && said(2).is_none() && said(6).is_none() {
            wrong.push((UNLISTED.broken(format!("it in {sessions}"), "it is not in there"), sessions));
        }
        let owner: Fields = answers.get(7).cloned().and_then(super::ask::some).unwrap_or_default();
        let ttl_ms = answers.get(8).cloned().and_then(super::ask::some).unwrap_or(-2);
        let now_ms = answers.get(9).cloned().and_then(|now| super::ask::time(now).ok()).unwrap_or_default();
        let score = said(6).and_then(|score| score.parse().ok());
        let beside = Beside { user: &owner, score, ttl_ms, now_ms };
        wrong.extend(session::check(&fields, beside).into_iter().map(|one| (one, user.clone())));
        let gen_now = number(&fields, "gen").unwrap_or_default();
        let noted: Entries = answers.get(3).cloned().and_then(super::ask::some).unwrap_or_default();
        let newest = noted
            .iter()
            .map(|(_, words)| pairs(words))
            .filter(|note| word(note, "sid") == sid && OLD.contains(&word(note, "outcome")))
            .filter_map(|note| number(&note, "generation"))
            .chain(known.alarms.get(sid).copied())
            .max();
        if let Some(newest) = newest.filter(|newest| *newest >= gen_now) {
            let expected = format!("a generation above {newest}, which was old already");
            wrong.push((GENERATION_BACK.broken(expected, gen_now.to_string()), notes));
        }
        for (one, other) in wrong {
            self.find(Finding::of(one, format!("session {sid}"), vec![key.to_owned(), other]));
        }
        Ok(())
    }

    /// What ended left the list by the same script.
    async fn ended(&mut self, key: &str, prefix: &str) -> Result<(), Error> {
        let listed: Vec<String> =
            self.store.ask_text::<Option<_>>(vec!["ZRANGE", key, "0", "-1"]).await?.unwrap_or_default();
        self.report.look("A8", listed.len() as u64);
        for sid in listed {
            let end = format!("{prefix}ended:{sid}");
            let answers = self.store.ask_all([vec!["GET", &end], vec!["ZSCORE", key, &sid]]).await?;
            let said =
                |at: usize| answers.get(at).cloned().and_then(super::ask::some::<Option<String>>).flatten();
            if let (Some(why), Some(_)) = (said(0), said(1)) {
                let wrong = ENDED_LISTED
                    .broken(format!("it not in {key}, as it has ended"), format!("it ended: {why}"));
                self.find(Finding::of(wrong, format!("session {sid}"), vec![key.to_owned(), end]));
            }
        }
        Ok(())
    }

    /// What was revoked of a user says from which epoch on his sessions are good again.
    async fn user(&mut self, key: &str, revoked: &HashMap<(String, String), u64>) -> Result<(), Error> {
        let said: Vec<Option<String>> = self.store.ask_text(vec!["HMGET", key, "user_id", "epoch"]).await?;
        let [Some(user), Some(epoch)] = &said[..] else { return Ok(()) };
        self.report.look("A8", 1);
        let told = revoked.get(&("user".to_owned(), user.clone())).copied().unwrap_or_default();
        if epoch.parse::<u64>().is_ok_and(|epoch| epoch < told) {
            let wrong =
                EPOCH_BACK.broken(format!("{told} at least, as was told when his sessions ended"), epoch);
            self.find(Finding::of(wrong, format!("user {user}"), vec![key.to_owned()]));
        }
        Ok(())
    }
}

fn pairs(words: &[String]) -> Fields {
    words.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}
