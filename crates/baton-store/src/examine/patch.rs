//! Patch levels that are known to be bad: a script could break out of its sandbox (CVE-2025-49844 and its kin). Distributions
//! mend them without a new number, so this only warns.

/// Of each line the first release that is mended; none: the line gets no more releases.
const MENDED: [(&str, (u64, u64), Option<u64>); 8] = [
    ("Redis", (7, 0), None),
    ("Redis", (7, 2), Some(11)),
    ("Redis", (7, 4), Some(6)),
    ("Redis", (8, 0), Some(4)),
    ("Redis", (8, 2), Some(2)),
    ("Valkey", (7, 2), Some(11)),
    ("Valkey", (8, 0), Some(6)),
    ("Valkey", (8, 1), Some(4)),
];

/// Major, minor and patch of `7.2.4`.
pub(super) fn numbers(version: &str) -> (u64, u64, u64) {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or_default());
    let mut next = || numbers.next().unwrap_or_default();
    (next(), next(), next())
}

/// What is wrong with a release, if something is known.
pub(super) fn trouble(name: &str, version: &str) -> Option<&'static str> {
    let (major, minor, patch) = numbers(version);
    let line = MENDED.iter().find(|(of, line, _)| *of == name && *line == (major, minor));
    match line.map(|(.., first)| *first) {
        Some(None) => {
            Some("its line gets no more releases, and scripts may break out of it (CVE-2025-49844)")
        }
        Some(Some(first)) if patch < first => Some("scripts may break out of it (CVE-2025-49844)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_before_the_mended_one_are_named() {
        for (name, version, bad) in [
            ("Redis", "7.0.15", true),
            ("Redis", "7.2.10", true),
            ("Redis", "7.2.11", false),
            ("Redis", "7.4.5", true),
            ("Redis", "8.2.2", false),
            ("Redis", "9.0.0", false),
            ("Valkey", "7.2.4", true),
            ("Valkey", "8.0.6", false),
            ("Valkey", "8.1.3", true),
            ("Valkey", "8.1.4", false),
        ] {
            assert_eq!(trouble(name, version).is_some(), bad, "{name} {version}");
        }
    }
}
