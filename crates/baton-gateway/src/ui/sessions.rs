//! `/ui/sessions`: logins, what is wrong with them, and how they end.

use axum::extract::{Path, State};
use axum::http::{Method, header};
use axum::response::{IntoResponse, Redirect, Response};
use baton_api::auth::{Alarms, EndedEverything, Family, Sessions};
use baton_core::Code;
use baton_dashboard::ask::{AskPage, Question};
use baton_dashboard::sessions::{SessionPage, SessionsPage};
use baton_dashboard::{Base, Link};
use futures_util::future::join3;
use serde_json::json;

use super::answered;
use super::form::Form;
use super::login::with_cookies;
use super::visit::Visit;
use crate::app::App;
use crate::problem::Fail;

const PLACE: &str = "Sessions";

pub(super) async fn list(visit: Visit) -> Result<Response, Fail> {
    let changed = !visit.query.get("changed").is_empty();
    visit.show(&list_page(&visit, None, changed).await?)
}

async fn list_page(visit: &Visit, refused: Option<String>, changed: bool) -> Result<SessionsPage, Fail> {
    let (shell, sessions, alarms) = join3(
        visit.shell(PLACE),
        visit.api.get::<Sessions>("/auth/sessions"),
        visit.api.get_some::<Alarms>("/auth/alarms"),
    )
    .await;
    let sessions = if_allowed(sessions)?.map(|sessions| sessions.sessions);
    let alarms = alarms.map(|alarms| alarms.alarms);
    Ok(SessionsPage { shell, sessions, alarms, refused, changed })
}

/// None where whoever looks may not see it. What cannot be read now is another matter.
pub(super) fn if_allowed<T>(answer: Result<T, Fail>) -> Result<Option<T>, Fail> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(fail) if matches!(fail.status().as_u16(), 401 | 403) => Ok(None),
        Err(fail) => Err(fail),
    }
}

/// One of whoever looks.
pub(super) async fn one(Path(id): Path<String>, visit: Visit) -> Result<Response, Fail> {
    show(&visit, &Base::default().of("/auth/sessions", id), false).await
}

/// One of a user.
pub(super) async fn one_of_user(
    Path((user, id)): Path<(String, String)>,
    visit: Visit,
) -> Result<Response, Fail> {
    show(&visit, &of_user(&user, &id), true).await
}

fn of_user(user: &str, id: &str) -> Link {
    Base::default().of("/auth/users", user).and("/sessions").below(id)
}

async fn show(visit: &Visit, at: &Link, of_user: bool) -> Result<Response, Fail> {
    let family = visit.api.get::<Family>(&at.to_string()).await?;
    visit.show(&SessionPage { shell: visit.shell(PLACE).await, family, of_user })
}

/// What there is to end, and how it is said.
struct End {
    question: Question,
    typed: &'static str,
    password: bool,
}

const ONE: End = End {
    question: Question {
        word: "end",
        verb: "End the session",
        means: "Whoever uses it must log in again; its access tokens are refused within two seconds.",
        destroys: true,
    },
    typed: "",
    password: false,
};

const OWN: End = End {
    question: Question {
        word: "end",
        verb: "End all of your sessions",
        means: "This one, too: you log in again.",
        destroys: true,
    },
    typed: "",
    password: true,
};

const EVERYONE: End = End {
    question: Question {
        word: "end",
        verb: "End the sessions of everyone",
        means: "All users must log in again, and you first of all. API keys and workers with keys go on.",
        destroys: true,
    },
    typed: "everyone",
    password: false,
};

async fn ask(
    visit: &Visit,
    end: &End,
    to: &str,
    (action, back): (Link, Link),
    refused: Option<&Fail>,
) -> Result<Response, Fail> {
    let page = AskPage {
        typed: end.typed,
        password: end.password,
        refused: refused.map(Fail::sentence),
        ..AskPage::new(visit.shell(PLACE).await, &end.question, to.to_owned(), action, back)
    };
    answered(visit, &page, refused)
}

pub(super) async fn ask_one(Path(id): Path<String>, visit: Visit) -> Result<Response, Fail> {
    let family: Family = visit.api.get(&Base::default().of("/auth/sessions", &id).to_string()).await?;
    let to = device(&family);
    let page = visit.base.of("/ui/sessions", &id);
    ask(&visit, &ONE, &to, (page.clone().and("/end"), page), None).await
}

pub(super) async fn ask_one_of_user(
    Path((user, id)): Path<(String, String)>,
    visit: Visit,
) -> Result<Response, Fail> {
    let family: Family = visit.api.get(&of_user(&user, &id).to_string()).await?;
    let to = format!("{} of {user}", device(&family));
    let page = visit.base.of("/ui/users", &user).and("/sessions").below(&id);
    ask(&visit, &ONE, &to, (page.clone().and("/end"), page), None).await
}

fn device(family: &Family) -> String {
    let device = family.session.as_ref().map(|session| session.device.clone());
    device.filter(|device| !device.is_empty()).unwrap_or_else(|| family.session_id.clone())
}

pub(super) async fn end_one(Path(id): Path<String>, visit: Visit) -> Result<Response, Fail> {
    visit.api.ask(Method::DELETE, &Base::default().of("/auth/sessions", &id).to_string(), None).await?;
    Ok(to(&visit.base.to("/ui/sessions")))
}

pub(super) async fn end_one_of_user(
    Path((user, id)): Path<(String, String)>,
    visit: Visit,
) -> Result<Response, Fail> {
    visit.api.ask(Method::DELETE, &of_user(&user, &id).to_string(), None).await?;
    Ok(to(&visit.base.of("/ui/users", &user)))
}

fn to(link: &Link) -> Response {
    Redirect::to(&link.to_string()).into_response()
}

pub(super) async fn ask_all(visit: Visit) -> Result<Response, Fail> {
    let way = (visit.base.to("/ui/sessions/all/end"), visit.base.to("/ui/sessions"));
    ask(&visit, &OWN, "", way, None).await
}

pub(super) async fn end_all(State(app): State<App>, visit: Visit, form: Form) -> Result<Response, Fail> {
    let said = json!({ "current_password": form.get("current_password") });
    match visit.api.post("/auth/logout-all", &said).await {
        Ok(_) => Ok(out(&app, &visit)),
        Err(fail) if is_word(&fail) => {
            let way = (visit.base.to("/ui/sessions/all/end"), visit.base.to("/ui/sessions"));
            ask(&visit, &OWN, "", way, Some(&fail)).await
        }
        Err(fail) => Err(fail),
    }
}

pub(super) async fn ask_everyone(visit: Visit) -> Result<Response, Fail> {
    everyone(&visit, None).await
}

async fn everyone(visit: &Visit, refused: Option<&Fail>) -> Result<Response, Fail> {
    let way = (visit.base.to("/ui/sessions/everyone/end"), visit.base.to("/ui/sessions"));
    ask(visit, &EVERYONE, "", way, refused).await
}

pub(super) async fn end_everyone(State(app): State<App>, visit: Visit, form: Form) -> Result<Response, Fail> {
    let mut cursor = None;
    loop {
        let said = json!({ "confirm": form.get("confirm"), "cursor": cursor });
        let ended = match visit.api.post("/auth/sessions/end-all", &said).await {
            Err(fail) if cursor.is_none() && is_word(&fail) => return everyone(&visit, Some(&fail)).await,
            ended => ended?.json::<EndedEverything>()?,
        };
        cursor = ended.next_cursor;
        if cursor.is_none() {
            return Ok(out(&app, &visit));
        }
    }
}

/// His own session has ended: his browser keeps nothing of it.
fn out(app: &App, visit: &Visit) -> Response {
    let mut answer = Redirect::to(&visit.base.to("/ui/login").to_string()).into_response();
    for gone in app.auth.jar().removed() {
        answer.headers_mut().append(header::SET_COOKIE, gone);
    }
    answer
}

/// Whether a person said something wrong and can say it again.
fn is_word(fail: &Fail) -> bool {
    matches!(
        fail.code,
        Code::InvalidCredentials
            | Code::RateLimited
            | Code::Validation
            | Code::Malformed
            | Code::ReauthenticationRequired
    )
}

pub(super) async fn change_password(visit: Visit, form: Form) -> Result<Response, Fail> {
    let said = json!({ "current": form.get("current"), "new": form.get("new") });
    match visit.api.post("/auth/password", &said).await {
        Ok(answer) => {
            let there = visit.base.to("/ui/sessions").with("changed", 1);
            Ok(with_cookies(to(&there), &answer))
        }
        Err(fail) if is_word(&fail) => {
            let page = list_page(&visit, Some(fail.sentence()), false).await?;
            visit.refuse(&page, fail.status().as_u16())
        }
        Err(fail) => Err(fail),
    }
}
