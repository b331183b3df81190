//! The same tokens by OAuth.

use baton_auth::digest::sha256_hex;
use baton_gateway::auth::clients::Clients;
use serde_json::{Value, json};

use crate::auth_support::{Pair, bearing, form, login_body};
use crate::support::{Answer, Ask, Gateway, ISSUER, get, raw};

const SECRET: &str = "s3cret of the portal";

async fn with_portal() -> (Gateway, Pair) {
    let gateway = Gateway::secured_with(|logins| {
        let digest = sha256_hex(SECRET.as_bytes());
        let text = format!(
            "[[client]]\nid = \"portal\"\nsecret_sha256 = \"{digest}\"\nfirst_party = true\nscopes = [\"tasks:read\", \"auth:introspect\"]\n"
        );
        logins.clients = Clients::parse(&text).unwrap();
    })
    .await;
    let mut body = login_body("alice");
    body["client_id"] = json!("portal");
    let pair = Pair::of(&gateway.post("/auth/login", body).await);
    (gateway, pair)
}

fn basic<'a>(ask: Ask<'a>, id: &str, secret: &str) -> Ask<'a> {
    use base64::Engine;
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{}", secret.replace(' ', "+")));
    ask.with("authorization", format!("Basic {pair}"))
}

fn error(answer: &Answer) -> (u16, Value) {
    assert_eq!(answer.header("cache-control"), "no-store");
    (answer.status.as_u16(), answer.json()["error"].clone())
}

fn refresh_pairs(token: &str) -> [(&'static str, &str); 2] {
    [("grant_type", "refresh_token"), ("refresh_token", token)]
}

#[tokio::test]
async fn a_client_refreshes_in_the_form_of_oauth() {
    let (gateway, pair) = with_portal().await;
    let ask = basic(form("/oauth/token", &refresh_pairs(&pair.refresh)), "portal", SECRET);
    let answer = gateway.ask(ask).await;
    let body = answer.json();
    assert_eq!(answer.status, 200, "{body}");
    assert_eq!((body["token_type"].clone(), body["expires_in"].clone()), (json!("Bearer"), json!(900)));
    assert_eq!(body["scope"], "tasks:read auth:introspect");
    assert_eq!((answer.header("pragma"), answer.header("x-refresh-outcome")), ("no-cache", "rotated"));
    assert_eq!(gateway.validate(body["access_token"].as_str().unwrap()).await.status, 200);
    // The client replays: the token before is good once more, for the same successor.
    let mut posted = refresh_pairs(&pair.refresh).to_vec();
    posted.extend([("client_id", "portal"), ("client_secret", SECRET)]);
    let again = gateway.ask(form("/oauth/token", &posted)).await.json();
    assert_eq!(again["refresh_token"], body["refresh_token"]);
    let here =
        gateway.post("/auth/refresh", json!({ "refresh_token": pair.refresh, "client_id": "portal" })).await;
    assert_eq!(here.problem(), (422, "validation".to_owned()), "who has a secret shows it");
}

#[tokio::test]
async fn case_18_who_fails_to_show_who_he_is_learns_nothing_of_the_token() {
    let (gateway, pair) = with_portal().await;
    let token = refresh_pairs(&pair.refresh);
    let client = (401, json!("invalid_client"));
    for ask in [
        basic(form("/oauth/token", &token), "portal", "wrong"),
        basic(form("/oauth/token", &token), "nobody", SECRET),
        basic(form("/oauth/token", &token), "baton-dashboard", ""),
        form("/oauth/token", &token),
        form("/oauth/token", &[token[0], token[1], ("client_id", "portal")]),
        bearing(form("/oauth/token", &token), &pair.access),
    ] {
        let answer = gateway.ask(ask).await;
        assert_eq!(error(&answer), client);
        assert!(answer.header("www-authenticate").starts_with("Basic"));
    }
    let other = gateway.ask(form("/oauth/token", &[token[0], token[1], ("client_id", "baton")])).await;
    assert_eq!(error(&other), (400, json!("invalid_grant")));
    let two_ways = [token[0], token[1], ("client_secret", SECRET)];
    let two_ways = gateway.ask(basic(form("/oauth/token", &two_ways), "portal", SECRET)).await;
    assert_eq!(error(&two_ways), (400, json!("invalid_request")));
    let good = gateway.ask(basic(form("/oauth/token", &token), "portal", SECRET)).await;
    assert_eq!(good.status, 200);
}

#[tokio::test]
async fn case_84_what_is_wrong_with_a_request_has_the_words_of_the_rfc() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("bob").await;
    let as_baton = ("client_id", "baton");
    let token = refresh_pairs(&pair.refresh);
    for (pairs, word) in [
        (vec![as_baton], "invalid_request"),
        (vec![as_baton, ("grant_type", "refresh_token")], "invalid_request"),
        (vec![as_baton, ("grant_type", "password")], "unsupported_grant_type"),
        (vec![as_baton, ("grant_type", "client_credentials")], "unauthorized_client"),
        (vec![as_baton, token[0], token[1], token[1]], "invalid_request"),
        (vec![as_baton, token[0], ("refresh_token", "x")], "invalid_grant"),
        (vec![as_baton, token[0], token[1], ("scope", "admin")], "invalid_scope"),
        (vec![as_baton, token[0], token[1], ("scope", "tasks:eat")], "invalid_scope"),
    ] {
        let answer = gateway.ask(form("/oauth/token", &pairs)).await;
        assert_eq!(error(&answer), (400, json!(word)), "{pairs:?}");
    }
    let narrow = [as_baton, token[0], token[1], ("scope", "tasks:read")];
    assert_eq!(gateway.ask(form("/oauth/token", &narrow)).await.json()["scope"], "tasks:read");
}

#[tokio::test]
async fn a_key_stands_for_a_client() {
    let gateway = Gateway::secured().await;
    let admin = gateway.log_in("alice").await;
    let (key, id) =
        gateway.key(&admin.access, json!({ "name": "r", "scopes": ["tasks:read", "tasks:write"] })).await;
    let grant = ("grant_type", "client_credentials");
    for secret in [key.as_str(), &key[17..]] {
        let answer =
            gateway.ask(basic(form("/oauth/token", &[grant, ("scope", "tasks:read")]), &id, secret)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.json()["refresh_token"].is_null());
        let valid = gateway.validate(answer.json()["access_token"].as_str().unwrap()).await.json();
        assert_eq!((valid["key_id"].clone(), valid["scope"].clone()), (json!(id), json!("tasks:read")));
    }
    let wide = gateway.ask(basic(form("/oauth/token", &[grant, ("scope", "admin")]), &id, &key)).await;
    assert_eq!(error(&wide), (400, json!("invalid_scope")));
    let wrong = gateway.ask(basic(form("/oauth/token", &[grant]), &id, "x")).await;
    assert_eq!(error(&wrong), (401, json!("invalid_client")));
}

#[tokio::test]
async fn case_111_unknown_tokens_are_inactive_and_may_be_revoked() {
    let (gateway, pair) = with_portal().await;
    let other = gateway.log_in("bob").await;
    let introspect =
        |token: &str| gateway.ask(basic(form("/oauth/introspect", &[("token", token)]), "portal", SECRET));
    let revoke =
        |token: &str| gateway.ask(basic(form("/oauth/revoke", &[("token", token)]), "portal", SECRET));
    for token in ["garbage", "a.b.c", "btr_x", "btk_x"] {
        assert_eq!(introspect(token).await.json(), json!({ "active": false }), "{token}");
    }
    for token in ["garbage", "a.b.c", "btr_x", &other.refresh, &other.access] {
        assert_eq!(revoke(token).await.status, 200, "{token}");
    }
    gateway.assert_lives(&other).await;
    let access = introspect(&pair.access).await.json();
    assert_eq!((access["active"].clone(), access["client_id"].clone()), (json!(true), json!("portal")));
    assert_eq!((access["sub"].clone(), access["username"].clone()), (json!("user_alice"), json!("alice")));
    assert_eq!((access["iss"].clone(), access["aud"].clone()), (json!(ISSUER), json!(["baton"])));
    assert_eq!((access["sid"].clone(), access["token_type"].clone()), (json!(pair.session), json!("Bearer")));
    assert_eq!(introspect(&pair.refresh).await.json()["token_type"], "refresh_token");

    let next = gateway
        .ask(basic(form("/oauth/token", &refresh_pairs(&pair.refresh)), "portal", SECRET))
        .await
        .json();
    let next = next["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(introspect(&pair.refresh).await.json(), json!({ "active": false }), "a superseded one, too");
    assert_eq!(introspect(&next).await.json()["active"], true, "asking has ended nothing");

    assert_eq!(revoke(&pair.access).await.status, 200);
    for token in [&pair.access, &next] {
        assert_eq!(introspect(token).await.json(), json!({ "active": false }));
    }
    let unknown_kind = revoke("btk_aaaaaaaaaaaa_x").await;
    assert_eq!(error(&unknown_kind), (400, json!("unsupported_token_type")));
    let may_not = gateway.ask(form("/oauth/introspect", &[("token", "x"), ("client_id", "baton")])).await;
    assert_eq!(may_not.problem(), (403, "insufficient_scope".to_owned()));
}

#[tokio::test]
async fn a_key_introspects_as_bearer_if_it_may_and_comes_from_where_it_should() {
    let gateway = Gateway::secured().await;
    let admin = gateway.log_in("alice").await;
    let key = async |body: Value| gateway.key(&admin.access, body).await.0;
    let may = key(json!({ "name": "i", "scopes": ["auth:introspect"] })).await;
    let may_not = key(json!({ "name": "r", "scopes": ["tasks:read"] })).await;
    let elsewhere = key(json!({ "name": "e", "scopes": ["auth:introspect"], "cidrs": ["10.0.0.0/8"] })).await;
    let introspect = |credential: &str| {
        gateway.ask(bearing(form("/oauth/introspect", &[("token", &admin.access)]), credential))
    };
    for good in [&may, &admin.access] {
        let answer = introspect(good).await;
        assert_eq!((answer.status.as_u16(), answer.json()["active"].clone()), (200, json!(true)));
    }
    assert_eq!(introspect(&may_not).await.problem(), (403, "insufficient_scope".to_owned()));
    for bad in [&elsewhere, &admin.refresh, "btk_nonsense", "x.y.z"] {
        assert_eq!(introspect(bad).await.problem(), (401, "unauthenticated".to_owned()), "{bad}");
    }
}

#[tokio::test]
async fn case_112_what_programs_read_first_is_true() {
    let gateway = Gateway::secured().await;
    let pair = gateway.log_in("alice").await;
    let metadata = gateway.get("/.well-known/oauth-authorization-server").await.json();
    assert_eq!(metadata["issuer"], ISSUER);
    assert_eq!(metadata["response_types_supported"], json!([]));
    assert_eq!(metadata["grant_types_supported"], json!(["refresh_token", "client_credentials"]));
    for name in ["token_endpoint", "revocation_endpoint", "introspection_endpoint"] {
        let path = metadata[name].as_str().unwrap().strip_prefix(ISSUER).unwrap();
        assert_ne!(gateway.ask(raw(path, "")).await.status, 404, "{path}");
    }
    let resource = gateway.get("/.well-known/oauth-protected-resource").await.json();
    assert_eq!(resource["authorization_servers"], json!([ISSUER]));
    let jwks = gateway.get("/.well-known/jwks.json").await;
    assert_eq!(jwks.header("cache-control"), "public, max-age=300");
    let key = &jwks.json()["keys"][0];
    assert_eq!((key["alg"].clone(), key["use"].clone()), (json!("ES256"), json!("sig")));
    for private in ["d", "p", "q", "k"] {
        assert!(key[private].is_null(), "{private}");
    }
    use base64::Engine;
    let header =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(pair.access.split('.').next().unwrap());
    let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
    assert_eq!(header["kid"], key["kid"]);
    let again = gateway.ask(get("/.well-known/jwks.json").with("if-none-match", jwks.header("etag"))).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
}
