//! Webhooks: all of them, one and its deliveries, the form that makes or changes one, and what is shown once.

use askama::Template;
use baton_api::webhook::{Deliveries, Webhook, WebhookTest, Webhooks};
use baton_core::Status;
use baton_core::webhook::WebhookState;

use crate::deed::{Deed, Noun};
use crate::link::Link;
use crate::page::pages;
use crate::sheet::{Field, Shape, Sheet};
use crate::shell::Shell;
use crate::words;

/// All webhooks.
#[derive(Debug, Template)]
#[template(path = "webhooks.html", blocks = ["live"])]
pub struct WebhooksPage {
    pub shell: Shell,
    pub list: Webhooks,
}

/// One webhook.
#[derive(Debug, Template)]
#[template(path = "webhook.html", blocks = ["live"])]
pub struct WebhookPage {
    pub shell: Shell,
    pub webhook: Webhook,
    /// None, if they cannot be read now.
    pub deliveries: Option<Deliveries>,
}

/// Makes a webhook, or changes one.
#[derive(Debug, Template)]
#[template(path = "webhook_form.html", blocks = ["live"])]
pub struct WebhookForm {
    pub shell: Shell,
    /// The one that is changed.
    pub name: Option<String>,
    /// What whoever changes it has seen.
    pub version: String,
    pub sheet: Sheet,
}

/// Shows a secret, once.
#[derive(Debug, Template)]
#[template(path = "webhook_secret.html", blocks = ["live"])]
pub struct SecretPage {
    pub shell: Shell,
    pub webhook: Webhook,
}

/// What came of a test.
#[derive(Debug, Template)]
#[template(path = "webhook_test.html", blocks = ["live"])]
pub struct TestPage {
    pub shell: Shell,
    pub name: String,
    pub test: WebhookTest,
}

pages!(WebhooksPage, WebhookPage, WebhookForm, SecretPage, TestPage);

/// How a task can end, of which a webhook is told.
pub const ENDS: [(&str, &str, Status); 4] = [
    ("completed", "Completed", Status::Completed),
    ("failed", "Failed", Status::Failed),
    ("timeout", "Timed out", Status::Timeout),
    ("cancelled", "Cancelled", Status::Cancelled),
];

fn joined(words: &[impl ToString]) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Of what it is told, in words.
pub fn told(webhook: &Webhook) -> String {
    let queues = match webhook.queues.is_empty() {
        true => "all queues".to_owned(),
        false => joined(&webhook.queues),
    };
    let kinds =
        if webhook.kinds.is_empty() { String::new() } else { format!("; {}", joined(&webhook.kinds)) };
    let ends = match webhook.statuses.len() {
        0 | 4 => String::new(),
        _ => format!("; {}", joined(&webhook.statuses)),
    };
    words::line(format!("{queues}{kinds}{ends}"))
}

/// Whether all attempts fail now, or it was given up.
pub fn is_bad(webhook: &Webhook) -> bool {
    webhook.state == WebhookState::Disabled || webhook.failing_since.is_some()
}

fn place(shell: &Shell, name: &str) -> Link {
    shell.base.of("/ui/webhooks", name)
}

impl WebhookPage {
    /// One that rests, or was given up, can go on.
    fn deeds(&self) -> Vec<&'static Deed> {
        let fits = |deed: &&Deed| match deed.word {
            "pause" => self.webhook.state == WebhookState::Active,
            "resume" => self.webhook.state != WebhookState::Active,
            _ => true,
        };
        Deed::allowed(Noun::Webhook, &self.shell).filter(fits).collect()
    }

    fn counts(&self) -> [(&'static str, u64); 5] {
        let counts = self.webhook.deliveries;
        [
            ("waiting", counts.waiting),
            ("delivered", counts.delivered),
            ("failed attempts", counts.failed),
            ("given up", counts.given_up),
            ("dropped", counts.dropped),
        ]
    }

    fn edit(&self) -> Link {
        place(&self.shell, self.webhook.name.as_str()).and("/edit")
    }
}

impl WebhookForm {
    fn action(&self) -> Link {
        match &self.name {
            Some(name) => place(&self.shell, name).and("/edit"),
            None => self.shell.base.to("/ui/new/webhook"),
        }
    }

    fn back(&self) -> Link {
        match &self.name {
            Some(name) => place(&self.shell, name),
            None => self.shell.base.to("/ui/webhooks"),
        }
    }
}

impl SecretPage {
    fn back(&self) -> Link {
        place(&self.shell, self.webhook.name.as_str())
    }
}

impl TestPage {
    fn back(&self) -> Link {
        place(&self.shell, &self.name)
    }
}

/// What is asked of a webhook; its name only of one that is new.
pub fn sheet(is_new: bool) -> Sheet {
    let patterns = "With commas between; a star at the end of one stands for all that begin so. Empty: all.";
    let name = Field::new("name", "/name", "Name").hint("Lower-case letters, digits and - _ .").must();
    let place = [
        Field::new("url", "/url", "Address").hint("Where it is told, by POST: https://…").must(),
        Field::new("description", "/description", "What it is for"),
    ];
    let what = [
        Field::new("queues", "/queues", "Queues").hint(patterns),
        Field::new("kinds", "/kinds", "Kinds").hint(patterns),
    ];
    let ends = ENDS.map(|(name, label, _)| Field::new(name, "", label).shape(Shape::Tick));
    let sheet = if is_new { Sheet::default().group("What it is called", [name]) } else { Sheet::default() };
    sheet
        .group("Where it tells", place)
        .group("Of what it tells", what)
        .group("Of which ends: none ticked means all", ends)
}

/// What it is now, in the fields of the form.
pub fn filled(webhook: &Webhook) -> Sheet {
    let mut sheet = sheet(false);
    sheet.set("url", webhook.url.clone());
    sheet.set("description", webhook.description.clone().unwrap_or_default());
    sheet.set("queues", joined(&webhook.queues));
    sheet.set("kinds", joined(&webhook.kinds));
    for (name, _, status) in ENDS {
        let on = webhook.statuses.len() < ENDS.len() && webhook.statuses.contains(&status);
        sheet.set(name, if on { "on" } else { "" });
    }
    sheet
}
