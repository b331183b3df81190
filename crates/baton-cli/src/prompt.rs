//! Asking a person, and reading secrets that a program hands over. A secret is never an argument: everyone on a machine
//! can see the arguments of all its processes.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use anyhow::{Context, Result};
use baton::Secret;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::exit::{Exit, Stop};

/// What Ctrl-C, Ctrl-D, Ctrl-U and the two forms of backspace are where the terminal does not see to them.
const INTERRUPT: u8 = 0x03;
const END: u8 = 0x04;
const DISCARD: u8 = 0x15;
const BACKSPACES: [u8; 2] = [0x08, 0x7f];

/// Asks for a line.
pub(crate) fn line(what: &str, instead: &str) -> Result<String> {
    must_be_a_person(what, instead)?;
    show(&format!("{what}: "));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("failed to read standard input")?;
    match line.trim() {
        "" => Err(Stop::new(Exit::Usage, format!("there is no {}", what.to_lowercase())).into()),
        line => Ok(line.to_owned()),
    }
}

/// Asks for a secret, which is not shown.
pub(crate) fn secret(what: &str, instead: &str) -> Result<Secret> {
    must_be_a_person(what, instead)?;
    let typed = {
        let _hidden = Hidden::begin().context("failed to hide what is typed")?;
        show(&format!("{what}: "));
        read_hidden(&mut io::stdin().lock())
    };
    show("\n");
    typed
}

/// Asks twice, because nobody sees what he types.
pub(crate) fn new_secret(what: &str, instead: &str) -> Result<Secret> {
    let first = secret(what, instead)?;
    if first != secret(&format!("{what}, once more"), instead)? {
        return Err(Stop::new(Exit::Usage, "the two are not the same; nothing was changed").into());
    }
    Ok(first)
}

/// So many secrets from standard input, each on a line of its own; the last one goes to its end.
pub(crate) fn from_stdin<const N: usize>() -> Result<[Secret; N]> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).context("failed to read standard input")?;
    split(&text).ok_or_else(|| {
        let lines = if N == 1 { "a line" } else { "two lines" };
        Stop::new(Exit::Usage, format!("standard input does not have what was expected: {lines} of text"))
            .into()
    })
}

fn split<const N: usize>(text: &str) -> Option<[Secret; N]> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let lines: Vec<Secret> =
        text.splitn(N, '\n').map(|line| Secret(line.trim_end_matches('\r').to_owned())).collect();
    let whole = lines.iter().all(|Secret(line)| !line.is_empty());
    lines.try_into().ok().filter(|_| whole)
}

/// Asks whether something is meant, by a word that no slip of the hand types.
pub(crate) fn confirm(question: &str, word: &str, instead: &str) -> Result<()> {
    if !is_a_person() {
        let sentence = format!("{question}, and nobody is there to be asked: {instead}");
        return Err(Stop::new(Exit::Usage, sentence).into());
    }
    show(&format!("{question}\ntype {word} to go on: "));
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("failed to read standard input")?;
    if line.trim() == word {
        return Ok(());
    }
    Err(Stop::new(Exit::Usage, "that was not it; nothing was done").into())
}

/// Whether questions may have colours.
pub(crate) fn paints() -> bool {
    is_a_person() && crate::out::colours(io::stderr().is_terminal())
}

#[expect(clippy::disallowed_methods, reason = "CI says that nobody sits at this terminal")]
fn is_a_person() -> bool {
    let nobody = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    io::stdin().is_terminal() && !nobody
}

fn must_be_a_person(what: &str, instead: &str) -> Result<()> {
    if is_a_person() {
        return Ok(());
    }
    let sentence = format!("{} is needed, and nobody is there to type it: {instead}", what.to_lowercase());
    Err(Stop::new(Exit::Usage, sentence).into())
}

fn show(text: &str) {
    // Whoever has no standard error types without being asked.
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// A terminal that does not show what is typed, until this is dropped. Ctrl-C is left to us as well: if it ended the
/// program here, the terminal would stay as it is.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> io::Result<Hidden> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes &= !(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Hidden(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

fn read_hidden(input: &mut impl BufRead) -> Result<Secret> {
    let mut typed = Vec::new();
    for byte in input.bytes() {
        match byte.context("failed to read standard input")? {
            b'\n' | b'\r' => break,
            END if typed.is_empty() => break,
            INTERRUPT => return Err(Stop::new(Exit::Interrupted, "interrupted").into()),
            DISCARD => typed.clear(),
            byte if BACKSPACES.contains(&byte) => drop_last(&mut typed),
            byte => typed.push(byte),
        }
    }
    if typed.is_empty() {
        return Err(Stop::new(Exit::Usage, "nothing was typed").into());
    }
    Ok(Secret(String::from_utf8(typed).map_err(|_| Stop::new(Exit::Usage, "what was typed is not UTF-8"))?))
}

/// A whole character, of however many bytes.
fn drop_last(typed: &mut Vec<u8>) {
    while typed.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_can_be_mended() {
        let read = |typed: &str| read_hidden(&mut typed.as_bytes()).map(|Secret(text)| text);
        assert_eq!(read("hunter2\nmore").unwrap(), "hunter2");
        assert_eq!(read("hé\u{7f}\u{8}hunter2\r").unwrap(), "hunter2");
        assert_eq!(read("wrong\u{15}right\n").unwrap(), "right");
        assert_eq!(read(" with spaces \n").unwrap(), " with spaces ");
        for (typed, exit) in
            [("a\u{3}b\n", Exit::Interrupted), ("\n", Exit::Usage), ("\u{4}", Exit::Usage), ("", Exit::Usage)]
        {
            assert_eq!(crate::exit::of(&read(typed).unwrap_err()), exit, "{typed:?}");
        }
    }

    #[test]
    fn standard_input_is_taken_without_its_line_end() {
        let one = |text: &str| split::<1>(text).map(|[Secret(one)]| one);
        assert_eq!(one("hunter2\n").as_deref(), Some("hunter2"));
        assert_eq!(one(" hunter2").as_deref(), Some(" hunter2"));
        assert_eq!(one("hunter2\r\n").as_deref(), Some("hunter2"));
        assert_eq!((one(""), one("\n")), (None, None));
        let two = split::<2>("old\nnew\n").map(|two| two.map(|Secret(text)| text));
        assert_eq!(two, Some(["old".to_owned(), "new".to_owned()]));
        assert!(split::<2>("old\n").is_none() && split::<2>("\nnew").is_none());
    }
}
