//! Evidence that no property asks for any more, so that states which differ only in it are one.
use super::rules::Rules;
use super::state::{Policy, Task, World};

impl World {
    pub(super) fn tidy(&mut self, rules: &Rules) {
        for truth in &mut self.truth {
            truth.reported &= !rules.repeat_touches_nothing;
            for child in Task::ALL {
                if self.rows[child.index()].policy != Policy::Cancel {
                    truth.excused.take(child);
                }
            }
        }
    }
}
