//! A bar for each step of an audit, one after the other.

use std::sync::Mutex;

use crate::progress::Progress;

/// The step that is being done, and how many things it has looked at.
#[derive(Default)]
pub(super) struct Steps(Mutex<Option<Step>>);

struct Step {
    what: &'static str,
    done: u64,
    bar: Progress,
}

impl Steps {
    pub(super) fn tell(&self, what: &'static str, count: u64) {
        let Ok(mut now) = self.0.lock() else { return };
        if now.as_ref().is_none_or(|step| step.what != what) {
            // The bar of the step before goes first.
            *now = None;
            *now = Some(Step { what, done: 0, bar: Progress::new(None, what) });
        }
        if let Some(step) = now.as_mut() {
            step.done += count;
            step.bar.at(step.done);
        }
    }
}
