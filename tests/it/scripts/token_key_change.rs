//! `token/key_change`: an API key is renamed, disabled, given a second secret, used, removed.

use baton_core::login::KeyId;
use baton_store::calls::token::{ChangeKey, KeyChanged, NewApiKey};
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

const KEY: &str = "baton:{u:k:aaaaaaaaaaaa}:key";

fn id() -> KeyId {
    KeyId::new("aaaaaaaaaaaa").expect("a key id")
}

async fn put(at: &Fixture) {
    let (id, owner) = (id(), alice());
    let new = NewApiKey {
        id: &id,
        tag: TAG,
        owner: &owner,
        name: "ci",
        scopes: "tasks:read",
        worker: "",
        cidrs: "",
        expires_at_ms: None,
        hash: "hash-1",
    };
    at.store.put_key(&new).await.expect("an answer");
}

async fn change(at: &Fixture, change: ChangeKey<'_>) -> KeyChanged {
    at.store.change_key(&id(), change).await.expect("an answer")
}

fn set(field: &str, before: &str, after: &str) -> String {
    format!("- {KEY} {field} \"{before}\"\n+ {KEY} {field} \"{after}\"\n")
}

#[tokio::test]
async fn each_change_writes_what_it_says() {
    with_store(async |at| {
        put(at).await;
        at.pass_ms(5);
        let cases = [
            (ChangeKey::Name("nightly"), set("name", "ci", "nightly")),
            (ChangeKey::Scopes("tasks:write"), set("scopes", "tasks:read", "tasks:write")),
            (ChangeKey::Disabled(true), set("disabled", "0", "1")),
            (ChangeKey::Disabled(false), set("disabled", "1", "0")),
            (ChangeKey::SecondHash("hash-2"), format!("+ {KEY} hash_next \"hash-2\"\n")),
            (
                ChangeKey::OnlyHash("hash-2"),
                set("hash", "hash-1", "hash-2") + &set("hash_next", "hash-2", ""),
            ),
            (ChangeKey::Touch, format!("+ {KEY} last_used_at \"1700000000005\"\n")),
        ];
        for (what, expected) in cases {
            let (answer, changed) = changes(at, change(at, what)).await;
            assert_eq!((answer, changed), (KeyChanged::Done, expected), "{what:?}");
            assert_eq!(unchanged(at, change(at, what)).await, KeyChanged::Done, "{what:?} again");
        }
        let key = at.store.read_key(&id()).await.expect("an answer").expect("a key");
        assert_eq!((key.hash.as_str(), key.hash_next), ("hash-2", None));
        assert_eq!(key.last_used_at_ms, Some(at.now_ms()));
    })
    .await;
}

/// Above all, one that was removed must not come back half by being used.
#[tokio::test]
async fn what_is_not_there_is_not_changed() {
    let all = [
        ChangeKey::Name("x"),
        ChangeKey::Scopes("x"),
        ChangeKey::Disabled(true),
        ChangeKey::SecondHash("x"),
        ChangeKey::OnlyHash("x"),
        ChangeKey::Touch,
    ];
    with_store(async |at| {
        for what in all {
            assert_eq!(unchanged(at, change(at, what)).await, KeyChanged::Unknown, "{what:?}");
        }
        put(at).await;
        let remove = async || at.store.remove_key(TAG, &id()).await.expect("an answer");
        assert_eq!(remove().await, KeyChanged::Done);
        assert!(at.snapshot().await.0.keys().all(|key| !key.starts_with("baton:{u")));
        assert_eq!(unchanged(at, remove()).await, KeyChanged::Unknown);
        for what in all {
            assert_eq!(unchanged(at, change(at, what)).await, KeyChanged::Unknown, "{what:?}");
        }
    })
    .await;
}
