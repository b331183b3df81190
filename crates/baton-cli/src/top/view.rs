//! What stands on the screen, and what keys do. It knows neither a terminal nor a gateway.

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph, Row as Cells, Table, TableState};

use super::picture::{Panel, Picture, Row};
use crate::out::plain;

/// What is to be done at the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Pause(String),
    Resume(String),
    Purge(String),
    Stop(String),
    Cancel(String),
    Rerun(String),
}

impl Deed {
    /// What takes nothing away is done in production, too.
    fn is_harmless(&self) -> bool {
        matches!(self, Deed::Resume(_))
    }

    /// What somebody types who means it in production.
    fn typed(&self) -> String {
        match self {
            Deed::Pause(queue) => format!("queue pause {queue}"),
            Deed::Resume(queue) => format!("queue resume {queue}"),
            Deed::Purge(queue) => format!("queue purge {queue} --confirm {queue}"),
            Deed::Stop(worker) => format!("worker stop {worker}"),
            Deed::Cancel(task) => format!("task cancel {task}"),
            Deed::Rerun(group) => format!("error rerun {group}"),
        }
    }

    /// What to say once the gateway has taken it.
    pub(super) fn done(&self) -> String {
        match self {
            Deed::Pause(queue) => format!("{queue} is paused"),
            Deed::Resume(queue) => format!("{queue} goes on"),
            Deed::Purge(queue) => format!("everything in {queue} that has not ended is being cancelled"),
            Deed::Stop(worker) => format!("{worker} was told to stop"),
            Deed::Cancel(task) => format!("{task} was cancelled"),
            Deed::Rerun(group) => format!("what failed as {group} is being rerun"),
        }
    }

    /// What is asked before; nothing where it takes nothing away.
    fn question(&self) -> Option<String> {
        match self {
            Deed::Pause(_) | Deed::Resume(_) => None,
            Deed::Purge(queue) => Some(format!("Cancel everything in {queue} that has not ended?")),
            Deed::Stop(worker) => Some(format!("Stop {worker}?")),
            Deed::Cancel(task) => Some(format!("Cancel {task}?")),
            Deed::Rerun(group) => Some(format!("Rerun all that failed as {group}?")),
        }
    }
}

/// What a key led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    Stay,
    Quit,
    Do(Deed),
}

#[derive(Debug)]
pub(super) struct View {
    picture: Picture,
    now_ms: u64,
    panel: usize,
    selected: [usize; 4],
    filter: String,
    /// The filter is being typed.
    typing: bool,
    help: bool,
    asked: Option<Deed>,
    /// The name of the context where it is production: there nothing is destroyed by one key.
    production: Option<String>,
    /// What happened last: a deed that was done, or an answer that did not come.
    note: String,
}

const KEYS: &[(&str, &str)] = &[
    ("Tab, Shift-Tab", "the next panel, the one before"),
    ("Up, Down, j, k", "another row"),
    ("/", "show only rows with a text; Enter keeps it, Esc drops it"),
    ("p", "pause the queue, or resume it"),
    ("X", "cancel everything of the queue that has not ended"),
    ("S", "stop the worker"),
    ("C", "cancel the running task"),
    ("R", "rerun the group of failures"),
    ("?", "these keys"),
    ("q, Ctrl-C", "end"),
];

impl View {
    pub(super) fn new(picture: Picture, now_ms: u64) -> View {
        View {
            picture,
            now_ms,
            panel: 0,
            selected: [0; 4],
            filter: String::new(),
            typing: false,
            help: false,
            asked: None,
            production: None,
            note: String::new(),
        }
    }

    pub(super) fn in_production(self, production: Option<String>) -> View {
        View { production, ..self }
    }

    pub(super) fn show(&mut self, picture: Picture, now_ms: u64) {
        (self.picture, self.now_ms) = (picture, now_ms);
    }

    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.note = note.into();
    }

    fn panel(&self) -> Panel {
        Panel::ALL.get(self.panel).copied().unwrap_or(Panel::Queues)
    }

    fn rows(&self, panel: Panel) -> Vec<Row> {
        self.picture.rows(panel, &self.filter, self.now_ms)
    }

    /// The row that the cursor is on.
    fn at_cursor(&self) -> Option<Row> {
        let rows = self.rows(self.panel());
        let at = self.selected[self.panel].min(rows.len().saturating_sub(1));
        rows.into_iter().nth(at)
    }

    pub(super) fn press(&mut self, key: KeyEvent) -> Reaction {
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return Reaction::Quit;
        }
        self.note.clear();
        if let Some(deed) = self.asked.take() {
            return match key.code {
                KeyCode::Char('y') => Reaction::Do(deed),
                _ => Reaction::Stay,
            };
        }
        if self.typing {
            self.type_filter(key.code);
            return Reaction::Stay;
        }
        if std::mem::take(&mut self.help) {
            return Reaction::Stay;
        }
        self.command(key.code)
    }

    fn type_filter(&mut self, code: KeyCode) {
        match code {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => (self.typing, self.filter) = (false, String::new()),
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Char(character) => self.filter.push(character),
            _ => {}
        }
    }

    fn command(&mut self, code: KeyCode) -> Reaction {
        match code {
            KeyCode::Char('q') => return Reaction::Quit,
            KeyCode::Char('?') => self.help = true,
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Esc => self.filter.clear(),
            KeyCode::Tab => self.panel = (self.panel + 1) % Panel::ALL.len(),
            KeyCode::BackTab => self.panel = (self.panel + Panel::ALL.len() - 1) % Panel::ALL.len(),
            KeyCode::Down | KeyCode::Char('j') => self.move_by(1),
            KeyCode::Up | KeyCode::Char('k') => self.move_by(-1),
            KeyCode::Char(letter) => return self.begin(letter),
            _ => {}
        }
        Reaction::Stay
    }

    fn move_by(&mut self, rows: isize) {
        let last = self.rows(self.panel()).len().saturating_sub(1);
        let at = self.selected[self.panel].min(last);
        self.selected[self.panel] = at.saturating_add_signed(rows).min(last);
    }

    /// What takes something away is asked about first.
    fn begin(&mut self, letter: char) -> Reaction {
        let Some(row) = self.at_cursor() else { return Reaction::Stay };
        let paused = || self.picture.queues.iter().any(|queue| queue.name.as_str() == row.id && queue.paused);
        let deed = match (self.panel(), letter) {
            (Panel::Queues, 'p') if paused() => Deed::Resume(row.id),
            (Panel::Queues, 'p') => Deed::Pause(row.id),
            (Panel::Queues, 'X') => Deed::Purge(row.id),
            (Panel::Workers, 'S') => Deed::Stop(row.id),
            (Panel::Running, 'C') => Deed::Cancel(row.id),
            (Panel::Failures, 'R') => Deed::Rerun(row.id),
            _ => return Reaction::Stay,
        };
        if let Some(name) = self.production.as_ref().filter(|_| !deed.is_harmless()) {
            self.note =
                format!("{name} is production; to do this, type: baton --context {name} {}", deed.typed());
            return Reaction::Stay;
        }
        if deed.question().is_none() {
            return Reaction::Do(deed);
        }
        self.asked = Some(deed);
        Reaction::Stay
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>) {
        let height = frame.area().height;
        // The panel with the cursor gets what the others leave.
        let size = |(at, _): (usize, _)| match at == self.panel {
            true => Constraint::Fill(2),
            false if height < 24 => Constraint::Length(2),
            false => Constraint::Fill(1),
        };
        let sizes = Panel::ALL.iter().enumerate().map(size).chain([Constraint::Length(1)]);
        let areas = Layout::vertical(sizes).split(frame.area());
        for (at, panel) in Panel::ALL.iter().enumerate() {
            self.draw_panel(frame, areas[at], *panel, at == self.panel);
        }
        frame.render_widget(Paragraph::new(self.footer()), areas[Panel::ALL.len()]);
        if self.help {
            draw_help(frame);
        }
    }

    fn draw_panel(&self, frame: &mut Frame<'_>, area: Rect, panel: Panel, has_cursor: bool) {
        let rows = self.rows(panel);
        let title = format!(" {} {} ", panel.title(), rows.len());
        let style = if has_cursor { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() };
        let block = Block::bordered().title(title).border_style(style);
        let widths = widths(panel, &rows);
        let mut state = TableState::new();
        if has_cursor && !rows.is_empty() {
            state.select(Some(self.selected[self.panel].min(rows.len() - 1)));
        }
        let cells = rows.into_iter().map(|row| {
            let style = if row.alarming { Style::new().red() } else { Style::new() };
            Cells::new(row.cells).style(style)
        });
        let table = Table::new(cells, widths)
            .header(Cells::new(panel.heads().iter().copied()).style(Style::new().add_modifier(Modifier::DIM)))
            .column_spacing(2)
            .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED))
            .block(block);
        frame.render_stateful_widget(table, area, &mut state);
    }

    fn footer(&self) -> Line<'_> {
        let text = match (&self.asked, self.typing) {
            (Some(deed), _) => format!("{} y: yes, any other key: no", deed.question().unwrap_or_default()),
            (None, true) => format!("/{}_", plain(&self.filter)),
            (None, false) if !self.note.is_empty() => plain(&self.note),
            (None, false) if !self.filter.is_empty() => {
                format!("only rows with {:?}; Esc shows all", plain(&self.filter))
            }
            (None, false) => "Tab: next panel   /: filter   ?: keys   q: end".to_owned(),
        };
        Line::from(text)
    }
}

/// As wide as what stands in them; the last takes the rest.
fn widths(panel: Panel, rows: &[Row]) -> Vec<Constraint> {
    let heads = panel.heads();
    let widest = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.cells.get(at)).map(|cell| cell.chars().count());
        cells.chain([heads[at].len()]).max().unwrap_or_default().min(48)
    };
    let last = heads.len() - 1;
    let width = |at| match at == last {
        true => Constraint::Fill(1),
        false => Constraint::Length(u16::try_from(widest(at)).unwrap_or(u16::MAX)),
    };
    (0..heads.len()).map(width).collect()
}

fn draw_help(frame: &mut Frame<'_>) {
    let lines: Vec<Line<'_>> =
        KEYS.iter().map(|(key, what)| Line::from(format!(" {key:<16}{what}"))).collect();
    let area = frame.area();
    let (width, height) = (area.width.min(80), area.height.min(u16::try_from(lines.len()).unwrap_or(0) + 2));
    let middle = Rect::new((area.width - width) / 2, (area.height - height) / 2, width, height);
    frame.render_widget(Clear, middle);
    frame.render_widget(Paragraph::new(lines).block(Block::bordered().title(" Keys ")), middle);
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
