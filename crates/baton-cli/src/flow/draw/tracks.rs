//! The lines between two columns.
//!
//! Each task that something leads away from has a vertical track of its own, and each task that something leads to a
//! horizontal line of its own. They meet only where there is an edge, and where they only cross, the horizontal one is
//! broken. A line from a task turns where it ends, and what it joins leads on to the right: so every edge can be read
//! from the drawing, and none that is not there.

use super::columns::Line;

/// A vertical line: where it is joined from the left, and where it leads to the right. All of these lead to all of those.
#[derive(Debug, PartialEq, Eq)]
struct Track {
    from: Vec<usize>,
    to: Vec<usize>,
}

impl Track {
    fn ends(&self) -> (usize, usize) {
        let rows = || self.from.iter().chain(&self.to).copied();
        (rows().min().unwrap_or_default(), rows().max().unwrap_or_default())
    }

    /// Does it begin in a row in which something else ends, which must come further right?
    fn is_before(&self, other: &Track) -> bool {
        self != other && self.from.iter().any(|row| other.to.contains(row))
    }

    fn is_straight(&self) -> bool {
        self.from == self.to && self.to.len() == 1
    }
}

/// The tracks from left to right, in an order in which no line can be taken for another.
#[derive(Debug)]
pub(super) struct Tracks {
    tracks: Vec<Track>,
}

impl Tracks {
    /// None where no order will do. Then one of the columns has to move up or down.
    ///
    /// Where a task and one of the next column are in one row, the line from the first must turn into its track before
    /// any other joins the line to the second. From one to the other it can go straight if it is the only one of both.
    pub(super) fn of(lines: Vec<Line>) -> Option<Tracks> {
        let mut tracks = shared(lines);
        let into = |row: usize| tracks.iter().filter(|track| track.to.contains(&row)).count();
        let is_clear = |track: &Track| {
            let meets = track.from.iter().any(|row| track.to.contains(row));
            !meets || (track.is_straight() && into(track.to[0]) == 1)
        };
        if !tracks.iter().all(is_clear) {
            return None;
        }
        let mut ordered = Vec::new();
        while !tracks.is_empty() {
            let next = tracks.iter().position(|track| !tracks.iter().any(|other| other.is_before(track)))?;
            ordered.push(tracks.remove(next));
        }
        Some(Tracks { tracks: ordered })
    }

    pub(super) fn width(&self) -> usize {
        if self.tracks.is_empty() { 0 } else { 2 * self.tracks.len() + 1 }
    }

    /// A row of it.
    pub(super) fn row(&self, row: usize) -> String {
        (0..self.width()).map(|column| self.cell(row, column)).collect()
    }

    fn cell(&self, row: usize, column: usize) -> char {
        let passed = if self.is_passed(row, column) { '─' } else { ' ' };
        let on_track = (column % 2 == 1).then(|| self.tracks.get(column / 2)).flatten();
        let Some(track) = on_track else { return passed };
        let (top, bottom) = track.ends();
        if !(top..=bottom).contains(&row) {
            return passed;
        }
        let (begins, leads) = (track.from.contains(&row), track.to.contains(&row));
        if !begins && !leads {
            return '│';
        }
        let left = begins || self.first_into(row).is_some_and(|first| first < column);
        joint(left, leads, row > top, row < bottom)
    }

    /// Is there a horizontal line here, between tracks or across one?
    fn is_passed(&self, row: usize, column: usize) -> bool {
        let leaves = |(at, track): (usize, &Track)| track.from.contains(&row) && column < 2 * at + 1;
        self.tracks.iter().enumerate().any(leaves) || self.first_into(row).is_some_and(|first| column > first)
    }

    /// The column of the leftmost track from which a line leads into this row.
    fn first_into(&self, row: usize) -> Option<usize> {
        self.tracks.iter().position(|track| track.to.contains(&row)).map(|at| 2 * at + 1)
    }
}

/// Those that lead to the same rows share a track.
fn shared(lines: Vec<Line>) -> Vec<Track> {
    let mut tracks: Vec<Track> = Vec::new();
    for Line { row, targets } in lines {
        match tracks.iter_mut().find(|track| track.to == targets) {
            Some(track) => track.from.push(row),
            None => tracks.push(Track { from: vec![row], to: targets }),
        }
    }
    tracks
}

fn joint(left: bool, right: bool, up: bool, down: bool) -> char {
    match (left, right, up, down) {
        (true, true, true, true) => '┼',
        (true, true, true, false) => '┴',
        (true, true, false, true) => '┬',
        (true, true, false, false) => '─',
        (true, false, true, true) => '┤',
        (true, false, true, false) => '┘',
        (true, false, false, _) => '┐',
        (false, _, true, true) => '├',
        (false, _, true, false) => '└',
        (false, _, false, _) => '┌',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &[(usize, &[usize])], expected: &[&str]) {
        let lines =
            lines.iter().map(|(row, targets)| Line { row: *row, targets: targets.to_vec() }).collect();
        let tracks = Tracks::of(lines).unwrap();
        let drawn: Vec<String> = (0..expected.len()).map(|row| tracks.row(row)).collect();
        assert_eq!(drawn, expected);
    }

    #[test]
    fn one_line_is_straight_or_turns() {
        check(&[(0, &[0])], &["───"]);
        check(&[(0, &[2])], &["─┐ ", " │ ", " └─"]);
        check(&[(2, &[0])], &[" ┌─", " │ ", "─┘ "]);
        check(&[(1, &[0, 2])], &[" ┌─", "─┤ ", " └─"]);
    }

    #[test]
    fn lines_join_where_there_is_an_edge_and_break_where_there_is_none() {
        // Two parents of one child share a track, unless one of them has another child.
        check(&[(0, &[1]), (2, &[1])], &["─┐ ", " ├─", "─┘ "]);
        check(&[(0, &[1, 3]), (2, &[1])], &["─┐   ", " ├─┬─", "─│─┘ ", " └───"]);
        // a → 2, b → 0: they cross.
        check(&[(1, &[4]), (3, &[0])], &["   ┌─", "─┐ │ ", " │ │ ", "─│─┘ ", " └───"]);
    }

    #[test]
    fn a_line_turns_before_others_join_its_row() {
        // a in row 0 leads to row 2, and b in row 1 to row 0.
        check(&[(1, &[0]), (0, &[2])], &["─┐ ┌─", "─│─┘ ", " └───"]);
    }

    #[test]
    fn where_no_order_will_do_there_is_none() {
        let line = |row, target| Line { row, targets: vec![target] };
        assert!(Tracks::of(vec![line(0, 2), line(2, 0)]).is_none());
        let both = Line { row: 0, targets: vec![0, 2] };
        assert!(Tracks::of(vec![both]).is_none(), "it would look as though row 2 led to row 0");
        assert!(Tracks::of(vec![line(0, 0), line(2, 0)]).is_none());
        assert!(Tracks::of(vec![line(0, 3), line(2, 1)]).is_some());
        assert_eq!(Tracks::of(Vec::new()).unwrap().width(), 0);
    }
}
