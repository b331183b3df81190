//! The pages of the dashboard: what stands on them, how it looks, and the scripts that keep it fresh.
//!
//! A page is made of answers of the HTTP interface, so that it can show and do nothing that the interface does not offer to
//! everyone. This room knows neither the store nor HTTP: whoever mounts it asks, and hands over what was answered.

pub mod ask;
pub mod assets;
pub mod chain;
pub mod chart;
pub mod deed;
pub mod drawing;
pub mod errors;
pub mod events;
pub mod flow;
pub mod flows;
pub mod instance;
pub mod kinds;
pub mod link;
pub mod many;
pub mod notice;
pub mod overview;
pub mod page;
pub mod queue_rules;
pub mod queues;
pub mod race;
pub mod schedules;
pub mod sessions;
pub mod settings;
pub mod sheet;
pub mod shell;
pub mod submit;
pub mod surroundings;
pub mod system;
pub mod task;
pub mod tasks;
pub mod timeline;
pub mod users;
pub mod webhooks;
pub mod words;
pub mod workers;

#[cfg(test)]
mod contrast_tests;

pub use deed::{Deed, Noun};
pub use instance::{Instance, InstanceName};
pub use link::{Base, Link};
pub use page::Page;
pub use shell::{Bar, Shell, Theme, Viewer};
