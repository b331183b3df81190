//! "Did you mean": the name that a mistyped one is nearest to.

/// Steps that one graph may cost, a byte compared with a byte. A thousand unknown parents looked for among
/// 100,000 names would cost minutes, and the first few suggestions are the ones that are read.
const STEPS_MAX: usize = 20_000_000;

/// What is further away is another word, however long both are.
const EDITS_MAX: usize = 3;

/// Longer names are no slip of the hand, and no names either.
const LENGTH_MAX: usize = 128;

pub(super) struct Search<I> {
    names: I,
    steps: usize,
}

impl<'a, I: Iterator<Item = &'a str> + Clone> Search<I> {
    pub(super) fn new(names: I) -> Search<I> {
        Search { names, steps: 0 }
    }

    /// The nearest name, if it is near enough to be what was meant; the first one of several.
    pub(super) fn nearest(&mut self, given: &str) -> Option<&'a str> {
        let mut nearest = None;
        let mut allowed =
            if given.len() > LENGTH_MAX { return None } else { (1 + given.len() / 4).min(EDITS_MAX) };
        for name in self.names.clone() {
            if self.steps > STEPS_MAX {
                break;
            }
            if let Some(found) = self.distance(given.as_bytes(), name.as_bytes(), allowed) {
                nearest = Some(name);
                if found <= 1 {
                    break;
                }
                allowed = found - 1;
            }
        }
        nearest
    }

    /// How many bytes must be put in, left out or replaced to get from one word to the other, unless it is more than
    /// `max`.
    fn distance(&mut self, from: &[u8], to: &[u8], max: usize) -> Option<usize> {
        self.steps += 1;
        if from.len().abs_diff(to.len()) > max {
            return None;
        }
        let mut row: Vec<usize> = (0..=to.len()).collect();
        for (at, byte) in from.iter().enumerate() {
            self.steps += row.len();
            next_row(&mut row, at, *byte, to);
            // No later row can have a smaller number than the smallest of this one.
            if row.iter().all(|edits| *edits > max) {
                return None;
            }
        }
        row.last().copied().filter(|edits| *edits <= max)
    }
}

/// The edits from one more byte of one word to each beginning of the other.
fn next_row(row: &mut [usize], at: usize, byte: u8, to: &[u8]) {
    let mut diagonal = std::mem::replace(&mut row[0], at + 1);
    for (column, other) in to.iter().enumerate() {
        let replaced = diagonal + usize::from(byte != *other);
        diagonal = row[column + 1];
        row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, names: &[&str], expected: Option<&str>) {
        assert_eq!(Search::new(names.iter().copied()).nearest(given), expected, "{given}");
    }

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let names = ["extract", "transform", "load", "extract-2"];
        check("extrct", &names, Some("extract"));
        check("tranfsorm", &names, Some("transform"));
        check("laod", &names, Some("load"));
        check("extract-3", &names, Some("extract-2"));
        check("publish", &names, None);
        check("", &names, None);
        check(&"x".repeat(4_096), &names, None);
    }

    fn check_distance(from: &str, to: &str, max: usize, expected: Option<usize>) {
        let mut search = Search::new(std::iter::empty());
        assert_eq!(search.distance(from.as_bytes(), to.as_bytes(), max), expected, "{from} {to}");
    }

    #[test]
    fn distances_count_what_must_be_changed() {
        check_distance("kitten", "sitting", 3, Some(3));
        check_distance("kitten", "sitting", 2, None);
        check_distance("", "abc", 3, Some(3));
        check_distance("abc", "abc", 0, Some(0));
    }

    #[test]
    fn the_search_gives_up_when_it_has_cost_enough() {
        let long = "x".repeat(128);
        // What differs is at the end, and just too much.
        let far = format!("{}yyyy", "x".repeat(124));
        let mut names = vec![far.as_str(); 5_000];
        names.push("load");
        let mut search = Search::new(names.iter().copied());
        assert_eq!(search.nearest("laod"), Some("load"));
        assert_eq!(search.nearest(&long), None);
        assert_eq!(search.nearest("laod"), None);
        assert!(search.steps < STEPS_MAX + 129 * 129);
    }
}
