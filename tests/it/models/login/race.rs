//! Histories that many make at once, each on a connection of its own: the same tokens, new and old, against logouts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use baton_core::login::{EndReason, OnReuse, Rotation, SessionId, Windows};
use baton_store::Store;
use baton_store::calls::token::{EndSession, Ended, Login, NewSession, NewUser, Opened, Rotate, Rotated};
use baton_store::{Options, calls};
use baton_testkit::PrivateRedis;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::given;
use super::history::{Event, What, wrong};
use super::stage::{TAG, user};

const NONCES: [&str; 4] = ["nonce-a", "nonce-b", "nonce-c", "nonce-d"];
const RACERS: usize = 8;

fn token(sid: SessionId, generation: u64, nonce: &'static str) -> Rotate<'static> {
    let windows =
        Windows { leeway_ms: 30_000, retry_ms: 600_000, heal_max_ahead: 0, on_reuse: OnReuse::Deny };
    Rotate {
        tag: TAG,
        sid,
        generation,
        client: "baton",
        secret_hash: "secret",
        nonce,
        kid: 1,
        idle_ms: 600_000,
        ended_ms: 600_000,
        windows,
    }
}

async fn open(store: &Store, sid: SessionId, policy: baton_core::login::RacePolicy) {
    let user_id = user();
    let session = NewSession {
        sid,
        client: "baton",
        policy,
        scope: "",
        secret_hash: "secret",
        nonce: "login",
        kid: 1,
        idle_ms: 600_000,
        absolute_ms: 600_000,
        device: "",
        ip: "",
        amr: "",
    };
    let ask = Login {
        tag: TAG,
        user_id: &user_id,
        epoch_seen: None,
        create: false,
        max: 1_000_000,
        ended_ms: 600_000,
        session,
    };
    let opened = store.login(&ask).await.expect("an answer");
    assert!(matches!(opened, Opened::Session { .. }), "{opened:?}");
}

/// One server and a connection for each racer.
async fn arena() -> (PrivateRedis, Vec<Store>) {
    let redis = PrivateRedis::start().await;
    let mut stores = Vec::new();
    for _ in 0..RACERS {
        let mut options = Options::new(redis.url().parse().expect("a URL"));
        // Nobody waits here who would rather be told to come again.
        options.timeouts.login = std::time::Duration::from_secs(20);
        stores.push(Store::open(options).await.expect("a store on a private Redis").0);
    }
    let user_id = user();
    let new = NewUser { tag: TAG, user_id: &user_id, roles: "", password: None, disabled: false };
    let made = stores[0].create_user(&new).await.expect("an answer");
    assert!(matches!(made, calls::token::Made::User { .. }), "{made:?}");
    (redis, stores)
}

/// What one racer does with a session: it refreshes with what it believes to be the token, or ends it.
struct Racer {
    store: Store,
    sid: SessionId,
    number: usize,
    ends: bool,
    turns: u64,
    moments: Arc<AtomicU64>,
}

impl Racer {
    async fn run(self, start: Arc<Barrier>) -> Vec<Event> {
        start.wait().await;
        let mut events = Vec::new();
        let mut generation = 1;
        for turn in 0..self.turns {
            let began = self.moments.fetch_add(1, Ordering::SeqCst);
            let what = if self.ends && turn + 1 == self.turns {
                self.end().await
            } else {
                let nonce = NONCES[self.number % NONCES.len()];
                self.refresh(&mut generation, nonce).await
            };
            let answered = self.moments.fetch_add(1, Ordering::SeqCst);
            events.extend(what.map(|what| Event { sid: self.sid, began, answered, what }));
        }
        events
    }

    async fn end(&self) -> Option<What> {
        let ask = EndSession {
            tag: TAG,
            sid: self.sid,
            secret_hash: Some("secret"),
            user_id: None,
            why: EndReason::Logout,
            ended_ms: 600_000,
        };
        let answer = self.store.end_session(ask).await.expect("an answer");
        assert_ne!(answer, Ended::Refused);
        Some(What::Ended)
    }

    async fn refresh(&self, generation: &mut u64, nonce: &'static str) -> Option<What> {
        let of = *generation;
        match self.store.rotate(&token(self.sid, of, nonce)).await.expect("an answer") {
            Rotated::Successor { how, session } => {
                *generation = session.generation;
                Some(What::Success { of, how, generation: session.generation, kid: session.kid })
            }
            // A loser asks again with what the winner has by now.
            Rotated::Refused { .. } => {
                *generation += 1;
                None
            }
        }
    }
}

/// Plays one session until its end, and answers what happened in the order of the answers.
async fn race(stores: &[Store], round: u64, turns: u64) -> Vec<Event> {
    let sid = SessionId(u128::from(round + 1).to_be_bytes());
    let policies = baton_core::login::RacePolicy::ALL;
    open(&stores[0], sid, policies[round as usize % policies.len()]).await;
    let (start, moments) = (Arc::new(Barrier::new(RACERS)), Arc::new(AtomicU64::new(0)));
    let mut running = JoinSet::new();
    for (number, store) in stores.iter().enumerate() {
        let racer = Racer {
            store: store.clone(),
            sid,
            number,
            ends: number == RACERS - 1,
            turns: if number == RACERS - 1 { turns.div_ceil(2) } else { turns },
            moments: Arc::clone(&moments),
        };
        running.spawn(racer.run(Arc::clone(&start)));
    }
    let mut events: Vec<Event> = running.join_all().await.into_iter().flatten().collect();
    events.sort_by_key(|event| event.answered);
    events
}

/// Each round is a logout against refreshes: after its answer no token of the session is good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_history_is_wrong() {
    let (_redis, stores) = arena().await;
    let rounds = given("BATON_LOGIN_ROUNDS").unwrap_or(300);
    let (mut rotated, mut replayed) = (0, 0);
    for round in 0..rounds {
        let events = race(&stores, round, 8).await;
        assert_eq!(wrong(&events), None, "{events:#?}");
        let of = |sought: Rotation| {
            events
                .iter()
                .filter(|event| matches!(event.what, What::Success { how, .. } if how == sought))
                .count()
        };
        rotated += of(Rotation::Rotated);
        replayed += of(Rotation::Replayed);
    }
    println!("{rounds} sessions: {rotated} rotated, {replayed} replayed");
    assert!(rotated as u64 > rounds && replayed > 0, "{rotated} {replayed}");
}
