//! Cursors: a place in the order of all tasks, in a form that nobody need understand. It stays good whatever is added
//! or removed meanwhile.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_core::Shard;
use baton_store::calls::task::{After, AfterRunning};

use super::segments::{Cut, Segment};

/// The mark of a place in no index, in a list that takes one for others.
const INDEXED: &str = "i";

/// How far a walk is within its segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    Start,
    /// So many tasks from its start. Only numbered pages begin so; no cursor says it.
    Rank(u64),
    After(After),
    Running(AfterRunning),
}

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) segment: Segment,
    pub(super) within: Within,
    /// Whether the list takes an index for those that have ended: it goes on as it began.
    pub(super) indexed: bool,
}

impl Place {
    pub(super) fn write(&self) -> String {
        let Segment { status, shard, queue, cut } = &self.segment;
        let queue = queue.as_ref().map_or("", |queue| queue.as_str());
        let within = match self.within {
            Within::Start | Within::Rank(_) => String::new(),
            Within::After(after) => after.to_string(),
            Within::Running(after) => format!("{}:{}:{}", after.worker_rank, after.task_rank, after.skip),
        };
        let how = match cut {
            Some(cut) => cut.to_string(),
            None if self.indexed => INDEXED.to_owned(),
            None => String::new(),
        };
        URL_SAFE_NO_PAD.encode(format!("{status}/{}/{queue}/{within}/{how}", shard.number()))
    }

    pub(super) fn read(text: &str) -> Option<Place> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let parts: Vec<&str> = text.split('/').collect();
        let [status, shard, queue, within, how] = parts[..] else { return None };
        let queue = if queue.is_empty() { None } else { Some(queue.parse().ok()?) };
        let cut = if matches!(how, "" | INDEXED) { None } else { Some(Cut::read(how)?) };
        let shard = Shard::new(shard.parse().ok()?).ok()?;
        let segment = Segment { status: status.parse().ok()?, shard, queue, cut };
        let within = match within {
            "" => Within::Start,
            _ if segment.status == baton_core::Status::Running => {
                let ranks: Vec<u64> =
                    within.split(':').map(|rank| rank.parse().ok()).collect::<Option<_>>()?;
                let [worker_rank, task_rank, skip] = ranks[..] else { return None };
                Within::Running(AfterRunning { worker_rank, task_rank, skip })
            }
            _ => Within::After(within.parse().ok()?),
        };
        Some(Place { segment, within, indexed: !how.is_empty() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::segments::By;
    use super::*;
    use baton_core::{QueueName, Status};

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let id = "01a1fc29-8a56-7000-ba14-c38b1cfc4000".parse().unwrap();
        let queue = Some(QueueName::new("media").unwrap());
        let pending = Segment { status: Status::Pending, shard: Shard::FIRST, queue, cut: None };
        let running = Segment { status: Status::Running, queue: None, ..pending.clone() };
        let cut = Cut { by: By::Kind("a:b".parse().unwrap()), up: false };
        let indexed = Segment { status: Status::Completed, queue: None, cut: Some(cut), ..pending.clone() };
        let after = Within::After(After { score: 7, id });
        let within = Within::Running(AfterRunning { worker_rank: 1, task_rank: 2, skip: 0 });
        for place in [
            Place { segment: pending.clone(), within: Within::Start, indexed: false },
            Place { segment: pending.clone(), within: Within::Start, indexed: true },
            Place { segment: pending, within: after, indexed: false },
            Place { segment: running, within, indexed: false },
            Place { segment: indexed, within: after, indexed: true },
        ] {
            assert_eq!(Place::read(&place.write()), Some(place));
        }
        for text in [
            "",
            "x",
            "AAAA",
            &URL_SAFE_NO_PAD.encode("pending/0/media/"),
            &URL_SAFE_NO_PAD.encode("pending/0///-x:y"),
        ] {
            assert_eq!(Place::read(text), None, "{text}");
        }
    }
}
