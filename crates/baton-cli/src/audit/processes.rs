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
    report.skip("A13", "processes that never registered are not looked for");
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut first = 0;
    loop {
        let now_ms = store.server_ms().await?;
        let page = store.workers(Shard::FIRST, first, PAGE).await?;
        for worker in &page.workers {
            let about = |name: &str| worker.about.get(name).map(String::as_str).unwrap_or_default();
            let is_here = about("host") == host && worker.boot.is_some();
            if let Some(pid) = about("pid").parse::<u32>().ok().filter(|_| is_here) {
                report.look("A13", 1);
                // Until its lease is over and was taken back, a worker that was killed is only late.
                let late_ms = worker.lease_until_ms.map_or(0, |until_ms| now_ms.saturating_sub(until_ms));
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
        // Those that a supervisor started end with it; who has been given to another process was left behind.
        Ok(stat) => match supervisor(pid).filter(|by| parent(&stat) != Some(*by)) {
            Some(by) => {
                let expected = format!("the supervisor {by} above the process {pid}");
                ORPHAN_PROCESS.broken(expected, "it outlived it")
            }
            None => return,
        },
    };
    let key = store.keys(Shard::FIRST).map(|keys| keys.worker(&worker.id)).unwrap_or_default();
    report.find(store.namespace(), Finding::of(wrong, format!("worker {}", worker.id), vec![key]));
}

/// Behind the name, which may hold anything: the state, then the parent.
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// The process that started it to be supervised, where one did.
fn supervisor(pid: u32) -> Option<u32> {
    named_in(&std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default())
}

fn named_in(line: &[u8]) -> Option<u32> {
    let mut words = line.split(|byte| *byte == 0).skip_while(|word| *word != b"--supervised-by").skip(1);
    std::str::from_utf8(words.next()?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_stands_behind_the_name() {
        assert_eq!(parent("12 (a) b (c)) S 7 12 12 0"), Some(7));
        assert_eq!(parent("odd"), None);
        assert_eq!(named_in(b"baton-worker\0--supervised-by\x0077\0--after\0x\0"), Some(77));
        assert_eq!(named_in(b"baton-worker\0--supervised-by"), None);
    }
}
