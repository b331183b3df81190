//! Where in a text of JSON the value is that a JSON Pointer (RFC 6901) names.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A flow as JSON, with its tasks found once: there may be many of them, and many mistakes.
pub(super) struct Places<'a> {
    json: &'a str,
    tasks: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, rename = "ref")]
    name: Cow<'a, str>,
}

impl<'a> Places<'a> {
    pub(super) fn of(json: &'a str) -> Places<'a> {
        let tasks = member(json, "tasks").and_then(|tasks| serde_json::from_str(tasks).ok());
        Places { json, tasks: tasks.unwrap_or_default() }
    }

    /// The offset of the value, or of the innermost one around it that is there.
    pub(super) fn find(&self, pointer: &str) -> Option<usize> {
        let segments = pointer.strip_prefix('/').or((pointer.is_empty()).then_some(""))?;
        let (mut here, rest) = match self.task_of(pointer) {
            Some((task, rest)) => (task, rest),
            None => (self.json.trim_start(), segments),
        };
        for segment in rest.split('/').filter(|segment| !segment.is_empty()) {
            match child(here, &segment.replace("~1", "/").replace("~0", "~")) {
                Some(value) => here = value,
                None => break,
            }
        }
        Some(offset(self.json, here))
    }

    /// The ref of the task that a pointer leads into.
    pub(super) fn task(&self, pointer: &str) -> Option<String> {
        let (task, _) = self.task_of(pointer)?;
        Some(serde_json::from_str::<Named<'_>>(task).ok()?.name.into_owned())
    }

    fn task_of<'p>(&self, pointer: &'p str) -> Option<(&'a str, &'p str)> {
        let path = pointer.strip_prefix("/tasks/")?;
        let (number, rest) = path.split_once('/').unwrap_or((path, ""));
        Some((self.tasks.get(number.parse::<usize>().ok()?)?.get(), rest))
    }
}

/// The same object with this text as the value of a member, whether it was there or not.
pub(super) fn with_member(json: &str, name: &str, text: &str) -> String {
    let text = serde_json::Value::from(text).to_string();
    if let Some(value) = member(json, name) {
        let at = offset(json, value);
        return format!("{}{text}{}", &json[..at], &json[at + value.len()..]);
    }
    match json.split_once('{') {
        Some((before, rest)) if before.trim().is_empty() => {
            let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
            format!("{before}{{\"{name}\":{text}{comma}{rest}")
        }
        // No object at all: the gateway says so.
        _ => json.to_owned(),
    }
}

fn member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let members: HashMap<Cow<'a, str>, &'a RawValue> = serde_json::from_str(json).ok()?;
    members.get(name).map(|value| value.get())
}

fn child<'a>(json: &'a str, segment: &str) -> Option<&'a str> {
    if json.starts_with('[') {
        let items: Vec<&'a RawValue> = serde_json::from_str(json).ok()?;
        return items.get(segment.parse::<usize>().ok()?).map(|value| value.get());
    }
    member(json, segment)
}

/// Of a part that was cut out of the whole.
fn offset(whole: &str, part: &str) -> usize {
    part.as_ptr().addr().saturating_sub(whole.as_ptr().addr()).min(whole.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str =
        r#" {"a/b": [10, {"~": 7}], "tasks": [{"ref": "x", "n": 1}, {"p": [2, 3]}], "ref": "no"}"#;

    fn check(pointer: &str, begins: &str) {
        let at = Places::of(JSON).find(pointer).unwrap();
        assert!(JSON[at..].starts_with(begins), "{pointer}: {}", &JSON[at..]);
    }

    #[test]
    fn a_pointer_finds_its_value() {
        check("", "{\"a/b\"");
        check("/a~1b/0", "10");
        check("/a~1b/1/~0", "7");
        check("/tasks/0/n", "1}");
        check("/tasks/1/p/1", "3]");
        check("/tasks/1", "{\"p\"");
    }

    #[test]
    fn what_is_not_there_is_found_as_far_as_it_is() {
        check("/tasks/1/kind", "{\"p\"");
        check("/tasks/7/kind", "[{\"ref\"");
        check("/nothing", "{\"a/b\"");
        assert_eq!(Places::of(JSON).find("limit"), None);
        assert_eq!(Places::of("[1]").find("/tasks/0"), Some(0));
    }

    #[test]
    fn a_task_is_known_by_its_ref() {
        let places = Places::of(JSON);
        assert_eq!(places.task("/tasks/0/n").as_deref(), Some("x"));
        assert_eq!((places.task("/tasks/1"), places.task("/ref")), (None, None));
    }

    #[test]
    fn a_member_is_replaced_or_added() {
        assert_eq!(with_member(r#"{"tasks":[]}"#, "name", "x"), r#"{"name":"x","tasks":[]}"#);
        assert_eq!(
            with_member(r#"{"tasks":[], "name" : "old" }"#, "name", "x"),
            r#"{"tasks":[], "name" : "x" }"#
        );
        assert_eq!(with_member(" {} ", "name", "x"), r#" {"name":"x"} "#);
        assert_eq!(with_member("[1]", "name", "x"), "[1]");
    }
}
