//! The pages in a real browser: Debian's chromium, driven over WebDriver.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test support: a failure here is a failed test"
)]

mod corpus;
mod doors;
mod driver;
mod flows;
mod judge;
mod judged;
mod keys;
mod live;
mod log;
mod logins;
mod look;
mod operate;
mod scene;
mod walk;
mod wide;
mod without_script;
