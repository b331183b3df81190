//! `cargo xtask tidy`: rules of the house that a compiler cannot see, each a small function from the repository's text
//! to the places that break it.
//!
//! The checks read text, not syntax. They catch the slip of a tired evening, not someone who means to get around them.

mod arrows;
mod faces;
mod keys;
mod links;
mod script_body;
mod script_header;
mod words;

use std::fmt;
use std::path::Path;

use anyhow::Result;

use crate::codegen;
use crate::tree::Tree;

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    path: String,
    /// Zero for a file as a whole.
    line: usize,
    what: String,
}

impl Problem {
    fn file(path: &str, what: impl Into<String>) -> Self {
        Self::line(path, 0, what)
    }

    fn line(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.path, self.what),
            line => write!(out, "{}:{line}: {}", self.path, self.what),
        }
    }
}

type Check = fn(&Tree) -> Vec<Problem>;

const CHECKS: [Check; 8] = [
    arrows::check,
    faces::check,
    generated,
    keys::check,
    links::check,
    script_body::check,
    script_header::check,
    words::check,
];

/// True when no rule is broken; otherwise every place is printed.
pub(crate) fn run(root: &Path) -> Result<bool> {
    let tree = Tree::read(root)?;
    let problems: Vec<Problem> = CHECKS.iter().flat_map(|check| check(&tree)).collect();
    problems.iter().for_each(|problem| println!("{problem}"));
    println!("{}", verdict(problems.len()));
    Ok(problems.is_empty())
}

fn verdict(problems: usize) -> String {
    match problems {
        0 => "tidy: no problem found".to_owned(),
        1 => "tidy: 1 problem found".to_owned(),
        many => format!("tidy: {many} problems found"),
    }
}

fn generated(tree: &Tree) -> Vec<Problem> {
    codegen::stale(tree).into_iter().map(|(path, what)| Problem::file(path, what)).collect()
}

/// The lines of a text with their numbers, as a person counts them.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// The checks themselves spell what they forbid.
fn spells_what_it_forbids(path: &str) -> bool {
    path.starts_with("crates/xtask/src/tidy/")
}

/// The lines at which a check finds fault, for its tests.
#[cfg(test)]
fn faults(check: Check, files: &[(&str, &str)]) -> Vec<String> {
    check(&Tree::of(files)).iter().map(|problem| format!("{}:{}", problem.path, problem.line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_its_place() {
        assert_eq!(Problem::line("a.rs", 3, "no").to_string(), "a.rs:3: no");
        assert_eq!(Problem::file("a.rs", "no").to_string(), "a.rs: no");
    }

    #[test]
    fn generated_files_are_compared() {
        assert_eq!(faults(generated, &[]).len(), 2);
    }
}
