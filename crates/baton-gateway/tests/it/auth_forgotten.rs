//! Redis falls back to what it was before, as a failover may leave it: gateways tell it again what they remember.

use baton_auth::user_tag;
use baton_core::Namespace;
use baton_core::login::UserId;
use baton_store::keys::LoginKeys;

use crate::auth_support::bearing;
use crate::support::{Gateway, get, until};

#[tokio::test]
async fn case_35_a_session_whose_end_was_lost_is_ended_again() {
    let gateway = Gateway::secured().await;
    until(async || gateway.app.auth.hears()).await;
    let pair = gateway.log_in("bob").await;
    let login_keys = LoginKeys::new(&Namespace::default());
    let bob = user_tag(&UserId::person("bob").unwrap());
    let (keys, sid) = (login_keys.of_user(bob), pair.session.parse().unwrap());
    // With what is in them, and with their ends.
    let before = [keys.session(sid), keys.sessions()];
    for key in &before {
        assert_eq!(gateway.redis.say::<u64>(&["COPY", key, &format!("kept:{key}")]).await, 1);
    }
    assert_eq!(gateway.log_out(&pair.refresh).await.status, 200);
    let told = async || gateway.redis.say::<u64>(&["XLEN", &login_keys.revoked()]).await;
    until(async || told().await == 1).await;

    // The new primary had not heard of it.
    let gone: u64 = gateway.redis.say(&["DEL", &keys.ended(sid), &login_keys.revoked()]).await;
    assert_eq!(gone, 2);
    for key in &before {
        gateway.redis.say::<()>(&["RENAME", &format!("kept:{key}"), key]).await;
    }
    let rows = gateway.app.store.sessions(bob).await.unwrap();
    assert_eq!(rows.len(), 1, "it lives again");
    gateway.redis.say::<u64>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;

    let exists = async |key: String| gateway.redis.say::<bool>(&["EXISTS", &key]).await;
    until(async || exists(keys.ended(sid)).await && !exists(keys.session(sid)).await).await;
    assert_eq!(gateway.refresh(&pair.refresh).await.problem(), (401, "refresh_token_invalid".to_owned()));
    // Whoever begins only now hears of it, too: his access token is refused everywhere.
    until(async || told().await >= 1).await;
    let twin = gateway.twin().await;
    until(async || twin.app.auth.hears()).await;
    assert_eq!(twin.ask(bearing(get("/auth/validate"), &pair.access)).await.status, 401);
}
