//! How webhooks are shown.

use std::fmt::Display;

use anyhow::Result;
use baton::api::webhook::{Deliveries, Webhook, WebhookTest};
use baton_core::webhook::{ENDS, WebhookState};

use crate::out::{Format, Out, Table, age, plain};

pub(super) fn all(out: &Out, webhooks: &[Webhook]) -> Result<()> {
    match out.format {
        Format::Json => webhooks.iter().try_for_each(|webhook| out.json_line(webhook)),
        Format::Name => webhooks.iter().try_for_each(|webhook| out.line(webhook.name.as_str())),
        Format::Table | Format::Wide => table(out, webhooks).print(out),
    }
}

pub(super) fn one(out: &Out, webhook: &Webhook) -> Result<()> {
    match out.format {
        Format::Json => out.document(webhook),
        Format::Name => out.line(webhook.name.as_str()),
        Format::Table | Format::Wide => out.text(&lines(out, webhook)),
    }
}

pub(super) fn test(out: &Out, test: &WebhookTest) -> Result<()> {
    let status = test.status.map_or("no answer".to_owned(), |status| status.to_string());
    match (out.format, &test.error) {
        (Format::Json, _) => out.document(test),
        (Format::Name, _) => out.line(&test.id),
        (_, None) => out.line(&format!("delivered: {status} after {} ms", test.took_ms)),
        (_, Some(error)) => {
            out.line(&format!("not delivered: {status} after {} ms: {}", test.took_ms, plain(error)))
        }
    }
}

pub(super) fn deliveries(out: &Out, deliveries: &Deliveries) -> Result<()> {
    match out.format {
        Format::Json => out.document(deliveries),
        Format::Name => deliveries.waiting.iter().try_for_each(|one| out.line(&one.id)),
        Format::Table | Format::Wide => attempts(out, deliveries).print(out),
    }
}

fn words<T: Display>(each: &[T], all: &str) -> String {
    let words: Vec<String> = each.iter().map(ToString::to_string).collect();
    if words.is_empty() { all.to_owned() } else { words.join(",") }
}

fn statuses(webhook: &Webhook) -> String {
    if webhook.statuses.len() == ENDS.len() { "all".to_owned() } else { words(&webhook.statuses, "all") }
}

fn note(webhook: &Webhook) -> String {
    match (webhook.state, &webhook.reason) {
        (WebhookState::Active, _) if webhook.failing_since.is_some() => "failing".to_owned(),
        (WebhookState::Active, _) => String::new(),
        (state, None) => state.to_string(),
        (state, Some(reason)) => format!("{state}: {}", plain(reason)),
    }
}

fn table(out: &Out, webhooks: &[Webhook]) -> Table {
    let heads =
        ["WEBHOOK", "QUEUES", "KINDS", "STATUSES", "WAITING", "DELIVERED", "FAILED", "LAST", "URL", "NOTE"];
    let mut table = Table::new(&heads);
    for webhook in webhooks {
        let counts = webhook.deliveries;
        table.row([
            webhook.name.to_string(),
            words(&webhook.queues, "all"),
            words(&webhook.kinds, "all"),
            statuses(webhook),
            counts.waiting.to_string(),
            counts.delivered.to_string(),
            counts.failed.to_string(),
            webhook.last_delivered_at.map(|at| age(out, at)).unwrap_or_default(),
            plain(&webhook.url),
            note(webhook),
        ]);
        table.paint(heads.len() - 1, "33");
    }
    table
}

fn lines(out: &Out, webhook: &Webhook) -> String {
    let counts = webhook.deliveries;
    let some = |count: u64| Some(count).filter(|count| *count > 0).map(|count| count.to_string());
    let rows = [
        ("webhook", Some(webhook.name.to_string())),
        ("state", Some(webhook.state.to_string())),
        ("reason", webhook.reason.clone()),
        ("url", Some(webhook.url.clone())),
        ("about", webhook.description.clone()),
        ("queues", Some(words(&webhook.queues, "all"))),
        ("kinds", Some(words(&webhook.kinds, "all"))),
        ("statuses", Some(statuses(webhook))),
        ("waiting", Some(counts.waiting.to_string())),
        ("delivered", Some(counts.delivered.to_string())),
        ("failed", some(counts.failed)),
        ("given up", some(counts.given_up)),
        ("dropped", some(counts.dropped)),
        ("last", webhook.last_delivered_at.map(|at| age(out, at))),
        ("failing", webhook.failing_since.map(|at| age(out, at))),
        ("secret", webhook.secret.as_ref().map(|secret| secret.0.clone())),
        (
            "note",
            webhook
                .secret
                .as_ref()
                .map(|_| "the secret is not shown again: keep it where the receiver reads it".to_owned()),
        ),
    ];
    let rows = rows.into_iter().filter_map(|(name, value)| Some((name, plain(&value?))));
    rows.map(|(name, value)| format!("{name:<9} {value}\n")).collect()
}

fn attempts(out: &Out, deliveries: &Deliveries) -> Table {
    let mut table = Table::new(&["TASK", "WHEN", "RESULT", "STATUS", "FAILED", "WHY"]);
    let status = |status: Option<u16>| status.map(|status| status.to_string()).unwrap_or_default();
    for one in &deliveries.waiting {
        let why = one.error.as_deref().map(plain).unwrap_or_default();
        let row = [one.task.to_string(), age(out, one.next_at), "waiting".to_owned(), status(one.status)];
        table.row(row.into_iter().chain([one.failed.to_string(), why]));
    }
    for one in &deliveries.latest {
        let why = one.error.as_deref().map(plain).unwrap_or_default();
        let row = [one.task.to_string(), age(out, one.at), one.result.clone(), status(one.status)];
        table.row(row.into_iter().chain([one.failed.to_string(), why]));
    }
    table
}
