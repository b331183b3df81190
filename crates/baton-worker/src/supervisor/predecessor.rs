//! The life that a worker goes on from: under its id, and in its place alone.

use std::fmt;
use std::str::FromStr;

use baton_core::{Boot, NameError, WorkerId};

/// Written as Redis writes holders: `worker-003-default:5f0c9a31`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predecessor {
    pub(crate) worker: WorkerId,
    pub(crate) boot: Boot,
}

impl fmt::Display for Predecessor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.worker, self.boot)
    }
}

impl FromStr for Predecessor {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Predecessor, NameError> {
        let (worker, boot) = text.split_once(':').unwrap_or((text, ""));
        Ok(Predecessor { worker: worker.parse()?, boot: boot.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_predecessor_survives_a_command_line() {
        let text = "worker-003-default:5f0c9a31";
        assert_eq!(text.parse::<Predecessor>().unwrap().to_string(), text);
        for wrong in ["", "worker-003-default", "worker-003-default:", "worker-003-default:A:b", ":b", "x:b"]
        {
            assert!(wrong.parse::<Predecessor>().is_err(), "{wrong}");
        }
    }
}
