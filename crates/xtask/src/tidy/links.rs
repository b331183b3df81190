//! A page's links to other files of this repository lead somewhere.

use super::{Problem, numbered};
use crate::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Problem> {
    tree.with_extension("md").flat_map(|(path, text)| dead_links(tree, path, text)).collect()
}

fn dead_links(tree: &Tree, path: &str, text: &str) -> Vec<Problem> {
    let directory = path.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut problems = Vec::new();
    let mut fenced = false;
    for (number, line) in numbered(text) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in targets(&without_code(line)).filter(|target| is_ours(target)) {
            let found = resolve(directory, target).is_some_and(|target| tree.has(&target));
            if !found {
                problems.push(Problem::line(path, number, format!("the link leads nowhere: {target}")));
            }
        }
    }
    problems
}

/// What stands in `[text](here)`, `[text](here "title")` and `[name]: here`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    let inline = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let defined =
        line.starts_with('[').then(|| line.split_once("]: ")).flatten().map(|(_, rest)| rest.trim());
    inline.chain(defined)
}

/// Every other piece between backquotes is code, not a link.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

fn is_ours(target: &str) -> bool {
    !target.is_empty()
        && !target.starts_with('#')
        && !target.contains("://")
        && !target.starts_with("mailto:")
}

/// The path from the root, or nothing for a link that leaves the repository.
fn resolve(directory: &str, target: &str) -> Option<String> {
    let target = target.split('#').next().unwrap_or(target);
    let (start, target) = target.strip_prefix('/').map_or((directory, target), |rest| ("", rest));
    let mut parts: Vec<&str> = start.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::faults;

    fn check_page(text: &str, expected: &[&str]) {
        let files = [("crates/README.md", text), ("LICENSE", ""), ("lua/task/claim.lua", "")];
        assert_eq!(faults(check, &files), expected, "{text}");
    }

    #[test]
    fn links_that_lead_somewhere() {
        check_page("See [it](../LICENSE), [them](../lua/), [here](#below), [it](/LICENSE#top).", &[]);
        check_page("[web](https://example.org/x) and [us](mailto:a@example.org)", &[]);
        check_page("[name]: ../LICENSE", &[]);
    }

    #[test]
    fn links_that_lead_nowhere() {
        check_page("\n[a](LICENSE) [b](../lua/gone.lua)", &["crates/README.md:2", "crates/README.md:2"]);
        check_page("[out](../../etc/passwd)", &["crates/README.md:1"]);
        check_page("[name]: gone.md", &["crates/README.md:1"]);
    }

    #[test]
    fn code_holds_no_links() {
        check_page("`[a](gone)`\n```\n[b](gone)\n```\n", &[]);
    }
}
