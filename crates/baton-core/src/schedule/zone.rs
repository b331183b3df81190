//! Time zones by their names.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// A time zone, as the table of zones calls it: `Europe/Berlin`.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: Box<str>,
    rules: TimeZone,
}

/// Text that names no zone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("find the time zone {0:?}: name one as Europe/Berlin, America/New_York or UTC")]
pub struct ZoneError(pub String);

impl Zone {
    pub fn new(name: &str) -> Result<Zone, ZoneError> {
        let unknown = || ZoneError(name.chars().take(64).collect());
        let rules = TimeZone::get(name).ok().filter(|rules| !rules.is_unknown()).ok_or_else(unknown)?;
        let name = rules.iana_name().ok_or_else(unknown)?.into();
        Ok(Zone { name, rules })
    }

    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// All names, for a guess at what was meant.
    pub fn names() -> impl Iterator<Item = String> {
        jiff::tz::db().available().map(|name| name.to_string())
    }

    /// A time as the clocks of the zone show it, in RFC 3339 with its offset.
    pub fn show(&self, at_ms: u64) -> Option<String> {
        let at = Timestamp::from_millisecond(i64::try_from(at_ms).ok()?).ok()?;
        Some(at.display_with_offset(self.offset(at)).to_string())
    }

    pub(super) fn offset(&self, at: Timestamp) -> Offset {
        self.rules.to_offset(at)
    }

    /// When the offset changes next.
    pub(super) fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        let offset = self.offset(after);
        let mut changes = self.rules.following(after).take(8);
        changes.find(|change| change.offset() != offset).map(|change| change.timestamp())
    }

    /// When this time on the wall is: the first of the two times that it comes twice, and where the clocks skip it, the
    /// moment at which they do.
    pub(super) fn moment(&self, wall: DateTime) -> Option<Timestamp> {
        match self.rules.to_ambiguous_timestamp(wall).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
            AmbiguousOffset::Gap { after, .. } => self.next_change(after.to_timestamp(wall).ok()?),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", &*self.name)
    }
}
