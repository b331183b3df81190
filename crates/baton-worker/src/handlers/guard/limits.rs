//! What one process of a program may use.

use std::ffi::OsString;
use std::fmt;
use std::io;

use baton_service::config::Bytes;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Limits of every single process of a run; what is `None` is not limited. Core dumps are never written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Address space. What a runtime reserves and never touches counts too: Go and Java reserve a lot.
    pub memory_bytes: Option<u64>,
    /// Time on a CPU. SIGXCPU ends a process that used it up, and SIGKILL one that goes on for another second.
    pub cpu_seconds: Option<u64>,
    /// Open files.
    pub files: Option<u64>,
}

/// `256MiB of memory, 10 s on a processor, 64 open files`; nothing where nothing is limited.
impl fmt::Display for Limits {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.memory_bytes.map(|bytes| format!("{} of memory", Bytes(bytes))),
            self.cpu_seconds.map(|seconds| format!("{seconds} s on a processor")),
            self.files.map(|files| format!("{files} open files")),
        ];
        out.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

impl Limits {
    pub(crate) const NONE: Limits = Limits { memory_bytes: None, cpu_seconds: None, files: None };

    /// In the words of a command line.
    pub(super) fn words(&self) -> Vec<String> {
        let named = [("memory", self.memory_bytes), ("cpu", self.cpu_seconds), ("files", self.files)];
        named.iter().filter_map(|(name, value)| Some(format!("{name}={}", (*value)?))).collect()
    }

    /// Reads them up to the `--` that ends them. `None` for words that no release of ours wrote.
    pub(super) fn read(words: &mut impl Iterator<Item = OsString>) -> Option<Limits> {
        let mut limits = Limits::default();
        loop {
            let word = words.next()?;
            let word = word.to_str()?;
            if word == "--" {
                return Some(limits);
            }
            let (name, value) = word.split_once('=')?;
            let limit = match name {
                "memory" => &mut limits.memory_bytes,
                "cpu" => &mut limits.cpu_seconds,
                "files" => &mut limits.files,
                _ => return None,
            };
            *limit = Some(value.parse().ok()?);
        }
    }

    /// Limits this process, and with it what it becomes and what it starts.
    pub(super) fn apply(&self) -> io::Result<()> {
        lower(Resource::Core, 0, 0)?;
        if let Some(files) = self.files {
            lower(Resource::Nofile, files, files)?;
        }
        if let Some(seconds) = self.cpu_seconds {
            lower(Resource::Cpu, seconds, seconds.saturating_add(1))?;
        }
        // The last one: from here on even asking for memory may fail.
        self.memory_bytes.map_or(Ok(()), |bytes| lower(Resource::As, bytes, bytes))
    }
}

/// Never raises what the machine's owner has set lower.
fn lower(resource: Resource, soft: u64, hard: u64) -> io::Result<()> {
    let highest = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let limit = Rlimit { current: Some(soft.min(highest)), maximum: Some(hard.min(highest)) };
    Ok(setrlimit(resource, limit)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_survive_a_command_line() {
        let limits = Limits { memory_bytes: Some(1 << 30), cpu_seconds: None, files: Some(64) };
        let mut words =
            limits.words().into_iter().chain(["--".to_owned(), "rest".to_owned()]).map(OsString::from);
        assert_eq!(Limits::read(&mut words), Some(limits));
        assert_eq!(words.next(), Some("rest".into()));
    }

    #[test]
    fn unknown_limits_are_not_ignored() {
        for words in [&["disk=1", "--"][..], &["memory=much", "--"], &["memory=1"]] {
            assert_eq!(Limits::read(&mut words.iter().map(OsString::from)), None, "{words:?}");
        }
    }
}
