//! YAML as JSON. Each value keeps the line on which it was written, so that what is wrong with it can be found.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use super::scalar::{plain, quoted};
use super::{BYTES_MAX, Mistake};

/// A text of JSON, and where its values come from.
#[derive(Debug, Default)]
pub(super) struct Converted {
    pub(super) json: String,
    /// Where values begin in the JSON, and on which line of the YAML; both rise.
    pub(super) lines: Vec<(usize, usize)>,
}

/// Reads one document. All mistakes at once, as far as one can read on after them.
pub(super) fn convert(yaml: &str) -> Result<Converted, Vec<Mistake>> {
    let mut writer = Writer::default();
    for next in Parser::new_from_str(yaml) {
        let outcome = match next {
            Ok((event, span)) => writer.take(event, span.start.line()),
            Err(error) => {
                let (line, column) = (error.marker().line(), error.marker().col() + 1);
                Err(Mistake::at(line, format!("this is no YAML: {} (column {column})", error.info())))
            }
        };
        if let Err(mistake) = outcome {
            writer.mistakes.push(mistake);
            break;
        }
    }
    if writer.converted.json.is_empty() && writer.mistakes.is_empty() {
        writer.mistakes.push(Mistake::at(1, "there is nothing in it"));
    }
    if writer.mistakes.is_empty() { Ok(writer.converted) } else { Err(writer.mistakes) }
}

#[derive(Default)]
struct Writer {
    converted: Converted,
    open: Vec<Open>,
    /// What an alias stands for: a piece of the JSON.
    anchors: HashMap<usize, Range<usize>>,
    mistakes: Vec<Mistake>,
}

/// A list or an object that has not ended.
struct Open {
    begin: usize,
    anchor: usize,
    is_object: bool,
    is_empty: bool,
    /// The names that an object has so far; of a list nothing.
    names: HashSet<String>,
    /// Is the next value that of a name?
    is_named: bool,
}

/// A mistake after which reading on makes no sense.
type Fatal = Result<(), Mistake>;

impl Writer {
    fn take(&mut self, event: Event<'_>, line: usize) -> Fatal {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(line, &text, style, anchor, tag.as_deref())
            }
            Event::SequenceStart(_, anchor, tag) => self.begin(line, anchor, tag.as_deref(), false),
            Event::MappingStart(_, anchor, tag) => self.begin(line, anchor, tag.as_deref(), true),
            Event::SequenceEnd | Event::MappingEnd => {
                self.end();
                Ok(())
            }
            Event::Alias(anchor) => self.alias(line, anchor),
            Event::DocumentStart(..) if !self.converted.json.is_empty() => {
                Err(Mistake::at(line, "a second document begins here: a file is one flow"))
            }
            // Comments and the ends of things, and what a reader is told only if it asks for it.
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        line: usize,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Fatal {
        if self.open.last().is_some_and(|open| open.is_object && !open.is_named) {
            self.name(line, text);
            return Ok(());
        }
        let begin = self.value(line)?;
        let is_text = tag.is_some_and(|tag| tag.core_suffix() == Some("str") || tag.original() == "!");
        let json = if is_text || style != ScalarStyle::Plain { Ok(quoted(text)) } else { plain(text) };
        match json {
            Ok(json) => self.converted.json.push_str(&json),
            Err(unclear) => {
                self.mistakes.push(Mistake::at(line, unclear));
                self.converted.json.push_str("null");
            }
        }
        self.tagged(line, tag, is_text);
        self.anchors.insert(anchor, begin..self.converted.json.len());
        Ok(())
    }

    fn begin(&mut self, line: usize, anchor: usize, tag: Option<&Tag>, is_object: bool) -> Fatal {
        let begin = self.value(line)?;
        self.tagged(line, tag, false);
        self.converted.json.push(if is_object { '{' } else { '[' });
        let names = HashSet::new();
        self.open.push(Open { begin, anchor, is_object, is_empty: true, names, is_named: false });
        Ok(())
    }

    fn end(&mut self) {
        let Some(open) = self.open.pop() else { return };
        self.converted.json.push(if open.is_object { '}' } else { ']' });
        self.anchors.insert(open.anchor, open.begin..self.converted.json.len());
    }

    fn alias(&mut self, line: usize, anchor: usize) -> Fatal {
        let begin = self.value(line)?;
        let Some(meant) = self.anchors.get(&anchor).cloned() else {
            return Err(Mistake::at(line, "this alias stands for something that contains it"));
        };
        // A few lines of aliases of aliases would otherwise fill all memory.
        if begin + meant.len() > BYTES_MAX {
            return Err(Mistake::at(line, too_large()));
        }
        self.converted.json.extend_from_within(meant);
        Ok(())
    }

    /// The name of a member.
    fn name(&mut self, line: usize, name: &str) {
        let Some(open) = self.open.last_mut() else { return };
        let comma = if open.is_empty { "" } else { "," };
        (open.is_empty, open.is_named) = (false, true);
        if !open.names.insert(name.to_owned()) {
            self.mistakes.push(Mistake::at(line, format!("the member {name} is there twice")));
        }
        if name == "<<" {
            let message = "`<<` is not read: name each member, or use an alias for a whole value";
            self.mistakes.push(Mistake::at(line, message));
        }
        self.converted.json.push_str(&format!("{comma}{}:", quoted(name)));
    }

    /// A value begins here.
    fn value(&mut self, line: usize) -> Result<usize, Mistake> {
        if let Some(open) = self.open.last_mut() {
            if open.is_object && !open.is_named {
                return Err(Mistake::at(line, "the name of a member is a single word or text"));
            }
            let comma = !open.is_object && !open.is_empty;
            (open.is_empty, open.is_named) = (false, false);
            self.converted.json.extend(comma.then_some(','));
        }
        let begin = self.converted.json.len();
        if begin > BYTES_MAX {
            return Err(Mistake::at(line, too_large()));
        }
        self.converted.lines.push((begin, line));
        Ok(begin)
    }

    fn tagged(&mut self, line: usize, tag: Option<&Tag>, is_text: bool) {
        let known =
            |tag: &Tag| matches!(tag.core_suffix(), Some("int" | "float" | "bool" | "null" | "seq" | "map"));
        if let Some(tag) = tag.filter(|tag| !is_text && !known(tag)) {
            self.mistakes
                .push(Mistake::at(line, format!("JSON has no values of the type {}", tag.original())));
        }
    }
}

pub(super) fn too_large() -> String {
    format!("it comes to more than {} MiB: submit it as several flows", BYTES_MAX >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(yaml: &str, json: &str) {
        assert_eq!(convert(yaml).unwrap().json, json, "{yaml}");
    }

    fn check_wrong(yaml: &str, expected: &[(usize, &str)]) {
        let mistakes = convert(yaml).unwrap_err();
        assert_eq!(mistakes.len(), expected.len(), "{mistakes:?}");
        for (mistake, (line, words)) in mistakes.iter().zip(expected) {
            assert!(mistake.line == *line && mistake.message.contains(words), "{mistake:?}");
        }
    }

    #[test]
    fn values_are_those_that_were_written() {
        check(
            "a: 1\nb: [x, 'no', true, ~]\nc:\n  d: |\n    two\n    lines\n",
            r#"{"a":1,"b":["x","no",true,null],"c":{"d":"two\nlines\n"}}"#,
        );
        check(
            "# a comment\n---\n- {a: 12345678901234567890, 7: \"\"}\n- !!str 7\n- []\n",
            r#"[{"a":12345678901234567890,"7":""},"7",[]]"#,
        );
        check("{\"a\": [1, {\"b\": null}], \"ü\": \"\\u00fc\\n\"}", r#"{"a":[1,{"b":null}],"ü":"ü\n"}"#);
        check("tasks:\n- kind: echo\n  parents:\n  - a\n", r#"{"tasks":[{"kind":"echo","parents":["a"]}]}"#);
    }

    #[test]
    fn an_alias_stands_for_the_whole_value() {
        check("- &a {x: [1]}\n- *a\n- y: *a\n", r#"[{"x":[1]},{"x":[1]},{"y":{"x":[1]}}]"#);
        let mut bomb = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for depth in 1..12 {
            let alias = format!("*a{}, ", depth - 1).repeat(9);
            bomb.push_str(&format!("- &a{depth} [{alias}*a{}]\n", depth - 1));
        }
        assert!(convert(&bomb).unwrap_err()[0].message.contains("32 MiB"));
        check_wrong("&a [*a]", &[(1, "contains it")]);
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let converted = convert("# head\na: 1\n\nb:\n  - x\n  - y\n").unwrap();
        let line = |word: &str| {
            let at = converted.json.find(word).unwrap();
            converted.lines.iter().find(|(begin, _)| *begin == at).map(|(_, line)| *line)
        };
        assert_eq!((line("1"), line("[\"x"), line("\"y\"")), (Some(2), Some(5), Some(6)));
    }

    #[test]
    fn mistakes_come_together_with_their_lines() {
        check_wrong(
            "a: 007\nb: .inf\na: 1\n<<: {}\nc: !secret x\n",
            &[(1, "begins with a zero"), (2, ".inf"), (3, "twice"), (4, "`<<`"), (5, "!secret")],
        );
        check_wrong("a: [1,\nb: 2\n", &[(1, "no YAML")]);
        check_wrong("a: 1\n---\nb: 2\n", &[(2, "second document")]);
        check_wrong("? [a]\n: 1\n", &[(1, "name of a member")]);
        check_wrong("# nothing\n", &[(1, "nothing")]);
        check_wrong("a: *b\n", &[(1, "no YAML")]);
    }
}
