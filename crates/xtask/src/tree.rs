//! The repository as paths and texts, read once, so that every check is a function of it and needs no disk in its tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Directories that are not ours to judge.
const SKIPPED: [&str; 2] = [".git", "target"];

/// A file of another kind is known by its path, and its text is not read.
const READ: [&str; 7] = ["rs", "lua", "toml", "md", "yml", "sh", "lock"];

/// Every file below the root, by its path with `/` between the parts.
#[derive(Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        let mut waiting = vec![String::new()];
        while let Some(directory) = waiting.pop() {
            let place = root.join(&directory);
            for entry in
                fs::read_dir(&place).with_context(|| format!("failed to list {}", place.display()))?
            {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let path = if directory.is_empty() { name.clone() } else { format!("{directory}/{name}") };
                if !entry.file_type()?.is_dir() {
                    let text = text_of(&path, &entry.path())?;
                    files.insert(path, text);
                } else if !SKIPPED.contains(&name.as_str()) {
                    waiting.push(path);
                }
            }
        }
        Ok(Self { files })
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// The files that end in `.extension`, in order of their paths.
    pub(crate) fn with_extension(&self, extension: &str) -> impl Iterator<Item = (&str, &str)> {
        self.all().filter(move |(path, _)| extension_of(path) == extension)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Whether a file or a directory lies at this path.
    pub(crate) fn has(&self, path: &str) -> bool {
        let below = format!("{path}/");
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.keys().any(|file| file.starts_with(&below))
    }
}

#[cfg(test)]
impl Tree {
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        Self { files }
    }
}

fn text_of(path: &str, place: &Path) -> Result<String> {
    // `.ci/run` is the one script without an extension.
    if !READ.contains(&extension_of(path)) && path != ".ci/run" {
        return Ok(String::new());
    }
    fs::read_to_string(place).with_context(|| format!("failed to read {path}"))
}

fn extension_of(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_found_by_the_files_below_it() {
        let tree = Tree::of(&[("crates/README.md", ""), ("lua/task/claim.lua", "")]);
        assert!(tree.has("crates/README.md") && tree.has("lua/task") && tree.has("lua"));
        assert!(!tree.has("lua/tas") && !tree.has("crates/readme.md"));
    }

    #[test]
    fn files_are_chosen_by_what_follows_the_last_dot_of_their_name() {
        let tree = Tree::of(&[(".config/plain", ""), ("a.b/c", ""), ("lua/lib/take.lua", "x")]);
        assert_eq!(tree.with_extension("lua").collect::<Vec<_>>(), [("lua/lib/take.lua", "x")]);
        assert_eq!(tree.with_extension("").count(), 2);
    }
}
