//! The gateway over HTTP, against a private Redis: what each route does, and what it refuses.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test support: a failure here is a failed test"
)]

mod actions;
mod auth_cookies;
mod auth_credentials;
mod auth_edges;
mod auth_feed;
mod auth_forgotten;
mod auth_hostile;
mod auth_http;
mod auth_life;
mod auth_login;
mod auth_oauth;
mod auth_races;
mod auth_revoked;
mod auth_start;
mod auth_support;
mod auth_trouble;
mod batch;
mod budgets;
mod claims;
mod doctor;
mod documents;
mod drain;
mod emptying;
mod figures;
mod flows;
mod graphs;
mod groups;
mod guards;
mod hostile;
mod idempotency;
mod keys;
mod kinds;
mod leases;
mod links;
mod lists;
mod mistakes;
mod operate;
mod operations;
mod outage;
mod parents;
mod pools;
mod queues;
mod queues_of_keys;
mod reading;
mod recovery;
mod refusals;
mod schedules;
mod scopes;
mod searches;
mod shards;
mod silences;
mod submit;
mod support;
mod trail;
mod ui_attempts;
mod ui_doors;
mod ui_errors;
mod ui_events;
mod ui_fleet;
mod ui_flows;
mod ui_many;
mod ui_pages;
mod ui_pools;
mod ui_queue_rules;
mod ui_race;
mod ui_roles;
mod ui_schedules;
mod ui_sessions;
mod ui_settings;
mod ui_shared;
mod ui_submit;
mod ui_support;
mod ui_system;
mod ui_webhooks;
mod waits;
mod webhooks;
mod webhooks_support;
mod webhooks_told;
mod why;
mod workers;
