//! What is done to one thing: `/ui/{things}/{name}/{deed}` asks first; sent there as a form, it is done. The table of deeds
//! is in `baton-dashboard`.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get};
use baton_api::flow::Flow;
use baton_api::operation::Operation;
use baton_api::queue::Queue;
use baton_core::Code;
use baton_dashboard::deed::{About, ConfirmPage, DELETE, RANKS, of_flow, of_operation, of_queue};
use baton_dashboard::{Base, Deed, Link, Noun};
use serde_json::{Map, Value};

use super::api::Api;
use super::form::Form;
use super::visit::Visit;
use crate::app::App;
use crate::problem::Fail;

/// The priority that is offered first: whoever moves tasks mostly wants them sooner.
pub(super) const RANK: &str = RANKS[0];

/// Two paths for each kind of thing.
pub(super) fn routes() -> Router<App> {
    Noun::ALL.into_iter().fold(Router::new(), |router, noun| {
        let path = format!("/ui/{}/{{name}}/{{deed}}", noun.plural());
        let asked = get(move |app, path, visit| ask(noun, app, path, visit));
        router.route(&path, asked.post(move |app, path, visit, form| act(noun, app, path, visit, form)))
    })
}

async fn ask(
    noun: Noun,
    app: State<App>,
    Path((name, word)): Path<(String, String)>,
    visit: Visit,
) -> Result<Response, Fail> {
    asked(&app, known(noun, &word)?, name, &visit).await
}

/// Asks; what is done then, another page knows.
pub(super) fn asking(noun: Noun, word: &'static str) -> MethodRouter<App> {
    get(move |State(app): State<App>, Path(name): Path<String>, visit: Visit| async move {
        asked(&app, known(noun, word)?, name, &visit).await
    })
}

/// Asks whether this is to be done to that.
async fn asked(app: &App, deed: &'static Deed, name: String, visit: &Visit) -> Result<Response, Fail> {
    // Whoever may not do it is not asked whether he wants to.
    visit.must(deed.scope.parse().map_err(|_| Fail::new(Code::Internal))?)?;
    let about = about(deed, &name, visit).await?;
    let once = if deed.makes { app.store.draw_op().to_string() } else { String::new() };
    let shell = visit.shell("").await;
    visit.show(&ConfirmPage {
        shell,
        deed: *deed,
        name,
        about,
        once,
        reason: String::new(),
        priority: RANK.to_owned(),
        refused: None,
    })
}

/// What its name does not say.
async fn about(deed: &Deed, name: &str, visit: &Visit) -> Result<Option<About>, Fail> {
    let thing = Base::default().of(&format!("/api/v1/{}", deed.noun.plural()), name).to_string();
    Ok(match (deed.noun, deed.word) {
        (Noun::Flow, _) => Some(of_flow(deed, &visit.api.get::<Flow>(&thing).await?)),
        (Noun::Queue, "purge") => Some(of_queue(&visit.api.get::<Queue>(&thing).await?)),
        (Noun::Operation, _) => visit.api.get_some::<Operation>(&thing).await.as_ref().and_then(of_operation),
        _ => None,
    })
}

async fn act(
    noun: Noun,
    app: State<App>,
    Path((name, word)): Path<(String, String)>,
    visit: Visit,
    form: Form,
) -> Result<Response, Fail> {
    let deed = known(noun, &word)?;
    let thing = Base::default().of(&format!("/api/v1/{}", noun.plural()), &name);
    let api = once(&visit, &form);
    let done = match deed.word {
        DELETE => api.delete(&thing.to_string()).await,
        word => {
            let path = thing.and("/").and(word).to_string();
            api.post(&path, &Value::Object(said(deed, &form))).await
        }
    };
    match done {
        Ok(_) => Ok(Redirect::to(&after(deed, &visit.base, &name).to_string()).into_response()),
        Err(fail) => again(&app, deed, name, &visit, &form, fail).await,
    }
}

/// To the thing; or to all of them, where it is gone.
fn after(deed: &Deed, base: &Base, name: &str) -> Link {
    let all = format!("/ui/{}", deed.noun.plural());
    if deed.word == DELETE { base.to(&all) } else { base.of(&all, name) }
}

/// Asks under the name of the wish, so that it is done once.
pub(super) fn once(visit: &Visit, form: &Form) -> Api {
    match HeaderValue::from_str(form.get("once")) {
        Ok(name) if !name.is_empty() => {
            visit.api.clone().with(HeaderName::from_static("idempotency-key"), &name)
        }
        _ => visit.api.clone(),
    }
}

/// The name of what is sent next, after an answer with this status. Where nobody knows whether it was done it is the same wish, which is
/// done once; else nothing was made under the old name, or something else was.
pub(super) fn next_once(app: &App, form: &Form, status: u16) -> String {
    match form.get("once") {
        once if status >= 500 && !once.is_empty() => once.to_owned(),
        _ => app.store.draw_op().to_string(),
    }
}

/// Asks once more, and says why it was not done. What no second try can mend is a page of its own.
pub(super) async fn again(
    app: &App,
    deed: &'static Deed,
    name: String,
    visit: &Visit,
    form: &Form,
    fail: Fail,
) -> Result<Response, Fail> {
    if !matches!(fail.status().as_u16(), 409 | 412 | 422 | 503 | 507) {
        return Err(fail);
    }
    let once = if deed.makes { next_once(app, form, fail.status().as_u16()) } else { String::new() };
    let about = about(deed, &name, visit).await?;
    let page = ConfirmPage {
        shell: visit.shell("").await,
        deed: *deed,
        name,
        about,
        once,
        reason: form.get("reason").to_owned(),
        priority: form.get("priority").to_owned(),
        refused: Some(fail.sentence()),
    };
    visit.refuse(&page, fail.status().as_u16())
}

fn known(noun: Noun, word: &str) -> Result<&'static Deed, Fail> {
    Deed::find(noun, word).ok_or_else(|| Fail::new(Code::NotFound))
}

/// What the form says beside yes.
fn said(deed: &Deed, form: &Form) -> Map<String, Value> {
    let each = [("reason", deed.reasons && !form.get("reason").is_empty()), ("confirm", deed.typed)];
    let told = each.into_iter().filter(|(_, told)| *told);
    let mut said: Map<String, Value> =
        told.map(|(name, _)| (name.to_owned(), Value::from(form.get(name)))).collect();
    if deed.ranks {
        let rank = form.get("priority");
        said.insert("priority".to_owned(), rank.parse::<i64>().map_or_else(|_| rank.into(), Value::from));
    }
    said
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use baton_auth::Action;
    use baton_dashboard::deed::DEEDS;

    use super::*;
    use crate::auth::Needs;

    /// A button would otherwise lead nowhere, or be shown to people who may not press it.
    #[test]
    fn every_deed_is_a_route_of_the_interface_and_takes_what_that_takes() {
        let api = crate::openapi();
        let needs = Needs::of(&api);
        for deed in DEEDS {
            let part = if matches!(deed.noun, Noun::Task | Noun::Flow | Noun::Worker | Noun::Operation) {
                "id"
            } else {
                "name"
            };
            let thing = format!("/api/v1/{}/{{{part}}}", deed.noun.plural());
            let (path, method) = match deed.word {
                DELETE => (thing, Method::DELETE),
                word => (format!("{thing}/{word}"), Method::POST),
            };
            assert!(deed.scope.parse::<Action>().is_ok(), "{path}");
            // Whoever sees a webhook may read tasks.
            let grant = match deed.noun {
                Noun::Webhook => format!("{} tasks:read", deed.scope),
                _ => deed.scope.to_owned(),
            };
            assert!(needs.allows(&path, &method, &crate::auth::of_key(&grant)), "{path}");
            assert!(!needs.allows(&path, &method, &crate::auth::of_key("tasks:read")), "{path}");
        }
    }
}
