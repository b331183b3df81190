//! What this gateway knows of itself: the keys that sign, and who reaches it.

use baton_auth::signing::KeyState;
use baton_core::doctor::{Check, Finding};
use baton_store::examine;

use super::PATIENCE;
use crate::app::App;
use crate::clock;

const SIGNING: Check = Check::new("gateway", "signing_keys");
const BIND: Check = Check::new("gateway", "open_bind");

const DAY_MS: u64 = 86_400_000;

pub(super) async fn look(app: &App, answers: bool) -> Vec<Finding> {
    let keys = match answers || app.settings.open {
        true => signing(app).await,
        false => examine::not_asked(SIGNING),
    };
    vec![keys, bind(app.settings.open, app.settings.exposed)]
}

async fn signing(app: &App) -> Finding {
    if app.settings.open {
        return SIGNING.ok("there are no logins here");
    }
    let ages = match tokio::time::timeout(PATIENCE, app.auth.key_ages()).await {
        Ok(Ok(Some(ages))) => ages,
        Ok(Ok(None)) => {
            return SIGNING.ok("they are files of auth.signing_keys; how old they are is not known here");
        }
        _ => return SIGNING.unknown("they could not be read", "ask again; if it stays so, look at Redis"),
    };
    let active = ages.iter().filter(|age| age.state == KeyState::Active).map(|age| age.since_ms).max();
    let Some(since_ms) = active else {
        return SIGNING.fail("none signs", "baton signing-key rotate");
    };
    let every_ms = app.auth.logins.rules.keys_rotate_every.as_millis() as u64;
    judge_age(clock::now_ms().saturating_sub(since_ms), every_ms)
}

fn judge_age(age_ms: u64, every_ms: u64) -> Finding {
    let found = format!("the one that signs does so for {} d, of {} d", age_ms / DAY_MS, every_ms / DAY_MS);
    match age_ms > every_ms + DAY_MS {
        true => SIGNING
            .warn(found, "baton signing-key rotate; gateways should do so by themselves: look at their logs"),
        false => SIGNING.ok(found),
    }
}

fn bind(open: bool, exposed: bool) -> Finding {
    match (open, exposed) {
        (true, true) => BIND.fail(
            "it listens beyond this host, and everyone who reaches it may do everything",
            "baton init writes a configuration with logins; or listen on 127.0.0.1",
        ),
        (true, false) => BIND.ok("no logins, and it listens on this host only"),
        (false, _) => BIND.ok("a credential is required"),
    }
}

#[cfg(test)]
mod tests {
    use baton_core::doctor::Verdict;

    use super::*;

    #[test]
    fn an_open_door_is_told_only_where_others_reach_it() {
        let of = |open, exposed| bind(open, exposed).verdict;
        assert_eq!(
            (of(true, true), of(true, false), of(false, true)),
            (Verdict::Fail, Verdict::Ok, Verdict::Ok)
        );
    }

    #[test]
    fn a_key_that_should_have_been_followed_is_told() {
        assert_eq!(judge_age(29 * DAY_MS, 30 * DAY_MS).verdict, Verdict::Ok);
        assert_eq!(judge_age(32 * DAY_MS, 30 * DAY_MS).verdict, Verdict::Warn);
    }
}
