//! YAML made of JSON text. The crates that write YAML would read numbers first, and 12345678901234567890 or 1.10 would
//! come out as something else; here numbers are copied as they stand.

use super::raw::{elements, members};

/// What is nested deeper is written as JSON, which is YAML too: else a payload could be as deep as the stack.
const DEPTH_MAX: usize = 32;
/// A longer name must be announced as one.
const NAME_MAX: usize = 512;
/// Words that are no text to some reader of YAML.
const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// The text, with a line end.
pub(super) fn yaml(json: &str) -> String {
    let mut text = String::new();
    match block(json, 0) {
        Some(block) => text.push_str(&block),
        None => text.push_str(&format!("{}\n", flat(json))),
    }
    text
}

/// An object or an array that has something in it, each on lines of its own.
fn block(json: &str, depth: usize) -> Option<String> {
    let json = json.trim_start();
    if depth > DEPTH_MAX {
        return None;
    }
    match json.as_bytes().first() {
        Some(b'{') => mapping(json, depth),
        Some(b'[') => sequence(json, depth),
        _ => None,
    }
}

fn mapping(json: &str, depth: usize) -> Option<String> {
    let members = members(json)?.0;
    let pad = "  ".repeat(depth);
    let mut text = String::new();
    for (name, value) in &members {
        let name = string(name);
        let start =
            if name.len() > NAME_MAX { format!("{pad}? {name}\n{pad}:") } else { format!("{pad}{name}:") };
        match block(value.get(), depth + 1) {
            Some(block) => text.push_str(&format!("{start}\n{block}")),
            None => text.push_str(&format!("{start} {}\n", flat(value.get()))),
        }
    }
    (!members.is_empty()).then_some(text)
}

fn sequence(json: &str, depth: usize) -> Option<String> {
    let elements = elements(json)?;
    let pad = "  ".repeat(depth);
    let mut text = String::new();
    for element in &elements {
        match block(element.get(), depth + 1) {
            // The first line of what is in it begins behind the dash.
            Some(block) => text.push_str(&format!("{pad}- {}", &block[pad.len() + 2..])),
            None => text.push_str(&format!("{pad}- {}\n", flat(element.get()))),
        }
    }
    (!elements.is_empty()).then_some(text)
}

/// What fits on a line.
fn flat(json: &str) -> String {
    match serde_json::from_str::<String>(json) {
        Ok(text) => string(&text),
        Err(_) => json.replace(['\n', '\r', '\t'], " "),
    }
}

fn string(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Nothing but words, of which nobody could think that they are something else.
fn is_plain(text: &str) -> bool {
    let fine = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '-' | '.' | '/' | ' ');
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(fine)
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

/// As in JSON, with more of what cannot be seen written by its number.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let mut quoted = String::with_capacity(json.len());
    for one in json.chars() {
        match one {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                quoted.push_str(&format!("\\u{:04x}", one as u32));
            }
            _ => quoted.push(one),
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn it_reads_as_people_write_it() {
        let json = r#"{"id":"01a1","status":"running","tags":["a","b c"],"none":null,"empty":{},"no":[],
            "payload":{"b":1,"a":[{"x":1,"y":[2]},[3,4]]},"error":"it: broke\n#twice","word":"no"}"#;
        let expected = r##"id: "01a1"
status: running
tags:
  - a
  - b c
none: null
empty: {}
"no": []
payload:
  b: 1
  a:
    - x: 1
      "y":
        - 2
    - - 3
      - 4
error: "it: broke\n#twice"
word: "no"
"##;
        assert_eq!(yaml(json), expected);
    }

    #[test]
    fn numbers_stay_as_they_were_written() {
        let text = yaml(r#"{"big":12345678901234567890,"exact":1.10,"far":1E400,"b":1,"a":-0}"#);
        assert_eq!(text, "big: 12345678901234567890\nexact: 1.10\nfar: 1E400\nb: 1\na: -0\n");
    }

    #[test]
    fn whatever_is_in_a_text_comes_back() {
        let long = "k".repeat(2_000);
        let texts = [
            "",
            " ",
            "a ",
            "-",
            "- a",
            "a: b",
            "#",
            "a #b",
            "null",
            "Yes",
            "~",
            "1",
            "1e3",
            "0x1f",
            "2026-11-22",
            "@a",
            "%a",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "'",
            "\"",
            "\\",
            "{",
            "[",
            ",",
            "?",
            "\u{0}\u{1b}[2J",
            "\u{7f}\u{85}",
            "\u{feff}\u{2028}",
            "é 漢字 😀",
            "a\tb\r\nc",
            "---",
            "...",
            long.as_str(),
        ];
        for text in texts {
            let json = json!({ text: text, "list": [text, { text: [text] }] });
            let read: Value = serde_saphyr::from_str(&yaml(&json.to_string()))
                .unwrap_or_else(|error| panic!("{text:?}: {error}\n{}", yaml(&json.to_string())));
            assert_eq!(read, json, "{text:?}");
        }
    }

    #[test]
    fn depth_has_a_limit() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(yaml(&format!("{{\"payload\":{deep}}}")).lines().count() < 10);
        let deep = format!("{}{{\"a b\": \"c\"}}{}", "[".repeat(40), "]".repeat(40));
        let read: Value = serde_saphyr::from_str(&yaml(&deep)).unwrap();
        assert_eq!(read, serde_json::from_str::<Value>(&deep).unwrap());
    }
}
