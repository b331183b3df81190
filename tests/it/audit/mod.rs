//! `baton audit`: a healthy namespace is clean, each deliberate fault is told by its name, and nothing is disturbed.
#![expect(clippy::expect_used, clippy::panic, reason = "test support: a failure here is a failed test")]

mod corruptions;
mod count;
mod figures;
mod files;
mod live;
mod odd;
mod registries;
mod repair;
mod unread;
mod world;

use std::collections::BTreeSet;

use baton_store::Store;
use baton_store::audit::{Audit, Report};
use baton_testkit::Fixture;

/// Audits everything, with options of its own.
async fn audit_with(store: &Store, audit: &Audit) -> Report {
    store.audit(audit, &|_, _| {}).await.expect("an audit")
}

async fn audit(at: &Fixture) -> Report {
    audit_with(&at.store, &Audit::default()).await
}

/// What was found, by the names of the rules.
fn names(report: &Report) -> BTreeSet<&'static str> {
    report.findings.iter().map(|finding| finding.rule.name).collect()
}

fn assert_clean(report: &Report) {
    assert!(report.is_clean(), "{:#?}", report.findings);
}
