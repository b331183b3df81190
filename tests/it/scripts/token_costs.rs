//! What the steps of a login cost, in commands, and which of their keys live for ever.

use baton_core::login::{KeyId, OnReuse, SessionId, Windows};
use baton_store::calls::token::{
    Attempt, Change, ChangeKey, Gate, GateKey, Login, NewApiKey, Opened, Revocation, Rotate, Rotated,
};
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

/// Opens sessions of other ids than the tests name.
async fn open_many(at: &Fixture, count: u8) {
    let user = alice();
    for number in 1..=count {
        let session =
            baton_store::calls::token::NewSession { sid: SessionId([200 + number; 16]), ..session(1) };
        let opened = try_open(at, &Login { session, ..login(&user, 1) }).await;
        assert!(matches!(opened, Opened::Session { .. }), "{opened:?}");
    }
}

/// With an injected time it does not ask Redis for it; and one more is the script itself.
#[tokio::test]
async fn a_rotation_costs_the_same_whatever_there_is() {
    with_store(async |at| {
        signed_in(at).await;
        succeed(at, 1, 1, "n").await;
        for sessions in [0, 49] {
            open_many(at, sessions).await;
            let generation: u64 = by_hand(at, &format!("HGET {} gen", session_key(1))).await;
            let (rotated, cost) = commands(at, succeed(at, 1, generation, "n")).await;
            assert_eq!((rotated.1, cost), (generation + 1, 1 + 4), "{sessions}");
            let (_, cost) = commands(at, succeed(at, 1, generation, "n")).await;
            assert_eq!(cost, 1 + 2, "a replay reads and does nothing else");
        }
    })
    .await;
}

/// Also where there are fifty sessions to end.
#[tokio::test]
async fn case_52_logging_out_everywhere_costs_the_same_whatever_there_is() {
    for sessions in [0, 1, 50] {
        with_store(async |at| {
            make_user(at).await;
            at.store.change_user(TAG, &alice(), Change::Enable).await.expect("an answer");
            open_many(at, sessions).await;
            let (_, cost) = commands(at, at.store.change_user(TAG, &alice(), Change::Bump)).await;
            assert_eq!(cost, 1 + 3, "bump of {sessions}");
            open_many(at, sessions).await;
            let (_, cost) = commands(at, at.store.change_user(TAG, &alice(), Change::Disable)).await;
            assert_eq!(cost, 1 + 4, "disable of {sessions}");
        })
        .await;
    }
    with_store(async |at| {
        signed_in(at).await;
        succeed(at, 1, 1, "n").await;
        succeed(at, 1, 2, "n").await;
        open_many(at, 49).await;
        let windows = Windows { on_reuse: OnReuse::RevokeUser, ..WINDOWS };
        let theft = Rotate { windows, ..token(1, 1) };
        let (answer, cost) = commands(at, rotate(at, &theft)).await;
        assert!(matches!(answer, Rotated::Refused { epoch: Some(_), .. }), "{answer:?}");
        assert_eq!(cost, 1 + 7, "theft");
    })
    .await;
}

/// Everything that there can be, and of it what nobody ever drops.
#[tokio::test]
async fn only_records_and_indexes_of_records_live_for_ever() {
    with_store(async |at| {
        signed_in(at).await;
        open(at, 2).await;
        open(at, 3).await;
        succeed(at, 1, 1, "n").await;
        succeed(at, 1, 2, "n").await;
        rotate(at, &token(1, 1)).await;
        end(at, logout(2)).await;
        let gate = Gate { every_ms: 10_000, burst: 9 };
        for what in [Attempt::Begin, Attempt::Failed] {
            at.store.attempt(TAG, gate, what).await.expect("an answer");
        }
        for key in [GateKey::Address("p-1"), GateKey::Device(TAG, sid(3))] {
            at.store.charge(key, gate).await.expect("an answer");
        }
        let owner = alice();
        for (id, expires_at_ms) in [("aaaaaaaaaaa1", None), ("aaaaaaaaaaa2", Some(at.now_ms() + 1_000))] {
            let id = KeyId::new(id).expect("a key id");
            let new = NewApiKey {
                id: &id,
                tag: TAG,
                owner: &owner,
                name: "ci",
                scopes: "tasks:read",
                worker: "",
                cidrs: "",
                expires_at_ms,
                hash: "hash",
            };
            at.store.put_key(&new).await.expect("an answer");
            at.store.change_key(&id, ChangeKey::Touch).await.expect("an answer");
        }
        at.store.put_once("digest", "x", 30_000).await.expect("an answer");
        at.store.deny("jti", 30_000).await.expect("an answer");
        let revocation = Revocation::Session { sid: sid(1), until_ms: 1 };
        at.store.tell_revoked(&revocation).await.expect("an answer");
        at.store.meet_ring(&[(1, "one".to_owned())]).await.expect("an answer");
        at.store.write_signing_keys(0, &[("a", Some("sealed"))]).await.expect("an answer");

        let snapshot = at.snapshot().await;
        let logins = snapshot.0.iter().filter(|(key, _)| key.starts_with("baton:{u"));
        let (mortal, immortal): (Vec<_>, Vec<_>) = logins.partition(|(_, value)| value.expires);
        let names =
            |keys: Vec<(&String, _)>| keys.into_iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        let expected = [
            format!("{T}keys"),
            format!("{T}user"),
            "baton:{u:k:aaaaaaaaaaa1}:key".to_owned(),
            "baton:{u}:jwks".to_owned(),
            "baton:{u}:meta".to_owned(),
            "baton:{u}:revoked".to_owned(),
            "baton:{u}:users".to_owned(),
        ];
        assert_eq!(names(immortal), expected);
        let expected = [
            ended_key(1),
            ended_key(2),
            format!("{T}failures"),
            format!("{T}gcra:device:{}", sid(3)),
            format!("{T}gcra:login"),
            session_key(3),
            format!("{T}sessions"),
            "baton:{u:ip:p-1}:gcra:login".to_owned(),
            "baton:{u:j:jti}:denied".to_owned(),
            "baton:{u:k:aaaaaaaaaaa2}:key".to_owned(),
            "baton:{u:o:digest}:once".to_owned(),
        ];
        assert_eq!(names(mortal), expected);
    })
    .await;
}
