//! `token/key`: an API key is written, and what of it can be read.

use baton_core::limits;
use baton_core::login::KeyId;
use baton_store::calls::token::{ApiKey, ChangeKey, KeyChanged, NewApiKey};
use baton_testkit::fixture::START_MS;
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

const KEY: &str = "baton:{u:k:aaaaaaaaaaa1}:key";

fn id(number: u8) -> KeyId {
    KeyId::new(&format!("aaaaaaaaaaa{number}")).expect("a key id")
}

/// Writes a key of the user, and answers when that was.
async fn put(at: &Fixture, number: u8, expires_at_ms: Option<u64>) -> u64 {
    let (id, owner) = (id(number), alice());
    let new = NewApiKey {
        id: &id,
        tag: TAG,
        owner: &owner,
        name: "ci",
        scopes: "tasks:read tasks:write",
        worker: "",
        cidrs: "",
        expires_at_ms,
        hash: "hash-1",
    };
    at.store.put_key(&new).await.expect("an answer").expect("a new one")
}

async fn read(at: &Fixture) -> Option<ApiKey> {
    unchanged(at, at.store.read_key(&id(1))).await.expect("an answer")
}

fn written() -> ApiKey {
    ApiKey {
        id: id(1),
        owner: alice(),
        owner_born: String::new(),
        name: "ci".to_owned(),
        scopes: "tasks:read tasks:write".to_owned(),
        worker: None,
        cidrs: String::new(),
        created_at_ms: START_MS,
        expires_at_ms: None,
        last_used_at_ms: None,
        disabled: false,
        hash: "hash-1".to_owned(),
        hash_next: None,
        joined: Vec::new(),
    }
}

#[tokio::test]
async fn a_key_is_written_and_read() {
    with_store(async |at| {
        assert_eq!(read(at).await, None);
        let (created, changed) = changes(at, put(at, 1, None)).await;
        assert_eq!(created, START_MS);
        assert_eq!(
            changed,
            format!(
                "+ {T}keys (zset)\n\
                 + {T}keys \"aaaaaaaaaaa1\" 0\n\
                 + {KEY} (hash)\n\
                 + {KEY} cidrs \"\"\n\
                 + {KEY} created_at \"1700000000000\"\n\
                 + {KEY} disabled \"0\"\n\
                 + {KEY} expires_at \"\"\n\
                 + {KEY} hash \"hash-1\"\n\
                 + {KEY} name \"ci\"\n\
                 + {KEY} owner \"user_alice\"\n\
                 + {KEY} owner_born \"\"\n\
                 + {KEY} scopes \"tasks:read tasks:write\"\n\
                 + {KEY} worker \"\"\n"
            )
        );
        assert_eq!(read(at).await, Some(written()));
        let shown = format!("{:?}", read(at).await);
        assert!(!shown.contains("hash-1"), "{shown}");
        assert_eq!(unchanged(at, put(at, 1, None)).await, START_MS);
    })
    .await;
}

/// It is refused as expired for a day, and not as unknown.
#[tokio::test]
async fn a_key_that_expires_is_kept_a_day_longer() {
    with_store(async |at| {
        put(at, 1, Some(START_MS + 60_000)).await;
        assert_eq!(read(at).await.and_then(|key| key.expires_at_ms), Some(START_MS + 60_000));
        lives_for(at, KEY, 60_000 + limits::DAY_MS).await;
        at.store.change_key(&id(1), ChangeKey::Touch).await.expect("an answer");
        lives_for(at, KEY, 60_000 + limits::DAY_MS).await;
        put(at, 2, Some(START_MS - 60_000)).await;
        lives_for(at, "baton:{u:k:aaaaaaaaaaa2}:key", limits::DAY_MS).await;
    })
    .await;
}

#[tokio::test]
async fn the_keys_of_an_owner_are_listed_without_holes() {
    with_store(async |at| {
        assert_eq!(at.store.keys_of(TAG).await.expect("an answer"), []);
        for number in [3, 1, 2] {
            put(at, number, None).await;
        }
        let listed = async || {
            let keys = at.store.keys_of(TAG).await.expect("an answer");
            keys.iter().map(|key| key.id.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(listed().await, ["aaaaaaaaaaa1", "aaaaaaaaaaa2", "aaaaaaaaaaa3"]);
        by_hand::<()>(at, "DEL baton:{u:k:aaaaaaaaaaa2}:key").await;
        assert_eq!(listed().await, ["aaaaaaaaaaa1", "aaaaaaaaaaa3"]);
        assert_eq!(at.store.remove_key(TAG, &id(1)).await.expect("an answer"), KeyChanged::Done);
        assert_eq!(listed().await, ["aaaaaaaaaaa3"]);
        let index: Vec<String> = by_hand(at, &format!("ZRANGE {T}keys 0 -1")).await;
        assert_eq!(index, ["aaaaaaaaaaa3"]);
    })
    .await;
}

#[tokio::test]
async fn one_of_that_id_keeps_its_secret() {
    with_store(async |at| {
        put(at, 1, None).await;
        let (id, owner) = (id(1), alice());
        let other = NewApiKey {
            id: &id,
            tag: TAG,
            owner: &owner,
            name: "another",
            scopes: "admin",
            worker: "",
            cidrs: "",
            expires_at_ms: None,
            hash: "hash-2",
        };
        assert_eq!(at.store.put_key(&other).await.expect("an answer"), None);
        assert_eq!(read(at).await, Some(written()));
    })
    .await;
}
