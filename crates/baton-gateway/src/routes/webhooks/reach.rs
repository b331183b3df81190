//! Who may make a webhook, and see it.

use baton_auth::{Action, Scopes};
use baton_core::webhook::{Filter, Pattern};

use crate::auth::Grant;
use crate::problem::Fail;

/// What it takes, in every queue of which a webhook is told.
const TAKES: [Action; 2] = [Action::QueuesAdmin, Action::TasksRead];

/// Whether the caller may do this in every queue that fits.
fn reaches(grant: &Grant, action: Action, pattern: &Pattern) -> bool {
    let scope = format!("{action}@{pattern}").parse::<Scopes>();
    grant.reaches_all(action) || scope.is_ok_and(|scope| grant.scopes.contain(&scope))
}

pub(super) fn covers(grant: &Grant, filter: &Filter) -> bool {
    must_cover(grant, filter).is_ok()
}

pub(super) fn must_cover(grant: &Grant, filter: &Filter) -> Result<(), Fail> {
    for action in TAKES {
        if filter.queues.is_empty() && !grant.reaches_all(action) {
            return Err(Fail::lacks(action).because(format!(
                "A webhook that names no queue is told of all of them, so this takes {action} for all."
            )));
        }
        let outside = |(_, pattern): &(usize, &Pattern)| !reaches(grant, action, pattern);
        if let Some((at, pattern)) = filter.queues.iter().enumerate().find(outside) {
            let message =
                format!("the credential does not allow {action} in every queue that {pattern} means");
            return Err(Fail::lacks(action).at(format!("/queues/{at}"), message));
        }
    }
    Ok(())
}
