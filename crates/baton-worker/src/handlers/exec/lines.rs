//! Bytes become lines, of which none is longer than a log line may be.

use baton_core::limits;

/// What stands at the end of a line that was cut.
const CUT: &str = " … (cut)";

/// Keeps the beginning of the line that is not yet whole, and no more of it than can be shown.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
    too_long: bool,
}

impl Lines {
    pub(super) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(String)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.keep(&bytes[..end]);
            each(self.take());
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    /// What is left at the end, if it did not end with a line break.
    pub(super) fn rest(mut self) -> Option<String> {
        (!self.partial.is_empty()).then(|| self.take())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = (limits::LOG_LINE_BYTES_MAX as usize).saturating_sub(self.partial.len());
        self.too_long |= bytes.len() > room;
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn take(&mut self) -> String {
        let bytes = std::mem::take(&mut self.partial);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(&bytes);
        let line = String::from_utf8_lossy(bytes).into_owned();
        if std::mem::take(&mut self.too_long) || line.len() as u64 > limits::LOG_LINE_BYTES_MAX {
            return cut(line);
        }
        line
    }
}

fn cut(mut line: String) -> String {
    line.truncate(line.floor_char_boundary(limits::LOG_LINE_BYTES_MAX as usize - CUT.len()));
    line + CUT
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        pieces.iter().for_each(|piece| lines.feed(piece, |line| found.push(line)));
        found.extend(lines.rest());
        found
    }

    #[test]
    fn lines_may_come_in_pieces_and_without_an_end() {
        assert_eq!(lines(&[b"a\nb", b"", b"c\r\n\n", b"d"]), ["a", "bc", "", "d"]);
        assert_eq!(lines(&[]), [""; 0]);
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_one_is_whole() {
        let whole = "x".repeat(4_096);
        let long = "ü".repeat(3_000);
        let found = lines(&[whole.as_bytes(), b"\n", long.as_bytes(), b"\nnext"]);
        assert_eq!(found[0], whole);
        assert!(found[1].len() <= 4_096 && found[1].ends_with("ü … (cut)"), "{}", found[1]);
        assert_eq!(found[2], "next");
    }

    proptest! {
        #[test]
        fn any_bytes_become_lines_that_fit(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9_000), 0..4)) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let all = pieces.concat();
            let found = lines(&pieces);
            let breaks = all.iter().filter(|byte| **byte == b'\n').count();
            prop_assert_eq!(found.len(), breaks + usize::from(all.last().is_some_and(|byte| *byte != b'\n')));
            for line in &found {
                prop_assert!(line.len() <= 4_096 && !line.contains('\n'));
            }
            prop_assert_eq!(found, lines(&[&all]));
        }
    }
}
