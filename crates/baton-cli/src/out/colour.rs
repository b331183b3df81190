//! Colours and glyphs: the same for each status as on the dashboard, and none where nobody would see them.

use baton::Status;

/// By the conventions that terminals' users know: `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR=0`, `TERM=dumb`.
#[expect(clippy::disallowed_methods, reason = "how to paint is asked where a terminal program asks it")]
pub(crate) fn wanted(terminal: bool) -> bool {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    decide(terminal, &set)
}

fn decide(terminal: bool, set: &dyn Fn(&str) -> Option<String>) -> bool {
    if set("NO_COLOR").is_some() {
        return false;
    }
    if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    terminal && set("CLICOLOR").as_deref() != Some("0") && set("TERM").is_none_or(|term| term != "dumb")
}

pub(crate) fn paint(colour: bool, code: &str, text: &str) -> String {
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// The glyph stands beside the word, so that neither colour nor glyph is needed to read it.
pub(crate) fn status(status: Status, glyph: bool, colour: bool) -> String {
    let (sign, code) = look(status);
    let word = if glyph { format!("{sign} {status}") } else { status.to_string() };
    paint(colour, code, &word)
}

/// The sign of a status, for a picture that explains its signs.
pub(crate) fn glyph(status: Status) -> char {
    look(status).0
}

/// The colour of a status.
pub(crate) fn code(status: Status) -> &'static str {
    look(status).1
}

fn look(status: Status) -> (char, &'static str) {
    match status {
        Status::Scheduled => ('◷', "35"),
        Status::Blocked => ('⊟', "33"),
        Status::Pending => ('○', "34"),
        Status::Running => ('◐', "36"),
        Status::Completed => ('✓', "32"),
        Status::Failed => ('✗', "31"),
        Status::Timeout => ('⧗', "91"),
        Status::Cancelled => ('⊘', "90"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(terminal: bool, variables: &[(&str, &str)], expected: bool) {
        let set = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(decide(terminal, &set), expected, "{terminal} {variables:?}");
    }

    #[test]
    fn colour_follows_the_conventions() {
        check(true, &[], true);
        check(false, &[], false);
        check(true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false);
        check(false, &[("CLICOLOR_FORCE", "1")], true);
        check(false, &[("CLICOLOR_FORCE", "0")], false);
        check(true, &[("CLICOLOR", "0")], false);
        check(true, &[("TERM", "dumb")], false);
    }
}
