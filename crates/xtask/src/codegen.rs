//! Writes what `baton-core` knows where other languages and people read it. The results are committed, so that a reader
//! needs no build, and `cargo xtask check` fails when one is out of date.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::tree::Tree;

const MAP: &str = "crates/README.md";
const BEGIN: &str = "<!-- lifecycle:begin -->";
const END: &str = "<!-- lifecycle:end -->";

struct Output {
    path: &'static str,
    text: String,
}

/// Every generated file as it should be; nothing in place of the map when it has lost its markers.
fn outputs(map: &str) -> [Option<Output>; 2] {
    [
        Some(Output { path: "lua/lib/lifecycle.lua", text: baton_core::lifecycle::lua() }),
        between_markers(map, &baton_core::lifecycle::diagram()).map(|text| Output { path: MAP, text }),
    ]
}

/// `text` with whatever stood between the markers replaced by `block`.
fn between_markers(text: &str, block: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", block.trim()))
}

/// A sentence for every generated file that is not as it should be.
pub(crate) fn stale(tree: &Tree) -> Vec<(&'static str, String)> {
    let expected = outputs(tree.text(MAP).unwrap_or_default());
    expected.into_iter().filter_map(|output| judge(tree, output)).collect()
}

fn judge(tree: &Tree, output: Option<Output>) -> Option<(&'static str, String)> {
    match output {
        None => Some((MAP, format!("the markers {BEGIN} and {END} are missing"))),
        Some(output) if tree.text(output.path) != Some(output.text.as_str()) => {
            Some((output.path, "out of date; run `cargo xtask codegen` and commit what it writes".to_owned()))
        }
        Some(_) => None,
    }
}

pub(crate) fn check(root: &Path) -> Result<bool> {
    let stale = stale(&Tree::read(root)?);
    stale.iter().for_each(|(path, what)| println!("{path}: {what}"));
    Ok(stale.is_empty())
}

pub(crate) fn write(root: &Path) -> Result<bool> {
    let map = fs::read_to_string(root.join(MAP)).with_context(|| format!("failed to read {MAP}"))?;
    for output in outputs(&map) {
        let Output { path, text } =
            output.with_context(|| format!("{MAP} has lost its markers {BEGIN} and {END}"))?;
        let place = root.join(path);
        // An unchanged file keeps its time, so that cargo does not rebuild what includes it.
        if fs::read_to_string(&place).ok().as_deref() == Some(text.as_str()) {
            continue;
        }
        fs::write(&place, text).with_context(|| format!("failed to write {path}"))?;
        println!("wrote {path}");
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_block_between_the_markers_changes() {
        let text = format!("above\n{BEGIN}\nold\n{END}\nbelow\n");
        let once = between_markers(&text, "new\n").expect("markers are there");
        assert_eq!(once, format!("above\n{BEGIN}\n\nnew\n\n{END}\nbelow\n"));
        assert_eq!(between_markers(&once, "new\n").as_deref(), Some(once.as_str()));
    }

    #[test]
    fn lost_markers_and_old_files_are_reported() {
        let stale: Vec<&str> = stale(&Tree::of(&[(MAP, "no markers"), ("lua/lib/lifecycle.lua", "old")]))
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert_eq!(stale, ["lua/lib/lifecycle.lua", MAP]);
    }

    #[test]
    fn what_was_just_written_is_not_stale() {
        let map =
            between_markers(&format!("{BEGIN}{END}"), &baton_core::lifecycle::diagram()).expect("markers");
        let files = [("lua/lib/lifecycle.lua", &*baton_core::lifecycle::lua()), (MAP, &*map)];
        assert_eq!(stale(&Tree::of(&files)), []);
    }
}
