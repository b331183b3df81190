//! Tokens that are not what they should be.

use baton_auth::refresh::Token;
use baton_auth::user_tag;
use baton_core::Namespace;
use baton_core::login::{SessionId, UserId};
use baton_store::keys::LoginKeys;
use serde_json::json;

use crate::auth_support::{Pair, form};
use crate::support::{Gateway, ring};

#[tokio::test]
async fn case_17_forgeries_are_refused_and_end_nothing() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let mut wrong_seal = pair.refresh.clone();
    let last = if wrong_seal.ends_with('A') { "B" } else { "A" };
    wrong_seal.replace_range(91.., last);
    // Sealed with the true ring, for her session, with a secret of one's own.
    let tag = user_tag(&UserId::person("alice").unwrap());
    let session: SessionId = pair.session.parse().unwrap();
    let own_secret = Token::first(tag, session, [9; 16]).text(&ring(), 1).unwrap();
    let long = "btr_".to_owned() + &"A".repeat(10_000);
    for token in ["garbage", wrong_seal.as_str(), own_secret.expose(), long.as_str(), &pair.access] {
        assert_eq!(
            gateway.refresh(token).await.problem(),
            (401, "refresh_token_invalid".to_owned()),
            "{token}"
        );
        let out = gateway.log_out(token).await;
        assert_eq!(out.problem(), (400, "unknown_token".to_owned()), "{token}");
        assert_eq!(out.json()["detail"], "Token not found or already revoked");
    }
    gateway.assert_lives(&pair).await;
}

#[tokio::test]
async fn case_18_a_token_is_good_for_the_client_that_got_it() {
    let gateway = Gateway::secured_with(|logins| {
        let text = "[[client]]\nid = \"portal\"\nfirst_party = true\n";
        logins.clients = baton_gateway::auth::clients::Clients::parse(text).unwrap();
    })
    .await;
    let pair = gateway.log_in("alice").await;
    let other = json!({ "refresh_token": pair.refresh, "client_id": "portal" });
    let refused = gateway.post("/auth/refresh", other).await;
    assert_eq!(refused.problem(), (401, "refresh_token_invalid".to_owned()));
    let grant = [("grant_type", "refresh_token"), ("refresh_token", &pair.refresh), ("client_id", "portal")];
    let refused = gateway.ask(form("/oauth/token", &grant)).await;
    assert_eq!((refused.status.as_u16(), refused.json()["error"].clone()), (400, json!("invalid_grant")));
    gateway.assert_lives(&pair).await;
}

#[tokio::test]
async fn case_59_a_wider_scope_is_refused_before_the_token_is_used_up() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("bob").await;
    let ask =
        |scope: &str| gateway.post("/auth/refresh", json!({ "refresh_token": pair.refresh, "scope": scope }));
    for wide in ["tasks:write", "tasks:read admin", "nonsense"] {
        let refused = ask(wide).await;
        assert_eq!(refused.problem(), (400, "invalid_scope".to_owned()), "{wide}");
        assert_eq!(refused.json()["error"], "invalid_scope");
    }
    let narrowed = ask("tasks:read@emails").await;
    assert_eq!(narrowed.json()["scope"], "tasks:read@emails");
    let narrow = Pair::of(&narrowed);
    assert_eq!(gateway.validate(&narrow.access).await.json()["scope"], "tasks:read@emails");
    let wide = gateway.refresh(&narrow.refresh).await;
    assert_eq!(
        wide.json()["scope"],
        "tasks:read workers:read metrics:read",
        "only that one token was narrower"
    );
}

#[tokio::test]
async fn a_token_of_a_ring_that_others_have_is_our_own_mistake() {
    let gateway = Gateway::secured().await;
    let tag = user_tag(&UserId::person("alice").unwrap());
    let line = |kid: u8, seed: u8| {
        baton_auth::ring::Ring::line(kid, std::array::from_fn(|at| seed.wrapping_mul(at as u8 + 5) ^ 0x33))
    };
    let others = baton_auth::ring::Ring::parse(line(9, 91).expose()).unwrap();
    let token = Token::first(tag, SessionId([3; 16]), [4; 16]).text(&others, 9).unwrap();
    let unknown = Token::first(tag, SessionId([3; 16]), [4; 16]);
    let nobody = baton_auth::ring::Ring::parse(line(8, 19).expose()).unwrap();
    let nobody = unknown.text(&nobody, 8).unwrap();
    let own = ring();
    let told = [(1, own.fingerprint(1).unwrap()), (9, others.fingerprint(9).unwrap())];
    gateway.app.store.meet_ring(&told).await.unwrap();
    let mismatch = gateway.refresh(token.expose()).await;
    assert_eq!(mismatch.problem(), (503, "key_ring_mismatch".to_owned()));
    assert_eq!(gateway.refresh(nobody.expose()).await.problem(), (401, "refresh_token_invalid".to_owned()));
}

/// How often Redis was asked for the signing keys since it began to write everything down.
async fn reads_of_keys(gateway: &Gateway) -> usize {
    type Slow = (i64, i64, i64, Vec<String>, String, String);
    let key = LoginKeys::new(&Namespace::default()).jwks();
    let all: Vec<Slow> = gateway.redis.say(&["SLOWLOG", "GET", "-1"]).await;
    all.iter().filter(|(_, _, _, words, ..)| words.contains(&key)).count()
}

#[tokio::test]
async fn case_66_an_unknown_signing_key_is_no_reason_to_read_all_keys_each_time() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let [_, payload, signature] = pair.access.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };
    gateway.redis.say::<()>(&["CONFIG", "SET", "slowlog-max-len", "100000"]).await;
    gateway.redis.say::<()>(&["CONFIG", "SET", "slowlog-log-slower-than", "0"]).await;
    // It does write them down.
    gateway.app.store.signing_keys().await.unwrap();
    assert_eq!(reads_of_keys(&gateway).await, 1);
    for kid in 0..1_000 {
        use base64::Engine;
        let header = format!("{{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"k{kid}\"}}");
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header);
        let forged = format!("{header}.{payload}.{signature}");
        assert_eq!(gateway.validate(&forged).await.problem(), (401, "unauthenticated".to_owned()));
    }
    // They are read again when a while has passed, whoever asks.
    let reads = reads_of_keys(&gateway).await - 1;
    assert!(reads < 5, "{reads}");
    gateway.assert_lives(&pair).await;
}
