//! Words that must not stay: unfinished work, tests that do not run, and ways to end somebody else's process.

use super::{Problem, numbered, spells_what_it_forbids};
use crate::tree::Tree;

struct Rule {
    word: &'static str,
    /// The kinds of file it is looked for in; none means all that are read.
    extensions: &'static [&'static str],
    why: &'static str,
}

const RULES: [Rule; 7] = [
    Rule { word: "TODO", extensions: &[], why: "finish it, or write an issue" },
    Rule { word: "FIXME", extensions: &[], why: "fix it, or write an issue" },
    Rule { word: "todo!", extensions: &["rs"], why: "finish it" },
    Rule { word: "#[ignore", extensions: &["rs"], why: "a test runs, or is deleted" },
    Rule { word: "Command::new(\"kill\")", extensions: &["rs"], why: "end a child through its handle" },
    Rule { word: "pkill", extensions: &[], why: "it ends every process of that name" },
    Rule { word: "redis-server-wrapper", extensions: &["lock"], why: "it ends servers it did not start" },
];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let files = tree.all().filter(|(path, _)| !spells_what_it_forbids(path));
    files.flat_map(|(path, text)| RULES.iter().flat_map(move |rule| rule.find(path, text))).collect()
}

impl Rule {
    fn find<'a>(&'a self, path: &'a str, text: &'a str) -> impl Iterator<Item = Problem> {
        let wanted = self.extensions.is_empty()
            || self.extensions.iter().any(|end| path.ends_with(&format!(".{end}")));
        let lines = numbered(if wanted { text } else { "" });
        let found = lines
            .filter(|(_, line)| line.match_indices(self.word).any(|(at, _)| self.stands_alone(line, at)));
        found.map(move |(number, _)| Problem::line(path, number, format!("no {}: {}", self.word, self.why)))
    }

    /// A word inside a longer word is another word.
    fn stands_alone(&self, line: &str, at: usize) -> bool {
        let joins = |next: Option<char>| next.is_some_and(|next| next.is_alphanumeric() || next == '_');
        let after = line[at + self.word.len()..].chars().next();
        let open = self.word.starts_with("#[");
        !joins(line[..at].chars().next_back()) && (open || !joins(after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::faults;

    #[test]
    fn each_word_is_found_where_it_is_looked_for() {
        for rule in RULES {
            let path = format!("a.{}", rule.extensions.first().unwrap_or(&"md"));
            assert_eq!(
                faults(check, &[(&path, &format!("one\n  {} two\n", rule.word))]),
                [format!("{path}:2")]
            );
        }
    }

    #[test]
    fn a_longer_word_is_another_word() {
        assert_eq!(faults(check, &[("a.rs", "let TODOS = spkill; my_todo!(x)")]), [""; 0]);
        assert_eq!(faults(check, &[("a.rs", "#[ignore = \"slow\"]")]), ["a.rs:1"]);
    }

    #[test]
    fn other_kinds_of_file_may_use_the_word() {
        assert_eq!(faults(check, &[("a.md", "no #[ignore] here, no redis-server-wrapper")]), [""; 0]);
    }
}
