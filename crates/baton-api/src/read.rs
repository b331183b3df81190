//! Reads a request body strictly, and says of what is wrong where it is.

use std::borrow::Cow;

use serde::Deserialize;

use crate::object;
use crate::problem::Pointed;

/// Longer names are no slip of the hand, and no names either.
pub(crate) const NAME_MAX: usize = 128;

/// What a message says beside what it repeats: the longest one names all members that there are.
const MESSAGE_MAX: usize = 1_000;

/// Why a body was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    pub wrong: Wrong,
    pub error: Pointed,
}

/// Is it no JSON at all, or JSON of another shape than this route takes?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    Syntax,
    Shape,
}

/// Reads an object of this type. Unknown members, repeated ones and wrong types are refused by the types themselves.
pub fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ReadError> {
    let mut input = serde_json::Deserializer::from_slice(body);
    let mut track = serde_path_to_error::Track::new();
    let value = object::deserialize(serde_path_to_error::Deserializer::new(&mut input, &mut track));
    let value = value.map_err(|error| refused(&error, pointer(&track.path())))?;
    input.end().map_err(|error| refused(&error, String::new()))?;
    Ok(value)
}

fn refused(error: &serde_json::Error, pointer: String) -> ReadError {
    let wrong = if error.is_data() { Wrong::Shape } else { Wrong::Syntax };
    ReadError { wrong, error: Pointed { pointer, message: with_suggestion(&error.to_string()) } }
}

/// The path as a JSON Pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => pointer_step(key),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    };
    path.iter().map(step).collect()
}

/// The way from an object to one of its members.
pub(crate) fn pointer_step(name: &str) -> String {
    format!("/{}", cut(name).replace('~', "~0").replace('/', "~1"))
}

/// What a client sent, as far as it is said back to it.
fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(NAME_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// "unknown field `kinds`, expected one of `kind`, …" names what there is; what was meant stands first.
fn with_suggestion(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let Some(given) = message.starts_with("unknown field").then(|| quoted.next()).flatten() else {
        return shortened(message);
    };
    match nearest(given, &mut quoted) {
        Some(meant) => format!("unknown member `{given}`: did you mean `{meant}`?"),
        None => {
            let message = message.replacen("unknown field", "unknown member", 1);
            shortened(&message.replacen(given, &cut(given), 1))
        }
    }
}

/// A message may repeat a value that is as large as the body: its beginning and what is said behind it are enough.
fn shortened(message: &str) -> String {
    let length = message.chars().count();
    if length <= MESSAGE_MAX {
        return message.to_owned();
    }
    let behind: String = message.chars().skip(length - NAME_MAX).collect();
    format!("{} {behind}", cut(message))
}

/// The known word that was meant, if one is near enough.
pub fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if given.len() > NAME_MAX {
        return None;
    }
    let (distance, nearest) = known.map(|known| (strsim::levenshtein(given, known), known)).min()?;
    (distance <= 1 + given.len() / 4).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::NewTask;

    fn wrong(body: &str) -> (Wrong, String, String) {
        let ReadError { wrong, error } = read::<NewTask>(body.as_bytes()).unwrap_err();
        (wrong, error.pointer, error.message)
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let (kind, _, message) = wrong(r#"{"kind":"a","prioritty":3}"#);
        assert_eq!(
            (kind, message.as_str()),
            (Wrong::Shape, "unknown member `prioritty`: did you mean `priority`?")
        );
        let (kind, pointer, _) = wrong(r#"{"kind":"a","priority":"high"}"#);
        assert_eq!((kind, pointer.as_str()), (Wrong::Shape, "/priority"));
        let (kind, pointer, _) = wrong(r#"{"kind":"a","tags":["x","y z"]}"#);
        assert_eq!((kind, pointer.as_str()), (Wrong::Shape, "/tags/1"));
        assert_eq!(wrong(r#"{"kind":"a","kind":"b"}"#).0, Wrong::Shape);
        assert_eq!(wrong(r#"{"kind":"a","problem_id":"b"}"#).0, Wrong::Shape);
        assert_eq!(wrong("[\"a\"]").0, Wrong::Shape);
        let (kind, pointer, _) = wrong(r#"{"kind":"a","on_duplicate":{"return":null}}"#);
        assert_eq!((kind, pointer.as_str()), (Wrong::Shape, "/on_duplicate"));
        assert_eq!(wrong(r#"{"kind":"a""#).0, Wrong::Syntax);
        assert_eq!(wrong(r#"{"kind":"a"} x"#).0, Wrong::Syntax);
        assert_eq!(wrong("").0, Wrong::Syntax);
    }

    #[test]
    fn what_is_said_back_is_short() {
        let long = "é".repeat(100_000);
        let said = format!("{}…", "é".repeat(128));
        let (_, pointer, message) = wrong(&format!(r#"{{"kind":"a","{long}":1}}"#));
        assert_eq!(pointer, format!("/{said}"));
        assert!(
            message.starts_with(&format!("unknown member `{said}`, expected one of `kind`")),
            "{message}"
        );
        let (_, pointer, message) = wrong(&format!(r#"{{"kind":"a","priority":"{long}"}}"#));
        assert_eq!(pointer, "/priority");
        assert!(message.len() < 1_000 && message.contains("expected"), "{message}");
        let (_, _, message) = wrong(&format!(r#"{{"kind":"a","x`{long}":1}}"#));
        assert!(message.len() < 1_000, "{message}");
        assert_eq!(nearest(&"a".repeat(129), ["a".repeat(128).as_str()].into_iter()), None);
    }

    #[test]
    fn an_array_is_no_object_however_deep() {
        use crate::lease::{Append, Note};
        use crate::worker::Heartbeat;

        let holder = r#""worker":"worker-001-a","fence":1"#;
        let far = read::<Note>(format!("{{{holder},\"progress\":[0.5,\"\"]}}").as_bytes()).unwrap_err();
        assert_eq!((far.wrong, far.error.pointer.as_str()), (Wrong::Shape, "/progress"));
        let more = format!("{{{holder},\"progress\":{{\"fraction\":0.5,\"of\":3}}}}");
        assert_eq!(read::<Note>(more.as_bytes()).unwrap_err().error.pointer, "/progress/of");
        let line =
            read::<Append>(format!("{{{holder},\"logs\":[[\"info\",\"x\"]]}}").as_bytes()).unwrap_err();
        assert_eq!(line.error.pointer, "/logs/0");
        let pair = br#"{"holding":[["01a1fc29-8a56-7000-ba14-c38b1cfc4000",1]]}"#;
        assert_eq!(read::<Heartbeat>(pair).unwrap_err().error.pointer, "/holding/0");
    }

    #[test]
    fn the_words_of_older_clients_are_read() {
        let body = br#"{"problem_id":"test-problem","parameters":{"max_steps":30}}"#;
        let task: NewTask = read(body).unwrap();
        assert_eq!(task.kind.as_str(), "test-problem");
        assert_eq!(task.payload.unwrap().get(), r#"{"max_steps":30}"#);
    }
}
