//! `token/sessions`: what a user may see of his sessions, which is nothing secret.

use baton_core::login::SessionId;
use baton_store::calls::token::{Change, Login, NewSession, SessionRow};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

async fn list(at: &Fixture) -> Vec<SessionRow> {
    unchanged(at, at.store.sessions(TAG)).await.expect("an answer")
}

async fn listed(at: &Fixture) -> Vec<SessionId> {
    list(at).await.iter().map(|row| row.sid).collect()
}

#[tokio::test]
async fn those_that_live_are_listed_those_first_that_end_first() {
    with_store(async |at| {
        assert_eq!(list(at).await, []);
        let epoch = make_user(at).await;
        assert_eq!(list(at).await, []);
        for number in [3, 1, 2] {
            open(at, number).await;
            at.pass_ms(1);
        }
        succeed(at, 3, 1, "n").await;
        assert_eq!(listed(at).await, [sid(3), sid(1), sid(2)]);
        let first = SessionRow {
            sid: sid(3),
            client: "baton".to_owned(),
            device: "laptop".to_owned(),
            ip: "p-1".to_owned(),
            scope: "tasks:read".to_owned(),
            generation: 2,
            created_at_ms: START_MS,
            rotated_at_ms: START_MS + 3,
            expires_at_ms: START_MS + 3 + IDLE,
            auth_time_ms: START_MS,
            epoch,
        };
        assert_eq!(list(at).await.remove(0), first);
    })
    .await;
}

#[tokio::test]
async fn case_54_nothing_secret_is_in_it() {
    with_store(async |at| {
        make_user(at).await;
        let user = alice();
        let session = NewSession { secret_hash: "hash-of-secret", nonce: "nonce-of-login", ..session(1) };
        try_open(at, &Login { session, ..login(&user, 1) }).await;
        let mut connection = at.redis.connection().await;
        let script = baton_store::Script::all().iter().find(|script| script.name == "token/sessions");
        let text = &script.expect("a script of that name").text;
        let words: Vec<String> = deadpool_redis::redis::cmd("EVAL")
            .arg(text)
            .arg(2)
            .arg(&[format!("{T}sessions"), format!("{T}user")])
            .arg(T)
            .arg(50)
            .query_async(&mut connection)
            .await
            .expect("words");
        assert_eq!(words.len(), 12, "{words:?}");
        let secret =
            |word: &&String| word.contains("secret") || word.contains("nonce") || word.contains("phc");
        assert_eq!(words.iter().find(secret), None);
    })
    .await;
}

#[tokio::test]
async fn those_that_are_dead_are_not_listed() {
    with_store(async |at| {
        signed_in(at).await;
        open(at, 2).await;
        by_hand::<()>(at, &format!("DEL {}", session_key(1))).await;
        assert_eq!(listed(at).await, [sid(2)]);
        end(at, logout(2)).await;
        assert_eq!(listed(at).await, []);
        open(at, 3).await;
        at.store.change_user(TAG, &alice(), Change::Bump).await.expect("an answer");
        assert_eq!(listed(at).await, []);
        // One of an earlier epoch that an index still names.
        by_hand::<()>(at, &format!("ZADD {T}sessions 1 {}", sid(3))).await;
        assert_eq!(listed(at).await, []);
        open(at, 4).await;
        assert_eq!(listed(at).await, [sid(4)]);
        by_hand::<()>(at, &format!("DEL {T}user")).await;
        assert_eq!(listed(at).await, []);
    })
    .await;
}
