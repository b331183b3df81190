//! Keys, tickets, join tokens: what is not a person.

use std::time::Duration;

use serde_json::json;

use crate::auth_support::bearing;
use crate::support::{Gateway, get, post, until};

#[tokio::test]
async fn case_95_a_key_that_is_not_good_looks_the_same_whatever_is_wrong() {
    let gateway = Gateway::secured().await;
    let twin = gateway.twin().await;
    let admin = gateway.log_in("alice").await;
    let (key, id) =
        gateway.key(&admin.access, json!({ "name": "ci", "scopes": ["tasks:read@emails"] })).await;
    let valid = gateway.validate(&key).await.json();
    assert_eq!((valid["scope"].clone(), valid["key_id"].clone()), (json!("tasks:read@emails"), json!(id)));
    assert_eq!(valid["user_id"], "user_alice");
    assert_eq!(twin.ask(bearing(get("/auth/validate"), &key)).await.status, 200);

    let (expiring, _) =
        gateway.key(&admin.access, json!({ "name": "e", "scopes": [], "expires_in": 1 })).await;
    let (elsewhere, _) =
        gateway.key(&admin.access, json!({ "name": "c", "scopes": [], "cidrs": ["10.0.0.0/8"] })).await;
    let (another, _) = gateway.key(&admin.access, json!({ "name": "a", "scopes": [] })).await;
    // The secret of one under the id of another, with check digits that fit neither.
    let wrong = format!("{}{}", &key[..17], &another[17..]);
    until(async || gateway.validate(&expiring).await.status == 401).await;
    assert_eq!(gateway.delete_as(&format!("/auth/keys/{id}"), &admin.access).await.status, 204);
    for bad in [&wrong, &expiring, &elsewhere, &key] {
        let answer = gateway.validate(bad).await;
        assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()));
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"baton\"");
    }
    until(async || twin.ask(bearing(get("/auth/validate"), &key)).await.status == 401).await;
    let list = gateway.get_as("/auth/keys", &admin.access).await;
    assert_eq!(list.json()["keys"].as_array().unwrap().len(), 3);
    assert!(!list.text().contains("btk_") && !list.text().contains("hash"));
    assert_eq!(twin.app.store.shards().get(), 1);
}

#[tokio::test]
async fn a_key_is_changed_and_its_secret_rotated_without_a_gap() {
    let gateway = Gateway::secured_with(|logins| logins.rules.key_cache = Duration::ZERO).await;
    let admin = gateway.log_in("alice").await;
    let (old, id) = gateway.key(&admin.access, json!({ "name": "ci", "scopes": ["tasks:read"] })).await;
    let path = format!("/auth/keys/{id}");
    let begun =
        gateway.patch_as(&path, &admin.access, json!({ "rotate": "begin", "name": "robot" })).await.json();
    let new = begun["secret"].as_str().unwrap().to_owned();
    assert_eq!((begun["name"].clone(), begun["rotating"].clone()), (json!("robot"), json!(true)));
    for key in [&old, &new] {
        assert_eq!(gateway.validate(key).await.status, 200);
    }
    let finished = gateway.patch_as(&path, &admin.access, json!({ "rotate": "finish" })).await.json();
    assert_eq!((finished["rotating"].clone(), finished["secret"].clone()), (json!(false), json!(null)));
    assert_eq!(
        (gateway.validate(&old).await.status.as_u16(), gateway.validate(&new).await.status.as_u16()),
        (401, 200)
    );
    gateway.patch_as(&path, &admin.access, json!({ "disabled": true })).await;
    assert_eq!(gateway.validate(&new).await.status, 401);
    gateway.patch_as(&path, &admin.access, json!({ "disabled": false })).await;
    assert_eq!(gateway.validate(&new).await.status, 200);
}

#[tokio::test]
async fn case_99_a_key_makes_no_keys_unless_it_may_and_none_that_is_wider() {
    let gateway = Gateway::secured().await;
    let (admin, bob) = (gateway.log_in("alice").await, gateway.log_in("bob").await);
    let (plain, _) = gateway.key(&admin.access, json!({ "name": "p", "scopes": ["tasks:read"] })).await;
    let (maker, maker_id) =
        gateway.key(&admin.access, json!({ "name": "m", "scopes": ["admin:keys", "tasks:read"] })).await;
    let body = json!({ "name": "n", "scopes": ["tasks:read"] });
    let refused = gateway.post_as("/auth/keys", &plain, body.clone()).await;
    assert_eq!(refused.problem(), (403, "insufficient_scope".to_owned()));
    assert!(refused.header("www-authenticate").contains("admin:keys"));
    assert_eq!(gateway.post_as("/auth/keys", &maker, body.clone()).await.status, 201);
    let wider = json!({ "name": "n", "scopes": ["tasks:write"] });
    assert_eq!(gateway.post_as("/auth/keys", &maker, wider.clone()).await.status, 403);
    assert_eq!(gateway.post_as("/auth/keys", &bob.access, wider).await.status, 403);
    assert_eq!(gateway.post_as("/auth/keys", &bob.access, body).await.status, 201);
    let bound = json!({ "name": "n", "scopes": ["tasks:read"], "worker": "worker-001-a" });
    assert_eq!(gateway.post_as("/auth/keys", &bob.access, bound).await.status, 403);
    let foreign = format!("/auth/keys/{maker_id}");
    assert_eq!(gateway.get_as(&foreign, &bob.access).await.problem(), (404, "unknown_key".to_owned()));
    assert_eq!(gateway.delete_as(&foreign, &bob.access).await.status, 404);
    let steal = gateway.patch_as(&foreign, &maker, json!({ "scopes": ["admin"] })).await;
    assert_eq!(steal.status, 403);
    assert_eq!(gateway.get_as("/auth/keys?owner=user_alice", &bob.access).await.status, 403);
    assert_eq!(
        gateway.get_as("/auth/keys?owner=user_bob", &admin.access).await.json()["keys"][0]["owner"],
        "user_bob"
    );
}

#[tokio::test]
async fn case_100_a_join_token_is_good_for_one_worker() {
    let gateway = Gateway::secured().await;
    let admin = gateway.log_in("alice").await;
    let made =
        gateway.post_as("/auth/workers/join-tokens", &admin.access, json!({ "queues": ["emails"] })).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let code = made.json()["code"].as_str().unwrap().to_owned();
    let join = |body| gateway.post_as("/auth/workers/join", &code, body);
    assert_eq!(join(json!({ "kind": "A b" })).await.status, 422);
    assert_eq!(join(json!({ "kind": "a", "worker_id": "worker-007-a" })).await.status, 422);
    let (one, two) = tokio::join!(join(json!({ "kind": "mail" })), join(json!({ "kind": "mail" })));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 401]);
    let won = if one.status == 201 { one.json() } else { two.json() };
    let key = won["api_key"].as_str().unwrap();
    let valid = gateway.validate(key).await.json();
    assert_eq!(valid["worker_id"], won["worker_id"]);
    assert_eq!(valid["scope"], "tasks:claim@emails workers:register");
    assert_eq!(gateway.post_as("/auth/workers/join-tokens", key, json!({})).await.status, 403);
}

#[tokio::test]
async fn a_key_that_registers_gets_tokens_of_workers() {
    let gateway = Gateway::secured().await;
    let admin = gateway.log_in("alice").await;
    let scopes = json!({ "name": "w", "scopes": ["workers:register", "tasks:claim"] });
    let (key, id) = gateway.key(&admin.access, scopes).await;
    let joined = gateway.post_as("/auth/workers/join", &key, json!({ "kind": "gpu" })).await.json();
    let token = joined["access_token"].as_str().unwrap().to_owned();
    assert_eq!(
        (joined["worker_id"].clone(), joined["expires_in"].clone()),
        (json!("worker-001-gpu"), json!(900))
    );
    let valid = gateway.validate(&token).await.json();
    assert_eq!((valid["worker_id"].clone(), valid["key_id"].clone()), (json!("worker-001-gpu"), json!(id)));
    let again = json!({ "kind": "gpu", "worker_id": "worker-001-gpu" });
    assert_eq!(
        gateway.post_as("/auth/workers/join", &key, again.clone()).await.json()["worker_id"],
        "worker-001-gpu"
    );
    assert_eq!(gateway.post_as("/auth/workers/join", &admin.access, again.clone()).await.status, 403);
    assert_eq!(gateway.post("/auth/workers/join", again).await.status, 401);
    let bound = json!({ "name": "b", "scopes": ["workers:register"], "worker": "worker-005-a" });
    let (bound, _) = gateway.key(&admin.access, bound).await;
    let other = json!({ "kind": "a", "worker_id": "worker-006-a" });
    assert_eq!(
        gateway.post_as("/auth/workers/join", &bound, other).await.problem(),
        (403, "worker_not_bound".to_owned())
    );
    assert_eq!(gateway.delete_as(&format!("/auth/keys/{id}"), &admin.access).await.status, 204);
    assert_eq!(gateway.validate(&token).await.status, 401, "what a key gave ends with it");
}

#[tokio::test]
async fn case_106_a_ticket_opens_one_stream_and_nothing_else() {
    let gateway = Gateway::secured_with(|logins| logins.rules.ticket_ttl = Duration::from_millis(200)).await;
    let pair = gateway.log_in("alice").await;
    let ticket = async || {
        let made = gateway.post_as("/auth/ticket", &pair.access, json!({ "purpose": "sse" })).await;
        assert_eq!(made.status, 200, "{}", made.text());
        made.json()["ticket"].as_str().unwrap().to_owned()
    };
    assert_eq!(gateway.post_as("/auth/ticket", &pair.access, json!({ "purpose": "x" })).await.status, 422);
    let one = ticket().await;
    for ask in [
        get(&format!("/auth/validate?ticket={one}")),
        bearing(get("/auth/validate"), &one),
        bearing(post("/auth/workers/join", &json!({ "kind": "a" })), &one),
    ] {
        assert_eq!(gateway.ask(ask).await.status, 401);
    }
    let reset = json!({ "code": one, "new": "another long phrase" });
    assert_eq!(gateway.post("/auth/password/reset", reset).await.status, 401);
}

#[tokio::test]
async fn users_are_looked_after_by_those_who_may() {
    let gateway = Gateway::secured().await;
    let (admin, bob) = (gateway.log_in("alice").await, gateway.log_in("bob").await);
    for (path, body) in
        [("/auth/users", json!({ "username": "x", "roles": [] })), ("/auth/signing-keys/rotate", json!({}))]
    {
        assert_eq!(
            gateway.post_as(path, &bob.access, body.clone()).await.problem(),
            (403, "insufficient_scope".to_owned())
        );
        assert_eq!(gateway.post(path, body).await.status, 401, "{path}");
    }
    let make = |body| gateway.post_as("/auth/users", &admin.access, body);
    let made =
        make(json!({ "username": "carl:{}* \u{1f600}", "roles": ["viewer"], "kind": "service" })).await;
    assert_eq!((made.status.as_u16(), made.json()["id"].clone()), (201, json!("service_carl:{}* \u{1f600}")));
    assert_eq!(
        make(json!({ "username": "bob", "roles": [] })).await.problem(),
        (409, "name_taken".to_owned())
    );
    assert_eq!(make(json!({ "username": "x", "roles": ["king"] })).await.status, 422);
    assert_eq!(make(json!({ "username": "x", "roles": [], "password": "short" })).await.status, 422);
    let page = gateway.get_as("/auth/users?limit=2", &admin.access).await.json();
    assert_eq!(
        (page["users"].as_array().unwrap().len(), page["next_cursor"].clone()),
        (2, json!("user_alice"))
    );
    let rest = gateway.get_as("/auth/users?limit=2&cursor=user_alice", &admin.access).await.json();
    assert_eq!(
        (rest["users"][0]["id"].clone(), rest["next_cursor"].clone()),
        (json!("user_bob"), json!(null))
    );
    // Whoever looks after users makes nobody who may do more than himself.
    let (keeper, _) = gateway
        .key(
            &admin.access,
            json!({ "name": "u", "scopes": ["admin:users", "tasks:read", "workers:read", "metrics:read"] }),
        )
        .await;
    let user = |roles: &str| json!({ "username": format!("by-keeper-{roles}"), "roles": [roles] });
    assert_eq!(gateway.post_as("/auth/users", &keeper, user("viewer")).await.status, 201);
    assert_eq!(gateway.post_as("/auth/users", &keeper, user("admin")).await.status, 403);
    for path in ["/auth/users/user_alice", "/auth/users/user_alice/sessions"] {
        assert_eq!(gateway.delete_as(path, &keeper).await.status, 403, "{path}");
    }
    assert_eq!(gateway.delete_as("/auth/users/user_bob/sessions", &admin.access).await.status, 204);
    gateway.assert_dead(&bob).await;
}

#[tokio::test]
async fn signing_keys_are_rotated_and_ended() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let list = gateway.get_as("/auth/signing-keys", &pair.access).await.json();
    let first = list["keys"][0]["kid"].as_str().unwrap().to_owned();
    assert_eq!(
        (list["keys"].as_array().unwrap().len(), list["keys"][0]["state"].clone()),
        (1, json!("active"))
    );
    let rotated = gateway.post_as("/auth/signing-keys/rotate", &pair.access, json!({})).await.json();
    let states: Vec<&str> =
        rotated["keys"].as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect();
    assert!(states.contains(&"active") && states.contains(&"pending"), "{states:?}");
    let path = format!("/auth/signing-keys/{first}");
    assert_eq!(
        gateway.delete_as("/auth/signing-keys/nope", &pair.access).await.problem(),
        (404, "unknown_key".to_owned())
    );
    assert_eq!(gateway.delete_as(&path, &pair.access).await.status, 204);
    assert_eq!(gateway.validate(&pair.access).await.status, 401);
    gateway.assert_lives(&crate::auth_support::Pair::of(&gateway.refresh(&pair.refresh).await)).await;
}

#[tokio::test]
async fn a_list_has_one_scope_and_one_queue_in_each_place() {
    let gateway = Gateway::secured().await;
    let admin = gateway.log_in("alice").await;
    for odd in ["", " ", "tasks:read admin", "tasks:read\tadmin", " tasks:read"] {
        let body = json!({ "name": "n", "scopes": [odd] });
        let answer = gateway.post_as("/auth/keys", &admin.access, body).await;
        assert_eq!(answer.pointers(), ["/scopes"], "{odd:?}: {}", answer.text());
    }
    for odd in ["", "emails admin", "emails\nadmin"] {
        let body = json!({ "queues": [odd] });
        let answer = gateway.post_as("/auth/workers/join-tokens", &admin.access, body).await;
        assert_eq!(answer.pointers(), ["/queues"], "{odd:?}: {}", answer.text());
    }
}
