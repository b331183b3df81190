//! What stands around every page: who looks at it, how the fleet does, where else one can go.

use std::collections::BTreeMap;

use askama::Template;
use askama::filters::HtmlSafe;
use baton_api::Timestamp;
use baton_api::health::Health;
use baton_api::task::Stats;
use baton_core::Status;

use crate::instance::Instance;
use crate::link::{Base, Link};
use crate::settings::Look;
use crate::words;

/// What every page is told.
#[derive(Clone, Debug)]
pub struct Shell {
    pub base: Base,
    /// Which deployment it is.
    pub instance: Instance,
    pub theme: Theme,
    pub look: Look,
    pub viewer: Viewer,
    /// What ages are counted from.
    pub now: Timestamp,
    /// The path and query of this page, without the base.
    pub here: String,
    /// One of [`PLACES`], or nothing.
    pub place: &'static str,
    /// None where nobody is known who may see it.
    pub bar: Option<Bar>,
}

/// The pages of the navigation: word, path, and the key behind `g`.
pub const PLACES: [(&str, &str, &str); 11] = [
    ("Overview", "/", "o"),
    ("Tasks", "/ui/tasks", "t"),
    ("Flows", "/ui/flows", "f"),
    ("Queues", "/ui/queues", "q"),
    ("Workers", "/ui/workers", "w"),
    ("Schedules", "/ui/schedules", "s"),
    ("Errors", "/ui/errors", "e"),
    (HOOKS, "/ui/webhooks", "h"),
    ("Sessions", "/ui/sessions", "u"),
    ("Events", "/ui/events", "v"),
    ("System", "/ui/system", "y"),
];

/// Only for those who could make one.
const HOOKS: &str = "Webhooks";

/// Which colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    pub fn as_str(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// What is not known is the system's.
    pub fn of(word: &str) -> Theme {
        Theme::ALL.into_iter().find(|theme| theme.as_str() == word).unwrap_or_default()
    }

    /// The one that a press of the button leads to.
    pub fn next(self) -> Theme {
        match self {
            Theme::System => Theme::Dark,
            Theme::Dark => Theme::Light,
            Theme::Light => Theme::System,
        }
    }
}

/// Whoever looks.
#[derive(Clone, Debug, Default)]
pub struct Viewer {
    /// None: nobody logged in.
    pub name: Option<String>,
    /// There are no logins, and everyone may do everything.
    pub open: bool,
    /// The scopes that are allowed, in some queue at least. A button for anything else is not shown; whether it is allowed
    /// here is decided where it is done.
    pub scopes: Vec<&'static str>,
}

/// How the fleet does.
#[derive(Clone, Debug, Default)]
pub struct Bar {
    pub stats: Option<Stats>,
    pub health: Option<Health>,
}

impl Bar {
    /// None: it cannot be read now. A status that is not named has no tasks.
    pub fn count(&self, status: &Status) -> Option<u64> {
        let stats = self.stats.as_ref()?;
        Some(stats.tasks.get(status.as_str()).copied().unwrap_or_default())
    }

    /// In the last minute, if it is known.
    pub fn per_minute(&self, word: &str) -> String {
        let rates = self.stats.as_ref().and_then(|stats| stats.rates.get("1m"));
        rates.map_or_else(
            || words::UNKNOWN.to_owned(),
            |rates: &BTreeMap<String, f64>| words::per_minute(rates.get(word).copied().unwrap_or_default()),
        )
    }

    pub fn workers(&self) -> Option<u64> {
        let workers = self.health.as_ref()?.workers.as_ref()?;
        Some(workers.total.saturating_sub(workers.offline))
    }

    /// One word on the connection to Redis, and whether it is good.
    pub fn redis(&self) -> (String, bool) {
        let Some(health) = &self.health else { return ("Redis is not heard of".to_owned(), false) };
        match &health.redis {
            Some(redis) if redis.connected && redis.full => ("Redis is full".to_owned(), false),
            Some(redis) if redis.connected => {
                let ms = redis.latency_ms.map_or(String::new(), |ms| format!(" {ms:.1}\u{202f}ms"));
                (format!("Redis{ms}"), true)
            }
            Some(_) => ("Redis is away".to_owned(), false),
            // Only for those who may read the metrics.
            None => ("Redis".to_owned(), true),
        }
    }
}

impl Shell {
    pub fn may(&self, scope: &str) -> bool {
        self.viewer.scopes.contains(&scope)
    }

    /// A status: a mark and its word.
    pub fn mark(&self, status: impl AsRef<str>) -> Mark {
        Mark { marks: self.base.asset("marks.svg"), word: status.as_ref().to_owned() }
    }

    pub fn mark_of(&self, status: &Status) -> Mark {
        self.mark(status.as_str())
    }

    pub fn task(&self, id: impl std::fmt::Display) -> Link {
        self.base.of("/ui/tasks", id.to_string())
    }

    pub fn queue(&self, name: impl std::fmt::Display) -> Link {
        self.base.of("/ui/queues", name.to_string())
    }

    pub fn flow(&self, id: impl std::fmt::Display) -> Link {
        self.base.of("/ui/flows", id.to_string())
    }

    pub fn flows(&self) -> Link {
        self.base.to("/ui/flows")
    }

    pub fn tasks(&self) -> Link {
        self.base.to("/ui/tasks")
    }

    /// The same question to the interface, from a terminal.
    pub fn curl(&self, origin: &str, path: &Link) -> String {
        let token = if self.viewer.open { "" } else { " -H \"Authorization: Bearer $BATON_TOKEN\"" };
        format!("curl{token} '{origin}{path}'")
    }

    pub fn since(&self, at: &Timestamp) -> String {
        self.look.times.write(at, self.now)
    }

    /// A point in time, as it is read at a glance, and as it is.
    pub fn when(&self, at: &Timestamp) -> When {
        When { exact: at.to_string(), text: self.since(at) }
    }

    /// The day, the time and the zone.
    pub fn in_full(&self, at: &Timestamp) -> When {
        let times = self.look.times;
        let text = format!("{} {}", words::day_and_time(times.moved(at)), times.zone());
        When { exact: at.to_string(), text }
    }

    /// The same, and how long ago that is.
    pub fn exactly(&self, at: &Timestamp) -> Exactly {
        Exactly { when: self.in_full(at), age: words::since(at, self.now) }
    }

    /// The same, to the millisecond: where the order of things matters.
    pub fn moment(&self, at: &Timestamp) -> When {
        let is_today = self.now.ms().saturating_sub(at.ms()) < 86_400_000;
        let here = self.look.times.moved(at);
        When {
            exact: at.to_string(),
            text: if is_today { words::time(here) } else { words::day_and_time(here) },
        }
    }

    /// Those that whoever looks may see.
    pub fn places(&self) -> Vec<&'static (&'static str, &'static str, &'static str)> {
        PLACES.iter().filter(|(word, _, _)| *word != HOOKS || self.may("queues:admin")).collect()
    }
}

/// The mark of a status, and its word. Its colour comes third.
#[derive(Clone, Debug, Template)]
#[template(
    ext = "html",
    source = "<span class=\"status {{ word }}\"><svg class=\"mark\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><use href=\"{{ marks }}#{{ word }}\"/></svg>{{ word }}</span>"
)]
pub struct Mark {
    marks: Link,
    word: String,
}

impl HtmlSafe for Mark {}

/// A point in time.
#[derive(Clone, Debug, Template)]
#[template(ext = "html", source = "<time datetime=\"{{ exact }}\" title=\"{{ exact }}\">{{ text }}</time>")]
pub struct When {
    exact: String,
    text: String,
}

impl HtmlSafe for When {}

/// A point in time, in full, and its age.
#[derive(Clone, Debug, Template)]
#[template(ext = "html", source = "{{ when }}, {{ age }}")]
pub struct Exactly {
    when: When,
    age: String,
}

impl HtmlSafe for Exactly {}

/// What stands around a page in a test: nobody looks, and everybody may.
#[cfg(test)]
pub(crate) fn tests_shell() -> Shell {
    Shell {
        base: Base::default(),
        instance: Instance::default(),
        theme: Theme::System,
        look: Look::default(),
        viewer: Viewer { open: true, ..Viewer::default() },
        now: Timestamp::from_ms(1_800_000_000_000),
        here: "/".to_owned(),
        place: "",
        bar: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Times;

    #[test]
    fn a_button_leads_through_all_themes() {
        let mut theme = Theme::System;
        let mut seen = Vec::new();
        for _ in 0..3 {
            theme = theme.next();
            seen.push(theme.as_str());
            assert_eq!(Theme::of(theme.as_str()), theme);
        }
        assert_eq!((seen, Theme::of("<script>")), (vec!["dark", "light", "system"], Theme::System));
    }

    #[test]
    fn a_time_says_of_which_zone_it_is() {
        let mut shell = tests_shell();
        let at: Timestamp = "2026-11-05T21:30:01.250Z".parse().unwrap();
        shell.now = Timestamp::from_ms(at.ms() + 5_000);
        for (word, text) in
            [("relative", "2026-11-05 21:30:01 UTC"), ("+05:30", "2026-11-06 03:00:01 +05:30")]
        {
            shell.look.times = Times::of(word);
            let written = shell.exactly(&at).to_string().replace('\u{202f}', " ");
            assert!(written.contains(&format!(">{text}</time>, 5 s ago")), "{written}");
        }
    }

    #[test]
    fn what_is_not_known_of_the_fleet_is_not_stated() {
        let bar = Bar::default();
        assert_eq!(
            (bar.count(&Status::Failed), bar.per_minute("failed").as_str(), bar.workers()),
            (None, words::UNKNOWN, None)
        );
        assert!(!bar.redis().1);
        let told = |redis: &str| {
            let health = format!(
                r#"{{"status":"degraded","version":"1","timestamp":"2026-11-05T21:30:01.250Z","auth":"none","redis":{redis}}}"#
            );
            Bar { health: Some(serde_json::from_str(&health).unwrap()), ..Bar::default() }.redis()
        };
        assert_eq!(
            told(r#"{"connected":true,"latency_ms":0.6,"full":true}"#),
            ("Redis is full".to_owned(), false)
        );
        assert!(told(r#"{"connected":true,"latency_ms":0.6}"#).1);
    }
}
