//! Reads a query. Words are split at white space outside quotes; each is one term.

use std::fmt::Display;
use std::str::FromStr;

use super::{Compare, ErrorWord, Mistake, Point, Term, Test};
use crate::limits;

const NAMES: &str = "status, queue, kind, tag, worker, flow, key, group, id, error, attempt, created, finished, payload.<path>";

pub(super) fn query(text: &str) -> Result<Vec<Term>, Vec<Mistake>> {
    if text.len() as u64 > limits::QUERY_BYTES_MAX {
        let message = format!("it has {} bytes, and may have {}", text.len(), limits::QUERY_BYTES_MAX);
        return Err(vec![Mistake { at: limits::QUERY_BYTES_MAX as usize, message }]);
    }
    let words = words(text).map_err(|mistake| vec![mistake])?;
    if words.len() as u64 > limits::QUERY_TERMS_MAX {
        let at = words[limits::QUERY_TERMS_MAX as usize].at;
        return Err(vec![Mistake { at, message: format!("it may have {} terms", limits::QUERY_TERMS_MAX) }]);
    }
    let (mut terms, mut mistakes) = (Vec::new(), Vec::new());
    for word in words {
        match term(&word) {
            Ok(term) => terms.push(term),
            Err(message) => mistakes.push(Mistake { at: word.at, message }),
        }
    }
    if mistakes.is_empty() { Ok(terms) } else { Err(mistakes) }
}

/// One character, and whether it stood in quotes, where it has no meaning of its own.
type Sign = (char, bool);

struct Word {
    at: usize,
    signs: Vec<Sign>,
}

/// Within quotes a backslash takes the next character as it is.
fn words(text: &str) -> Result<Vec<Word>, Mistake> {
    let (mut words, mut word): (Vec<Word>, Option<Word>) = (Vec::new(), None);
    let (mut quoted, mut escaped) = (None, false);
    for (at, sign) in text.char_indices() {
        if sign.is_control() && !sign.is_whitespace() {
            return Err(Mistake { at, message: "a control character has no meaning".to_owned() });
        }
        if quoted.is_none() && sign.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_with(|| Word { at, signs: Vec::new() });
        match sign {
            _ if escaped => {
                word.signs.push((sign, true));
                escaped = false;
            }
            '\\' if quoted.is_some() => escaped = true,
            '"' if quoted.is_some() => quoted = None,
            '"' => {
                quoted = Some(at);
                // An empty text in quotes is one too.
                word.signs.push(('\0', true));
            }
            _ => word.signs.push((sign, quoted.is_some())),
        }
    }
    if let Some(at) = quoted {
        return Err(Mistake { at, message: "this quote is not closed".to_owned() });
    }
    words.extend(word);
    Ok(words)
}

/// The characters of signs; the mark of a quote is none.
fn plain(signs: &[Sign]) -> String {
    signs.iter().map(|(sign, _)| *sign).filter(|sign| *sign != '\0').collect()
}

fn term(word: &Word) -> Result<Term, String> {
    let negated = word.signs.first() == Some(&('-', false));
    let signs = &word.signs[usize::from(negated)..];
    let test = match signs.iter().position(|sign| *sign == (':', false)) {
        Some(at) if !signs[..at].iter().any(|(_, quoted)| *quoted) => {
            named(&plain(&signs[..at]), &signs[at + 1..])?
        }
        _ => text(&plain(signs))?,
    };
    Ok(Term { negated, test })
}

fn text(part: &str) -> Result<Test, String> {
    if part.is_empty() {
        Err("there is nothing to look for".to_owned())
    } else {
        Ok(Test::Text(part.to_owned()))
    }
}

fn named(name: &str, signs: &[Sign]) -> Result<Test, String> {
    if let Some(path) = name.strip_prefix("payload.") {
        return Ok(Test::Payload { path: path_of(path)?, values: values(name, signs)? });
    }
    Ok(match name {
        "status" => Test::Status(each(name, signs)?),
        "queue" => Test::Queue(each(name, signs)?),
        "kind" => Test::Kind(each(name, signs)?),
        "tag" => Test::Tag(each(name, signs)?),
        "worker" => Test::Worker(each(name, signs)?),
        "flow" => Test::Flow(each(name, signs)?),
        "key" => Test::Key(each(name, signs)?),
        "group" => Test::Group(each(name, signs)?),
        "id" => Test::Id(each(name, signs)?),
        "error" => Test::Error(errors(name, signs)?),
        "attempt" => {
            let (compare, number) = compared(name, signs)?;
            let number = number.parse().map_err(|_| format!("{number:?} is no number, as in attempt:>2"))?;
            Test::Attempt(compare, number)
        }
        "created" => at(name, signs).map(|(compare, point)| Test::Created(compare, point))?,
        "finished" => at(name, signs).map(|(compare, point)| Test::Finished(compare, point))?,
        _ => {
            let name: String = name.chars().take(32).collect();
            return Err(format!(
                "there is no term {name:?}; known are {NAMES}; put quotes around a text to look for it"
            ));
        }
    })
}

fn errors(name: &str, signs: &[Sign]) -> Result<Vec<ErrorWord>, String> {
    let word = |signs: &[Sign]| {
        let text = plain(signs);
        let is_quoted = signs.iter().any(|(_, quoted)| *quoted);
        let group = text.parse().ok().filter(|_| !is_quoted);
        group.map_or(ErrorWord::Part(text), ErrorWord::Group)
    };
    Ok(parts(name, signs)?.into_iter().map(word).collect())
}

/// The values between commas; one in quotes may have commas itself.
fn values(name: &str, signs: &[Sign]) -> Result<Vec<String>, String> {
    Ok(parts(name, signs)?.into_iter().map(plain).collect())
}

fn parts<'a>(name: &str, signs: &'a [Sign]) -> Result<Vec<&'a [Sign]>, String> {
    let each: Vec<&[Sign]> = signs.split(|sign| *sign == (',', false)).collect();
    if each.len() as u64 > limits::QUERY_VALUES_MAX {
        return Err(format!("{name} may have {} values", limits::QUERY_VALUES_MAX));
    }
    if each.iter().any(|value| value.is_empty()) {
        return Err(format!("a value of {name} is missing"));
    }
    Ok(each)
}

fn each<T: FromStr<Err: Display>>(name: &str, signs: &[Sign]) -> Result<Vec<T>, String> {
    let read = |value: &String| value.parse::<T>().map_err(|error| format!("failed to {error}"));
    values(name, signs)?.iter().map(read).collect()
}

fn compared(name: &str, signs: &[Sign]) -> Result<(Compare, String), String> {
    let values = values(name, signs)?;
    let [value] = &values[..] else { return Err(format!("{name} takes one value")) };
    let (compare, rest) = Compare::read(value);
    Ok((compare, rest.to_owned()))
}

fn at(name: &str, signs: &[Sign]) -> Result<(Compare, Point), String> {
    let (compare, text) = compared(name, signs)?;
    let point = Point::read(&text);
    let point = point.ok_or_else(|| {
        let text: String = text.chars().take(40).collect();
        format!("{text:?} is no time: write 2h, 2026-01-31 or 2026-01-31T09:30:00Z, behind < or >")
    })?;
    match (compare, point) {
        (Compare::Equal, Point::At(_) | Point::Ago(_)) => {
            Err(format!("put < or > before the time of {name}: only a whole day can be met exactly"))
        }
        _ => Ok((compare, point)),
    }
}

fn path_of(path: &str) -> Result<Vec<String>, String> {
    let parts: Vec<String> = path.split('.').map(str::to_owned).collect();
    match parts.len() as u64 {
        _ if parts.iter().any(String::is_empty) => Err("a part of the path is missing".to_owned()),
        depth if depth > limits::QUERY_DEPTH_MAX => {
            Err(format!("the path may have {} parts", limits::QUERY_DEPTH_MAX))
        }
        _ => Ok(parts),
    }
}
