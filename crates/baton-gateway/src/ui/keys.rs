//! `/ui/keys`: API keys, and the keys that sign access tokens.

use axum::extract::{Path, State};
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use baton_api::auth::{Key, KeyWithSecret, Keys, SigningKeys};
use baton_core::Code;
use baton_dashboard::Base;
use baton_dashboard::ask::{AskPage, Question};
use baton_dashboard::users::{KeysPage, NewKeyPage, Wish};
use futures_util::future::join3;
use serde_json::{Value, json};

use super::deeds::once;
use super::form::Form;
use super::sessions::if_allowed;
use super::visit::{Visit, html};
use crate::app::App;
use crate::problem::Fail;

const PLACE: &str = "Sessions";
const DAY_S: u64 = 86_400;

pub(super) async fn list(State(app): State<App>, visit: Visit) -> Result<Response, Fail> {
    let wish = Wish { once: app.store.draw_op().to_string(), ..Wish::default() };
    let page = page(&visit, None, wish).await?;
    visit.show(&page)
}

async fn page(visit: &Visit, refused: Option<String>, wish: Wish) -> Result<KeysPage, Fail> {
    let owner = visit.query.get("owner").trim().to_owned();
    let asked = Base::default().to("/auth/keys").with_some("owner", &owner).to_string();
    let signing = async {
        match visit.may("admin") {
            true => if_allowed(visit.api.get::<SigningKeys>("/auth/signing-keys").await),
            false => Ok(None),
        }
    };
    let (shell, keys, signing) = join3(visit.shell(PLACE), visit.api.get::<Keys>(&asked), signing).await;
    let (keys, wrong) = match keys {
        // What is asked for wrongly is said on the page.
        Err(fail) if !owner.is_empty() && fail.status().is_client_error() => (None, Some(fail.sentence())),
        keys => (if_allowed(keys)?, None),
    };
    let (keys, signing) = (keys.map(|keys| keys.keys), signing?.map(|signing| signing.keys));
    Ok(KeysPage { shell, keys, owner, signing, refused: refused.or(wrong), wish })
}

/// The secret is in the answer to the form, and nowhere else: no address, no log and no cache has it.
pub(super) async fn make(State(app): State<App>, visit: Visit, form: Form) -> Result<Response, Fail> {
    let said = |name: &str| form.get(name).trim().to_owned();
    let mut wish =
        Wish { name: said("name"), scopes: said("scopes"), days: said("days"), once: said("once") };
    let made = match body(&wish) {
        Ok(body) => once(&visit, &form).post("/auth/keys", &body).await,
        Err(fail) => Err(fail),
    };
    match made {
        Ok(answer) => {
            let made: KeyWithSecret = answer.json()?;
            let page = NewKeyPage { shell: visit.shell(PLACE).await, made };
            html(&page, 201).ok_or_else(|| Fail::new(Code::Internal))
        }
        Err(fail) if fail.status().is_server_error() => Err(fail),
        Err(fail) => {
            let status = fail.status().as_u16();
            // That one is made; whoever sends the form once more means another one.
            if fail.code == Code::Conflict {
                wish.once = app.store.draw_op().to_string();
            }
            let page = page(&visit, Some(fail.sentence()), wish).await?;
            html(&page, status).ok_or_else(|| Fail::new(Code::Internal))
        }
    }
}

fn body(wish: &Wish) -> Result<Value, Fail> {
    let scopes: Vec<&str> = wish.scopes.split_whitespace().collect();
    let days = match wish.days.as_str() {
        "" => None,
        days => Some(days.parse::<u32>().map_err(|_| Fail::invalid("days", "it is a number of days"))?),
    };
    let mut body = json!({ "name": wish.name, "scopes": scopes });
    if let Some(days) = days {
        body["expires_in"] = json!(u64::from(days) * DAY_S);
    }
    Ok(body)
}

const REVOKE: Question = Question {
    word: "revoke",
    verb: "Revoke the key",
    means: "No gateway takes it any more, after some seconds at most. Whatever uses it stops working.",
    destroys: true,
};

const ROTATE: Question = Question {
    word: "rotate",
    verb: "Make the next signing key",
    means: "It signs once everyone can have read its public half, and the one of today retires then. Nobody logs in again.",
    destroys: false,
};

pub(super) async fn ask_revoke(Path(id): Path<String>, visit: Visit) -> Result<Response, Fail> {
    let key: Key = visit.api.get(&Base::default().of("/auth/keys", &id).to_string()).await?;
    let (action, back) = (visit.base.of("/ui/keys", &id).and("/revoke"), visit.base.to("/ui/keys"));
    visit.show(&AskPage::new(visit.shell(PLACE).await, &REVOKE, key.name, action, back))
}

pub(super) async fn revoke(Path(id): Path<String>, visit: Visit) -> Result<Response, Fail> {
    visit.api.ask(Method::DELETE, &Base::default().of("/auth/keys", &id).to_string(), None).await?;
    Ok(Redirect::to(&visit.base.to("/ui/keys").to_string()).into_response())
}

pub(super) async fn ask_rotate(visit: Visit) -> Result<Response, Fail> {
    let (action, back) = (visit.base.to("/ui/signing-keys/rotate"), visit.base.to("/ui/keys"));
    visit.show(&AskPage::new(visit.shell(PLACE).await, &ROTATE, String::new(), action, back))
}

pub(super) async fn rotate(visit: Visit) -> Result<Response, Fail> {
    visit.api.ask(Method::POST, "/auth/signing-keys/rotate", None).await?;
    Ok(Redirect::to(&visit.base.to("/ui/keys").to_string()).into_response())
}
