//! Tasks as everyone reads them.

use baton_api::lease::NewProgress;
use baton_api::task::{Progress, Task};
use baton_api::{Json, Timestamp};
use baton_core::{OnParentFailure, Status, limits};
use baton_store::State;

/// A task; its payload and result are there if they were read.
pub(crate) fn task(read: baton_store::Task) -> Task {
    let status = read.status();
    let parts = parts(read.state);
    let family = read.family;
    let is_gone = parts.result.is_none();
    let waits = family.open_parents > 0 || status == Status::Blocked;
    let policy = Some(family.on_parent_failure);
    let started_ms = read.run.as_ref().map(|run| run.started_ms);
    Task {
        id: read.id,
        kind: read.kind,
        queue: read.queue,
        status,
        priority: read.priority.get(),
        version: read.version.0,
        payload: read.payload.filter(|bytes| !bytes.is_empty()).map(|bytes| Json::of_stored(&bytes)),
        result: parts.result.filter(|bytes| !bytes.is_empty()).map(|bytes| Json::of_stored(&bytes)),
        created_at: Timestamp::from_ms(read.created_ms),
        run_at: parts.run_at_ms.map(Timestamp::from_ms),
        pending_at: Some(Timestamp::from_ms(read.pending_ms)),
        started_at: started_ms.map(Timestamp::from_ms),
        finished_at: parts.finished_ms.map(Timestamp::from_ms),
        wait_ms: started_ms.map(|started| started.saturating_sub(read.pending_ms)),
        run_ms: started_ms.zip(parts.finished_ms).map(|(started, finished)| finished.saturating_sub(started)),
        attempt: read.attempt,
        max_attempts: read.max_attempts,
        crashes: read.crashes,
        max_crashes: read.max_crashes,
        timeout_ms: read.timeout_ms,
        result_ttl_ms: read.result_ttl_ms,
        result_expires_at: parts.result_until_ms.map(Timestamp::from_ms),
        result_expired: parts.result_until_ms.is_some() && is_gone,
        cache_ttl_ms: read.cache_ttl_ms,
        cached: false,
        flow: family.flow,
        name: family.name.map(|name| name.to_string()),
        parents: family.parents,
        children: family.children,
        open_parents: waits.then_some(family.open_parents),
        on_parent_failure: policy.filter(|policy| family.parents > 0 && *policy != OnParentFailure::Hold),
        worker: read.run.as_ref().map(|run| run.worker.to_string()),
        boot: read.run.as_ref().map(|run| run.boot.to_string()),
        fence: read.run.as_ref().map(|run| run.fence.0),
        progress: parts.progress.map(|text| progress(&text)),
        error: read.error.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        reason: read.reason.filter(|reason| !reason.is_empty()),
        finished_by: parts.finished_by,
        key: read.key.map(|key| key.to_string()),
        group: read.group.map(|group| group.to_string()),
        tags: read.tags.iter().map(ToString::to_string).collect(),
        submitted_by: read.submitted_by.map(|by| by.to_string()),
        traceparent: read.traceparent,
        history: None,
        history_count: read.version.0,
    }
}

/// The same for a list: what may be large is left out, and was not looked for.
pub(crate) fn row(read: baton_store::Task) -> Task {
    Task { payload: None, result: None, result_expired: false, ..task(read) }
}

/// What only some statuses have.
#[derive(Default)]
struct Parts {
    run_at_ms: Option<u64>,
    progress: Option<String>,
    finished_ms: Option<u64>,
    finished_by: Option<String>,
    result: Option<Vec<u8>>,
    result_until_ms: Option<u64>,
}

fn parts(state: State) -> Parts {
    let ended = |finished_ms| Parts { finished_ms: Some(finished_ms), ..Parts::default() };
    match state {
        State::Scheduled { run_at_ms } => Parts { run_at_ms: Some(run_at_ms), ..Parts::default() },
        State::Blocked { run_at_ms } => Parts { run_at_ms, ..Parts::default() },
        State::Pending => Parts::default(),
        State::Running { progress } => Parts { progress, ..Parts::default() },
        State::Completed { finished_ms, result, result_until_ms } => {
            Parts { result, result_until_ms, ..ended(finished_ms) }
        }
        State::Failed { finished_ms } | State::Timeout { finished_ms } => ended(finished_ms),
        State::Cancelled { finished_ms, by } => {
            Parts { finished_by: by.map(|by| by.to_string()), ..ended(finished_ms) }
        }
    }
}

/// `0.40 typesetting`; a worker that is not ours may have written anything.
fn progress(text: &str) -> Progress {
    let (fraction, rest) = text.split_once(' ').unwrap_or((text, ""));
    match fraction.parse::<f64>() {
        Ok(fraction) if (0.0..=1.0).contains(&fraction) => Progress { fraction, text: rest.to_owned() },
        _ => Progress { fraction: 0.0, text: text.to_owned() },
    }
}

/// The line that the store keeps of it.
pub(crate) fn progress_line(progress: &NewProgress) -> Option<String> {
    let fits = (0.0..=1.0).contains(&progress.fraction);
    let line = format!("{:.2} {}", progress.fraction, progress.text);
    let end = line.floor_char_boundary(limits::PROGRESS_BYTES_MAX as usize);
    fits.then(|| line[..end].trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_as_it_was_written() {
        let line = |fraction, text: &str| progress_line(&NewProgress { fraction, text: text.to_owned() });
        let told = line(0.4, "typesetting page 3").unwrap();
        assert_eq!(told, "0.40 typesetting page 3");
        assert_eq!(progress(&told), Progress { fraction: 0.4, text: "typesetting page 3".to_owned() });
        assert_eq!(line(1.0, &"ü".repeat(99)).unwrap().len(), 63);
        assert_eq!(progress("half way").text, "half way");
        for wrong in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(line(wrong, ""), None);
        }
    }
}
