//! What an examination found.

use baton_core::doctor as core;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, schemas};

/// How a fleet and its Redis do, looked at when it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Doctor {
    /// The worst of all.
    pub verdict: Verdict,
    #[schema(schema_with = schemas::time)]
    pub at: Timestamp,
    pub took_ms: u64,
    /// Of whoever looked.
    pub version: String,
    pub checks: Vec<Examined>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Examined {
    /// `redis`, `data`, `fleet` or `gateway`.
    pub area: String,
    /// Stable, unlike the words.
    pub name: String,
    pub verdict: Verdict,
    /// The value, in words.
    pub found: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// How one thing does, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    /// It could not be looked at.
    Unknown,
    /// It works, and should be looked at.
    Warn,
    Fail,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Unknown => "unknown",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        }
    }
}

impl From<core::Verdict> for Verdict {
    fn from(verdict: core::Verdict) -> Verdict {
        match verdict {
            core::Verdict::Ok => Verdict::Ok,
            core::Verdict::Unknown => Verdict::Unknown,
            core::Verdict::Warn => Verdict::Warn,
            core::Verdict::Fail => Verdict::Fail,
        }
    }
}

impl From<core::Finding> for Examined {
    fn from(finding: core::Finding) -> Examined {
        Examined {
            area: finding.check.area.to_owned(),
            name: finding.check.name.to_owned(),
            verdict: finding.verdict.into(),
            found: finding.found,
            advice: Some(finding.advice).filter(|advice| !advice.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_the_same_words_everywhere() {
        for verdict in core::Verdict::ALL {
            let ours = Verdict::from(verdict);
            assert_eq!(ours.as_str(), verdict.as_str());
            assert_eq!(serde_json::to_value(ours).unwrap(), verdict.as_str());
        }
    }
}
