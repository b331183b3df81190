//! Schedules: all of them, one, and the form that makes or changes one.

use askama::Template;
use baton_api::schedule::{NextTime, Preview, Schedule, ScheduleState, Schedules};
use baton_api::task::Task;
use baton_core::schedule::{Cron, Denied, Missed, Overlap};

use crate::deed::{Deed, Noun};
use crate::link::Link;
use crate::page::pages;
use crate::sheet::{Field, Shape, Sheet};
use crate::shell::Shell;
use crate::words;

/// All schedules.
#[derive(Debug, Template)]
#[template(path = "schedules.html", blocks = ["live"])]
pub struct SchedulesPage {
    pub shell: Shell,
    pub list: Schedules,
}

/// One schedule.
#[derive(Debug, Template)]
#[template(path = "schedule.html", blocks = ["live"])]
pub struct SchedulePage {
    pub shell: Shell,
    pub schedule: Schedule,
    /// Those of its tasks that are among the newest of their kind; none, if they cannot be read now.
    pub runs: Option<Vec<Task>>,
}

/// Makes a schedule, or changes one.
#[derive(Debug, Template)]
#[template(path = "schedule_form.html", blocks = ["live"])]
pub struct ScheduleForm {
    pub shell: Shell,
    /// The one that is changed.
    pub name: Option<String>,
    /// What whoever changes it has seen.
    pub version: String,
    pub sheet: Sheet,
    /// What the times mean, once they have been looked at.
    pub preview: Option<Preview>,
    pub said: Option<String>,
}

pages!(SchedulesPage, SchedulePage, ScheduleForm);

/// What a cron expression means. One that is none says nothing.
pub fn cron_said(text: &str, zone: &str) -> Option<String> {
    let words = Cron::new(text).ok()?.in_words();
    Some(if zone == "UTC" || zone.is_empty() { format!("{words}, UTC") } else { format!("{words}, {zone}") })
}

/// Its times in words.
pub fn times(schedule: &Schedule) -> String {
    match (&schedule.cron, schedule.every_ms) {
        (Some(cron), _) => {
            let zone = schedule.zone.as_deref().unwrap_or("UTC");
            cron_said(cron, zone).unwrap_or_else(|| format!("{cron}, {zone}"))
        }
        (None, Some(ms)) => format!("every {}", words::took(ms)),
        (None, None) => String::new(),
    }
}

/// As the clocks of its zone show it; in UTC where it has none.
pub fn moment(next: &NextTime) -> String {
    let local = next.local.as_ref().map(|local| local.replacen('T', " ", 1));
    local.unwrap_or_else(|| format!("{} UTC", words::day_and_time(next.at)))
}

/// Later than this is worth a word: usually a time is seen to within a tick.
const OVERDUE_MS: u64 = 5_000;

/// What is the matter with it, if anything is.
pub fn troubles(schedule: &Schedule) -> Vec<String> {
    let denied = schedule.denied.map(|denied| denial(denied).to_owned());
    let late = schedule.overdue_ms.filter(|ms| *ms > OVERDUE_MS);
    let overdue = late.map(|ms| format!("Nobody has seen to its time of {} ago.", words::age(ms)));
    denied.into_iter().chain(overdue).collect()
}

/// Why its owner may not have its tasks made any more.
fn denial(denied: Denied) -> &'static str {
    match denied {
        Denied::Unknown => "Its last time was skipped: its owner, or his API key, is gone.",
        Denied::Disabled => "Its last time was skipped: its owner, or his API key, is disabled.",
        Denied::Forbidden => "Its last time was skipped: its owner may not write to its queue any more.",
    }
}

impl SchedulePage {
    /// One that is paused can be resumed, and the other way round.
    fn deeds(&self) -> Vec<&'static Deed> {
        let paused = self.schedule.state == ScheduleState::Paused;
        let fits = |deed: &&Deed| match deed.word {
            "pause" => !paused,
            "resume" => paused,
            _ => true,
        };
        Deed::allowed(Noun::Schedule, &self.shell).filter(fits).collect()
    }

    fn edit(&self) -> Option<Link> {
        let link = self.shell.base.of("/ui/schedules", self.schedule.name.as_str()).and("/edit");
        self.shell.may("tasks:write").then_some(link)
    }

    fn missed(&self) -> &'static str {
        MISSED.iter().find(|(word, _)| *word == self.schedule.missed.as_str()).map_or("", |(_, said)| said)
    }

    fn overlap(&self) -> &'static str {
        OVERLAP.iter().find(|(word, _)| *word == self.schedule.overlap.as_str()).map_or("", |(_, said)| said)
    }

    fn owner(&self) -> String {
        let Schedule { owner, owner_key, .. } = &self.schedule;
        match (owner, owner_key) {
            (Some(owner), Some(key)) => format!("{owner}, with the API key {key}"),
            (Some(owner), None) => owner.clone(),
            (None, _) => "nobody: it was made where there were no logins".to_owned(),
        }
    }
}

impl ScheduleForm {
    fn action(&self) -> Link {
        match &self.name {
            Some(name) => self.shell.base.of("/ui/schedules", name).and("/edit"),
            None => self.shell.base.to("/ui/new/schedule"),
        }
    }

    fn back(&self) -> Link {
        match &self.name {
            Some(name) => self.shell.base.of("/ui/schedules", name),
            None => self.shell.base.to("/ui/schedules"),
        }
    }
}

const MISSED: [(&str, &str); 3] = [
    ("skip", "leave them out"),
    ("once", "make one task for all of them"),
    ("all", "make one task for each, of the oldest sixty"),
];

const OVERLAP: [(&str, &str); 2] =
    [("allow", "make a task all the same"), ("skip", "make none while the one before has not ended")];

/// What is asked of a schedule; its name only of one that is new.
pub fn sheet(is_new: bool, queues: &[String]) -> Sheet {
    let name = Field::new("name", "/name", "Name").hint("Lower-case letters, digits and - _ .").must();
    let when = [
        Field::new("cron", "/cron", "Cron expression")
            .hint("Minute, hour, day of the month, month, weekday: 0 3 * * 1-5. Or @daily and the like."),
        Field::new("zone", "/zone", "Time zone").hint("As Europe/Berlin. UTC unless said otherwise."),
        Field::new("every", "/every_ms", "Or every").hint("Instead of an expression: 30s, 5m, 2h, 1d."),
        Field::new("missed", "/missed", "Times that were missed").choice(&MISSED),
        Field::new("overlap", "/overlap", "If the task before still runs").choice(&OVERLAP),
    ];
    let what = [
        Field::new("kind", "/kind", "Kind").hint("It names the handler.").must(),
        Field::new("queue", "/queue", "Queue").shape(Shape::Known(queues.to_vec())).starts("default"),
        Field::new("priority", "/priority", "Priority").hint("0 to 9, 9 first."),
        Field::new("tags", "/tags", "Tags").hint("With commas between."),
        Field::new("payload", "/payload", "Payload").hint("JSON, up to 16 KiB.").text(),
        Field::new("timeout", "/timeout_ms", "One run may take").hint("As 30s or 10m."),
        Field::new("attempts", "/max_attempts", "Attempts").hint("Counted with the first one."),
    ];
    let mut sheet = Sheet::default();
    if is_new {
        sheet = sheet.group("What it is called", [name]);
    }
    let mut sheet = sheet.group("When", when).group("What its tasks are", what);
    sheet.set("missed", Missed::default().as_str());
    sheet.set("overlap", Overlap::default().as_str());
    sheet
}

/// What it is now, in the fields of the form.
pub fn filled(schedule: &Schedule, queues: &[String]) -> Sheet {
    let mut sheet = sheet(false, queues);
    let tags: Vec<String> = schedule.tags.iter().map(ToString::to_string).collect();
    for (name, value) in [
        ("cron", schedule.cron.clone().unwrap_or_default()),
        ("zone", schedule.zone.clone().unwrap_or_default()),
        ("every", schedule.every_ms.map(words::length).unwrap_or_default()),
        ("missed", schedule.missed.to_string()),
        ("overlap", schedule.overlap.to_string()),
        ("kind", schedule.kind.to_string()),
        ("queue", schedule.queue.to_string()),
        ("priority", schedule.priority.to_string()),
        ("tags", tags.join(", ")),
        ("payload", words::typed(schedule.payload.get())),
        ("timeout", words::length(schedule.timeout_ms)),
        ("attempts", schedule.max_attempts.to_string()),
    ] {
        sheet.set(name, value);
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_has_words() {
        for missed in [Missed::Skip, Missed::Once, Missed::All] {
            assert!(MISSED.iter().any(|(word, _)| *word == missed.as_str()));
        }
        for overlap in [Overlap::Allow, Overlap::Skip] {
            assert!(OVERLAP.iter().any(|(word, _)| *word == overlap.as_str()));
        }
    }

    #[test]
    fn times_are_said_with_their_zone() {
        assert_eq!(cron_said("0 3 * * 1-5", "UTC").unwrap(), "at 03:00 on Monday to Friday, UTC");
        assert_eq!(cron_said("*/5 * * * *", "Europe/Berlin").unwrap(), "every 5 minutes, Europe/Berlin");
        assert_eq!(cron_said("* * *", "UTC"), None);
    }
}
