//! Every command there is, found as a person finds them: by reading help pages.

use crate::fleet::run;

/// A command, and its help page.
pub(crate) struct Found {
    pub(crate) words: Vec<String>,
    pub(crate) help: String,
}

pub(crate) fn walk() -> Vec<Found> {
    let mut left = vec![Vec::<String>::new()];
    let mut found = Vec::new();
    while let Some(words) = left.pop() {
        let typed: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
        let ran = run(&typed);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{words:?}");
        left.extend(below(&ran.out).into_iter().map(|word| [words.clone(), vec![word]].concat()));
        found.push(Found { words, help: ran.out });
    }
    found.sort_by(|one, other| one.words.cmp(&other.words));
    found
}

/// The commands that a page lists; longer descriptions go on further to the right.
fn below(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let rows = lines.take_while(|line| !line.is_empty());
    let names = rows.filter_map(|row| row.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
