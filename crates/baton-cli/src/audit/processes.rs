//! A13: workers of this host are processes, and none of them has outlived its supervisor.

use std::path::Path;
use std::time::Duration;

use baton_core::Shard;
use baton_core::audit::rule::{NO_PROCESS, ORPHAN_PROCESS};
use baton_store::audit::{Finding, Report};
use baton_store::calls::worker::Worker;
use baton_store::{Error, Store};

/// Workers of one page.
const PAGE: u64 = 100;

pub(super) async fn compare(store: &Store, settle: Duration, report: &mut Report) -> Result<(), Error> {
    if !Path::new("/proc/self/stat").exists() {
        report.skip("A13", "this host does not say which processes it has");
        return Ok(());
    }
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut first = 0;
    loop {
        let now_ms = store.server_ms().await?;
        let page = store.workers(Shard::FIRST, first, PAGE).await?;
        for worker in &page.workers {
            let about = |name: &str| worker.about.get(name).map(String::as_str).unwrap_or_default();
            let is_here = about("host") == host && worker.lease_until_ms.is_some();
            if let Some(pid) = about("pid").parse::<u32>().ok().filter(|_| is_here) {
                report.look("A13", 1);
                // Until its lease is over and was taken back, a worker that was killed is only late.
                let late_ms = now_ms.saturating_sub(worker.lease_until_ms.unwrap_or(now_ms));
                judge(store, report, worker, pid, u128::from(late_ms) > settle.as_millis());
            }
        }
        first += PAGE;
        if first >= page.total {
            return Ok(());
        }
    }
}

fn judge(store: &Store, report: &mut Report, worker: &Worker, pid: u32, is_late: bool) {
    let wrong = match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Err(_) if !is_late => return,
        Err(_) => NO_PROCESS.broken(format!("the process {pid}, which it says it is"), "it is not there"),
        // Those that a supervisor started end with it; who has been given to the first process was left behind.
        Ok(stat) if parent(&stat) == Some(1) && is_supervised(pid) => {
            ORPHAN_PROCESS.broken(format!("a supervisor above the process {pid}"), "it has none")
        }
        Ok(_) => return,
    };
    let key = store.keys(Shard::FIRST).map(|keys| keys.worker(&worker.id)).unwrap_or_default();
    report.find(store.namespace(), Finding::of(wrong, format!("worker {}", worker.id), vec![key]));
}

/// Behind the name, which may hold anything: the state, then the parent.
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

fn is_supervised(pid: u32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).any(|word| word.starts_with(b"--supervised-by"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_stands_behind_the_name() {
        assert_eq!(parent("12 (a) b (c)) S 7 12 12 0"), Some(7));
        assert_eq!(parent("odd"), None);
    }
}
