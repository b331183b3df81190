//! Configuration: flag, then environment, then file, then default.
//!
//! [`resolve`] is a pure function from what was given to one text for each key, with its origin. The program then reads
//! the keys it needs as values of its own types. Every mistake is collected on the way, so that all of them are told at
//! once; a value that cannot be used is replaced by its default until then.
//!
//! An empty environment variable counts as not set, because that is how compose files and units say so.

use std::ffi::OsString;
use std::path::Path;

mod example;
mod file;
mod key;
mod problem;
mod similar;
mod text;
mod values;

pub use example::example;
pub use file::{File, LoadError, load};
pub use key::{KEYS, Key, Shape};
pub use problem::{Problem, Problems};
pub use similar::nearest;
pub use text::{Bytes, BytesError, Span, SpanError, masked};
pub use values::{Origin, Value, Values};

/// A value that stood on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    pub key: &'static str,
    /// As it is typed: `--listen`.
    pub flag: &'static str,
    pub value: String,
}

/// Everything that was given.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub file: Option<File>,
    /// All variables of the process; only those that begin with `BATON_` are looked at.
    pub environment: Vec<(String, String)>,
    pub flags: Vec<Flag>,
}

impl Sources {
    /// What a program was given: its flags, the variables of its process, and the file that either names.
    pub fn gather(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        flags: Vec<Flag>,
    ) -> Result<Sources, LoadError> {
        let readable =
            |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        let environment: Vec<(String, String)> = environment.into_iter().filter_map(readable).collect();
        Ok(Sources { file: load(file, &environment)?, environment, flags })
    }
}

/// Finds the text and the origin of every key.
pub fn resolve(sources: &Sources) -> Values {
    let mut values = Values::defaults();
    if let Some(file) = &sources.file {
        values.lay_file(file);
    }
    values.lay_environment(&sources.environment);
    for Flag { key, flag, value } in &sources.flags {
        values.lay(key, value.clone(), Origin::Flag(flag));
    }
    values.check();
    values
}
