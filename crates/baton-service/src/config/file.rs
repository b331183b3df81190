//! The configuration file: where it is looked for, and what stands in it.

use std::io;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub path: PathBuf,
    pub text: String,
}

/// A file that was named and cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("read the configuration file {}", path.display())]
pub struct LoadError {
    pub path: PathBuf,
    #[source]
    pub source: io::Error,
}

/// Reads the file that the flag or `BATON_CONFIG` names, and else `baton.toml` here or in the user's directory for
/// configuration, if it is there.
pub fn load(flag: Option<&Path>, environment: &[(String, String)]) -> Result<Option<File>, LoadError> {
    let variable = |name: &str| {
        let set = environment.iter().find(|(known, value)| known == name && !value.is_empty());
        set.map(|(_, value)| PathBuf::from(value))
    };
    if let Some(named) = flag.map(Path::to_owned).or_else(|| variable("BATON_CONFIG")) {
        return read(&named).map(Some);
    }
    let user = variable("XDG_CONFIG_HOME").or_else(|| Some(variable("HOME")?.join(".config")));
    let user = user.map(|directory| directory.join("baton/baton.toml"));
    let found = [Some(PathBuf::from("baton.toml")), user].into_iter().flatten().find(|path| path.is_file());
    found.map(|path| read(&path)).transpose()
}

fn read(path: &Path) -> Result<File, LoadError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(File { path: path.to_owned(), text }),
        Err(source) => Err(LoadError { path: path.to_owned(), source }),
    }
}

/// One value of a file. `text` is none where the value is of a kind that no key takes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) text: Option<String>,
    pub(super) line: usize,
}

/// Every value of the file under its full name; or what is wrong, and in which line.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, (String, Option<usize>)> {
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        (error.message().to_owned(), line)
    })?;
    let mut found = Vec::new();
    for (section, value) in table.into_inner() {
        let section_name = section.get_ref().to_string();
        match value.into_inner() {
            DeValue::Table(table) => found.extend(table.iter().map(|(name, value)| Entry {
                name: format!("{section_name}.{}", name.get_ref()),
                text: plain(value.get_ref()),
                line: line_of(text, name.span().start),
            })),
            other => found.push(Entry {
                name: section_name,
                text: plain(&other),
                line: line_of(text, section.span().start),
            }),
        }
    }
    Ok(found)
}

fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Array(list) => {
            let parts: Option<Vec<String>> =
                list.iter().map(|part: &Spanned<_>| plain(part.get_ref())).collect();
            Some(parts?.join(","))
        }
        _ => None,
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, text: &str, line: usize) -> Entry {
        Entry { name: name.to_owned(), text: Some(text.to_owned()), line }
    }

    #[test]
    fn values_are_read_with_their_lines() {
        let text = "top = 1\n[worker]\nqueues = [\"a\", \"b\"]\nslots = 1_000\n\n[gateway]\nopen = true\nnested.x = 1\n";
        let mut found = entries(text).unwrap();
        found.sort_by_key(|entry| entry.line);
        let nested = Entry { name: "gateway.nested".to_owned(), text: None, line: 8 };
        let expected = [
            entry("top", "1", 1),
            entry("worker.queues", "a,b", 3),
            entry("worker.slots", "1000", 4),
            entry("gateway.open", "true", 7),
            nested,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_toml_is_named_with_its_line() {
        let (_, line) = entries("[gateway]\nlisten = \n").unwrap_err();
        assert_eq!(line, Some(2));
    }
}
