//! The values that came out, each with its origin, and everything that is wrong with them.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::file::{self, File};
use super::key::{KEYS, Key, Shape};
use super::problem::{Problem, Problems};
use super::similar::nearest;
use super::text::{Span, has_password, masked, parts};

/// Variables that are no keys: where the file is, who keeps a worker, and where the command line asks.
const ELSEWHERE: [&str; 6] =
    ["BATON_API_KEY", "BATON_CONFIG", "BATON_CONTEXT", "BATON_SUPERVISED", "BATON_TOKEN", "BATON_URL"];

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    File { path: PathBuf, line: usize },
    Environment(&'static str),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => out.write_str("default"),
            Origin::File { path, line } => write!(out, "{} line {line}", path.display()),
            Origin::Environment(name) => out.write_str(name),
            Origin::Flag(flag) => out.write_str(flag),
        }
    }
}

/// One key's value.
#[derive(Clone)]
pub struct Value {
    pub key: &'static Key,
    text: String,
    pub origin: Origin,
}

impl Value {
    /// The text, without a password that may be in it.
    pub fn shown(&self) -> String {
        self.key.shape.shown(&self.text)
    }

    /// A command line is read by everyone on its host, and kept by shells. So no flag takes a secret.
    fn is_out_of_sight(&self) -> Result<(), String> {
        let Origin::Flag(_) = self.origin else { return Ok(()) };
        if self.key.shape != Shape::Url || !has_password(&self.text) {
            return Ok(());
        }
        let Key { environment, name, .. } = self.key;
        Err(format!(
            "has a password in it, and everyone on this host can read command lines: give it as {environment}, or as {name} in the file"
        ))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} = {:?} ({})", self.key.name, self.shown(), self.origin)
    }
}

/// All values. Read the keys that a program needs, then [`finish`](Values::finish).
#[derive(Clone, Debug)]
pub struct Values {
    values: Vec<Value>,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl Values {
    pub(super) fn defaults() -> Values {
        let default =
            |key: &'static Key| Value { key, text: key.default.to_owned(), origin: Origin::Default };
        Values { values: KEYS.iter().map(default).collect(), problems: Vec::new(), warnings: Vec::new() }
    }

    pub(super) fn lay(&mut self, name: &str, text: String, origin: Origin) {
        match self.values.iter_mut().find(|value| value.key.name == name) {
            Some(value) => (value.text, value.origin) = (text, origin),
            None => {
                let what = unknown("key", nearest(name, KEYS.iter().map(|key| key.name)));
                self.problems.push(Problem { subject: name.to_owned(), origin: Some(origin), what });
            }
        }
    }

    pub(super) fn lay_file(&mut self, file: &File) {
        let origin = |line| Origin::File { path: file.path.clone(), line };
        match file::entries(&file.text) {
            Err((what, line)) => self.problems.push(Problem {
                subject: file.path.display().to_string(),
                origin: line.map(origin),
                what,
            }),
            Ok(entries) => entries.into_iter().for_each(|entry| match entry.text {
                Some(text) => self.lay(&entry.name, text, origin(entry.line)),
                None => {
                    let what = "is neither a text nor a number, true or false, or a list of these".to_owned();
                    self.problems.push(Problem {
                        subject: entry.name,
                        origin: Some(origin(entry.line)),
                        what,
                    });
                }
            }),
        }
    }

    /// Orchestrators add variables of their own that happen to begin with our prefix, such as `BATON_GATEWAY_PORT` for
    /// a service called baton-gateway. So only what looks like a slip in one of ours is a mistake.
    pub(super) fn lay_environment(&mut self, environment: &[(String, String)]) {
        for (name, text) in environment.iter().filter(|(_, text)| !text.is_empty()) {
            if let Some(key) = KEYS.iter().find(|key| key.environment == name) {
                self.lay(key.name, text.clone(), Origin::Environment(key.environment));
            } else if name.starts_with("BATON_") && !ELSEWHERE.contains(&name.as_str()) {
                match nearest(name, KEYS.iter().map(|key| key.environment).chain(["BATON_CONFIG"])) {
                    Some(meant) => self.problems.push(Problem {
                        subject: name.clone(),
                        origin: None,
                        what: unknown("variable", Some(meant)),
                    }),
                    None => {
                        self.warnings.push(format!("the variable {name} is not one of ours and is ignored"))
                    }
                }
            }
        }
    }

    pub(super) fn check(&mut self) {
        for value in &mut self.values {
            let fits = value.key.shape.check(&value.text);
            let fits = fits.map_err(|wrong| format!("{:?} {wrong}", masked(&value.text)));
            if let Err(wrong) = fits.and_then(|()| value.is_out_of_sight()) {
                self.problems.push(rejected(value, &wrong));
                value.text = value.key.default.to_owned();
            }
        }
    }

    /// Every key with its value.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.values.iter()
    }

    /// What looks odd but does not matter.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Something is wrong with the value of this key in view of others.
    pub fn reject(&mut self, name: &str, what: &str) {
        if let Some(value) = self.values.iter().find(|value| value.key.name == name) {
            self.problems.push(rejected(value, what));
        }
    }

    /// All mistakes that were met until now.
    pub fn finish(&self) -> Result<(), Problems> {
        if self.problems.is_empty() { Ok(()) } else { Err(Problems(self.problems.clone())) }
    }

    /// The value of a key that exists, as this makes it. What cannot be made is noted, and the default stands in for it.
    #[expect(
        clippy::expect_used,
        clippy::panic,
        reason = "keys and defaults are constants, and tests read them"
    )]
    pub fn read<T, E: fmt::Display>(&mut self, name: &str, make: impl Fn(&str) -> Result<T, E>) -> T {
        let Some(value) = self.values.iter().find(|value| value.key.name == name) else {
            panic!("there is no key {name}");
        };
        match make(&value.text) {
            Ok(made) => made,
            Err(error) => {
                self.problems.push(rejected(value, &format!("failed to {error}")));
                make(value.key.default)
                    .map_err(|error| error.to_string())
                    .expect("a default that can be read")
            }
        }
    }

    pub fn parse<T: FromStr<Err: fmt::Display>>(&mut self, name: &str) -> T {
        self.read(name, str::parse)
    }

    pub fn list<T: FromStr<Err: fmt::Display>>(&mut self, name: &str) -> Vec<T> {
        self.read(name, |text| parts(text).map(str::parse).collect::<Result<Vec<T>, _>>())
    }

    pub fn span(&mut self, name: &str) -> Duration {
        self.parse::<Span>(name).0
    }

    /// The value of a key that may be empty.
    pub fn optional<T: FromStr<Err: fmt::Display>>(&mut self, name: &str) -> Option<T> {
        self.read(name, |text| if text.is_empty() { Ok(None) } else { text.parse().map(Some) })
    }
}

fn rejected(value: &Value, what: &str) -> Problem {
    Problem { subject: value.key.name.to_owned(), origin: Some(value.origin.clone()), what: what.to_owned() }
}

fn unknown(what: &str, meant: Option<&str>) -> String {
    match meant {
        Some(meant) => format!("there is no such {what}; did you mean {meant}?"),
        None => format!("there is no such {what}; deploy/baton.example.toml has all of them"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Flag, Sources, resolve};
    use super::*;

    fn file(text: &str) -> Option<File> {
        Some(File { path: "b.toml".into(), text: text.to_owned() })
    }

    fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn told(values: &Values) -> Vec<String> {
        values.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_nearest_source_wins_and_is_remembered() {
        let mut sources = Sources::default();
        let listen = |sources: &Sources| {
            let mut values = resolve(sources);
            let origin =
                values.iter().find(|value| value.key.name == "gateway.listen").unwrap().origin.to_string();
            (values.parse::<std::net::SocketAddr>("gateway.listen").port(), origin)
        };
        assert_eq!(listen(&sources), (8000, "default".to_owned()));
        sources.file = file("[gateway]\nlisten = \"127.0.0.1:1\"\n");
        assert_eq!(listen(&sources), (1, "b.toml line 2".to_owned()));
        sources.environment = environment(&[("BATON_LISTEN", "127.0.0.1:2")]);
        assert_eq!(listen(&sources), (2, "BATON_LISTEN".to_owned()));
        sources.flags =
            vec![Flag { key: "gateway.listen", flag: "--listen", value: "127.0.0.1:3".to_owned() }];
        assert_eq!(listen(&sources), (3, "--listen".to_owned()));
        sources.flags.clear();
        sources.environment = environment(&[("BATON_LISTEN", "")]);
        assert_eq!(listen(&sources).0, 1, "an empty variable is not set");
    }

    #[test]
    fn all_mistakes_are_told_at_once_with_their_places() {
        let sources = Sources {
            file: file(
                "[gateway]\nlisen = \"x\"\ndrain_timeout = \"soon\"\n[worker]\nslots = 0\n[gateway.listen]\n",
            ),
            environment: environment(&[
                ("BATON_LISTN", "127.0.0.1:2"),
                ("BATON_AUTH", "jwt"),
                ("BATON_GATEWAY_SERVICE_PORT_HTTP", "80"),
                ("BATON_SUPERVISED", "host-1"),
                ("BATTERY", "low"),
            ]),
            flags: Vec::new(),
        };
        let mut values = resolve(&sources);
        let level: String =
            values.read("log.filter", |_| Err("read it").or(Ok::<_, &str>("info".to_owned())));
        assert_eq!(level, "info");
        let mut problems = told(&values);
        problems.sort();
        assert_eq!(
            problems,
            [
                "BATON_LISTN: there is no such variable; did you mean BATON_LISTEN?",
                "gateway.auth (BATON_AUTH): \"jwt\" is not one of auto, none, required",
                "gateway.drain_timeout (b.toml line 3): \"soon\" is not a length of time like 250ms, 30s, 5m or 2h",
                "gateway.lisen (b.toml line 2): there is no such key; did you mean gateway.listen?",
                "gateway.listen (b.toml line 6): is neither a text nor a number, true or false, or a list of these",
                "worker.slots (b.toml line 5): \"0\" is not a number from 1 to 150",
            ]
        );
        assert_eq!(values.warnings().len(), 1);
        assert_eq!(values.finish().unwrap_err().0.len(), 6);
        assert_eq!(values.span("gateway.drain_timeout"), Duration::from_secs(25), "the default stands in");
    }

    #[test]
    fn what_a_program_cannot_use_is_told_in_its_words() {
        let sources =
            Sources { environment: environment(&[("BATON_WORKER_QUEUES", "1, two")]), ..Default::default() };
        let mut values = resolve(&sources);
        let numbers: Vec<String> = values.list("worker.queues");
        assert_eq!(numbers, ["1", "two"]);
        let wrong = |text: &str| if text == "default" { Ok(()) } else { Err("take it as a queue") };
        values.read("worker.queues", wrong);
        assert_eq!(told(&values), ["worker.queues (BATON_WORKER_QUEUES): failed to take it as a queue"]);
    }

    #[test]
    fn a_flag_takes_no_password() {
        let url = |text: &str| Flag { key: "redis.url", flag: "--redis-url", value: text.to_owned() };
        let of = |text: &str| resolve(&Sources { flags: vec![url(text)], ..Default::default() });
        for secret in [
            "redis://u:hunter2@h:1",
            "redis://:hunter2@h",
            "redis+sentinel://u:hunter2@a:1,b:1/main",
            "redis://h?password=hunter2",
            "unix:/s.sock?user=u&pass=hunter2",
        ] {
            let told = told(&of(secret));
            assert_eq!(
                told,
                [
                    "redis.url (--redis-url): has a password in it, and everyone on this host can read command lines: \
                  give it as BATON_REDIS_URL, or as redis.url in the file"
                ],
                "{secret}"
            );
        }
        for open in [
            "redis://h:6379/2",
            "unix:/tmp/a:b@c/redis.sock",
            "rediss://[::1]:7000?ca=/etc/baton@one/ca.pem",
            "redis://a@h",
        ] {
            assert!(told(&of(open)).is_empty(), "{open}");
        }
        // Nobody else sees these.
        let variable = environment(&[("BATON_REDIS_URL", "redis://u:hunter2@h:1")]);
        let given = Sources {
            environment: variable,
            file: file("[redis]\nurl = \"redis://u:hunter2@h:1\"\n"),
            ..Default::default()
        };
        assert!(told(&resolve(&given)).is_empty());
    }

    #[test]
    fn a_password_is_in_no_output() {
        let url = ("BATON_REDIS_URL", "redis://baton:hunter2@host:1");
        let values = resolve(&Sources { environment: environment(&[url]), ..Default::default() });
        let shown: Vec<String> = values.iter().map(Value::shown).collect();
        assert!(shown.contains(&"redis://…@host:1".to_owned()));
        assert!(!format!("{values:?}").contains("hunter2"));
        // Not even where it was given as something else.
        let elsewhere = ("BATON_LISTEN", "redis://baton:hunter2@host:1");
        let values = resolve(&Sources { environment: environment(&[elsewhere]), ..Default::default() });
        assert!(
            !told(&values).is_empty() && !told(&values).concat().contains("hunter2"),
            "{:?}",
            told(&values)
        );
    }
}
