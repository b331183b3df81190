//! Is what follows a place in a stream still there, all of it?

use baton_core::limits;
use baton_store::calls::shard::StreamEnds;
use baton_store::event::StreamId;

use super::place::Mark;

/// A stream is trimmed by size when it has too many events, and an entry has so many of them at most.
const NEVER_TRIMMED_BELOW: u64 = limits::EVENTS_MAX / limits::EVENT_TASKS_MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    /// Nothing is missing behind the place.
    Whole,
    /// Entries behind it were removed, or may have been.
    Trimmed,
    /// The stream ends before the place: it is an older copy, or another one.
    Back,
}

pub(super) fn stretch(ends: &StreamEnds, mark: Mark) -> Stretch {
    let last = ends.last.unwrap_or_default();
    match ends.first {
        _ if last < mark.entry => Stretch::Back,
        // Nothing has been written behind it.
        _ if mark == Mark::behind(last) => Stretch::Whole,
        // The entry of the place is still there, so nothing behind it can be gone: only the oldest are removed.
        Some(first) if first <= mark.entry => Stretch::Whole,
        // It began before the first entry of all, and the stream is too short to have been trimmed by size.
        _ if mark == Mark::behind(StreamId::default()) && ends.length < NEVER_TRIMMED_BELOW => Stretch::Whole,
        _ => Stretch::Trimmed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(ms: u64) -> StreamId {
        StreamId { ms, sequence: 0 }
    }

    #[test]
    fn what_may_be_missing_counts_as_missing() {
        let ends = |first, last| StreamEnds { first: Some(id(first)), last: Some(id(last)), length: 1 };
        let behind = |ms| Mark::behind(id(ms));
        assert_eq!(stretch(&ends(5, 9), behind(5)), Stretch::Whole);
        assert_eq!(stretch(&ends(5, 9), Mark::at(id(5), 0)), Stretch::Whole);
        assert_eq!(stretch(&ends(9, 9), behind(9)), Stretch::Whole);
        assert_eq!(stretch(&ends(5, 9), behind(4)), Stretch::Trimmed);
        assert_eq!(stretch(&ends(5, 9), Mark::at(id(4), 7)), Stretch::Trimmed);
        assert_eq!(
            stretch(&ends(5, 9), behind(0)),
            Stretch::Whole,
            "nothing was removed of a stream so short"
        );
        let long = StreamEnds { length: NEVER_TRIMMED_BELOW, ..ends(5, 9) };
        assert_eq!(stretch(&long, behind(0)), Stretch::Trimmed, "there may have been an entry 3");
        assert_eq!(stretch(&ends(5, 9), behind(10)), Stretch::Back);
    }

    #[test]
    fn an_empty_stream_is_whole_only_for_who_has_seen_nothing() {
        let empty = StreamEnds::default();
        assert_eq!(stretch(&empty, Mark::behind(StreamId::default())), Stretch::Whole);
        assert_eq!(stretch(&empty, Mark::behind(id(3))), Stretch::Back);
    }
}
