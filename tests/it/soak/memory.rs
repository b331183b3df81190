//! How much memory processes use as time goes on.

use std::collections::BTreeMap;

/// What a process may grow by, beside what its tasks take.
const GROWTH_BYTES_MAX: u64 = 12 * 1024 * 1024;
/// What Redis keeps of a finished task: its record, and what the stream says of its life.
const TASK_BYTES: u64 = 2_500;

#[derive(Default)]
pub(super) struct Memory(BTreeMap<&'static str, Vec<u64>>);

impl Memory {
    pub(super) fn look(&mut self, name: &'static str, pid: u32) {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        self.0.entry(name).or_default().push(kib * 1024);
    }

    pub(super) fn told(&self) -> String {
        let each = self.0.iter().map(|(name, seen)| {
            let (first, last) = ends(seen);
            format!("{name} {} KiB then {} KiB", first / 1024, last / 1024)
        });
        each.collect::<Vec<_>>().join(", ")
    }

    /// Redis holds what was submitted; nobody else holds anything.
    pub(super) fn assert_flat(&self, seconds: u64, tasks: usize) {
        for (name, seen) in &self.0 {
            let (first, last) = ends(seen);
            let kept = if *name == "redis" { tasks as u64 * TASK_BYTES } else { 0 };
            assert!(last <= first + GROWTH_BYTES_MAX + kept, "in {seconds} s: {}", self.told());
        }
    }
}

/// The means of the first and of the last fifth.
fn ends(seen: &[u64]) -> (u64, u64) {
    let fifth = seen.len().div_ceil(5);
    let mean = |part: &[u64]| part.iter().sum::<u64>() / part.len().max(1) as u64;
    (mean(&seen[..fifth]), mean(&seen[seen.len() - fifth..]))
}
