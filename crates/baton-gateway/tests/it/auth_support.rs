//! Logging in, and what one does with the tokens.

use axum::http::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Ask, Gateway, PASSWORD, get, post};

/// The tokens of one session.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) session: String,
}

impl Pair {
    pub(crate) fn of(answer: &Answer) -> Pair {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = answer.json();
        let text =
            |name: &str| body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned();
        Pair { access: text("access_token"), refresh: text("refresh_token"), session: text("session_id") }
    }
}

pub(crate) fn login_body(name: &str) -> Value {
    json!({ "username": name, "password": PASSWORD })
}

pub(crate) fn bearing<'a>(ask: Ask<'a>, token: &str) -> Ask<'a> {
    ask.with("authorization", format!("Bearer {token}"))
}

/// A body of a form.
pub(crate) fn form<'a>(path: &'a str, pairs: &[(&str, &str)]) -> Ask<'a> {
    let text: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
    crate::support::raw(path, text.join("&"))
        .without("content-type")
        .with("content-type", "application/x-www-form-urlencoded")
}

impl Gateway {
    pub(crate) async fn log_in(&self, name: &str) -> Pair {
        Pair::of(&self.post("/auth/login", login_body(name)).await)
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        self.post("/auth/refresh", json!({ "refresh_token": token })).await
    }

    pub(crate) async fn refresh_with_key(&self, token: &str, key: &str) -> Answer {
        let ask = post("/auth/refresh", &json!({ "refresh_token": token })).with("idempotency-key", key);
        self.ask(ask).await
    }

    pub(crate) async fn log_out(&self, token: &str) -> Answer {
        self.post("/auth/logout", json!({ "refresh_token": token })).await
    }

    pub(crate) async fn validate(&self, token: &str) -> Answer {
        self.get_as("/auth/validate", token).await
    }

    pub(crate) async fn get_as(&self, path: &str, token: &str) -> Answer {
        self.ask(bearing(get(path), token)).await
    }

    pub(crate) async fn post_as(&self, path: &str, token: &str, body: Value) -> Answer {
        self.ask(bearing(post(path, &body), token)).await
    }

    pub(crate) async fn patch_as(&self, path: &str, token: &str, body: Value) -> Answer {
        self.ask(bearing(post(path, &body), token).by(Method::PATCH)).await
    }

    pub(crate) async fn delete_as(&self, path: &str, token: &str) -> Answer {
        self.ask(bearing(get(path), token).by(Method::DELETE)).await
    }

    /// An API key of this user with these scopes, and its id.
    pub(crate) async fn key(&self, token: &str, body: Value) -> (String, String) {
        let made = self.post_as("/auth/keys", token, body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let text = |name: &str| made.json()[name].as_str().expect("a text").to_owned();
        (text("secret"), text("id"))
    }

    /// Both tokens still work.
    pub(crate) async fn assert_lives(&self, pair: &Pair) -> Pair {
        assert_eq!(self.validate(&pair.access).await.status, 200);
        Pair::of(&self.refresh(&pair.refresh).await)
    }

    /// Neither works.
    pub(crate) async fn assert_dead(&self, pair: &Pair) {
        assert_eq!(self.refresh(&pair.refresh).await.status, 401);
        assert_eq!(self.validate(&pair.access).await.status, 401);
    }
}
