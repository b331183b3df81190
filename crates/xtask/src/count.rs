//! Reads what `cargo test` prints and counts.
//!
//! Cargo says which program it runs, and each program ends with a result line. A program without one has crashed: it
//! counts as one failure, because whatever it would have tested was not tested. So does a run that does not build.

use std::fmt;

/// The two numbers that matter. Printed, they are the last line of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// A run that ran nothing has shown nothing.
    pub(crate) fn is_good(self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// What has been heard so far from the test programs.
#[derive(Default)]
pub(crate) struct Listener {
    tally: Tally,
    ignored: u64,
    /// The program that runs now, until its result is heard.
    silent: Option<String>,
    crashed: Vec<String>,
}

impl Listener {
    pub(crate) fn hear(&mut self, line: &str) {
        let line = plain(line);
        if let Some(program) = started(&line) {
            let before = self.silent.replace(program.to_owned());
            self.crashed.extend(before);
        } else if let Some(counts) = line.strip_prefix("test result: ") {
            self.silent = None;
            self.tally.passed += number_before(counts, " passed");
            self.tally.failed += number_before(counts, " failed");
            self.ignored += number_before(counts, " ignored");
        }
    }

    /// The count, and a sentence for every failure that no result line has shown, or for a run of nothing.
    pub(crate) fn close(mut self, cargo_succeeded: bool) -> (Tally, Vec<String>) {
        self.crashed.extend(self.silent.take());
        let mut remarks: Vec<String> = self
            .crashed
            .iter()
            .map(|program| format!("{program} ended without a result; this counts as one failed"))
            .collect();
        self.tally.failed += self.crashed.len() as u64;
        if self.ignored > 0 {
            remarks.push(format!(
                "{} ignored: a test runs or is deleted, so each counts as failed",
                self.ignored
            ));
            self.tally.failed += self.ignored;
        }
        if !cargo_succeeded && self.tally.failed == 0 {
            remarks.push("cargo failed to build or to run the tests; this counts as one failed".to_owned());
            self.tally.failed = 1;
        }
        if self.tally == Tally::default() {
            remarks.push("no test ran".to_owned());
        }
        (self.tally, remarks)
    }
}

/// The name in `Running unittests src/lib.rs (target/debug/deps/baton_core-1f2e)` or `Doc-tests baton_core`.
fn started(line: &str) -> Option<&str> {
    let line = line.trim();
    let runs = line.strip_prefix("Running ").filter(|rest| rest.contains(" (") && rest.ends_with(')'));
    runs.or_else(|| line.starts_with("Doc-tests ").then_some(line))
}

/// `number_before("ok. 3 passed; 1 failed", " failed")` is 1.
fn number_before(text: &str, word: &str) -> u64 {
    let Some(end) = text.find(word) else { return 0 };
    text[..end].rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The line without colours.
fn plain(line: &str) -> String {
    let mut pieces = line.split('\u{1b}');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out.push_str(piece.split_once('m').map_or("", |(_, rest)| rest));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORE: &str = "     Running unittests src/lib.rs (target/debug/deps/baton_core-1f2e)";
    const STORE: &str = "     Running unittests src/lib.rs (target/debug/deps/baton_store-3c4d)";

    fn check(lines: &[&str], cargo_succeeded: bool, passed: u64, failed: u64, remarks: usize) {
        let mut listener = Listener::default();
        lines.iter().for_each(|line| listener.hear(line));
        let (tally, said) = listener.close(cargo_succeeded);
        assert_eq!((tally, said.len()), (Tally { passed, failed }, remarks), "{said:?}");
    }

    #[test]
    fn results_of_several_programs_are_summed() {
        let second = "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.02s";
        let first =
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.00s";
        check(&[CORE, first, STORE, second], false, 19, 2, 0);
    }

    #[test]
    fn one_program_may_print_several_results() {
        let part = "test result: ok. 2 passed; 0 failed; 0 ignored";
        check(&["   Doc-tests baton_core", part, part], true, 4, 0, 0);
    }

    #[test]
    fn a_program_without_a_result_has_crashed() {
        let result = "test result: ok. 5 passed; 0 failed; 0 ignored";
        check(&[CORE, "running 3 tests", STORE, result], false, 5, 1, 1);
        check(&[CORE, result, STORE, "running 3 tests"], false, 5, 1, 1);
    }

    #[test]
    fn a_run_that_does_not_build_is_one_failure() {
        check(&["error: could not compile `baton-core` (lib)"], false, 0, 1, 1);
    }

    #[test]
    fn a_crash_after_the_result_is_one_failure() {
        check(&[CORE, "test result: ok. 5 passed; 0 failed; 0 ignored"], false, 5, 1, 1);
    }

    #[test]
    fn an_ignored_test_is_a_failure() {
        check(&[CORE, "test result: ok. 5 passed; 0 failed; 2 ignored; 0 measured"], true, 5, 2, 1);
    }

    #[test]
    fn colours_do_not_hide_a_line() {
        let running = "\u{1b}[1m\u{1b}[92m     Running\u{1b}[0m unittests src/lib.rs (target/debug/deps/a-1)";
        check(&[running, "test result: \u{1b}[32mok\u{1b}[m. 1 passed; 0 failed; 0 ignored"], true, 1, 0, 0);
    }

    #[test]
    fn a_run_of_nothing_is_not_good() {
        check(&[CORE, "test result: ok. 0 passed; 0 failed; 0 ignored"], true, 0, 0, 1);
        assert!(!Tally::default().is_good());
        assert!(Tally { passed: 1, failed: 0 }.is_good());
        assert!(!Tally { passed: 9, failed: 1 }.is_good());
        assert_eq!(Tally { passed: 9, failed: 1 }.to_string(), "9 passed, 1 failed");
    }
}
