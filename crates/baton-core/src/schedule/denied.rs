//! Why the owner of a schedule may not have its tasks made any more.

use std::fmt;
use std::str::FromStr;

use super::missed::UnknownPolicy;

/// What became of the rights with which a schedule was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The user or his API key is gone, or the key has expired.
    Unknown,
    /// The user or his API key is disabled.
    Disabled,
    /// He may not write to the queue of its tasks any more.
    Forbidden,
}

impl Denied {
    pub const ALL: &[Denied] = &[Denied::Unknown, Denied::Disabled, Denied::Forbidden];

    pub fn as_str(self) -> &'static str {
        match self {
            Denied::Unknown => "owner_unknown",
            Denied::Disabled => "owner_disabled",
            Denied::Forbidden => "owner_forbidden",
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Denied {
    type Err = UnknownPolicy;

    fn from_str(text: &str) -> Result<Denied, UnknownPolicy> {
        let found = Denied::ALL.iter().copied().find(|denied| denied.as_str() == text);
        found.ok_or_else(|| UnknownPolicy::of(text, "owner_unknown, owner_disabled and owner_forbidden"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_read_as_it_is_written() {
        for denied in Denied::ALL {
            assert_eq!(denied.as_str().parse(), Ok(*denied));
        }
        assert!("owner".parse::<Denied>().is_err());
    }
}
