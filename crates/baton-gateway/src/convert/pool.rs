//! Pools: as they are to be, and as their supervisors say that they are.

use std::collections::BTreeMap;

use baton_api::Timestamp;
use baton_api::pool::{Pool, PoolState, Supervisor};
use baton_api::worker::Worker;
use baton_core::limits;
use baton_store::calls::pool as stored;

use super::worker::counts;

/// What a supervisor reported so soon after a change may be from before it heard of it: it hears with one heartbeat, and
/// what it then did stands in the next.
const HEARD_WITHIN_MS: u64 = 2_500;

/// How the supervisors of a pool do, all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    most: u64,
    live: u64,
    starting: u64,
    draining: u64,
    gave_up: u64,
}

pub(crate) fn pool(stored: stored::Pool, now_ms: u64, workers: &[Worker]) -> Pool {
    let changed_ms = stored.changed_ms.unwrap_or_default();
    let informed = |one: &stored::Supervisor| seen_ms(one) >= changed_ms + HEARD_WITHIN_MS;
    let has_heard = stored.supervisors.iter().filter(|one| one.deadline_ms > now_ms).all(informed);
    let own = workers.iter().filter(|worker| worker.pool.as_deref() == Some(stored.name.as_str()));
    let mut supervisors: Vec<Supervisor> =
        stored.supervisors.into_iter().map(|one| supervisor(one, now_ms)).collect();
    supervisors.sort_by(|one, other| (one.joined_at, &one.id).cmp(&(other.joined_at, &other.id)));
    let mut pool = Pool {
        state: PoolState::Steady,
        reasons: Vec::new(),
        desired: stored.desired,
        running: stored.running,
        workers: counts(own),
        configured: stored.configured,
        created_at: Timestamp::from_ms(stored.created_ms),
        changed_at: stored.changed_ms.map(Timestamp::from_ms),
        changed_by: stored.changed_by,
        supervisors,
        name: stored.name,
    };
    (pool.state, pool.reasons) = judge(&pool, has_heard);
    pool
}

fn seen_ms(one: &stored::Supervisor) -> u64 {
    one.deadline_ms.saturating_sub(limits::SUPERVISOR_LEASE_MS)
}

fn supervisor(stored: stored::Supervisor, now_ms: u64) -> Supervisor {
    let heard_ms = seen_ms(&stored);
    let is_silent = stored.deadline_ms <= now_ms;
    let mut report = stored.report;
    let said = take(&mut report, "state").unwrap_or_else(|| "converging".to_owned());
    Supervisor {
        state: if is_silent { "silent".to_owned() } else { said },
        host: take(&mut report, "host"),
        pid: take(&mut report, "pid"),
        version: take(&mut report, "version"),
        share: number(&mut report, "share"),
        most: number(&mut report, "most"),
        live: number(&mut report, "live"),
        starting: number(&mut report, "starting"),
        draining: number(&mut report, "draining"),
        gave_up: number(&mut report, "gave_up"),
        restarts: number(&mut report, "restarts"),
        reason: take(&mut report, "reason"),
        joined_at: Timestamp::from_ms(stored.joined_ms),
        heartbeat_age_ms: now_ms.saturating_sub(heard_ms),
        id: stored.id,
    }
}

fn take(report: &mut BTreeMap<String, String>, name: &str) -> Option<String> {
    report.remove(name).filter(|value| !value.is_empty())
}

fn number(report: &mut BTreeMap<String, String>, name: &str) -> u64 {
    take(report, name).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// Those that count: what a silent one said is no longer so.
pub(crate) fn live(pool: &Pool) -> impl Iterator<Item = &Supervisor> {
    pool.supervisors.iter().filter(|one| one.state != "silent")
}

/// Its workers that are ready, as far as is known.
pub(crate) fn ready(pool: &Pool) -> u64 {
    live(pool).map(|one| one.live).sum()
}

fn sum(pool: &Pool) -> Sum {
    live(pool).fold(Sum::default(), |sum, one| Sum {
        most: sum.most + one.most,
        live: sum.live + one.live,
        starting: sum.starting + one.starting,
        draining: sum.draining + one.draining,
        gave_up: sum.gave_up + one.gave_up,
    })
}

/// The state, and what to do where it does not mend by itself.
fn judge(pool: &Pool, has_heard: bool) -> (PoolState, Vec<String>) {
    let (sum, name, desired) = (sum(pool), &pool.name, pool.desired);
    if !pool.running {
        let mut reasons =
            vec![format!("it was told to have no workers: `baton pool start {name}` starts them again")];
        let left = sum.live + sum.starting + sum.draining;
        reasons.extend((left > 0).then(|| format!("{left} of its workers still end")));
        return (PoolState::Stopped, reasons);
    }
    if desired > 0 && live(pool).next().is_none() {
        return (PoolState::Unattended, vec![unattended(pool)]);
    }
    if has_heard {
        let mut reasons: Vec<String> =
            live(pool).filter(|one| one.gave_up > 0).map(|one| gave_up(pool, one)).collect();
        let leaves = live(pool).any(|one| one.state == "draining");
        if reasons.is_empty() && !leaves && sum.most < desired {
            reasons.push(format!(
                "its supervisors can keep {} of {desired} workers: start one on another host, or raise \
                 supervisor.max_count",
                sum.most
            ));
        }
        if !reasons.is_empty() {
            return (PoolState::Degraded, reasons);
        }
    }
    let busy = live(pool).any(|one| one.state != "steady");
    if busy || sum.live != desired {
        return (PoolState::Converging, vec![converging(sum, desired)]);
    }
    (PoolState::Steady, Vec::new())
}

fn unattended(pool: &Pool) -> String {
    let last = pool.supervisors.iter().min_by_key(|one| one.heartbeat_age_ms);
    let last =
        last.map(|one| format!("; {} was last heard of {} s ago", named(one), one.heartbeat_age_ms / 1_000));
    format!(
        "no supervisor attends to it{}: start `baton-worker` with supervisor.pool = \"{}\" on some host",
        last.unwrap_or_default(),
        pool.name
    )
}

fn gave_up(pool: &Pool, one: &Supervisor) -> String {
    let why = one.reason.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
    let workers = if one.gave_up == 1 { "worker" } else { "workers" };
    format!(
        "{} gave up on {} {workers}{why}: look at its log, mend the cause, then `baton pool start {}`",
        named(one),
        one.gave_up,
        pool.name
    )
}

fn named(one: &Supervisor) -> String {
    let host = one.host.as_deref().map(|host| format!(" on {host}")).unwrap_or_default();
    format!("the supervisor {}{host}", one.id)
}

fn converging(sum: Sum, desired: u64) -> String {
    let mut parts = vec![format!("{} of {desired} workers are ready", sum.live)];
    parts.extend((sum.starting > 0).then(|| format!("{} on their way", sum.starting)));
    parts.extend((sum.draining > 0).then(|| format!("{} ending", sum.draining)));
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_000_000;

    /// `live gave_up most state`, and how long ago it was heard of.
    fn one(id: &str, report: (u64, u64, u64, &str), age_ms: u64) -> stored::Supervisor {
        let (live, gave_up, most, state) = report;
        let report = [("live", live), ("gave_up", gave_up), ("most", most)];
        let report = report.map(|(name, value)| (name.to_owned(), value.to_string()));
        let words = [("state", state), ("host", "host-a"), ("reason", "signal 9")];
        let words = words.map(|(name, value)| (name.to_owned(), value.to_owned()));
        stored::Supervisor {
            id: id.parse().unwrap(),
            deadline_ms: NOW_MS - age_ms + limits::SUPERVISOR_LEASE_MS,
            joined_ms: 5,
            report: report.into_iter().chain(words).collect(),
        }
    }

    fn of(desired: u64, running: bool, supervisors: Vec<stored::Supervisor>) -> Pool {
        let stored = stored::Pool {
            name: "default".parse().unwrap(),
            desired,
            running,
            generation: 0,
            configured: false,
            created_ms: 1,
            changed_ms: Some(NOW_MS - 60_000),
            changed_by: None,
            supervisors,
        };
        pool(stored, NOW_MS, &[])
    }

    fn check(desired: u64, supervisors: Vec<stored::Supervisor>, state: PoolState, why: &str) {
        let pool = of(desired, true, supervisors);
        assert_eq!(pool.state, state, "{pool:?}");
        assert_eq!(pool.reasons.is_empty(), why.is_empty(), "{pool:?}");
        assert!(pool.reasons.join("; ").contains(why), "{pool:?}");
    }

    #[test]
    fn a_pool_is_what_its_supervisors_make_of_it() {
        use PoolState::{Converging, Degraded, Steady, Unattended};
        let good = |live| one("a", (live, 0, 64, "steady"), 500);
        check(2, vec![good(2)], Steady, "");
        check(0, vec![], Steady, "");
        check(2, vec![], Unattended, "supervisor.pool = \"default\"");
        check(2, vec![good(1)], Converging, "1 of 2 workers are ready");
        check(2, vec![good(3)], Converging, "3 of 2 workers are ready");
        check(2, vec![one("a", (2, 0, 64, "converging"), 500)], Converging, "2 of 2");
        check(
            3,
            vec![good(2), one("b", (0, 1, 0, "degraded"), 500)],
            Degraded,
            "(signal 9): look at its log",
        );
        check(9, vec![one("a", (4, 0, 4, "steady"), 500)], Degraded, "can keep 4 of 9 workers");
        check(9, vec![one("a", (4, 0, 0, "draining"), 500)], Converging, "4 of 9");
    }

    #[test]
    fn who_is_silent_counts_no_more() {
        let silent = || one("b", (2, 1, 64, "degraded"), limits::SUPERVISOR_LEASE_MS);
        check(2, vec![silent()], PoolState::Unattended, "b on host-a was last heard of 10 s ago");
        check(2, vec![one("a", (2, 0, 64, "steady"), 0), silent()], PoolState::Steady, "");
        assert_eq!(of(2, true, vec![silent()]).supervisors[0].state, "silent");
        check(2, vec![one("a", (2, 0, 64, "steady"), 9_999)], PoolState::Steady, "");
    }

    #[test]
    fn one_that_was_stopped_says_how_to_start_it() {
        let stopped = of(2, false, vec![one("a", (1, 1, 64, "converging"), 0)]);
        assert_eq!((stopped.state, stopped.reasons.len()), (PoolState::Stopped, 2), "{stopped:?}");
        assert!(stopped.reasons[0].contains("`baton pool start default`"), "{stopped:?}");
        assert_eq!(of(2, false, vec![]).reasons.len(), 1);
    }

    #[test]
    fn a_report_from_before_a_change_is_not_held_against_the_pool() {
        let stale = |since_ms: u64| {
            let gave_up = one("a", (1, 1, 1, "degraded"), 100);
            let mut stored = stored::Pool {
                name: "default".parse().unwrap(),
                desired: 2,
                running: true,
                generation: 1,
                configured: false,
                created_ms: 1,
                changed_ms: None,
                changed_by: None,
                supervisors: vec![gave_up],
            };
            stored.changed_ms = Some(NOW_MS - since_ms);
            pool(stored, NOW_MS, &[]).state
        };
        assert_eq!(stale(50), PoolState::Converging);
        assert_eq!(stale(HEARD_WITHIN_MS + 99), PoolState::Converging);
        assert_eq!(stale(HEARD_WITHIN_MS + 100), PoolState::Degraded);
    }
}
