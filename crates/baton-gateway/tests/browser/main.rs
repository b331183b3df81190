//! The pages in a real browser: Debian's chromium, driven over WebDriver.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test support: a failure here is a failed test"
)]

mod driver;
mod live;
mod pages;
mod scene;
mod without_script;
