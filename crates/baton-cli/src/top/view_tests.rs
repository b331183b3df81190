//! Frames, from a fixed look at a fleet.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;

const NOW_MS: u64 = 1_767_225_660_000;

fn picture() -> Picture {
    let queues = r#"[
        {"name":"default","paused":false,"tasks":{"pending":3,"running":1},"oldest_pending_age_ms":5000,"workers":2,"unattended":false},
        {"name":"mail","paused":true,"tasks":{"pending":7},"workers":0,"unattended":true}]"#;
    let workers = r#"[{"id":"worker-001-a","state":"busy","holds":1,"slots":4,"queues":["default","odd\u001b[2Jname"],"lease_ms":30000,
        "registered_at":"2026-01-01T00:00:00Z"}]"#;
    let failures = r#"[{"fingerprint":"00000000000000aa","kind":"mail.send","reason":"http","message":"re\u0007fused\r\n\u001b[31m<n>","count":12,
        "first_seen":"2026-01-01T00:00:00Z","last_seen":"2026-01-01T00:00:30Z","queues":{"mail":12}}]"#;
    Picture {
        queues: serde_json::from_str(queues).unwrap(),
        workers: serde_json::from_str(workers).unwrap(),
        running: Vec::new(),
        failures: serde_json::from_str(failures).unwrap(),
    }
}

fn view() -> View {
    View::new(picture(), NOW_MS)
}

fn frame(view: &View, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view.draw(frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(line).collect::<Vec<_>>().join("\n")
}

fn press(view: &mut View, keys: &str) -> Reaction {
    let mut last = Reaction::Stay;
    for key in keys.chars() {
        let code = match key {
            '\t' => KeyCode::Tab,
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            letter => KeyCode::Char(letter),
        };
        last = view.press(KeyEvent::from(code));
    }
    last
}

#[test]
fn a_frame_has_every_panel() {
    let shown = frame(&view(), 110, 29);
    let expected = "\
┌ Queues 2 ──────────────";
    assert!(shown.starts_with(expected), "{shown}");
    for line in [
        "│QUEUE    PENDING  RUNNING  SCHEDULED  BLOCKED  FAILED  WORKERS  OLDEST  NOTE",
        "│default  3        1        0          0        0       2        5.0 s",
        "│mail     7        0        0          0        0       0                paused",
        "┌ Workers 1 ─",
        "│worker-001-a  busy   1      4      default,odd�[2Jname",
        "┌ Running 0 ─",
        "┌ Failures 1 ─",
        "│12     30 s ago  mail.send  http    re�fused���[31m<n>",
        "Tab: next panel   /: filter   ?: keys   q: end",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    assert!(!shown.contains(['\u{1b}', '\u{7}', '\r']));
}

#[test]
fn the_smallest_screens_are_drawn() {
    for (width, height) in [(1, 1), (3, 3), (20, 8), (80, 24), (200, 60)] {
        let mut view = view();
        frame(&view, width, height);
        press(&mut view, "?");
        frame(&view, width, height);
    }
}

#[test]
fn a_filter_leaves_what_it_names() {
    let mut view = view();
    press(&mut view, "/MAI\n");
    let shown = frame(&view, 110, 29);
    assert!(
        shown.contains("Queues 1") && shown.contains("Workers 0") && !shown.contains("default  3"),
        "{shown}"
    );
    assert!(shown.contains("only rows with \"MAI\""), "{shown}");
    press(&mut view, "\u{1b}");
    assert!(frame(&view, 110, 29).contains("Queues 2"));
    // While it is typed, letters are letters.
    assert_eq!(press(&mut view, "/qX"), Reaction::Stay);
    assert!(frame(&view, 110, 29).ends_with("/qX_"));
}

#[test]
fn what_takes_something_away_is_asked_about() {
    let mut view = view();
    assert_eq!(press(&mut view, "p"), Reaction::Do(Deed::Pause("default".to_owned())));
    assert_eq!(press(&mut view, "jp"), Reaction::Do(Deed::Resume("mail".to_owned())));
    assert_eq!(press(&mut view, "X"), Reaction::Stay);
    assert!(frame(&view, 110, 29).contains("Cancel everything in mail that has not ended? y: yes"));
    assert_eq!(press(&mut view, "n"), Reaction::Stay);
    assert_eq!(press(&mut view, "y"), Reaction::Stay, "it was not asked any more");
    assert_eq!(press(&mut view, "Xy"), Reaction::Do(Deed::Purge("mail".to_owned())));
    assert_eq!(press(&mut view, "\tSy"), Reaction::Do(Deed::Stop("worker-001-a".to_owned())));
    assert_eq!(press(&mut view, "\tCy"), Reaction::Stay, "nothing runs");
    assert_eq!(press(&mut view, "\tRy"), Reaction::Do(Deed::Rerun("00000000000000aa".to_owned())));
    assert_eq!(press(&mut view, "?q"), Reaction::Stay, "any key takes the help away");
    assert_eq!(press(&mut view, "q"), Reaction::Quit);
}

#[test]
fn in_production_no_key_destroys_and_the_line_to_type_is_shown() {
    let mut view = view().in_production(Some("prod".to_owned()));
    for (keys, line) in [
        ("p", "queue pause default"),
        ("Xy", ""),
        ("X", "queue purge default --confirm default"),
        ("\tS", "worker stop worker-001-a"),
        ("\t\tR", "error rerun 00000000000000aa"),
    ] {
        assert_eq!(press(&mut view, keys), Reaction::Stay, "{keys:?}");
        assert!(frame(&view, 110, 29).contains(line), "{keys:?}: {}", frame(&view, 110, 29));
    }
    assert!(
        frame(&view, 110, 29).contains("prod is production; to do this, type: baton --context prod error")
    );
    assert_eq!(press(&mut view, "\tjp"), Reaction::Do(Deed::Resume("mail".to_owned())));
}

#[test]
fn a_note_is_in_words_and_goes_at_the_next_key() {
    let mut view = view();
    view.note(Deed::Purge("mail".to_owned()).done());
    assert!(frame(&view, 110, 29).contains("everything in mail that has not ended is being cancelled"));
    press(&mut view, "j");
    assert!(frame(&view, 110, 29).contains("Tab: next panel"));
}
