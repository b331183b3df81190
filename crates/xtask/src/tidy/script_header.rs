//! The header of a script is its contract. That it agrees with the call is a test of the store; that it is there, and
//! in the right words, is checked here.

use super::Problem;
use crate::lua;
use crate::tree::Tree;

const SECTIONS: [&str; 3] = ["KEYS", "ARGV", "REPLY"];
const CLASSES: [&str; 3] = ["grow", "drain", "read"];

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    let scripts = tree.with_extension("lua").filter_map(|(path, text)| Some((path, lua::name(path)?, text)));
    scripts
        .flat_map(|(path, name, text)| {
            let whats = [sentence(name, text), class(text), sections(text), libraries(tree, text)].concat();
            whats.into_iter().map(move |what| Problem::line(path, 1, what))
        })
        .collect()
}

/// `-- task/progress: note how far a running task is.`, over as many lines as it takes.
fn sentence(name: &str, text: &str) -> Vec<String> {
    let begins = text.starts_with(&format!("-- {name}: "));
    let first: Vec<&str> = lua::header(text).take_while(|line| line.trim_end() != "--").collect();
    let mut whats = Vec::new();
    if !begins {
        whats.push(format!("the script does not begin with `-- {name}: ` and a sentence"));
    }
    if !first.last().is_some_and(|line| line.trim_end().ends_with(['.', '?'])) {
        whats.push("the sentence the script begins with does not end before the line `--`".to_owned());
    }
    whats
}

fn class(text: &str) -> Vec<String> {
    match lua::class(text) {
        Some(class) if CLASSES.contains(&class) => Vec::new(),
        Some(class) => vec![format!("CLASS {class} is not one of {}", CLASSES.join(", "))],
        None => vec![format!("the header has no line `-- CLASS` with one of {}", CLASSES.join(", "))],
    }
}

fn sections(text: &str) -> Vec<String> {
    let missing = SECTIONS.iter().filter(|name| lua::section(text, name).is_none());
    missing.map(|name| format!("the header has no section `-- {name}`")).collect()
}

fn libraries(tree: &Tree, text: &str) -> Vec<String> {
    let missing = lua::uses(text).filter(|name| !tree.has(&format!("lua/lib/{name}.lua")));
    missing.map(|name| format!("USES {name}, but there is no lua/lib/{name}.lua")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "-- task/claim: hand out the first task\n-- that waits.\n--\n-- CLASS grow\n-- USES take\n-- KEYS\n\
        --   1  task  hash\n-- DERIVES\n--   nothing\n-- ARGV\n-- REPLY\n--   { 'claimed' }\nreturn { 'claimed' }\n";

    fn check_script(text: &str, expected: &[&str]) {
        let problems = check(&Tree::of(&[("lua/task/claim.lua", text), ("lua/lib/take.lua", "")]));
        assert_eq!(problems.len(), expected.len(), "{problems:?}");
        for (problem, part) in problems.iter().zip(expected) {
            assert!(problem.what.contains(part), "{problem} should say {part}");
        }
    }

    #[test]
    fn a_whole_contract() {
        check_script(GOOD, &[]);
    }

    #[test]
    fn each_missing_part_is_named() {
        check_script(&GOOD.replace("task/claim:", "task/take:"), &["does not begin"]);
        check_script(&GOOD.replace("waits.", "waits"), &["does not end"]);
        check_script(&GOOD.replace("waits.", "waits?"), &[]);
        check_script(&GOOD.replace("-- CLASS grow\n", ""), &["no line `-- CLASS`"]);
        check_script(&GOOD.replace("CLASS grow", "CLASS shrink"), &["CLASS shrink"]);
        check_script(&GOOD.replace("-- ARGV\n", ""), &["`-- ARGV`"]);
        check_script(&GOOD.replace("-- KEYS\n", "-- KEYSTONE\n"), &["`-- KEYS`"]);
        check_script(&GOOD.replace("USES take", "USES take gone"), &["lua/lib/gone.lua"]);
    }

    #[test]
    fn a_section_below_the_header_does_not_count() {
        check_script(&GOOD.replace("-- REPLY\n", "return 1\n-- REPLY\n"), &["`-- REPLY`"]);
    }
}
