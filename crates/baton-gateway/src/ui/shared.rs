//! What many wait for at once is asked for once: an event sends every open page to the same answers of the interface, and
//! those who may see the same get the same for a quarter of a second.
//!
//! Only the parts of pages that change are made of such answers. A script asks for them a little later after it heard of an
//! event than an answer is kept, so it never gets one from before that event; and whoever has just done something is led to a
//! whole page, which is asked for anew. It is answers that are shared and not pages: on a page stands who looks at it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::api::Answer;
use crate::clock;
use crate::problem::Fail;

/// How long an answer is kept. `live.js` waits longer than this before it asks.
pub(super) const KEPT: Duration = Duration::from_millis(250);

/// More than so many are not kept: each has a page of tasks at most.
const ANSWERS_MAX: usize = 256;

/// What is the same for everyone with the same scopes. Whatever else there is may depend on who asks.
const OF_ALL: [&str; 8] = [
    "/api/v1/tasks",
    "/api/v1/queues",
    "/api/v1/workers",
    "/api/v1/series",
    "/api/v1/errors",
    "/api/v1/flows",
    "/api/v1/schedules",
    "/health",
];

/// The answers that are kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared(Arc<Mutex<HashMap<Asked, Kept>>>);

/// What was asked for, with which rights.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    scopes: Arc<str>,
    path: String,
}

#[derive(Clone, Debug)]
struct Kept {
    since: Instant,
    answer: Arc<OnceCell<Arc<Answer>>>,
}

/// Those of one set of rights.
#[derive(Clone, Debug)]
pub(super) struct Share {
    shared: Shared,
    scopes: Arc<str>,
}

impl Shared {
    pub(super) fn of(&self, scopes: impl ToString) -> Share {
        Share { shared: self.clone(), scopes: scopes.to_string().into() }
    }
}

impl Share {
    /// What is kept of this path, or what the question gives; who comes meanwhile waits for the same.
    pub(super) async fn get(
        &self,
        path: &str,
        ask: impl Future<Output = Result<Answer, Fail>>,
    ) -> Result<Arc<Answer>, Fail> {
        match self.place(path) {
            Some(place) => place.get_or_try_init(async || ask.await.map(Arc::new)).await.cloned(),
            None => ask.await.map(Arc::new),
        }
    }

    fn place(&self, path: &str) -> Option<Arc<OnceCell<Arc<Answer>>>> {
        if !is_of_all(path) {
            return None;
        }
        let now = clock::instant();
        let asked = Asked { scopes: Arc::clone(&self.scopes), path: path.to_owned() };
        let mut kept = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, kept| now.saturating_duration_since(kept.since) < KEPT);
        if kept.len() >= ANSWERS_MAX && !kept.contains_key(&asked) {
            return None;
        }
        let place = kept.entry(asked).or_insert_with(|| Kept { since: now, answer: Arc::default() });
        Some(Arc::clone(&place.answer))
    }
}

fn is_of_all(path: &str) -> bool {
    let rest = OF_ALL.iter().filter_map(|known| path.strip_prefix(known));
    rest.into_iter().any(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_depend_on_who_asks_is_not_shared() {
        for (path, shared) in [
            ("/api/v1/tasks?limit=50", true),
            ("/api/v1/tasks/x/explain", true),
            ("/health", true),
            ("/api/v1/taskses", false),
            ("/api/v1/audit", false),
            ("/auth/sessions", false),
            ("/healthy", false),
        ] {
            assert_eq!(is_of_all(path), shared, "{path}");
            let share = Shared::default().of("tasks:read");
            assert_eq!(share.place(path).is_some(), shared, "{path}");
        }
    }

    #[test]
    fn each_set_of_rights_has_answers_of_its_own() {
        let shared = Shared::default();
        let place = |scopes: &str| shared.of(scopes).place("/api/v1/tasks").unwrap();
        let (one, other, again) = (place("tasks:read"), place("tasks:read@a"), place("tasks:read"));
        assert!(Arc::ptr_eq(&one, &again) && !Arc::ptr_eq(&one, &other));
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let share = Shared::default().of("admin");
        for number in 0..2 * ANSWERS_MAX {
            share.place(&format!("/api/v1/tasks?limit={number}"));
        }
        assert!(share.shared.0.lock().unwrap().len() <= ANSWERS_MAX);
    }

    /// What a script says that it waits.
    fn waits_ms(script: &str, name: &str) -> u128 {
        let text = std::str::from_utf8(baton_dashboard::assets::find(script).unwrap().bytes).unwrap();
        let said = text.split(&format!("const {name} = ")).nth(1).unwrap();
        said.split(';').next().unwrap().parse().unwrap()
    }

    /// Otherwise a page could be shown from before the event that it is asked for. And what happens is to be seen within a
    /// second: half of it is for the way.
    #[test]
    fn scripts_wait_longer_than_answers_are_kept_and_not_for_long() {
        let settle = waits_ms("live.js", "SETTLE");
        assert!(settle > KEPT.as_millis(), "{settle}");
        assert!(settle + waits_ms("feed.js", "GATHER") <= 500);
    }
}
