//! Logs: to stderr, pretty on a terminal, one JSON object per line otherwise.
//!
//! Nothing here searches lines for passwords. What may carry one is a type whose `Debug` and `Display` leave it out, or a
//! text that went through [`crate::config::masked`].

mod lines;

use std::io::{self, IsTerminal};
use std::str::FromStr;

use tracing::Subscriber;
use tracing_subscriber::fmt::{MakeWriter, format};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, fmt};

pub use lines::{Tail, say_last};

use crate::config::Values;
use lines::Lines;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Auto,
    Pretty,
    Json,
}

/// Text that names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {0:?} as a log format")]
pub struct UnknownFormat(String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Format, UnknownFormat> {
        match text {
            "auto" => Ok(Format::Auto),
            "pretty" => Ok(Format::Pretty),
            "json" => Ok(Format::Json),
            other => Err(UnknownFormat(other.to_owned())),
        }
    }
}

/// Why logs cannot be turned on.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error("start the thread that writes logs")]
    Thread(#[source] io::Error),
    #[error("turn on logs")]
    Twice(#[source] TryInitError),
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    filter: String,
    format: Format,
}

impl Logging {
    /// Reads the section `log`.
    pub fn read(values: &mut Values) -> Logging {
        let filter = |text: &str| match EnvFilter::try_new(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(error) => Err(format!("read {text:?} as a filter: {error}")),
        };
        Logging { filter: values.read("log.filter", filter), format: values.parse("log.format") }
    }

    /// Turns logs on for the whole process, once. Whatever happens to stderr, nobody waits for it and nothing ends by
    /// it.
    pub fn init(&self) -> Result<Tail, InitError> {
        let terminal = io::stderr().is_terminal();
        let pretty = self.format == Format::Pretty || self.format == Format::Auto && terminal;
        let lines = Lines::to(io::stderr()).map_err(InitError::Thread)?;
        let tail = lines.tail();
        let begun =
            if pretty { self.pretty(terminal, lines).try_init() } else { self.json(lines).try_init() };
        begun.map(|()| tail).map_err(InitError::Twice)
    }

    /// A line that cannot be formatted is not worth an error: its way would be a panic.
    fn builder(&self) -> fmt::SubscriberBuilder<format::DefaultFields, format::Format, EnvFilter> {
        fmt().log_internal_errors(false).with_env_filter(EnvFilter::new(&self.filter))
    }

    fn pretty<W>(&self, colour: bool, to: W) -> impl Subscriber + Send + Sync + use<W>
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        self.builder().with_target(false).with_ansi(colour).with_writer(to).finish()
    }

    fn json<W>(&self, to: W) -> impl Subscriber + Send + Sync + use<W>
    where
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        self.builder().json().flatten_event(true).with_span_list(false).with_writer(to).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::config::{Sources, resolve};

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logging(filter: &str, format: &str) -> (Logging, usize) {
        let environment = [("BATON_LOG", filter), ("BATON_LOG_FORMAT", format)];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let mut values = resolve(&Sources { environment, ..Default::default() });
        (Logging::read(&mut values), values.finish().map_or_else(|problems| problems.0.len(), |()| 0))
    }

    fn lines(write: impl FnOnce(Page)) -> String {
        let page = Page::default();
        write(page.clone());
        let bytes = page.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn off_a_terminal_a_line_is_an_object() {
        let (logging, _) = logging("info", "auto");
        let text = lines(|page| {
            tracing::subscriber::with_default(logging.json(move || page.clone()), || {
                tracing::info!(task = "t", "moved\ntwice");
                tracing::debug!("not this");
            });
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.starts_with('{') && text.ends_with("}\n"), "{text}");
        for part in [r#""level":"INFO""#, r#""message":"moved\ntwice""#, r#""task":"t""#, r#""timestamp":""#]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn for_people_it_is_a_line() {
        let (logging, _) = logging("warn,baton_service=debug", "pretty");
        let text = lines(|page| {
            tracing::subscriber::with_default(logging.pretty(false, move || page.clone()), || {
                tracing::debug!(shard = 0, "looked");
            });
        });
        assert!(text.ends_with("DEBUG looked shard=0\n"), "{text}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_a_problem() {
        assert_eq!(logging("info,baton=loud", "json").1, 1);
    }
}
