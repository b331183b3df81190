//! What others wrote down, a line at a time: files may be longer than memory.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Result;
use baton::TaskId;
use baton_store::audit::{Effect, Source};
use serde::Deserialize;

use crate::exit::{Exit, Stop};

#[derive(Deserialize)]
struct Acknowledged {
    id: TaskIdText,
}

/// An id as text.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct TaskIdText(TaskId);

impl TryFrom<String> for TaskIdText {
    type Error = String;

    fn try_from(text: String) -> Result<TaskIdText, String> {
        text.parse().map(TaskIdText).map_err(|error: baton_core::id::IdError| format!("failed to {error}"))
    }
}

#[derive(Deserialize)]
struct Seen {
    task: TaskIdText,
    fence: u64,
    accepted: bool,
}

pub(super) fn ledger(path: &Path) -> Result<Source<TaskId>> {
    let parse = |line: &str| -> Result<TaskId, String> {
        if line.starts_with('{') {
            return serde_json::from_str::<Acknowledged>(line)
                .map(|one| one.id.0)
                .map_err(|error| error.to_string());
        }
        TaskIdText::try_from(line.trim_matches('"').to_owned()).map(|id| id.0)
    };
    source(path, parse)
}

pub(super) fn effects(path: &Path) -> Result<Source<Effect>> {
    let parse = |line: &str| -> Result<Effect, String> {
        let seen: Seen = serde_json::from_str(line).map_err(|error| error.to_string())?;
        Ok(Effect { task: seen.task.0, fence: seen.fence, accepted: seen.accepted })
    };
    source(path, parse)
}

fn source<T: 'static>(
    path: &Path,
    parse: impl Fn(&str) -> Result<T, String> + Send + Sync + 'static,
) -> Result<Source<T>> {
    let path = path.to_owned();
    // What is not there is told before anything is looked at.
    open(&path).map_err(|problem| Stop::new(Exit::Usage, problem))?;
    Ok(Source::new(move |each| {
        for (at, line) in open(&path)?.lines().enumerate() {
            let wrong = |problem: String| format!("{}: line {}: {problem}", path.display(), at + 1);
            let line = line.map_err(|error| wrong(error.to_string()))?;
            let line = line.trim();
            if !line.is_empty() {
                each(parse(line).map_err(wrong)?);
            }
        }
        Ok(())
    }))
}

fn open(path: &PathBuf) -> Result<BufReader<File>, String> {
    File::open(path)
        .map(BufReader::new)
        .map_err(|error| format!("failed to read {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger");
        std::fs::write(&path, text).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        ledger(&path).unwrap().each(&mut |task| told.lock().unwrap().push(task.to_string()))?;
        let told = told.lock().unwrap().clone();
        Ok(told)
    }

    const ID: &str = "01936a5c-2b4e-7abc-8def-001122334000";

    #[test]
    fn a_ledger_has_ids_or_objects() {
        let text = format!("{ID}\n\n{{\"id\":\"{ID}\",\"kind\":\"x\"}}\n\"{ID}\"\n");
        assert_eq!(read(&text).unwrap(), [ID; 3]);
        assert!(read("odd").unwrap_err().contains("line 1: failed to read an id"));
        assert!(read("{}").unwrap_err().contains("missing field `id`"));
        assert!(ledger(Path::new("/nonexistent")).is_err());
    }
}
