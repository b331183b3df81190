//! Commands with all that they need to be answered: `answers/` has them, one file each.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use baton_testkit::PrivateRedis;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::runtime::Runtime;

use crate::fleet::{Fleet, Ran, of, typed};
use crate::stub::Stub;

/// A command, and the place where it is typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) typed: Vec<String>,
    /// What a gateway answers: JSON, the text of an event stream, or nothing at all for `null`.
    #[serde(default)]
    answers: BTreeMap<String, Box<RawValue>>,
    #[serde(default)]
    stdin: Option<String>,
    /// Files that lie there, by their names, with their texts.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Files whose texts are part of what the command made.
    #[serde(default)]
    leaves: Vec<String>,
    /// There is a Redis of its own, on which this command was carried out before.
    #[serde(default)]
    redis: Option<Vec<String>>,
    /// A fleet is at work, because only one that works can be measured.
    #[serde(default)]
    fleet: bool,
    /// No gateway is named.
    #[serde(default)]
    alone: bool,
    /// It prints one text, whatever form is asked for.
    #[serde(default)]
    pub(crate) text: bool,
    /// Its lines come in the order in which Redis has them.
    #[serde(default)]
    unordered: bool,
    /// What follows these up to the end of the word is another one each time.
    #[serde(default)]
    hides: Vec<String>,
    /// The same up to the end of the line.
    #[serde(default)]
    cuts: Vec<String>,
}

/// What cases share. A fleet takes a while to start.
pub(crate) struct World {
    fleet: OnceCell<Fleet>,
    runtime: Runtime,
}

impl World {
    pub(crate) fn new() -> World {
        World { fleet: OnceCell::new(), runtime: Runtime::new().unwrap() }
    }
}

/// Where one command is typed.
struct Place {
    directory: tempfile::TempDir,
    redis: Option<PrivateRedis>,
    url: String,
}

pub(crate) fn all() -> BTreeMap<String, Case> {
    let files = std::fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    let case = |path: std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        (name, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    files.filter(|path| path.extension().is_some_and(|end| end == "json")).map(case).collect()
}

fn directory() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/answers")
}

impl Case {
    pub(crate) fn is_of(&self, words: &[String]) -> bool {
        self.typed.starts_with(words)
    }

    /// How the command goes in this form, and everything that it prints and makes.
    pub(crate) fn printed(&self, world: &World, form: Option<&str>) -> (Ran, String) {
        let place = self.place(world);
        let ran = self.run(&place, form);
        let said = match ran.err.as_str() {
            "" => String::new(),
            said => format!("--- and on standard error\n{said}"),
        };
        let code = ran.code.filter(|code| *code != 0).map(|code| format!("--- exit code {code}\n"));
        let text = format!(
            "{}{said}{}{}",
            self.ordered(&ran.out),
            code.unwrap_or_default(),
            self.left(place.directory.path())
        );
        let text = self.without_chance(&format!("{}\n{}\n", self.line(form), place.unnamed(&text)));
        (ran, text)
    }

    /// As it is typed.
    pub(crate) fn line(&self, form: Option<&str>) -> String {
        let form = form.map(|form| format!(" -o {form}")).unwrap_or_default();
        format!("$ baton {}{form}", self.typed.join(" "))
    }

    /// The text without what is another one each time.
    fn without_chance(&self, text: &str) -> String {
        let is_blank = |one: char| one.is_whitespace() || "\",}".contains(one);
        let text = self.hides.iter().fold(text.to_owned(), |text, before| hidden(&text, before, is_blank));
        self.cuts.iter().fold(text, |text, before| hidden(&text, before, |one| one == '\n'))
    }

    fn ordered(&self, text: &str) -> String {
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        if self.unordered {
            lines.sort_unstable();
        }
        lines.concat()
    }

    /// The same for one who reads nothing of it; what it says is said as in a snapshot.
    pub(crate) fn unread(&self, world: &World, form: Option<&str>) -> Ran {
        let place = self.place(world);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = self.command(&place, form);
        command.stdout(writer).stderr(Stdio::piped());
        let ran = self.fed(command);
        Ran { err: self.without_chance(&place.unnamed(&ran.err)), ..ran }
    }

    fn run(&self, place: &Place, form: Option<&str>) -> Ran {
        let mut command = self.command(place, form);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        self.fed(command)
    }

    fn fed(&self, mut command: Command) -> Ran {
        let Some(text) = &self.stdin else { return of(&command.output().unwrap()) };
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        of(&child.wait_with_output().unwrap())
    }

    fn command(&self, place: &Place, form: Option<&str>) -> Command {
        let url = ["--url", &place.url];
        let form = form.map(|form| ["--utc", "-o", form]);
        let words = self.typed.iter().map(String::as_str);
        let before = if self.alone { &[][..] } else { &url[..] };
        let words: Vec<&str> =
            before.iter().copied().chain(form.into_iter().flatten()).chain(words).collect();
        let mut command = typed(&words);
        place.enter(&mut command);
        command
    }

    fn place(&self, world: &World) -> Place {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in &self.files {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let answers: Vec<(&str, &str)> =
            self.answers.iter().map(|(route, body)| (route.as_str(), body.get())).collect();
        let stub = Stub::knows(&answers);
        let url = match self.fleet {
            true => world.fleet.get_or_init(|| Fleet::start(&["--workers", "1"])).url.clone(),
            false => stub.url,
        };
        let redis = self.redis.as_ref().map(|_| world.runtime.block_on(PrivateRedis::start()));
        let place = Place { directory, redis, url };
        if let Some(before) = self.redis.as_ref().filter(|before| !before.is_empty()) {
            let mut command = typed(&before.iter().map(String::as_str).collect::<Vec<_>>());
            place.enter(&mut command);
            let ran = of(&command.output().unwrap());
            assert_eq!(ran.code, Some(0), "{before:?}: {ran:?}");
        }
        place
    }

    fn left(&self, place: &Path) -> String {
        let text = |name: &String| match std::fs::read_to_string(place.join(name)) {
            Ok(text) => format!("--- and in {name}\n{text}"),
            Err(error) => format!("--- and {name}: {error}\n"),
        };
        self.leaves.iter().map(text).collect()
    }
}

impl Place {
    /// The text with names for what is somewhere else each time.
    fn unnamed(&self, text: &str) -> String {
        let text = text.replace(&self.url, "http://gateway");
        text.replace(self.directory.path().to_str().unwrap(), "/here")
    }

    fn enter(&self, command: &mut Command) {
        std::fs::copy(directory().join("files/backup.ndjson"), self.directory.path().join("backup.ndjson"))
            .unwrap();
        command.current_dir(self.directory.path()).env("XDG_CONFIG_HOME", self.directory.path());
        if let Some(redis) = &self.redis {
            command.env("BATON_REDIS_URL", redis.url());
        }
    }
}

/// With `…` for what stands behind each of these, up to where it ends.
fn hidden(text: &str, before: &str, is_end: impl Fn(char) -> bool) -> String {
    let mut pieces = text.split(before);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |done, piece| {
        let end = piece.find(&is_end).unwrap_or(piece.len());
        let word = if end == 0 { "" } else { "…" };
        format!("{done}{before}{word}{}", &piece[end..])
    })
}
