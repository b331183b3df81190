//! Notes what operators do: every request that changes something which belongs to all, with its outcome. Which routes these
//! are follows from what they ask of a credential, so that a new one is noted without anybody thinking of it.
//!
//! It is noted before the answer leaves, so nobody hears of a success that is not on the trail. A gateway that dies in between
//! leaves a change that is in the stream and in the record it changed, and not here; one that cannot reach Redis says so in its
//! log. What was refused changed nothing, and is not noted: strangers could push everything else off the trail. For the same reason
//! an act on a few tasks is not noted of those who have no right to administer: they may do the same task by task.

use std::collections::HashMap;

use axum::http::Method;
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::response::Response;
use baton_auth::Action;
use baton_core::Principal;
use baton_store::calls::trail::TrailNote;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, PathItem};

use crate::app::App;
use crate::auth::{Address, Grant};
use crate::problem::Fail;

/// Scopes that ordinary submitters and workers do not need.
const POWERS: [&str; 5] = ["queues:admin", "workers:admin", "admin:users", "admin:keys", "admin"];
/// Of these every change is noted, whatever scope it takes.
const TAGS: [&str; 2] = ["operations", "schedules"];
/// What is done to all tasks of a flow, or of a group of failures; and what hides such a group from others.
const MANY: [&str; 5] = ["cancel_flow", "rerun_flow", "rerun_error", "silence_error", "unsilence_error"];
/// Whoever has a login may do these for himself; that is told only of those who look after others.
const KEYS: [&str; 3] = ["create_key", "change_key", "remove_key"];
/// What changes nothing.
const HARMLESS: [&str; 1] = ["preview_schedule"];

/// The routes that are noted, with what the API calls them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trails(HashMap<(String, Method), String>);

impl Trails {
    pub(crate) fn of(api: &OpenApi) -> Trails {
        let mut trails = HashMap::new();
        for (path, item) in &api.paths.paths {
            for (method, operation) in changes(item).filter(|(_, operation)| is_noted(operation)) {
                let name = operation.operation_id.clone().unwrap_or_else(|| path.clone());
                trails.insert((path.clone(), method), name);
            }
        }
        Trails(trails)
    }

    /// What is to be noted of this request, if it is one of those.
    pub(crate) fn note(&self, app: &App, route: &str, parts: &Parts, grant: Option<&Grant>) -> Option<Note> {
        let action = self.0.get(&(route.to_owned(), parts.method.clone()))?.clone();
        let rules = &app.auth.logins.rules;
        Some(Note {
            action,
            by: grant.map(|grant| grant.principal.clone()),
            address: Address::of(parts, &rules.trusted_proxies).to_string(),
            subject: subject(route, parts.uri.path()),
            outcome: String::new(),
            why: String::new(),
        })
    }
}

fn changes(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    let each = [
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::DELETE, &item.delete),
        (Method::PATCH, &item.patch),
    ];
    each.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

fn is_noted(operation: &Operation) -> bool {
    let name = operation.operation_id.as_deref().unwrap_or_default();
    let tagged = operation.tags.iter().flatten().any(|tag| TAGS.contains(&tag.as_str()));
    let said = serde_json::to_value(&operation.security).unwrap_or_default();
    let ways: Vec<HashMap<String, Vec<String>>> = serde_json::from_value(said).unwrap_or_default();
    let powerful =
        ways.iter().flat_map(HashMap::values).flatten().any(|scope| POWERS.contains(&scope.as_str()));
    (tagged || powerful || MANY.contains(&name) || KEYS.contains(&name)) && !HARMLESS.contains(&name)
}

/// What the path names: `mail` of `/queues/mail/pause`.
fn subject(route: &str, path: &str) -> String {
    let pairs = route.split('/').zip(path.split('/'));
    let named: Vec<&str> = pairs.filter(|(part, _)| part.starts_with('{')).map(|(_, word)| word).collect();
    named.join(" ")
}

/// Whether it has any of the rights that ordinary submitters and workers do not need.
pub(crate) fn administers(grant: &Grant) -> bool {
    let powers = POWERS.iter().filter_map(|word| word.parse::<Action>().ok());
    powers.into_iter().any(|action| grant.scopes.allow(action))
}

/// On an answer: the request changed nothing after all, as a dry run does. Whoever may only submit could push everything else
/// off the trail with such.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Untold;

/// On an answer: why it was asked for, in the words of whoever did.
#[derive(Clone, Debug)]
struct Why(String);

/// Has the trail say why.
pub(crate) fn explained(why: &str, mut answer: Response) -> Response {
    answer.extensions_mut().insert(Why(why.to_owned()));
    answer
}

/// Marks an answer so, if whoever asked looks after nobody but himself.
pub(crate) fn told_of_keepers(grant: &Grant, mut answer: Response) -> Response {
    if !administers(grant) {
        answer.extensions_mut().insert(Untold);
    }
    answer
}

/// What is known of a request.
pub(crate) struct Note {
    action: String,
    by: Option<Principal>,
    address: String,
    subject: String,
    outcome: String,
    why: String,
}

impl Note {
    /// With what the answer says: how it went, and of what is made the name. None if it was refused, or
    /// changed nothing.
    pub(crate) fn ended(mut self, answer: &Response) -> Option<Note> {
        if answer.status().is_client_error() || answer.extensions().get::<Untold>().is_some() {
            return None;
        }
        let code = answer.extensions().get::<Fail>().map(|fail| format!(" {}", fail.code));
        self.outcome = format!("{}{}", answer.status().as_u16(), code.unwrap_or_default());
        if let Some(Why(why)) = answer.extensions().get() {
            self.why.clone_from(why);
        }
        let made = answer.headers().get(LOCATION).and_then(|place| place.to_str().ok()?.rsplit('/').next());
        if let (true, Some(made)) = (self.subject.is_empty(), made) {
            made.clone_into(&mut self.subject);
        }
        Some(self)
    }

    pub(crate) async fn write(self, app: &App, request: &str) {
        let Note { action, by, address, subject, outcome, why } = &self;
        let note = TrailNote { action, by: by.as_ref(), address, subject, outcome, why, request };
        if let Err(error) = app.store.note_trail(&note).await {
            tracing::warn!(action, %outcome, %error, "what an operator did could not be noted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_needs_power_is_noted_and_ordinary_work_is_not() {
        let trails = Trails::of(&crate::openapi());
        let noted = |method: Method, path: &str| trails.0.contains_key(&(path.to_owned(), method));
        for path in [
            "/api/v1/queues/{name}/pause",
            "/api/v1/actions",
            "/api/v1/flows/{id}/cancel",
            "/api/v1/errors/{fingerprint}/rerun",
            "/api/v1/schedules",
            "/auth/users",
            "/auth/keys",
        ] {
            assert!(noted(Method::POST, path), "{path}");
        }
        assert!(
            noted(Method::PUT, "/api/v1/pools/{name}") && noted(Method::DELETE, "/api/v1/schedules/{name}")
        );
        for path in ["/api/v1/tasks", "/api/v1/tasks/{id}/cancel", "/api/v1/workers/register", "/auth/login"]
        {
            assert!(!noted(Method::POST, path), "{path}");
        }
        assert!(!noted(Method::POST, "/api/v1/schedules/preview"));
        assert!(!noted(Method::GET, "/api/v1/queues/{name}"));
    }

    #[test]
    fn what_changed_nothing_is_not_told() {
        let ended = |mark: bool, status: u16| {
            let mut answer = Response::new(axum::body::Body::empty());
            *answer.status_mut() = axum::http::StatusCode::from_u16(status).unwrap();
            if mark {
                answer.extensions_mut().insert(Untold);
            }
            let word = String::new;
            let note = Note {
                action: word(),
                by: None,
                address: word(),
                subject: word(),
                outcome: word(),
                why: word(),
            };
            note.ended(&explained("it was asked for", answer))
                .map(|note| format!("{} {}", note.outcome, note.why))
        };
        assert_eq!(ended(false, 200).as_deref(), Some("200 it was asked for"));
        assert_eq!((ended(true, 200), ended(false, 404)), (None, None));
    }

    #[test]
    fn any_right_to_administer_is_one_be_it_for_one_queue() {
        for (scopes, is) in [
            ("tasks:write tasks:cancel tasks:read tasks:claim workers:register", false),
            ("queues:admin@a", true),
            ("workers:admin", true),
            ("admin:keys", true),
            ("admin", true),
        ] {
            assert_eq!(administers(&crate::auth::of_key(scopes)), is, "{scopes}");
        }
    }

    #[test]
    fn a_path_names_what_it_is_about() {
        assert_eq!(subject("/api/v1/queues/{name}/pause", "/api/v1/queues/mail/pause"), "mail");
        assert_eq!(subject("/a/{b}/{c}", "/a/1/2"), "1 2");
        assert_eq!(subject("/api/v1/actions", "/api/v1/actions"), "");
    }
}
