//! What an audit costs: commands per task, whatever their number.

use baton_testkit::with_store;

use super::{assert_clean, audit};
use crate::hand::by_hand;

/// Calls inside and outside of scripts since the last reset.
async fn calls(at: &baton_testkit::Fixture) -> u64 {
    let info: String = by_hand(at, "INFO commandstats").await;
    let count = |line: &str| line.split_once(":calls=")?.1.split(',').next()?.parse::<u64>().ok();
    info.lines().filter_map(count).sum()
}

#[tokio::test]
async fn an_audit_takes_some_commands_per_task_and_writes_nothing() {
    with_store(async |at| {
        let mut costs = Vec::new();
        for _ in 0..2 {
            for _ in 0..10 {
                at.submit_many(100).await;
            }
            by_hand::<()>(at, "CONFIG RESETSTAT").await;
            let report = crate::hand::unchanged(at, audit(at)).await;
            assert_clean(&report);
            let snapshots: u64 = 8 * report.tasks;
            costs.push((report.tasks, calls(at).await.saturating_sub(snapshots)));
        }
        let [(_, first), (tasks, second)] = costs[..] else { return };
        // A thousand tasks more cost so much more, and no task costs more for them.
        let each = (second - first) / (tasks / 2);
        assert!(each <= 14, "{each} commands per task: {costs:?}");
    })
    .await;
}
