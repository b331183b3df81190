//! Where a listener is: for each shard, the last event that it was told of. Clients carry it as the id of an event and
//! hand it back to go on; to them it is opaque.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use baton_core::Shard;
use baton_store::event::StreamId;

/// A place in the stream of one shard: behind an event of an entry, or behind the whole entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) entry: StreamId,
    /// The position of the last event told of this entry.
    position: usize,
}

impl Mark {
    pub(super) fn behind(entry: StreamId) -> Mark {
        Mark { entry, position: usize::MAX }
    }

    pub(super) fn at(entry: StreamId, position: usize) -> Mark {
        Mark { entry, position }
    }

    /// How many events of this entry were told.
    pub(super) fn told_of(self, entry: StreamId) -> usize {
        match entry.cmp(&self.entry) {
            Ordering::Less => usize::MAX,
            Ordering::Equal => self.position.saturating_add(1),
            Ordering::Greater => 0,
        }
    }

    /// The place from which an XRANGE that excludes it brings everything that was not told, and at most one entry that
    /// was told in part.
    pub(super) fn read_after(self) -> StreamId {
        match self {
            Mark { entry, position: usize::MAX } => entry,
            Mark { entry: StreamId { ms, sequence: 0 }, .. } => {
                StreamId { ms: ms.saturating_sub(1), sequence: u64::MAX }
            }
            Mark { entry: StreamId { ms, sequence }, .. } => StreamId { ms, sequence: sequence - 1 },
        }
    }
}

/// `<stream id>` behind an entry, `<stream id>.<position>` inside of one.
impl fmt::Display for Mark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            usize::MAX => write!(out, "{}", self.entry),
            position => write!(out, "{}.{position}", self.entry),
        }
    }
}

impl FromStr for Mark {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Mark, PlaceError> {
        let (entry, position) = match text.split_once('.') {
            Some((entry, position)) => (entry, Some(position.parse::<u32>().map_err(|_| PlaceError)?)),
            None => (text, None),
        };
        let entry = entry.parse().map_err(|_| PlaceError)?;
        Ok(position.map_or(Mark::behind(entry), |position| Mark::at(entry, position as usize)))
    }
}

/// Text that is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read it as the id of an event: send the last one that came, as it was, or none")]
pub(super) struct PlaceError;

/// A mark for each shard, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place(Vec<Mark>);

impl Place {
    pub(super) fn new(marks: impl IntoIterator<Item = Mark>) -> Place {
        Place(marks.into_iter().collect())
    }

    pub(super) fn shards(&self) -> usize {
        self.0.len()
    }

    pub(super) fn of(&self, shard: Shard) -> Mark {
        self.0.get(usize::from(shard.number())).copied().unwrap_or(Mark::behind(StreamId::default()))
    }

    pub(super) fn set(&mut self, shard: Shard, mark: Mark) {
        if let Some(of) = self.0.get_mut(usize::from(shard.number())) {
            *of = mark;
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, mark)| match at {
            0 => write!(out, "{mark}"),
            _ => write!(out, ",{mark}"),
        })
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Place, PlaceError> {
        text.split(',').map(str::parse).collect::<Result<Vec<Mark>, _>>().map(Place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(ms: u64, sequence: u64) -> StreamId {
        StreamId { ms, sequence }
    }

    #[test]
    fn a_place_reads_back_as_what_it_was() {
        for text in ["0-0", "1700000000000-3", "1700000000000-3.99", "1-1.0,0-0,5-2"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for wrong in
            ["", "x", "1-1.", "1-1.x", "1-1,", "1-1 ", "1", "1-1.-1", "1-1.1.1", "99999999999999999999-1"]
        {
            assert_eq!(wrong.parse::<Place>(), Err(PlaceError), "{wrong:?}");
        }
    }

    #[test]
    fn behind_an_entry_is_after_all_of_it() {
        let order =
            [Mark::behind(id(1, 0)), Mark::at(id(1, 1), 0), Mark::at(id(1, 1), 9), Mark::behind(id(1, 1))];
        assert!(order.is_sorted_by(|one, other| one < other));
    }

    #[test]
    fn what_was_told_of_an_entry_is_known() {
        let mark = Mark::at(id(5, 0), 2);
        assert_eq!([id(4, 0), id(5, 0), id(5, 1)].map(|entry| mark.told_of(entry)), [usize::MAX, 3, 0]);
        assert_eq!(Mark::behind(id(5, 0)).told_of(id(5, 0)), usize::MAX);
    }

    #[test]
    fn an_entry_told_in_part_is_read_again() {
        assert_eq!(Mark::behind(id(7, 3)).read_after(), id(7, 3));
        assert_eq!(Mark::at(id(7, 3), 2).read_after(), id(7, 2));
        assert_eq!(Mark::at(id(7, 0), 2).read_after(), id(6, u64::MAX));
    }
}
