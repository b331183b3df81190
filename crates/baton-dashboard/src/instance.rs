//! Which of several deployments this is: a name and a colour at the top of every page, so that nobody takes production for
//! staging.

use std::fmt;
use std::str::FromStr;

/// What this deployment is called, if it is called anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    name: String,
    /// One of [`COLOURS`]; empty: none.
    pub colour: String,
}

/// The colours of an instance, as the style sheet has them.
pub const COLOURS: [&str; 5] = ["red", "amber", "green", "blue", "violet"];

/// A longer one would push out what else stands at the top.
const CHARS_MAX: usize = 40;

impl Instance {
    pub fn new(name: InstanceName, colour: String) -> Instance {
        Instance { name: name.0, colour }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// There is something to show.
    pub fn is_told(&self) -> bool {
        !self.name.is_empty() || !self.colour.is_empty()
    }
}

/// A line of text that people can tell from others; empty: no name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceName(String);

/// Why a text is no such name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstanceNameError;

impl fmt::Display for InstanceNameError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "read it as the name of an instance: one line of at most {CHARS_MAX} characters")
    }
}

impl std::error::Error for InstanceNameError {}

impl FromStr for InstanceName {
    type Err = InstanceNameError;

    fn from_str(text: &str) -> Result<InstanceName, InstanceNameError> {
        let name = text.trim();
        // What would be shown as a sign of its own is no part of a name.
        let is_plain = crate::words::shown(name) == name && !name.contains(['\n', '\t']);
        if is_plain && name.chars().count() <= CHARS_MAX {
            Ok(InstanceName(name.to_owned()))
        } else {
            Err(InstanceNameError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_plain_line() {
        for good in ["", " production ", "Köln <b>&\"", &"x".repeat(CHARS_MAX)] {
            assert!(good.parse::<InstanceName>().is_ok(), "{good}");
        }
        for wrong in ["a\nb", "a\tb", "a\u{202e}b", "\u{1b}[31m", &"x".repeat(CHARS_MAX + 1)] {
            assert_eq!(wrong.parse::<InstanceName>(), Err(InstanceNameError), "{wrong:?}");
        }
        let instance = |name: &str, colour: &str| Instance::new(name.parse().unwrap(), colour.to_owned());
        assert_eq!(instance(" a ", "").name(), "a");
        assert!(instance("", "red").is_told() && !Instance::default().is_told());
    }
}
