//! Flows in files, as YAML or JSON: what is sent of them, and where in them a mistake is.

mod place;
mod scalar;
mod yaml;

use std::io::Read;

use anyhow::{Context, Result};
use baton::Problem;
use serde_json::value::RawValue;

use crate::exit::{Exit, Stop};
use crate::out::plain;
use place::Places;

/// What a gateway takes as the body of a flow.
const BYTES_MAX: usize = 32 << 20;

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mistake {
    /// From 1; 0 where it is nowhere in the file.
    line: usize,
    /// The ref of the task that it is in.
    task: Option<String>,
    message: String,
    /// Where it is in the JSON that was sent.
    pointer: String,
}

impl Mistake {
    fn at(line: usize, message: impl Into<String>) -> Mistake {
        Mistake { line, task: None, message: message.into(), pointer: String::new() }
    }

    fn line(&self) -> String {
        let line = if self.line > 0 { format!("line {}", self.line) } else { String::new() };
        let task = self.task.as_deref().map(|task| format!("{task}: ")).unwrap_or_default();
        let place = if self.pointer.is_empty() { String::new() } else { format!("  ({})", self.pointer) };
        format!("\n  {line:<9} {}", plain(&format!("{task}{}{place}", self.message)))
    }
}

/// A flow as JSON, and how to find its parts in the file.
#[derive(Debug)]
pub(super) struct FlowFile {
    name: String,
    json: String,
    /// Where values begin in the JSON, and on which line of the file. None where the JSON is the file.
    lines: Option<Vec<(usize, usize)>>,
}

impl FlowFile {
    /// Reads a file, or standard input as `-`.
    pub(super) fn read(path: &str) -> Result<FlowFile> {
        let (name, text) = match path {
            "-" => ("standard input", std::io::read_to_string(std::io::stdin().take(BYTES_MAX as u64 + 1))),
            path => (path, std::fs::read_to_string(path)),
        };
        FlowFile::of(name, text.with_context(|| format!("failed to read {name}"))?)
    }

    /// What is JSON is sent as it is, and anything else is YAML, unless it is called otherwise.
    fn of(name: &str, text: String) -> Result<FlowFile> {
        let name = name.to_owned();
        if text.len() > BYTES_MAX {
            return Err(refused(&name, "payload_too_large", &[Mistake::at(0, yaml::too_large())]));
        }
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        match serde_json::from_str::<&RawValue>(&text) {
            Ok(_) => Ok(FlowFile { name, json: text, lines: None }),
            Err(error) if name.ends_with(".json") => {
                let message = format!("this is no JSON: {error}");
                Err(refused(&name, "malformed", &[Mistake::at(error.line(), message)]))
            }
            Err(_) => match yaml::convert(&text) {
                Ok(converted) => Ok(FlowFile { name, json: converted.json, lines: Some(converted.lines) }),
                Err(mistakes) => Err(refused(&name, "malformed", &mistakes)),
            },
        }
    }

    /// What is sent, under another name if one is given.
    pub(super) fn body(&self, name: Option<&str>) -> Vec<u8> {
        match name {
            Some(name) => place::with_member(&self.json, "name", name).into_bytes(),
            None => self.json.clone().into_bytes(),
        }
    }

    /// Why a gateway did not take it, in the words of whoever wrote the file.
    pub(super) fn explain(&self, error: baton::Error) -> anyhow::Error {
        match &error {
            baton::Error::Problem(problem) if !problem.errors.is_empty() => {
                refused(&self.name, &problem.code, &self.mistakes(problem))
            }
            _ => error.into(),
        }
    }

    fn mistakes(&self, problem: &Problem) -> Vec<Mistake> {
        let places = Places::of(&self.json);
        let mistake = |pointer: &str, message: &str| {
            let found = places.find(pointer);
            let line = found.map_or(0, |offset| self.line(offset));
            let task = places.task(pointer);
            Mistake { line, task, message: message.to_owned(), pointer: pointer.to_owned() }
        };
        let mut mistakes: Vec<Mistake> =
            problem.errors.iter().map(|error| mistake(&error.pointer, &error.message)).collect();
        mistakes.sort_by_key(|mistake| mistake.line);
        mistakes
    }

    /// The line of the file on which a value stands.
    fn line(&self, offset: usize) -> usize {
        match &self.lines {
            None => 1 + self.json.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count(),
            Some(lines) => {
                let after = lines.partition_point(|(begin, _)| *begin <= offset);
                lines[..after].last().map_or(1, |(_, line)| *line)
            }
        }
    }
}

/// All mistakes at once, one in a line.
fn refused(name: &str, code: &str, mistakes: &[Mistake]) -> anyhow::Error {
    let lines: String = mistakes.iter().map(Mistake::line).collect();
    Stop::new(Exit::Usage, format!("{name} cannot be submitted as a flow ({code}):{lines}")).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton::api::problem::Pointed;

    const YAML: &str = "name: nightly\ntasks:\n  - ref: extract\n    kind: echo\n  - ref: load\n    kind: echo\n    parents: [extract,\n      exract]\n  - kind: echo\n    priority: 12\n";

    fn problem(pointers: &[&str]) -> baton::Error {
        let error = |pointer: &&str| Pointed {
            pointer: (*pointer).to_owned(),
            message: format!("wrong at {pointer}"),
        };
        let text = |word: &str| word.to_owned();
        baton::Error::Problem(Box::new(Problem {
            kind: text("/problems/validation"),
            title: text("t"),
            status: 422,
            detail: text("d"),
            instance: text("/"),
            code: text("validation"),
            error: None,
            errors: pointers.iter().map(error).collect(),
            request_id: text("r"),
            trace_id: None,
            retry_after_ms: None,
        }))
    }

    fn explained(file: &FlowFile, pointers: &[&str]) -> String {
        let error = file.explain(problem(pointers));
        assert_eq!(crate::exit::of(&error), Exit::Usage);
        error.to_string()
    }

    #[test]
    fn mistakes_are_named_by_line_and_ref() {
        let file = FlowFile::of("nightly.yaml", YAML.to_owned()).unwrap();
        let said = explained(&file, &["/tasks/2/priority", "/tasks/1/parents/1", "/nmae", "Idempotency-Key"]);
        let expected = "nightly.yaml cannot be submitted as a flow (validation):
            wrong at Idempotency-Key  (Idempotency-Key)
  line 1    wrong at /nmae  (/nmae)
  line 8    load: wrong at /tasks/1/parents/1  (/tasks/1/parents/1)
  line 10   wrong at /tasks/2/priority  (/tasks/2/priority)";
        assert_eq!(said, expected);
        let json = "{\n \"tasks\": [\n  {\"ref\": \"a\", \"kind\": \"echo\",\n   \"parents\": [\n\"b\"]}]}";
        let file = FlowFile::of("a.json", json.to_owned()).unwrap();
        assert!(explained(&file, &["/tasks/0/parents/0"]).contains("\n  line 5    a: wrong at"));
    }

    #[test]
    fn json_is_sent_as_it_is() {
        let json =
            "{ \"tasks\": [ {\"kind\":\"echo\",\"payload\":{\"b\":1,  \"a\":12345678901234567890}} ] }\n";
        for name in ["a.json", "standard input", "a.yaml"] {
            assert_eq!(FlowFile::of(name, json.to_owned()).unwrap().body(None), json.as_bytes());
        }
        let named = FlowFile::of("a.json", json.to_owned()).unwrap().body(Some("x"));
        assert_eq!(String::from_utf8(named).unwrap(), format!("{{\"name\":\"x\",{}", &json[1..]));
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_line() {
        let error = FlowFile::of("a.json", "{\n\"tasks\": [}\n".to_owned()).unwrap_err();
        assert!(error.to_string().contains("\n  line 2    this is no JSON"), "{error}");
        let error = FlowFile::of("a.yaml", "a: 007\nb: 08\n".to_owned()).unwrap_err();
        assert_eq!(error.to_string().lines().count(), 3, "{error}");
    }
}
