//! A task's life: `worker=… fence=… why=…` taken apart.

use baton_api::Timestamp;
use baton_api::task::HistoryEntry;
use baton_store::history::Entry;

pub(crate) fn entry(entry: Entry) -> HistoryEntry {
    // A reason is anybody's text, so it stands last, and all behind its name belongs to it.
    let (words, why) = match entry.detail.find("why=") {
        Some(at) if at == 0 || entry.detail.as_bytes().get(at - 1) == Some(&b' ') => {
            (&entry.detail[..at], Some(entry.detail[at + 4..].to_owned()))
        }
        _ => (entry.detail.as_str(), None),
    };
    let word = |name: &str| words.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    let known = ["worker=", "fence=", "by="];
    let rest =
        words.split(' ').filter(|word| !word.is_empty() && !known.iter().any(|name| word.starts_with(name)));
    HistoryEntry {
        version: entry.version.0,
        event: entry.step,
        at: Timestamp::from_ms(entry.at_ms),
        from: entry.from.map(|status| status.to_string()),
        to: entry.to.map(|status| status.to_string()),
        worker: word("worker").map(str::to_owned),
        fence: word("fence").and_then(|fence| fence.parse().ok()),
        by: word("by").map(str::to_owned),
        why,
        detail: rest.collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_core::Version;

    fn read(detail: &str) -> HistoryEntry {
        let detail = detail.to_owned();
        entry(Entry { version: Version(3), step: "retry".to_owned(), at_ms: 0, from: None, to: None, detail })
    }

    #[test]
    fn a_detail_is_taken_apart() {
        let entry = read("worker=worker-001-a boot=b1 fence=7 due=12 why=by=me, fence=9");
        assert_eq!((entry.worker.as_deref(), entry.fence), (Some("worker-001-a"), Some(7)));
        assert_eq!((entry.by.as_deref(), entry.why.as_deref()), (None, Some("by=me, fence=9")));
        assert_eq!(entry.detail, "boot=b1 due=12");
        assert_eq!(read("by=local-dev").by.as_deref(), Some("local-dev"));
        assert_eq!(read("why=x").why.as_deref(), Some("x"));
        assert_eq!(read("").why, None);
    }
}
