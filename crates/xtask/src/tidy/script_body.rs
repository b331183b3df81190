//! What a script must not say. Each of these has gone wrong for someone.

use super::{Problem, numbered};
use crate::lua;
use crate::tree::Tree;

const COLUMNS: usize = 140;

const FORBIDDEN: [(&str, &str); 6] = [
    ("cjson", "it turns large integers into floats and empty arrays into objects; pass words"),
    ("tostring(", "it prints large numbers with an exponent; use the prelude's number words"),
    ("redis.call('KEYS'", "it walks the whole database; keep an index"),
    ("redis.call(\"KEYS\"", "it walks the whole database; keep an index"),
    ("redis.pcall", "it goes on after a failed write; let the script stop"),
    ("math.random", "a script must do the same again when it is sent again; pass chance in"),
];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let files = tree.with_extension("lua").filter(|(path, _)| path.starts_with("lua/"));
    files
        .flat_map(|(path, text)| [words(path, text), widths(path, text), indexes(path, text)].concat())
        .collect()
}

fn words(path: &str, text: &str) -> Vec<Problem> {
    let found = numbered(text).flat_map(|(number, line)| {
        let said = FORBIDDEN.iter().filter(move |(word, _)| code(line).contains(word));
        said.map(move |(word, why)| Problem::line(path, number, format!("no {word}: {why}")))
    });
    found.collect()
}

fn widths(path: &str, text: &str) -> Vec<Problem> {
    let wide = numbered(text).filter(|(_, line)| line.chars().count() > COLUMNS);
    wide.map(|(number, _)| Problem::line(path, number, format!("wider than {COLUMNS} columns"))).collect()
}

/// A script names its keys and arguments in its first paragraph; a bare index further down is a number to guess at.
/// Batches are read by the helper `take`, which alone may count.
fn indexes(path: &str, text: &str) -> Vec<Problem> {
    if lua::name(path).is_none() {
        return Vec::new();
    }
    let mut place = Place::BeforeNames;
    let mut found = Vec::new();
    for (number, line) in numbered(text) {
        place = place.after(line);
        if place == Place::Below
            && !is_take(line)
            && (code(line).contains("KEYS[") || code(line).contains("ARGV["))
        {
            found.push(Problem::line(
                path,
                number,
                "a bare index; name it in the first paragraph, or read it with take",
            ));
        }
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    BeforeNames,
    Names,
    Below,
    /// Inside `take`, until an `end` at this indentation.
    Take(usize),
}

impl Place {
    fn after(self, line: &str) -> Self {
        let indent = line.len() - line.trim_start().len();
        match self {
            Self::BeforeNames
                if line.starts_with("local ") && (line.contains("= KEYS[") || line.contains("= ARGV[")) =>
            {
                Self::Names
            }
            Self::Names if line.trim().is_empty() => Self::Below,
            Self::Below if is_take(line) && !code(line).trim_end().ends_with(" end") => Self::Take(indent),
            Self::Take(start) if indent == start && line.trim_start().starts_with("end") => Self::Below,
            same => same,
        }
    }
}

fn is_take(line: &str) -> bool {
    line.contains("function take(") || line.contains("take = function(")
}

/// The line without its comment.
fn code(line: &str) -> &str {
    line.split("--").next().unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::faults;

    fn check_script(text: &str, lines: &[usize]) {
        let expected: Vec<String> = lines.iter().map(|line| format!("lua/task/a.lua:{line}")).collect();
        assert_eq!(faults(check, &[("lua/task/a.lua", text)]), expected, "{text}");
    }

    #[test]
    fn each_forbidden_word_is_found() {
        for (word, _) in FORBIDDEN {
            check_script(&format!("local a = 1\nreturn {word}\n"), &[2]);
        }
    }

    #[test]
    fn a_comment_may_say_why_not() {
        check_script("-- not cjson, see the manual\nreturn 1 -- no redis.pcall either\n", &[]);
    }

    #[test]
    fn wide_lines_are_found() {
        check_script(&format!("-- {}\n-- {}\n", "é".repeat(137), "é".repeat(138)), &[2]);
    }

    #[test]
    fn a_bare_index_below_the_names_is_found() {
        check_script(
            "local task = KEYS[1]\nlocal id = ARGV[1]\n\nredis.call('DEL', task, ARGV[2], #ARGV)\n",
            &[4],
        );
        check_script("local id = ARGV[1]\nlocal b = ARGV[2]\n\nreturn KEYS[1]\n", &[4]);
    }

    #[test]
    fn only_take_may_count() {
        let take = "local at = 2\nlocal function take()\n  at = at + 1\n  return ARGV[at]\nend\n";
        check_script(&format!("local task = KEYS[1]\n\n{take}"), &[]);
        check_script(&format!("local task = KEYS[1]\n\n{take}return ARGV[at]\n"), &[8]);
        let short = "local function take() at = at + 1 return ARGV[at] end\n";
        check_script(&format!("local task = KEYS[1]\n\n{short}return KEYS[2]\n"), &[4]);
    }

    #[test]
    fn a_library_has_no_names_of_its_own() {
        assert_eq!(faults(check, &[("lua/lib/a.lua", "local p = KEYS[1]\n\nlocal q = KEYS[2]\n")]), [""; 0]);
    }
}
