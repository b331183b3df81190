//! Sessions, users and keys, on pages and in the interface below them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::auth_support::Pair;
use crate::support::{Answer, Gateway, PASSWORD, until};
use crate::ui_pages::HOSTILE;
use crate::ui_support::{REFRESH, assert_safe, jar, only, page};

const NEXT: &str = "a much better horse";

fn to(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.header("location"))
}

/// Where a refresh token that comes twice ends the session at once.
async fn strict() -> Gateway {
    Gateway::secured_with(|logins| logins.rules.refresh_leeway = Duration::ZERO).await
}

async fn family(gateway: &Gateway, pair: &Pair) -> Value {
    gateway.get_as(&format!("/auth/sessions/{}", pair.session), &pair.access).await.json()
}

#[tokio::test]
async fn a_token_that_comes_again_is_told_of_its_session() {
    let gateway = Gateway::secured().await;
    let first = gateway.log_in("alice").await;
    let next = Pair::of(&gateway.refresh_with_key(&first.refresh, "k").await);
    assert_eq!(family(&gateway, &next).await["came_again"], json!([]));
    assert_eq!(gateway.refresh_with_key(&first.refresh, "k").await.status, 200);
    assert_eq!(gateway.refresh(&first.refresh).await.status, 401);
    until(async || family(&gateway, &next).await["came_again"].as_array().unwrap().len() == 2).await;
    let told = family(&gateway, &next).await;
    let came = told["came_again"].as_array().unwrap();
    let mut words: Vec<&str> = came.iter().map(|came| came["outcome"].as_str().unwrap()).collect();
    words.sort_unstable();
    assert_eq!(words, ["replayed", "superseded"]);
    assert!(came.iter().all(|came| came["generation"] == 1 && came["ip"] == told["session"]["ip"]), "{told}");
    assert_eq!((&told["session"]["generation"], &told["session"]["current"]), (&json!(2), &json!(true)));
    assert_eq!(gateway.get_as("/auth/alarms", &next.access).await.json()["alarms"], json!([]));
}

#[tokio::test]
async fn a_stolen_token_is_an_alarm_for_its_user_and_for_who_looks_after_users() {
    let gateway = strict().await;
    let first = gateway.log_in("bob").await;
    let next = Pair::of(&gateway.refresh(&first.refresh).await);
    assert_eq!(gateway.refresh(&first.refresh).await.status, 401);
    gateway.assert_dead(&next).await;
    let other = gateway.log_in("bob").await;
    let boss = gateway.jar_of("alice").await;
    let all = gateway.get_as("/auth/alarms", &other.access).await.json();
    assert_eq!(
        (all["alarms"][0]["session_id"].as_str(), &all["alarms"][0]["user_id"]),
        (Some(&*first.session), &json!("user_bob"))
    );
    let text = gateway.page_with("/ui/sessions", &boss).await.text();
    assert!(text.contains("role=\"alert\"") && text.contains("A session was held by two"), "{text}");
    let path = format!("/ui/users/user_bob/sessions/{}", first.session);
    assert!(text.contains(&path), "{text}");
    let text = gateway.page_with(&path, &boss).await.text();
    assert!(text.contains("class=\"knot reused\"") && text.contains("class=\"knot over\""), "{text}");
    assert!(text.contains("Generation 1: came once more, reused"), "{text}");
    // Nobody else's.
    gateway.user("carol", "viewer").await;
    let carol = gateway.jar_of("carol").await;
    let text = gateway.page_with("/ui/sessions", &carol).await.text();
    assert!(
        !text.contains("held by two") && text.contains("takes the scope <code>admin:users</code>"),
        "{text}"
    );
    assert_eq!(
        gateway.ask(page(&format!("/ui/sessions/{}", first.session)).with("cookie", &carol)).await.status,
        404
    );
    assert_eq!(gateway.ask(page(&path).with("cookie", &carol)).await.status, 403);
}

#[tokio::test]
async fn whoever_logged_in_sees_his_sessions_and_ends_one() {
    let gateway = Gateway::secured().await;
    let other = gateway.log_in("bob").await;
    let jar = gateway.jar_of("bob").await;
    let text = gateway.page_with("/ui/sessions", &jar).await.text();
    assert_eq!(text.matches("<tr id=\"session-").count(), 2, "{text}");
    assert_eq!(text.matches("this one</span>").count(), 1, "{text}");
    let path = format!("/ui/sessions/{}", other.session);
    let text = gateway.page_with(&path, &jar).await.text();
    assert!(
        text.contains("class=\"knot current\"")
            && text.contains("aria-labelledby=\"chain-title chain-desc\""),
        "{text}"
    );
    gateway.page_with(&format!("{path}/end"), &jar).await;
    let ended = gateway.send(&format!("{path}/end"), &jar, &[]).await;
    assert_eq!(to(&ended), (303, "/ui/sessions"));
    gateway.assert_dead(&other).await;
    assert_eq!(gateway.send(&format!("{path}/end"), &jar, &[]).await.status, 404);
}

#[tokio::test]
async fn a_password_is_changed_and_this_session_goes_on() {
    let gateway = Gateway::secured().await;
    let other = gateway.log_in("bob").await;
    let old = gateway.jar_of("bob").await;
    let form = |current, new| [("current", current), ("new", new)];
    let short = gateway.send("/ui/sessions/password", &old, &form(PASSWORD, "short")).await;
    assert!(short.status.is_client_error(), "{}", short.status);
    assert!(short.text().contains("class=\"refused\""), "{}", short.text());
    assert!(short.text().contains("data-topics=\"\""), "what was refused is not asked for again by itself");
    assert!(gateway.page_with("/ui/sessions/password", &old).await.text().contains("id=\"mine-title\""));
    let changed = gateway.send("/ui/sessions/password", &old, &form(PASSWORD, NEXT)).await;
    assert_eq!(to(&changed), (303, "/ui/sessions?changed=1"));
    let next = jar(&changed);
    let text = gateway.page_with("/ui/sessions?changed=1", &next).await.text();
    assert!(text.contains("It is changed") && text.matches("<tr id=\"session-").count() == 1, "{text}");
    let wrong = gateway.send("/ui/sessions/password", &next, &form("not it at all", NEXT)).await;
    assert!(wrong.text().contains("class=\"refused\"") && !wrong.text().contains("not it at all"));
    assert_safe(&wrong, "");
    gateway.assert_dead(&other).await;
}

#[tokio::test]
async fn all_of_ones_own_end_with_the_password_and_everyones_with_a_word() {
    let gateway = Gateway::secured().await;
    let (bob, boss) = (gateway.log_in("bob").await, gateway.jar_of("alice").await);
    let jar = gateway.jar_of("bob").await;
    // Of somebody else: whoever was wrong must wait before he tries again.
    gateway.user("carol", "viewer").await;
    let carol = gateway.jar_of("carol").await;
    let wrong = gateway.send("/ui/sessions/all/end", &carol, &[("current_password", "no")]).await;
    assert!(wrong.text().contains("class=\"refused\""), "{}", wrong.text());
    let out = gateway.send("/ui/sessions/all/end", &jar, &[("current_password", PASSWORD)]).await;
    assert_eq!(to(&out), (303, "/ui/login"));
    assert_eq!(out.headers.get_all("set-cookie").iter().count(), 2);
    gateway.assert_dead(&bob).await;
    let bob = gateway.log_in("bob").await;
    let again = gateway.jar_of("bob").await;
    let refused = gateway.send("/ui/sessions/everyone/end", &again, &[("confirm", "everyone")]).await;
    assert_eq!(refused.status, 403);
    let odd = gateway.send("/ui/sessions/everyone/end", &boss, &[("confirm", "x")]).await;
    assert_eq!(odd.status, 422);
    assert!(
        odd.text().contains("class=\"refused\"") && odd.text().contains("name=\"confirm\""),
        "{}",
        odd.text()
    );
    gateway.assert_lives(&bob).await;
    let bob = gateway.log_in("bob").await;
    let out = gateway.send("/ui/sessions/everyone/end", &boss, &[("confirm", "everyone")]).await;
    assert_eq!(to(&out), (303, "/ui/login"));
    gateway.assert_dead(&bob).await;
    assert_eq!(gateway.ask(page("/ui/sessions").with("cookie", &boss)).await.status, 303);
}

#[tokio::test]
async fn a_user_is_disabled_and_let_in_again() {
    let gateway = Gateway::secured().await;
    let (bob, boss) = (gateway.log_in("bob").await, gateway.jar_of("alice").await);
    let list = gateway.page_with("/ui/users", &boss).await.text();
    assert!(list.contains("id=\"user-user_bob\"") && list.contains("viewer"), "{list}");
    let text = gateway.page_with("/ui/users/user_bob", &boss).await.text();
    assert!(text.contains("<tr id=\"session-") && text.contains("/ui/users/user_bob/disable"), "{text}");
    gateway.page_with("/ui/users/user_bob/disable", &boss).await;
    assert_eq!(
        to(&gateway.send("/ui/users/user_bob/disable", &boss, &[]).await),
        (303, "/ui/users/user_bob")
    );
    gateway.assert_dead(&bob).await;
    let text = gateway.page_with("/ui/users/user_bob", &boss).await.text();
    assert!(text.contains("disabled</span>") && text.contains("Let in again"), "{text}");
    gateway.send("/ui/users/user_bob/enable", &boss, &[]).await;
    let bob = gateway.log_in("bob").await;
    let end = format!("/ui/users/user_bob/sessions/{}/end", bob.session);
    gateway.page_with(&end, &boss).await;
    assert_eq!(to(&gateway.send(&end, &boss, &[]).await), (303, "/ui/users/user_bob"));
    gateway.assert_dead(&bob).await;
    // A viewer sees none of it, and is told what it takes.
    let viewer = gateway.jar_of("bob").await;
    let text = gateway.page_with("/ui/users", &viewer).await.text();
    assert!(
        text.contains("takes the scope <code>admin:users</code>") && !text.contains("user-user_alice"),
        "{text}"
    );
    for path in ["/ui/users/user_alice", "/ui/users/user_alice/disable"] {
        assert_eq!(gateway.ask(page(path).with("cookie", &viewer)).await.status, 403, "{path}");
    }
    assert_eq!(gateway.send("/ui/users/user_alice/disable", &viewer, &[]).await.status, 403);
    gateway.log_in("alice").await;
}

#[tokio::test]
async fn a_key_is_shown_once_and_kept_by_nobody() {
    let gateway = Gateway::secured().await;
    let jar = gateway.jar_of("alice").await;
    let wish = [("name", "ci"), ("scopes", "tasks:write@emails tasks:read"), ("days", "30")];
    let made = gateway.send("/ui/keys", &jar, &wish).await;
    assert_eq!(
        (made.status.as_u16(), made.header("cache-control"), made.header("location")),
        (201, "no-store", "")
    );
    assert_safe(&made, "");
    let text = made.text();
    let secret = text.split("class=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(secret.starts_with("btk_") && text.contains("data-copy=\"secret\""), "{text}");
    assert_eq!(gateway.validate(&secret).await.status, 200);
    let list = gateway.page_with("/ui/keys", &jar).await.text();
    assert!(list.contains("ci") && list.contains("tasks:write@emails"), "{list}");
    assert!(!list.contains(&secret));
    // It is on no trail and in no stream.
    let snapshot = format!("{:?}", gateway.snapshot().await);
    assert!(!snapshot.contains(&secret[17..40]), "a part of the secret is in Redis");
    let trail = gateway.ask(page("/api/v1/audit").with("cookie", &jar)).await.text();
    assert!(trail.contains("create_key") && !trail.contains(&secret), "{trail}");
    let id = list.split("id=\"key-").nth(1).unwrap().split('"').next().unwrap().to_owned();
    gateway.page_with(&format!("/ui/keys/{id}/revoke"), &jar).await;
    assert_eq!(to(&gateway.send(&format!("/ui/keys/{id}/revoke"), &jar, &[]).await), (303, "/ui/keys"));
    assert_eq!(gateway.validate(&secret).await.status, 401);
    // Pressed twice it makes one, whose secret is the one that was shown; pressed once more, another one.
    let form = gateway.page_with("/ui/keys", &jar).await.text();
    let once = |form: &str| {
        form.split("name=\"once\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let send = async |once: String| {
        let wish = [("name", "twice"), ("scopes", "tasks:read"), ("once", once.as_str())];
        gateway.send("/ui/keys", &jar, &wish).await
    };
    let first = send(once(&form)).await;
    assert_eq!(first.status, 201, "{}", first.text());
    let second = send(once(&form)).await;
    assert_eq!(second.status, 409, "{}", second.text());
    assert!(second.text().contains("its secret was shown then"), "{}", second.text());
    let shown = first.text().split("class=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert_eq!(gateway.validate(&shown).await.status, 200);
    assert_eq!(send(once(&second.text())).await.status, 201);
    let list = gateway.page_with("/ui/keys", &jar).await.text();
    assert_eq!(list.matches(">twice<").count(), 2, "{list}");
    // What is wished wrongly stays in its fields.
    let wrong = gateway.send("/ui/keys", &jar, &[("name", "x"), ("scopes", "tasks:eat")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("class=\"refused\"") && wrong.text().contains("value=\"tasks:eat\""));
    let nobody = gateway.page_with("/ui/keys?owner=x", &jar).await.text();
    assert!(nobody.contains("class=\"refused\"") && nobody.contains("data-topics=\"\""), "{nobody}");
}

/// The tokens of a session that has ended would otherwise be the last that the browser hears of.
#[tokio::test]
async fn a_session_that_is_exchanged_on_the_way_to_its_end_is_forgotten() {
    let gateway = Gateway::secured().await;
    let bob = gateway.jar_of("bob").await;
    let form = [("current_password", PASSWORD)];
    let out = gateway.send("/ui/sessions/all/end", only(&bob, REFRESH), &form).await;
    assert_eq!(to(&out), (303, "/ui/login"));
    let told: Vec<_> = out.headers.get_all("set-cookie").iter().map(|told| told.to_str().unwrap()).collect();
    assert!(told.len() == 2 && told.iter().all(|told| told.contains("Max-Age=0")), "{told:?}");
}

#[tokio::test]
async fn whoever_may_not_see_alarms_is_not_told_that_there_are_none() {
    let gateway = Gateway::secured().await;
    let bob = gateway.log_in("bob").await;
    let (secret, _) = gateway.key(&bob.access, json!({ "name": "mine", "scopes": ["tasks:read"] })).await;
    let bearer = format!("Bearer {secret}");
    let text = gateway.ask(page("/ui/sessions").with("authorization", &bearer)).await.text();
    assert!(text.contains("You came with an API key") && !text.contains("No refresh token"), "{text}");
    let own = gateway.page_with("/ui/sessions", &gateway.jar_of("bob").await).await.text();
    assert!(own.contains("No refresh token of yours"), "{own}");
}

/// Whoever makes keys for himself and looks after nobody cannot push everything else off the trail.
#[tokio::test]
async fn the_own_keys_of_ordinary_users_are_on_no_trail() {
    let gateway = Gateway::secured().await;
    let (bob, boss) = (gateway.log_in("bob").await, gateway.log_in("alice").await);
    gateway.key(&bob.access, json!({ "name": "mine", "scopes": ["tasks:read"] })).await;
    let trail = gateway.get_as("/api/v1/audit", &boss.access).await.json();
    assert_eq!(trail["entries"], json!([]));
}

#[tokio::test]
async fn signing_keys_have_ages_and_a_successor() {
    let gateway = Gateway::secured().await;
    let jar = gateway.jar_of("alice").await;
    let text = gateway.page_with("/ui/keys", &jar).await.text();
    assert_eq!(text.matches("<tr id=\"signing-").count(), 1, "{text}");
    gateway.page_with("/ui/signing-keys/rotate", &jar).await;
    assert_eq!(to(&gateway.send("/ui/signing-keys/rotate", &jar, &[]).await), (303, "/ui/keys"));
    let text = gateway.page_with("/ui/keys", &jar).await.text();
    assert_eq!(text.matches("<tr id=\"signing-").count(), 2, "{text}");
    let viewer = gateway.jar_of("bob").await;
    let text = gateway.page_with("/ui/keys", &viewer).await.text();
    assert!(text.contains("takes the scope <code>admin</code>") && !text.contains("signing-\""), "{text}");
    assert_eq!(gateway.send("/ui/signing-keys/rotate", &viewer, &[]).await.status, 403);
}

#[tokio::test]
async fn without_logins_the_pages_say_how_to_have_some() {
    let gateway = Gateway::start().await;
    for path in ["/ui/sessions", "/ui/keys"] {
        let text = gateway.page(path).await.text();
        assert!(text.contains("baton init"), "{path}: {text}");
    }
    assert!(gateway.page("/ui/users").await.text().contains("baton user create"));
}

/// Devices and names of keys are whatever a client says.
#[tokio::test]
async fn hostile_devices_and_names_are_text() {
    let gateway = Gateway::secured().await;
    let jar = gateway.jar_of("alice").await;
    let boss = gateway.log_in("alice").await;
    for text in HOSTILE.into_iter().filter(|text| !text.chars().any(char::is_control)) {
        gateway.user(text, "viewer").await;
        let login = json!({ "username": text, "password": PASSWORD, "device_name": text });
        let pair = Pair::of(&gateway.post("/auth/login", login).await);
        let key = json!({ "name": text, "scopes": ["tasks:read"] });
        gateway.key(&boss.access, key).await;
        let id: String = format!("user_{text}").bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in [
            "/ui/users".to_owned(),
            "/ui/keys".to_owned(),
            format!("/ui/users/{id}"),
            format!("/ui/users/{id}/disable"),
            format!("/ui/users/{id}/sessions/{}", pair.session),
            format!("/ui/users/{id}/sessions/{}/end", pair.session),
        ] {
            let shown = gateway.page_with(&path, &jar).await.text();
            assert!(
                !shown.contains("<img") && !shown.contains("<script>") && !shown.contains('\u{202e}'),
                "{path}: {shown}"
            );
        }
    }
}
