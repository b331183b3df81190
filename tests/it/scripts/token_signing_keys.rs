//! `token/signing_keys`: gateways that start at once agree on the keys that sign.

use baton_store::calls::token::SigningKeys;
use baton_testkit::{Fixture, with_store};

use super::token_support::*;

const JWKS: &str = "baton:{u}:jwks";

async fn read(at: &Fixture) -> SigningKeys {
    unchanged(at, at.store.signing_keys()).await.expect("an answer")
}

async fn write(at: &Fixture, version: u64, keys: &[(&str, Option<&str>)]) -> bool {
    at.store.write_signing_keys(version, keys).await.expect("an answer")
}

fn keys(version: u64, keys: &[(&str, &str)]) -> SigningKeys {
    let keys = keys.iter().map(|(kid, text)| ((*kid).to_owned(), (*text).to_owned())).collect();
    SigningKeys { version, keys }
}

#[tokio::test]
async fn the_first_one_writes_and_the_second_reads_again() {
    with_store(async |at| {
        assert_eq!(read(at).await, SigningKeys::default());
        let (written, changed) =
            changes(at, write(at, 0, &[("b", Some("sealed-b")), ("a", Some("sealed-a"))])).await;
        assert!(written);
        assert_eq!(
            changed,
            format!(
                "+ {JWKS} (hash)\n\
                 + {JWKS} a \"sealed-a\"\n\
                 + {JWKS} b \"sealed-b\"\n\
                 + {JWKS} version \"1\"\n"
            )
        );
        // A repeat is told the same as a second gateway.
        for keys in [&[("b", Some("sealed-b")), ("a", Some("sealed-a"))][..], &[("c", Some("sealed-c"))]] {
            assert!(!unchanged(at, write(at, 0, keys)).await);
        }
        assert_eq!(read(at).await, keys(1, &[("a", "sealed-a"), ("b", "sealed-b")]));
    })
    .await;
}

#[tokio::test]
async fn keys_change_and_go() {
    with_store(async |at| {
        write(at, 0, &[("a", Some("1")), ("b", Some("1"))]).await;
        assert!(write(at, 1, &[("a", Some("2")), ("b", None), ("c", Some("1"))]).await);
        assert_eq!(read(at).await, keys(2, &[("a", "2"), ("c", "1")]));
        for version in [0, 1, 3, u64::MAX] {
            assert!(!unchanged(at, write(at, version, &[("a", None)])).await, "{version}");
        }
    })
    .await;
}

#[tokio::test]
async fn of_gateways_that_start_at_once_one_wins() {
    with_store(async |at| {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let tries = names.map(|name| {
            let store = at.store.clone();
            tokio::spawn(async move { store.write_signing_keys(0, &[(name, Some("sealed"))]).await })
        });
        let mut winners = Vec::new();
        for (attempt, name) in tries.into_iter().zip(names) {
            if attempt.await.expect("an end").expect("an answer") {
                winners.push(name);
            }
        }
        assert_eq!(winners.len(), 1);
        assert_eq!(read(at).await, keys(1, &[(winners[0], "sealed")]));
    })
    .await;
}
