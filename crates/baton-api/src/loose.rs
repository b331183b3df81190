//! A flow with mistakes in it, read member by member: its submitter is told of all of them, not of the first alone.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::flow::{NewFlow, NewFlowTask};
use crate::problem::Pointed;
use crate::read::{NAME_MAX, pointer_step, read};

/// What can be understood of a flow, and what cannot.
#[derive(Clone, Debug, Default)]
pub struct Loose {
    pub tasks: Vec<LooseTask>,
    /// The mistakes of form: at most about as many as were wanted.
    pub errors: Vec<Pointed>,
}

/// One of its tasks. Its name and its parents are there whatever else is wrong with it: others depend on it.
#[derive(Clone, Debug, Default)]
pub struct LooseTask {
    pub name: Option<String>,
    /// As many as it names; one that is no text, or a very long one, is empty.
    pub parents: Vec<String>,
    /// `None` where it has mistakes of form.
    pub task: Option<NewFlowTask>,
}

/// An object knows some twenty members; of more than these, most are mistakes, and more than anybody asks for.
const MEMBERS_MAX: usize = 2_000;

/// The members of an object, in order, and as often as they are there; of very many the first.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Members<'a>, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut each = Vec::new();
                while each.len() < MEMBERS_MAX {
                    match members.next_entry()? {
                        Some(member) => each.push(member),
                        None => return Ok(each),
                    }
                }
                while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(each)
            }
        }

        input.deserialize_map(Each).map(Members)
    }
}

/// Looks for mistakes of form in a body that is JSON, and goes on until about so many are found.
pub fn look(body: &[u8], max: usize) -> Loose {
    let mut found = Loose::default();
    let members = serde_json::from_slice(body);
    let Ok(Members(members)) = members else {
        found.errors.extend(read::<NewFlow>(body).err().map(|error| error.error));
        return found;
    };
    let mut tasks = None;
    let mut seen = HashSet::new();
    for (name, value) in &members {
        if found.errors.len() >= max {
            return found;
        }
        match serde_json::from_str::<Vec<&RawValue>>(value.get()) {
            Ok(list) if name == "tasks" && tasks.is_none() => tasks = Some(list),
            _ if seen.contains(name) => found.errors.push(repeated(name)),
            _ => found.errors.extend(wrong::<NewFlow>(name, value.get(), "tasks", "[]")),
        }
        seen.insert(name.clone());
    }
    if !seen.contains("tasks") {
        found.errors.push(missing("tasks"));
    }
    for (at, text) in tasks.unwrap_or_default().into_iter().enumerate() {
        if found.errors.len() >= max {
            break;
        }
        let (task, errors) = look_at(text.get(), max);
        let place = |error: Pointed| Pointed { pointer: format!("/tasks/{at}{}", error.pointer), ..error };
        found.errors.extend(errors.into_iter().map(place));
        found.tasks.push(task);
    }
    found
}

fn look_at(text: &str, max: usize) -> (LooseTask, Vec<Pointed>) {
    let whole = match read::<NewFlowTask>(text.as_bytes()) {
        Ok(task) => {
            let name = task.name.as_ref().map(ToString::to_string);
            let parents = task.parents.iter().map(ToString::to_string).collect();
            return (LooseTask { name, parents, task: Some(task) }, Vec::new());
        }
        Err(error) => error.error,
    };
    let Ok(Members(members)) = serde_json::from_str(text) else {
        return (LooseTask::default(), vec![whole]);
    };
    let (mut task, mut errors, mut seen) = (LooseTask::default(), Vec::new(), HashSet::new());
    for (name, value) in members {
        if errors.len() >= max {
            return (task, errors);
        }
        let known = today(&name);
        if !seen.insert(known.to_owned()) {
            errors.push(repeated(&name));
            continue;
        }
        match (known, serde_json::from_str::<Vec<&RawValue>>(value.get())) {
            ("parents" | "tags", Ok(list)) => wrong_items(&name, &list, max, &mut errors),
            _ => errors.extend(wrong::<NewFlowTask>(&name, value.get(), "kind", "\"x\"")),
        }
        match known {
            "ref" => task.name = Some(short_text(value)).filter(|name| !name.is_empty()),
            "parents" => task.parents = texts(value),
            _ => {}
        }
    }
    if !seen.contains("kind") {
        errors.push(missing("kind"));
    }
    if errors.is_empty() {
        errors.push(whole);
    }
    (task, errors)
}

/// The word of today for one of an older client.
fn today(name: &str) -> &str {
    match name {
        "problem_id" => "kind",
        "parameters" => "payload",
        name => name,
    }
}

fn texts(value: &RawValue) -> Vec<String> {
    let list: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
    list.into_iter().map(short_text).collect()
}

/// Empty where it is none, or longer than a name can be: that is a mistake of form.
fn short_text(value: &RawValue) -> String {
    let text: Option<String> = serde_json::from_str(value.get()).ok();
    text.filter(|text| text.len() <= NAME_MAX).unwrap_or_default()
}

/// What is wrong with one member, by itself, beside the one that must be there.
fn wrong<T: for<'a> Deserialize<'a>>(
    name: &str,
    value: &str,
    needed: &str,
    as_needed: &str,
) -> Option<Pointed> {
    let quoted = serde_json::Value::from(name);
    let text = match today(name) == needed {
        true => format!("{{{quoted}:{value}}}"),
        false => format!("{{\"{needed}\":{as_needed},{quoted}:{value}}}"),
    };
    read::<T>(text.as_bytes()).err().map(|error| error.error)
}

fn wrong_items(name: &str, list: &[&RawValue], max: usize, errors: &mut Vec<Pointed>) {
    for (at, item) in list.iter().enumerate() {
        if errors.len() >= max {
            return;
        }
        let alone = format!("[{}]", item.get());
        if let Some(error) = wrong::<NewFlowTask>(name, &alone, "kind", "\"x\"") {
            errors.push(Pointed { pointer: format!("/{name}/{at}"), ..error });
        }
    }
}

fn repeated(name: &str) -> Pointed {
    Pointed { pointer: pointer_step(name), message: "the member is there twice".to_owned() }
}

fn missing(name: &str) -> Pointed {
    Pointed { pointer: String::new(), message: format!("missing field `{name}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &[&str]) {
        let found = look(body.as_bytes(), 100);
        let pointers: Vec<&str> = found.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, expected, "{:?}", found.errors);
    }

    #[test]
    fn every_mistake_of_form_is_found() {
        check(r#"{"tasks":[{"kind":"a"}]}"#, &[]);
        check("[]", &[""]);
        check("{}", &[""]);
        check(r#"{"tasks":{}}"#, &["/tasks"]);
        check(
            r#"{"nam":"x","name":"a b","on_parent_failure":"stop","name":"c","tasks":[
                {"kind":"a b","priority":"high","tags":["x","y z",7],"parents":["ok","no no"],"ref":"a b"},
                {"kind":"a","ref":"fine"},
                {"ref":"x","kindd":"b","payload":{}},
                7,
                {"kind":"a","problem_id":"b"}
            ]}"#,
            &[
                "/nam",
                "/name",
                "/on_parent_failure",
                "/name",
                "/tasks/0/kind",
                "/tasks/0/priority",
                "/tasks/0/tags/1",
                "/tasks/0/tags/2",
                "/tasks/0/parents/1",
                "/tasks/0/ref",
                "/tasks/2/kindd",
                "/tasks/2",
                "/tasks/3",
                "/tasks/4/problem_id",
            ],
        );
    }

    #[test]
    fn names_and_parents_are_known_whatever_else_is_wrong() {
        let found = look(br#"{"tasks":[{"ref":"a","parents":["b",7]},{"kind":"k","ref":"b"}]}"#, 100);
        let first = &found.tasks[0];
        assert_eq!((first.name.as_deref(), first.parents.len()), (Some("a"), 2));
        assert_eq!((first.parents[0].as_str(), first.parents[1].as_str()), ("b", ""));
        assert!(first.task.is_none() && found.tasks[1].task.is_some());
    }

    #[test]
    fn the_search_has_an_end() {
        let parents = vec!["\"a b\""; 10_000].join(",");
        let tasks = vec![format!(r#"{{"kind":"a","parents":[{parents}]}}"#); 3].join(",");
        assert_eq!(look(format!(r#"{{"tasks":[{tasks}]}}"#).as_bytes(), 50).errors.len(), 50);
        let members: String = (0..10_000).map(|at| format!(r#""kindd{at}":0,"#)).collect();
        let of_a_task = format!(r#"{{"tasks":[{{{members}"kind":"a"}},7]}}"#);
        assert_eq!(look(of_a_task.as_bytes(), 50).errors.len(), 50);
        let of_a_flow = look(format!(r#"{{{members}"tasks":[7]}}"#).as_bytes(), 50);
        assert_eq!((of_a_flow.errors.len(), of_a_flow.tasks.len()), (50, 0));
    }
}
