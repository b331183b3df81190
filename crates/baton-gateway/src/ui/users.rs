//! `/ui/users` and `/ui/users/{id}`: who may log in, and for how long still.

use axum::extract::Path;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use baton_api::auth::{Keys, Sessions, User};
use baton_core::Code;
use baton_dashboard::ask::{AskPage, Question};
use baton_dashboard::users::{UserPage, UsersPage};
use baton_dashboard::{Base, Link};
use futures_util::future::{join, join3};
use serde_json::{Value, json};

use super::sessions::if_allowed;
use super::visit::Visit;
use crate::problem::Fail;

const PLACE: &str = "Sessions";

fn at(id: &str) -> Link {
    Base::default().of("/auth/users", id)
}

pub(super) async fn list(visit: Visit) -> Result<Response, Fail> {
    let asked = Base::default().to("/auth/users").with("limit", 100);
    let asked = asked.with_some("cursor", visit.query.get("cursor")).to_string();
    if !visit.may("admin:users") {
        return visit.show(&UsersPage { shell: visit.shell(PLACE).await, users: None });
    }
    let (shell, users) = join(visit.shell(PLACE), visit.api.get(&asked)).await;
    visit.show(&UsersPage { shell, users: Some(users?) })
}

pub(super) async fn one(Path(id): Path<String>, visit: Visit) -> Result<Response, Fail> {
    let user: User = visit.api.get(&at(&id).to_string()).await?;
    let sessions = at(&id).and("/sessions").to_string();
    let keys = Base::default().to("/auth/keys").with("owner", &id).to_string();
    let (shell, sessions, keys) =
        join3(visit.shell(PLACE), visit.api.get::<Sessions>(&sessions), visit.api.get::<Keys>(&keys)).await;
    let keys = if_allowed(keys)?.map(|keys| keys.keys);
    visit.show(&UserPage { shell, user, sessions: sessions?.sessions, keys })
}

/// What is done to a user.
const DEEDS: &[Question] = &[
    Question {
        word: "disable",
        verb: "Disable",
        means: "All sessions end, keys of this user are refused, and nobody logs in under this name until somebody lets them in \
                again.",
        destroys: true,
    },
    Question {
        word: "enable",
        verb: "Let in again",
        means: "They log in with their password as before.",
        destroys: false,
    },
    Question {
        word: "end-sessions",
        verb: "End all sessions",
        means: "They must log in again everywhere. Keys go on.",
        destroys: true,
    },
];

fn known(word: &str) -> Result<&'static Question, Fail> {
    Question::find(DEEDS, word).ok_or_else(|| Fail::new(Code::NotFound))
}

pub(super) async fn ask(Path((id, word)): Path<(String, String)>, visit: Visit) -> Result<Response, Fail> {
    let deed = known(&word)?;
    let user: User = visit.api.get(&at(&id).to_string()).await?;
    let back = visit.base.of("/ui/users", &id);
    let action = back.clone().and("/").and(deed.word);
    visit.show(&AskPage::new(visit.shell(PLACE).await, deed, user.username, action, back))
}

pub(super) async fn act(Path((id, word)): Path<(String, String)>, visit: Visit) -> Result<Response, Fail> {
    let (method, path, body): (Method, Link, Option<Value>) = match known(&word)?.word {
        "end-sessions" => (Method::DELETE, at(&id).and("/sessions"), None),
        word => (Method::PATCH, at(&id), Some(json!({ "disabled": word == "disable" }))),
    };
    visit.api.ask(method, &path.to_string(), body.as_ref()).await?;
    Ok(Redirect::to(&visit.base.of("/ui/users", &id).to_string()).into_response())
}
