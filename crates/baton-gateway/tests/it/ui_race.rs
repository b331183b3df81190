//! The page that lets several requests bring one refresh token, and shows who got the next.

use std::time::Duration;

use baton_core::login::OnReuse;
use serde_json::{Value, json};

use crate::auth_support::Pair;
use crate::support::{Answer, Gateway};
use crate::ui_support::{assert_safe, page};

const PATH: &str = "/ui/sessions/race";
const API: &str = "/auth/sessions/race";

async fn race(gateway: &Gateway, pair: &Pair, body: Value) -> Answer {
    gateway.post_as(API, &pair.access, body).await
}

async fn sessions(gateway: &Gateway, pair: &Pair) -> usize {
    let list = gateway.get_as("/auth/sessions", &pair.access).await.json();
    list["sessions"].as_array().unwrap().len()
}

#[tokio::test]
async fn one_wins_and_nothing_is_left_of_it() {
    let gateway = Gateway::secured().await;
    let alice = gateway.log_in("alice").await;
    for requests in [2, 8, 16] {
        let held = race(&gateway, &alice, json!({ "requests": requests })).await;
        assert_eq!(held.status, 200, "{}", held.text());
        let held = held.json();
        let laps = held["laps"].as_array().unwrap();
        let won = laps.iter().filter(|lap| lap["won"] == true).count();
        let lost = laps.iter().filter(|lap| lap["code"] == "refresh_token_superseded").count();
        assert_eq!((won, lost), (1, requests - 1), "{held}");
        assert!(!held.to_string().contains("brt_") && held.get("refresh_token").is_none(), "{held}");
    }
    assert_eq!(sessions(&gateway, &alice).await, 1);
    assert_eq!(gateway.get_as("/auth/alarms", &alice.access).await.json()["alarms"], json!([]));
    assert_eq!(gateway.refresh(&alice.refresh).await.status, 200, "his own session is as it was");
}

#[tokio::test]
async fn a_race_takes_the_place_of_no_session() {
    let gateway = Gateway::secured_with(|logins| logins.rules.sessions_max = 2).await;
    let (one, two) = (gateway.log_in("bob").await, gateway.log_in("bob").await);
    assert_eq!(race(&gateway, &two, Value::Null).await.status, 200);
    assert_eq!(sessions(&gateway, &one).await, 2);
}

#[tokio::test]
async fn what_cannot_be_raced_is_refused() {
    let gateway = Gateway::secured().await;
    let alice = gateway.log_in("alice").await;
    for wrong in [json!({ "requests": 1 }), json!({ "requests": 17 }), json!({ "requests": "all" })] {
        let refused = race(&gateway, &alice, wrong.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.pointers()),
            (422, vec!["/requests".to_owned()]),
            "{wrong}"
        );
    }
    assert_eq!(gateway.post(API, json!({})).await.status, 401);
    let (key, _) = gateway.key(&alice.access, json!({ "name": "k", "scopes": ["tasks:read"] })).await;
    assert_eq!(gateway.post_as(API, &key, json!({})).await.status, 403);
    for harsh in [
        Gateway::secured_with(|logins| logins.rules.refresh_leeway = Duration::ZERO).await,
        Gateway::secured_with(|logins| logins.rules.on_reuse = OnReuse::RevokeUser).await,
    ] {
        let bob = harsh.log_in("bob").await;
        let refused = race(&harsh, &bob, json!({})).await;
        assert_eq!(refused.problem(), (409, "conflict".to_owned()), "{}", refused.text());
        assert_eq!(sessions(&harsh, &bob).await, 1);
    }
}

#[tokio::test]
async fn the_page_explains_by_doing() {
    let gateway = Gateway::secured().await;
    // Whoever may only look has sessions, too.
    let jar = gateway.jar_of("bob").await;
    assert!(gateway.page_with("/ui/sessions", &jar).await.text().contains(&format!("href=\"{PATH}\"")));
    let asked = gateway.ask(page(PATH).with("cookie", &jar)).await;
    assert_safe(&asked, "");
    assert!(!asked.text().contains("id=\"laps\""));
    let held = gateway.send(PATH, &jar, &[("requests", "5")]).await;
    assert_safe(&held, "");
    let text = held.text();
    assert_eq!(held.status, 200, "{text}");
    for part in ["1 of 5 won", "<b>the next token</b>", "refresh_token_superseded"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(text.matches("refresh_token_superseded").count(), 4);
    let wrong = gateway.send(PATH, &jar, &[("requests", "<img>")]).await;
    assert_eq!(wrong.status, 422);
    assert_safe(&wrong, "");
    let foreign = crate::auth_support::form(PATH, &[("requests", "5")]).with("cookie", &jar);
    assert_eq!(gateway.ask(foreign.with("sec-fetch-site", "cross-site")).await.status, 403);
    // Where there are no logins there is nothing to race for.
    let open = Gateway::start().await;
    assert!(open.page(PATH).await.text().contains("There are no logins here"));
    let led = open.send(PATH, "", &[("requests", "5")]).await;
    assert!(
        led.status == 303 && led.header("location").starts_with("/ui/login"),
        "{}",
        led.header("location")
    );
}
