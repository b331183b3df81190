//! Tables: aligned, as wide as the terminal at most, whole where there is none.

use anyhow::Result;

use super::{Out, paint};

/// Rows of cells under a head. The width of a cell is that of its text; colour comes on top.
#[derive(Debug)]
pub(crate) struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Clone, Debug)]
struct Cell {
    text: String,
    code: Option<&'static str>,
}

/// Between two columns.
const GAP: usize = 2;

impl Table {
    pub(crate) fn new(heads: &[&'static str]) -> Table {
        Table { heads: heads.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|text| Cell { text: plain(&text), code: None }).collect());
    }

    /// Paints a cell of the last row.
    pub(crate) fn paint(&mut self, column: usize, code: &'static str) {
        if let Some(cell) = self.rows.last_mut().and_then(|row| row.get_mut(column)) {
            cell.code = Some(code);
        }
    }

    pub(crate) fn print(&self, out: &Out) -> Result<()> {
        out.text(&self.text(out))
    }

    /// What is printed.
    pub(crate) fn text(&self, out: &Out) -> String {
        self.render(out.width, out.colour)
    }

    fn render(&self, width: Option<usize>, colour: bool) -> String {
        let head = self.heads.iter().map(|head| Cell { text: (*head).to_owned(), code: Some("1") }).collect();
        let rows: Vec<Vec<Cell>> = std::iter::once(head).chain(self.rows.iter().cloned()).collect();
        let widths: Vec<usize> = (0..self.heads.len()).map(|column| widest(&rows, column)).collect();
        rows.iter().map(|row| line(row, &widths, width, colour)).collect()
    }
}

/// What a user wrote must not move the cursor or break the row.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|character| if is_hostile(character) { '�' } else { character }).collect()
}

/// What moves a cursor, or lets a line be read in another order than it was written.
pub(super) fn is_hostile(character: char) -> bool {
    let turns =
        matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || character.is_control()
}

fn widest(rows: &[Vec<Cell>], column: usize) -> usize {
    rows.iter()
        .filter_map(|row| row.get(column))
        .map(|cell| cell.text.chars().count())
        .max()
        .unwrap_or_default()
}

fn line(row: &[Cell], widths: &[usize], room: Option<usize>, colour: bool) -> String {
    let mut line = String::new();
    let mut left = room.unwrap_or(usize::MAX);
    for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
        let text = cut(&cell.text, left);
        let length = text.chars().count();
        left = left.saturating_sub(length);
        line.push_str(&cell.code.map_or_else(|| text.clone(), |code| paint(colour, code, &text)));
        if row[at + 1..].iter().all(|cell| cell.text.is_empty()) {
            break;
        }
        let gap = width - length.min(*width) + GAP;
        if gap >= left {
            break;
        }
        line.push_str(&" ".repeat(gap));
        left -= gap;
    }
    line.push('\n');
    line
}

fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["ID", "WHY"]);
        table.row(["a".to_owned(), "because it is so".to_owned()]);
        table.row(["long-one".to_owned(), String::new()]);
        table
    }

    #[test]
    fn columns_are_aligned_without_spaces_at_the_end() {
        assert_eq!(table().render(None, false), "ID        WHY\na         because it is so\nlong-one\n");
    }

    #[test]
    fn a_terminal_is_never_left_at_its_right_edge() {
        let text = table().render(Some(16), false);
        assert!(text.lines().all(|line| line.chars().count() <= 16), "{text}");
        assert!(text.contains("a         becau…"), "{text}");
    }

    #[test]
    fn a_line_is_never_wider_than_the_terminal_and_never_ends_in_spaces() {
        for width in 1..=100 {
            let text = table().render(Some(width), false);
            let fits = |line: &str| line.chars().count() <= width && !line.ends_with(' ');
            assert!(text.lines().all(fits), "{width}: {text}");
        }
    }

    #[test]
    fn a_text_can_neither_hide_a_sequence_nor_turn_the_line_around() {
        let hostile = "a\u{9b}2Jb\u{202e}c\u{2066}d\u{200f}e\u{85}f";
        assert_eq!(plain(hostile), "a�2Jb�c�d�e�f");
        assert_eq!(plain("äöü 日本 ✓"), "äöü 日本 ✓");
    }

    #[test]
    fn a_text_cannot_move_the_cursor() {
        let mut table = Table::new(&["X"]);
        table.row(["a\x1b[2Jb\nc".to_owned()]);
        assert_eq!(table.render(None, false), "X\na�[2Jb�c\n");
    }
}
