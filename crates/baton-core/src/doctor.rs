//! What an examination finds: for each thing that is looked at a verdict, the value found, and what to do.

/// How one thing does. The order is that of trouble: what cannot be seen is worse than what is well, and better than what
/// is known to be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    #[default]
    Ok,
    /// It could not be looked at.
    Unknown,
    /// It works, and should be looked at.
    Warn,
    Fail,
}

impl Verdict {
    pub const ALL: [Verdict; 4] = [Verdict::Ok, Verdict::Unknown, Verdict::Warn, Verdict::Fail];

    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Unknown => "unknown",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        }
    }
}

/// One thing that is looked at: which part it belongs to, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    pub area: &'static str,
    pub name: &'static str,
}

/// What one look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub check: Check,
    pub verdict: Verdict,
    /// The value, in words.
    pub found: String,
    /// What to do; empty where there is nothing to do.
    pub advice: String,
}

impl Check {
    pub const fn new(area: &'static str, name: &'static str) -> Check {
        Check { area, name }
    }

    pub fn ok(self, found: impl Into<String>) -> Finding {
        Finding { check: self, verdict: Verdict::Ok, found: found.into(), advice: String::new() }
    }

    pub fn unknown(self, found: impl Into<String>, advice: impl Into<String>) -> Finding {
        self.told(Verdict::Unknown, found, advice)
    }

    pub fn warn(self, found: impl Into<String>, advice: impl Into<String>) -> Finding {
        self.told(Verdict::Warn, found, advice)
    }

    pub fn fail(self, found: impl Into<String>, advice: impl Into<String>) -> Finding {
        self.told(Verdict::Fail, found, advice)
    }

    fn told(self, verdict: Verdict, found: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding { check: self, verdict, found: found.into(), advice: advice.into() }
    }
}

/// The worst of all.
pub fn worst(findings: &[Finding]) -> Verdict {
    findings.iter().map(|finding| finding.verdict).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_verdict_counts() {
        let check = Check::new("redis", "version");
        let mut findings = vec![check.ok("7.4.6")];
        assert_eq!(worst(&findings), Verdict::Ok);
        findings.push(check.unknown("no answer", "wait"));
        assert_eq!(worst(&findings), Verdict::Unknown);
        findings.extend([check.warn("7.0.15", "patch it"), check.ok("7.4.6")]);
        assert_eq!((worst(&findings), worst(&findings).as_str()), (Verdict::Warn, "warn"));
        findings.push(check.fail("6.2", "upgrade it"));
        assert_eq!(worst(&findings), Verdict::Fail);
        assert!(Verdict::ALL.is_sorted());
    }
}
