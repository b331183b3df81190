//! Keys are built in one file, because that file is the schema.

use super::{Problem, numbered, spells_what_it_forbids};
use crate::tree::Tree;

const SCHEMA: &str = "crates/baton-store/src/keys.rs";
const START: &str = "\"baton:";

/// What stands before a string that is being put together.
const BUILDERS: [&str; 4] = ["format!(", "concat!(", "push_str(", "format_args!("];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    tree.with_extension("rs")
        .filter(|(path, _)| *path != SCHEMA && !spells_what_it_forbids(path))
        .flat_map(|(path, text)| {
            built_keys(text).map(|line| Problem::line(path, line, WHAT)).collect::<Vec<_>>()
        })
        .collect()
}

const WHAT: &str = "a key is built here; crates/baton-store/src/keys.rs builds keys";

fn built_keys(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices(START)
        .filter(|(at, _)| is_built(text, *at))
        .map(|(at, _)| numbered(&text[..=at]).count())
}

/// A whole key as a literal is evidence in a test; a key with a hole in it is a second schema.
fn is_built(text: &str, at: usize) -> bool {
    let literal = &text[at + START.len()..];
    let literal = literal.split(['"', '\n']).next().unwrap_or(literal);
    // `"baton: cannot read …"` is a sentence.
    if literal.starts_with(' ') || literal.is_empty() {
        return false;
    }
    let before = text[..at].trim_end();
    literal.contains("{{") || BUILDERS.iter().any(|builder| before.ends_with(builder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::faults;

    fn check_text(text: &str, expected: &[&str]) {
        assert_eq!(faults(check, &[("crates/baton-worker/src/a.rs", text)]), expected, "{text}");
    }

    #[test]
    fn a_built_key_is_found() {
        check_text("\nlet k = format!(\"baton:{shard}:leases\");", &["crates/baton-worker/src/a.rs:2"]);
        check_text("format!(\n    \"baton:{}:leases\", s)", &["crates/baton-worker/src/a.rs:2"]);
        check_text("write!(out, \"baton:{{{shard}}}:leases\")", &["crates/baton-worker/src/a.rs:1"]);
    }

    #[test]
    fn whole_keys_and_sentences_are_left_alone() {
        check_text("assert_eq!(key, \"baton:{0}:leases\");", &[]);
        check_text("format!(\"baton: cannot read {path}\")", &[]);
    }

    #[test]
    fn the_schema_may() {
        assert_eq!(faults(check, &[(SCHEMA, "format!(\"baton:{shard}\")")]), [""; 0]);
    }
}
