//! A8: what the record of a login says by itself.

use super::rule::{GENERATION_BACK, OF_NOBODY, OUTLIVES};
use super::{Fields, Wrong, number, word};

/// What is known of a session beside its record.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// The record of its user; empty where there is none.
    pub user: &'a Fields,
    /// Its score among the sessions of its user, where it is listed.
    pub score: Option<f64>,
    /// How long Redis keeps it; -1 is for ever.
    pub ttl_ms: i64,
    /// The clock of its server.
    pub now_ms: u64,
}

pub fn check(session: &Fields, beside: Beside<'_>) -> Vec<Wrong> {
    let mut found = Vec::new();
    found.extend(lives_on(session, beside));
    found.extend(of_nobody(session, beside.user));
    let generation = number(session, "gen").unwrap_or_default();
    let rotated = word(session, "rotated_at") != word(session, "created_at");
    if generation == 0 || (generation == 1 && rotated) {
        let least = if rotated { "2 at least, as it was rotated" } else { "1 at least" };
        found.push(GENERATION_BACK.broken(least, format!("{:?}", word(session, "gen"))));
    }
    found
}

/// Each use gives it its idle time anew, counted from then: it is not kept for longer than that. Where the clock went back behind
/// its last use, it is, and nothing is wrong.
fn lives_on(session: &Fields, beside: Beside<'_>) -> Option<Wrong> {
    let at = |field| number(session, field).unwrap_or_default();
    let (rotated, expires, absolute) = (at("rotated_at"), at("expires_at"), at("absolute_at"));
    let idle = expires.saturating_sub(rotated);
    if expires > absolute {
        return Some(
            OUTLIVES.broken(format!("expires_at {absolute} at most, its absolute end"), expires.to_string()),
        );
    }
    match beside.ttl_ms {
        -1 => return Some(OUTLIVES.broken("that it expires", "it lasts")),
        ttl if ttl > 0 && ttl as u64 > idle && rotated <= beside.now_ms => {
            return Some(OUTLIVES.broken(format!("{idle} ms at most until it goes"), format!("{ttl} ms")));
        }
        _ => {}
    }
    let score = beside.score.filter(|score| *score != absolute as f64)?;
    Some(OUTLIVES.broken(format!("the score {absolute} among those of its user"), score.to_string()))
}

/// Who is disabled has another epoch since, and gets no session.
fn of_nobody(session: &Fields, user: &Fields) -> Option<Wrong> {
    let (said, is) = (word(session, "user_id"), word(user, "user_id"));
    if user.is_empty() {
        return Some(OF_NOBODY.broken(format!("the user {said}"), "there is none"));
    }
    if said != is {
        return Some(OF_NOBODY.broken(format!("a session of {is}"), format!("one of {said}")));
    }
    let counts = word(session, "epoch") == word(user, "epoch");
    (counts && word(user, "disabled") == "1")
        .then(|| OF_NOBODY.broken("no session, as its user is disabled", "one of his current epoch"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(words: &str) -> Fields {
        let words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
        words.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect()
    }

    const SESSION: &str =
        "gen 3 epoch 7 user_id ada created_at 10 rotated_at 20 expires_at 120 absolute_at 500";
    const USER: &str = "user_id ada epoch 7 disabled 0";

    fn names(session: &str, user: &str, score: f64, ttl_ms: i64) -> String {
        let (session, user) = (fields(&[SESSION, session].join(" ")), fields(user));
        let found = check(&session, Beside { user: &user, score: Some(score), ttl_ms, now_ms: 50 });
        found.iter().map(|wrong| wrong.rule.name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_session_says_what_it_may() {
        let fine = |session: &str| names(session, USER, 500.0, 100);
        assert_eq!(fine(""), "");
        assert_eq!(fine("gen 0"), "generation_went_back");
        assert_eq!(fine("gen 1"), "generation_went_back");
        assert_eq!(fine("gen 1 created_at 20"), "");
        assert_eq!(fine("expires_at 600"), "session_outlives_its_time");
        assert_eq!(fine("user_id bob"), "session_of_nobody");
        assert_eq!(names("", USER, 499.0, 100), "session_outlives_its_time");
        assert_eq!(names("", USER, 500.0, 101), "session_outlives_its_time");
        assert_eq!(names("rotated_at 51", USER, 500.0, 101), "", "the clock went back");
        assert_eq!(names("rotated_at 51", USER, 500.0, -1), "session_outlives_its_time");
        assert_eq!(names("", USER, 500.0, -1), "session_outlives_its_time");
        assert_eq!(names("", "", 500.0, 100), "session_of_nobody");
        let disabled = "user_id ada epoch 7 disabled 1";
        assert_eq!(names("", disabled, 500.0, 100), "session_of_nobody");
        assert_eq!(names("epoch 6", disabled, 500.0, 100), "");
    }
}
