//! What is done to one thing: `/ui/{things}/{name}/{deed}` asks first; sent there as a form, it is done. The table of deeds
//! is in `baton-dashboard`.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use baton_auth::Action;
use baton_core::Code;
use baton_dashboard::deed::ConfirmPage;
use baton_dashboard::{Base, Deed, Noun};
use serde_json::{Map, Value};

use super::form::Form;
use super::visit::Visit;
use crate::app::App;
use crate::problem::Fail;

/// Two paths for each kind of thing.
pub(super) fn routes() -> Router<App> {
    [Noun::Task, Noun::Queue, Noun::Worker].into_iter().fold(Router::new(), |router, noun| {
        let path = format!("/ui/{}/{{name}}/{{deed}}", noun.plural());
        let asked = get(move |path, visit| ask(noun, path, visit));
        router.route(&path, asked.post(move |path, visit, form| act(noun, path, visit, form)))
    })
}

async fn ask(noun: Noun, Path((name, word)): Path<(String, String)>, visit: Visit) -> Result<Response, Fail> {
    let deed = *known(noun, &word)?;
    // Whoever may not do it is not asked whether he wants to.
    if !visit.may(deed.scope) {
        let action: Action = deed.scope.parse().map_err(|_| Fail::new(Code::Internal))?;
        return Err(Fail::lacks(action));
    }
    visit.show(&ConfirmPage { shell: visit.shell("").await, deed, name })
}

async fn act(
    noun: Noun,
    Path((name, word)): Path<(String, String)>,
    visit: Visit,
    form: Form,
) -> Result<Response, Fail> {
    let deed = known(noun, &word)?;
    let path = Base::default().of(&format!("/api/v1/{}", noun.plural()), &name).and("/").and(deed.word);
    visit.api.post(&path.to_string(), &Value::Object(said(deed, &form))).await?;
    let thing = visit.base.of(&format!("/ui/{}", noun.plural()), &name);
    Ok(Redirect::to(&thing.to_string()).into_response())
}

fn known(noun: Noun, word: &str) -> Result<&'static Deed, Fail> {
    Deed::find(noun, word).ok_or_else(|| Fail::new(Code::NotFound))
}

/// What the form says beside yes.
fn said(deed: &Deed, form: &Form) -> Map<String, Value> {
    let each = [("reason", deed.reasons && !form.get("reason").is_empty()), ("confirm", deed.typed)];
    let told = each.into_iter().filter(|(_, told)| *told);
    told.map(|(name, _)| (name.to_owned(), Value::from(form.get(name)))).collect()
}

#[cfg(test)]
mod tests {
    use baton_dashboard::deed::DEEDS;

    use super::*;
    use crate::auth::Needs;

    /// A button would otherwise lead nowhere, or be shown to people who may not press it.
    #[test]
    fn every_deed_is_a_route_of_the_interface_and_takes_what_that_takes() {
        let api = crate::openapi();
        let needs = Needs::of(&api);
        for deed in DEEDS {
            let part = if deed.noun == Noun::Queue { "name" } else { "id" };
            let path = format!("/api/v1/{}/{{{part}}}/{}", deed.noun.plural(), deed.word);
            let action: Action = deed.scope.parse().unwrap();
            let grant = crate::auth::of_key(action.as_str());
            assert!(needs.allows(&path, &axum::http::Method::POST, &grant), "{path}");
            assert!(
                !needs.allows(&path, &axum::http::Method::POST, &crate::auth::of_key("tasks:read")),
                "{path}"
            );
        }
    }
}
