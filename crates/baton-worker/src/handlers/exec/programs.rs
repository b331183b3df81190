//! A directory of programs: each file's name is the kind it handles.

use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use baton_core::Kind;

use super::Exec;

/// Every executable file of the directory whose name is a kind, by name. What else lies there is named in a warning,
/// except hidden files.
pub fn exec_dir(directory: impl AsRef<Path>) -> io::Result<Vec<(Kind, Exec)>> {
    let entries = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    let mut found: Vec<(Kind, Exec)> = entries.iter().filter_map(program).collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

fn program(entry: &DirEntry) -> Option<(Kind, Exec)> {
    let name = entry.file_name();
    if name.as_encoded_bytes().starts_with(b".") {
        return None;
    }
    let judged = kind(entry);
    if let Err(why) = &judged {
        tracing::warn!(file = %entry.path().display(), %why, "skipped a file that handles nothing");
    }
    Some((judged.ok()?, Exec::new(entry.path())))
}

fn kind(entry: &DirEntry) -> Result<Kind, String> {
    // Through links: a handler may be a link to a program with another name.
    let metadata = fs::metadata(entry.path()).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err("it is not executable".to_owned());
    }
    let name = entry.file_name();
    let name = name.to_str().ok_or("its name is not UTF-8")?;
    Kind::new(name).map_err(|error| format!("failed to {error}"))
}
