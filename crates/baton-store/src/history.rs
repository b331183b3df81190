//! A task's history, put together: most moves leave a line; the ordinary ones (submitted, claimed, completed) leave
//! none, as they can be read from the task's own fields and from the lines that follow them.

use baton_core::{Move, Status, TaskId, Version};

use crate::error::Error;
use crate::record::Fields;

/// One move of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub version: Version,
    /// The word of the move: `submit`, `reprioritise`, or one of the lifecycle.
    pub step: String,
    pub at_ms: u64,
    pub from: Option<Status>,
    pub to: Option<Status>,
    /// `worker=… fence=…`: who, why and what else belongs to it.
    pub detail: String,
}

/// A line as it lies in Redis: `retry 1763682345123 running>scheduled worker=…`.
fn parse(version: Version, line: &str) -> Option<Entry> {
    let mut words = line.splitn(4, ' ');
    let (step, at_ms, path) = (words.next()?, words.next()?, words.next()?);
    let (from, to) = path.split_once('>')?;
    Some(Entry {
        version,
        step: step.to_owned(),
        at_ms: at_ms.parse().ok()?,
        from: from.parse().ok(),
        to: to.parse().ok(),
        detail: words.next().unwrap_or_default().to_owned(),
    })
}

impl Entry {
    /// A word of the detail, `name=value`.
    pub(crate) fn word(&self, name: &str) -> Option<&str> {
        self.detail.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    fn run_detail(&self) -> String {
        let words = ["worker", "boot", "fence"].into_iter();
        let words = words.filter_map(|name| self.word(name).map(|value| format!("{name}={value}")));
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Puts the lines in order and fills in the moves that left none; and how many moves are missing. Each is a version.
pub(crate) fn compose(
    task: TaskId,
    mut fields: Fields,
    lines: Vec<String>,
) -> Result<(Vec<Entry>, u64), Error> {
    let fault =
        |line: &str| Error::fault(format!("task {task}"), format!("its history has the line {line:?}"));
    let mut kept = Vec::new();
    for (version, line) in fields.with_prefix("history:") {
        let line = String::from_utf8_lossy(&line).into_owned();
        kept.push(format!("{version} {line}"));
    }
    kept.extend(lines);
    let mut entries = Vec::with_capacity(kept.len());
    for line in &kept {
        let (version, rest) = line.split_once(' ').ok_or_else(|| fault(line))?;
        let version = version.parse().map_err(|_| fault(line))?;
        entries.push(parse(version, rest).ok_or_else(|| fault(line))?);
    }
    entries.sort_by_key(|entry| entry.version);
    let moves: u64 = fields.required("version")?;
    let now = Entry {
        version: Version(moves + 1),
        step: String::new(),
        at_ms: 0,
        from: Some(fields.required("status")?),
        to: None,
        detail: present(&mut fields)?,
    };
    let created_ms = fields.required("created_ms")?;
    let by = fields.optional::<String>("submitted_by")?.map_or(String::new(), |by| format!("by={by}"));
    let mut whole = fill(entries, &now);
    let first = whole.first().and_then(|entry| entry.from).unwrap_or(now.from.unwrap_or(Status::Pending));
    let submitted = Entry {
        version: Version(1),
        step: "submit".to_owned(),
        at_ms: created_ms,
        from: None,
        to: Some(first),
        detail: by,
    };
    whole.insert(0, submitted);
    let truncated = moves.saturating_sub(whole.len() as u64);
    Ok((whole, truncated))
}

/// What the fields say of the last run, in the words of a line.
fn present(fields: &mut Fields) -> Result<String, Error> {
    let mut words = Vec::new();
    let pairs = [
        ("worker", "worker"),
        ("boot", "boot"),
        ("fence", "fence"),
        ("started_ms", "started"),
        ("finished_ms", "finished"),
    ];
    for (field, word) in pairs {
        if let Some(value) = fields.optional::<String>(field)? {
            words.push(format!("{word}={value}"));
        }
    }
    Ok(words.join(" "))
}

/// Between two lines only claims and completions can have happened: each is dated by the line that follows it.
fn fill(lines: Vec<Entry>, now: &Entry) -> Vec<Entry> {
    let mut whole: Vec<Entry> = Vec::with_capacity(lines.len() + 2);
    let mut known = 1;
    for line in lines.into_iter().chain([now.clone()]) {
        let missing = line.version.0.saturating_sub(known + 1);
        // More than a claim and a completion are missing only where the middle was truncated.
        let ends_completed = line.from == Some(Status::Completed);
        let mut version = line.version.0 - missing.min(if ends_completed { 2 } else { 1 });
        let ran = line.from == Some(Status::Running) || ends_completed;
        if ran && version < line.version.0 && (!ends_completed || missing >= 2) {
            whole.push(filled(Move::Claim, version, &line, "started"));
            version += 1;
        }
        if ends_completed && version < line.version.0 {
            whole.push(filled(Move::Complete, version, &line, "finished"));
        }
        known = line.version.0;
        whole.push(line);
    }
    whole.pop();
    whole
}

fn filled(step: Move, version: u64, follower: &Entry, dated_by: &str) -> Entry {
    Entry {
        version: Version(version),
        step: step.to_string(),
        at_ms: follower.word(dated_by).and_then(|at| at.parse().ok()).unwrap_or_default(),
        from: step.sources().first().copied(),
        to: step.targets().first().copied(),
        detail: follower.run_detail(),
    }
}
