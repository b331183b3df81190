//! What an audit found, for people and for programs.

use std::collections::BTreeMap;

use anyhow::Result;
use baton_store::audit::{Finding, Part, Report};
use serde::Serialize;

use crate::out::{Format, Out, paint, plain, span};

/// Findings that people are shown; programs get all that were kept.
const SHOWN: usize = 50;

#[derive(Serialize)]
struct Found<'a> {
    /// The name of the rule.
    finding: &'a str,
    audit: &'a str,
    subject: &'a str,
    keys: &'a [String],
    expected: &'a str,
    found: &'a str,
    see: &'a str,
    repaired: bool,
}

#[derive(Serialize)]
struct Summary<'a> {
    /// `clean` or `violated`.
    summary: &'a str,
    violations: u64,
    repaired: u64,
    /// Of those, how many are not told one by one.
    untold: u64,
    tasks: u64,
    events: u64,
    keys: u64,
    took_ms: u64,
    audits: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    audit: &'a str,
    state: &'a str,
    looked: u64,
    violations: u64,
    skipped: &'a [String],
}

pub(super) fn print(out: &Out, report: &Report) -> Result<()> {
    match out.format {
        Format::Json => json(out, report),
        Format::Name => report.findings.iter().try_for_each(|one| out.line(one.rule.name)),
        Format::Table | Format::Wide => out.text(&text(report, out.colour)),
    }
}

fn json(out: &Out, report: &Report) -> Result<()> {
    for one in &report.findings {
        out.json_line(&Found {
            finding: one.rule.name,
            audit: one.rule.id,
            subject: &one.subject,
            keys: &one.keys,
            expected: &one.expected,
            found: &one.found,
            see: &one.line,
            repaired: one.repaired,
        })?;
    }
    let line = |part: &'_ Part| Line {
        audit: part.id,
        state: part.state(),
        looked: part.looked,
        violations: part.found,
        skipped: &[],
    };
    let audits = report.parts.iter().map(|part| Line { skipped: &part.skipped, ..line(part) }).collect();
    out.json_line(&Summary {
        summary: if report.is_clean() { "clean" } else { "violated" },
        violations: violations(report),
        repaired: repaired(report),
        untold: report.untold,
        tasks: report.tasks,
        events: report.events,
        keys: report.keys,
        took_ms: report.took_ms,
        audits,
    })
}

fn violations(report: &Report) -> u64 {
    report.findings.len() as u64 + report.untold
}

fn repaired(report: &Report) -> u64 {
    report.findings.iter().filter(|one| one.repaired).count() as u64
}

fn text(report: &Report, colour: bool) -> String {
    let mut text = String::new();
    for part in &report.parts {
        let code = match part.state() {
            "ok" => "32",
            "skipped" => "90",
            _ => "31",
        };
        let state = paint(colour, code, &format!("{:<9}", part.state()));
        text.push_str(&format!("{:<4} {state} {}\n", part.id, part.says));
        for why in &part.skipped {
            text.push_str(&format!("{:14} skipped: {}\n", "", plain(why)));
        }
    }
    let names = names(&report.findings);
    if !names.is_empty() {
        text.push('\n');
        names.iter().for_each(|(name, count)| text.push_str(&format!("{count:>6}  {name}\n")));
    }
    report.findings.iter().take(SHOWN).for_each(|one| text.push_str(&finding(one)));
    if violations(report) > SHOWN as u64 {
        text.push_str(&format!("\n{} more; `-o json` has them\n", violations(report) - SHOWN as u64));
    }
    text.push_str(&format!("\n{}\n", verdict(report)));
    text
}

fn names(findings: &[Finding]) -> BTreeMap<String, u64> {
    let mut names = BTreeMap::new();
    findings.iter().for_each(|one| *names.entry(one.rule.to_string()).or_default() += 1);
    names
}

fn finding(one: &Finding) -> String {
    let mut text = format!("\n{}  {}", one.rule, plain(&one.subject));
    text.push_str(if one.repaired { "  (repaired)\n" } else { "\n" });
    let rows = [
        ("expected", &one.expected),
        ("found", &one.found),
        ("keys", &one.keys.join(" ")),
        ("see", &one.line),
    ];
    rows.iter().for_each(|(name, value)| text.push_str(&format!("  {name:<9} {}\n", plain(value))));
    text
}

/// What is wrong, if anything is, and the verdict.
pub(crate) fn brief(report: &Report) -> String {
    let found: String = report.findings.iter().take(SHOWN).map(finding).collect();
    format!("{found}{}", verdict(report))
}

/// One line, for whoever reads no more.
fn verdict(report: &Report) -> String {
    let of = format!(
        "{} tasks, {} events, {} keys in {}",
        report.tasks,
        report.events,
        report.keys,
        span(report.took_ms)
    );
    match (violations(report), repaired(report)) {
        (0, _) => format!("audit: clean; {of}"),
        (violations, repaired) if report.is_clean() => {
            format!("audit: {violations} violations, all of which were repaired ({repaired}); {of}")
        }
        (violations, 0) => format!("audit: {violations} violations; {of}"),
        (violations, repaired) => format!("audit: {violations} violations, {repaired} repaired; {of}"),
    }
}
