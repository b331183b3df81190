//! An error with everything that led to it, for the one place where it is told.

use std::error::Error;
use std::fmt;

/// Displays as `failed to <error>: <its source>: …`; a source that says no more than the error before it is passed over.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        write!(out, "failed to {said}")?;
        let mut next = self.0.source();
        while let Some(error) = next {
            let text = error.to_string();
            if !said.ends_with(&text) {
                write!(out, ": {text}")?;
                said = text;
            }
            next = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Said(&'static str, Option<Box<Said>>);

    impl fmt::Display for Said {
        fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str(self.0)
        }
    }

    impl Error for Said {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|source| source as &dyn Error)
        }
    }

    #[test]
    fn nothing_is_said_twice() {
        let refused = || Some(Box::new(Said("refused", None)));
        let error = Said("reach it", Some(Box::new(Said("the connection: refused", refused()))));
        assert_eq!(Chain(&error).to_string(), "failed to reach it: the connection: refused");
    }
}
