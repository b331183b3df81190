//! The server's log of slow commands: those of ours.

use baton_core::doctor::Finding;
use deadpool_redis::redis::{FromRedisValue, Value};

use super::{SLOW, Seen, Unseen, age, words};
use crate::script::Script;
use crate::store::Store;

/// Entries that are read.
const ENTRIES: &str = "128";
/// Older ones are no longer worth a word.
const LATELY_S: u64 = 3_600;

/// An entry that is one of our scripts.
#[derive(Debug, PartialEq, Eq)]
struct Slow {
    script: &'static str,
    at_s: u64,
    micros: u64,
}

pub(super) async fn look(store: &Store) -> Seen<Finding> {
    let log: Value = store.ask(&["SLOWLOG", "GET", ENTRIES]).await?;
    let Value::Array(entries) = log else {
        return Err(Unseen::Odd("its log is of several nodes".to_owned()));
    };
    let (now_s, _): (u64, u64) = store.ask(&["TIME"]).await?;
    Ok(judge(&entries.iter().filter_map(read).collect::<Vec<_>>(), now_s))
}

fn read(entry: &Value) -> Option<Slow> {
    let Value::Array(parts) = entry else { return None };
    let count = |at: usize| u64::from_redis_value(parts.get(at)?.clone()).ok();
    let Value::Array(arguments) = parts.get(3)? else { return None };
    let sha = arguments.get(1).map(words)?;
    let script = Script::all().iter().find(|script| script.sha == sha)?;
    Some(Slow { script: script.name, at_s: count(1)?, micros: count(2)? })
}

fn judge(slow: &[Slow], now_s: u64) -> Finding {
    let lately: Vec<&Slow> = slow.iter().filter(|one| now_s.saturating_sub(one.at_s) <= LATELY_S).collect();
    let Some(longest) = lately.iter().max_by_key(|one| one.micros) else {
        return SLOW.ok("none of our scripts in the last hour");
    };
    let found = format!(
        "{} in the last hour; the longest was {} with {:.1} ms, {} ago",
        lately.len(),
        longest.script,
        longest.micros as f64 / 1_000.0,
        age(now_s.saturating_sub(longest.at_s) * 1_000)
    );
    SLOW.warn(
        found,
        "look whether the host is busy or its disk slow (redis-cli SLOWLOG GET); if it is not, this script is ours to mend: report it",
    )
}

#[cfg(test)]
mod tests {
    use baton_core::doctor::Verdict;

    use super::*;

    fn entry(sha: &str, at_s: i64, micros: i64) -> Value {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let arguments = Value::Array(vec![text("EVALSHA"), text(sha)]);
        Value::Array(vec![Value::Int(1), Value::Int(at_s), Value::Int(micros), arguments, text(""), text("")])
    }

    #[test]
    fn only_our_scripts_of_the_last_hour_count() {
        let script = &Script::all()[0];
        assert_eq!(read(&entry("0123", 0, 1)), None);
        let slow = read(&entry(&script.sha, 10_000, 12_500)).unwrap();
        assert_eq!(judge(&[], 10_060).verdict, Verdict::Ok);
        let finding = judge(&[slow], 10_060);
        assert_eq!(finding.verdict, Verdict::Warn);
        assert_eq!(
            finding.found,
            format!("1 in the last hour; the longest was {} with 12.5 ms, 60 s ago", script.name)
        );
        assert_eq!(judge(&[read(&entry(&script.sha, 10_000, 1)).unwrap()], 20_000).verdict, Verdict::Ok);
    }
}
