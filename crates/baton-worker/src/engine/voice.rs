//! What handlers say while they run: progress and log lines, gathered and written in few calls.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use baton_core::{Refusal, limits};
use baton_store::calls::task::{Append, Appended, Grant, Level, Line, Note, Noted};
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::book::Key;
use super::{Core, clock};
use crate::handler::{Reporter, Said, What};

/// Words that wait to be written. What comes beyond is dropped and counted.
pub(super) const ROOM: usize = 8_192;
/// Words are written at least this far apart, unless somebody waits for it.
const EVERY: Duration = Duration::from_millis(100);
/// A storm is written sooner.
const LINES_MAX: usize = 1_000;
/// Lines of one call: their texts together stay far below what holds Redis up.
const CALL_LINES: usize = limits::LOG_CALL_LINES_MAX as usize;

/// What one run has said since the last write.
struct Words {
    grant: Arc<Grant>,
    progress: Option<String>,
    lines: Vec<(Level, Vec<u8>)>,
}

/// Waits until everything that this run has said is written, or cannot be.
pub(super) async fn flush(core: &Core, reporter: &Reporter) {
    if !reporter.has_spoken() {
        return;
    }
    let (done, written) = oneshot::channel();
    if core.words.send(reporter.flush(done)).await.is_ok() {
        let _ = written.await;
    }
}

/// Writes what is said for as long as anybody can say something.
pub(super) async fn write(core: Arc<Core>, mut said: Receiver<Said>) {
    let mut next_write = clock::after(Duration::ZERO);
    while let Some(first) = said.recv().await {
        let (mut words, mut waiting) = (HashMap::new(), Vec::<oneshot::Sender<()>>::new());
        take(first, &mut words, &mut waiting);
        gather(&mut said, next_write, &mut words, &mut waiting).await;
        write_all(&core, words).await;
        for done in waiting {
            // Whoever waited may have been dropped.
            let _: Result<(), ()> = done.send(());
        }
        next_write = clock::after(EVERY);
    }
}

async fn gather(
    said: &mut Receiver<Said>,
    until: Instant,
    words: &mut HashMap<Key, Words>,
    waiting: &mut Vec<oneshot::Sender<()>>,
) {
    // A handler may talk faster than this listens: what is taken without a pause is bounded.
    let mut at_once = ROOM;
    loop {
        let lines: usize = words.values().map(|words| words.lines.len()).sum();
        if lines >= LINES_MAX || at_once == 0 {
            return;
        }
        let waits = waiting.is_empty() && clock::after(Duration::ZERO) < until;
        let next = match waits {
            true => timeout_at(until, said.recv()).await.ok().flatten(),
            false => said.try_recv().ok(),
        };
        at_once -= usize::from(!waits);
        match next {
            Some(next) => take(next, words, waiting),
            None if waits => {}
            None => return,
        }
    }
}

fn take(said: Said, words: &mut HashMap<Key, Words>, waiting: &mut Vec<oneshot::Sender<()>>) {
    let Said { grant, what } = said;
    let of = |grant: Arc<Grant>| Words { grant, progress: None, lines: Vec::new() };
    match what {
        What::Flush(done) => waiting.push(done),
        What::Progress { fraction, text } => {
            words.entry((grant.task, grant.fence)).or_insert_with(|| of(grant)).progress =
                Some(line(fraction, &text));
        }
        What::Line { level, text } => {
            words
                .entry((grant.task, grant.fence))
                .or_insert_with(|| of(grant))
                .lines
                .push((level, cut(text)));
        }
    }
}

/// `0.40 typesetting`, one line that fits.
fn line(fraction: f64, text: &str) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let mut line = format!("{fraction:.2} {text}").trim_end().to_owned();
    while line.len() as u64 > limits::PROGRESS_BYTES_MAX {
        line.pop();
    }
    line
}

fn cut(mut text: Vec<u8>) -> Vec<u8> {
    const MARK: &[u8] = " …".as_bytes();
    let max = limits::LOG_LINE_BYTES_MAX as usize;
    if text.len() > max {
        text.truncate(max - MARK.len());
        text.extend_from_slice(MARK);
    }
    text
}

async fn write_all(core: &Core, words: HashMap<Key, Words>) {
    for desk in &core.desks {
        let here: Vec<&Words> =
            words.values().filter(|words| words.grant.task.shard() == desk.shard).collect();
        write_progress(core, desk, &here).await;
        for words in here {
            write_lines(core, desk, words).await;
        }
    }
}

async fn write_progress(core: &Core, desk: &super::Desk, words: &[&Words]) {
    let note = |words: &&Words| {
        let progress = words.progress.clone()?;
        Some((words.grant.task, words.grant.fence, progress))
    };
    let noted: Vec<_> = words.iter().filter_map(note).collect();
    for chunk in noted.chunks(limits::SETTLE_TASKS_MAX as usize) {
        let notes: Vec<Note<'_>> = chunk
            .iter()
            .map(|(task, fence, progress)| Note { task: *task, fence: *fence, progress })
            .collect();
        match core.store.note_progress(desk.shard, &core.options.worker, &notes).await {
            Ok(Ok(each)) => {
                for ((task, fence, _), noted) in chunk.iter().zip(each) {
                    if let Noted::Refused(refusal) = noted {
                        end_if_fenced(desk, &(*task, *fence), refusal);
                    }
                }
            }
            Ok(Err(refused)) => tracing::debug!(refusal = %refused.refusal, "progress was refused"),
            Err(error) => tracing::debug!(%error, "progress was not written"),
        }
    }
}

async fn write_lines(core: &Core, desk: &super::Desk, words: &Words) {
    let (task, fence) = (words.grant.task, words.grant.fence);
    for chunk in words.lines.chunks(CALL_LINES) {
        let lines: Vec<Line<'_>> = chunk.iter().map(|(level, text)| Line { level: *level, text }).collect();
        let append = Append { task, worker: &core.options.worker, fence, lines: &lines };
        match core.store.append_log(&append).await {
            Ok(Appended::Lines(_)) => {}
            Ok(Appended::Refused(refused)) => return end_if_fenced(desk, &(task, fence), refused.refusal),
            Err(error) => {
                metrics::counter!("baton_worker_words_dropped_total").increment(chunk.len() as u64);
                return tracing::debug!(%error, "log lines were not written");
            }
        }
    }
}

/// Who may not write about a task is not its holder.
fn end_if_fenced(desk: &super::Desk, key: &Key, refusal: Refusal) {
    if matches!(refusal, Refusal::Fenced | Refusal::NotRunning | Refusal::UnknownTask) {
        metrics::counter!("baton_fenced_total", "call" => "say").increment(1);
        tracing::info!(task = %key.0, fence = key.1.0, %refusal, "not held any more");
        desk.book().forget(key, refusal.code());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_one_line_that_fits() {
        assert_eq!(line(0.4, "typesetting"), "0.40 typesetting");
        assert_eq!(line(1.0, ""), "1.00");
        assert!(line(0.5, &"é\n".repeat(100)).len() <= 64);
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        let cut = cut(vec![b'x'; 10_000]);
        assert_eq!(cut.len(), 4_096);
        assert!(cut.ends_with(" …".as_bytes()));
    }
}
