//! Cursors: a place in the order of all tasks, in a form that nobody need understand. It stays good whatever is added
//! or removed meanwhile.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton_core::Shard;
use baton_store::calls::task::{After, AfterRunning};

use super::segments::Segment;

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
}

impl Place {
    pub(super) fn write(&self) -> String {
        let Segment { status, shard, queue } = &self.segment;
        let queue = queue.as_ref().map_or("", |queue| queue.as_str());
        let within = match self.within {
            Within::Start | Within::Rank(_) => String::new(),
            Within::After(after) => after.to_string(),
            Within::Running(after) => format!("{}:{}:{}", after.worker_rank, after.task_rank, after.skip),
        };
        URL_SAFE_NO_PAD.encode(format!("{status}/{}/{queue}/{within}", shard.number()))
    }

    pub(super) fn read(text: &str) -> Option<Place> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let parts: Vec<&str> = text.split('/').collect();
        let [status, shard, queue, within] = parts[..] else { return None };
        let queue = if queue.is_empty() { None } else { Some(queue.parse().ok()?) };
        let segment =
            Segment { status: status.parse().ok()?, shard: Shard::new(shard.parse().ok()?).ok()?, queue };
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
        Some(Place { segment, within })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_core::{QueueName, Status};

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let id = "01a1fc29-8a56-7000-ba14-c38b1cfc4000".parse().unwrap();
        let queue = Some(QueueName::new("media").unwrap());
        let pending = Segment { status: Status::Pending, shard: Shard::FIRST, queue };
        let running = Segment { status: Status::Running, queue: None, ..pending.clone() };
        for place in [
            Place { segment: pending.clone(), within: Within::Start },
            Place { segment: pending, within: Within::After(After { score: 7, id }) },
            Place {
                segment: running,
                within: Within::Running(AfterRunning { worker_rank: 1, task_rank: 2, skip: 0 }),
            },
        ] {
            assert_eq!(Place::read(&place.write()), Some(place));
        }
        for text in
            ["", "x", "AAAA", &URL_SAFE_NO_PAD.encode("pending/0/media"), &URL_SAFE_NO_PAD.encode("a/b/c/d")]
        {
            assert_eq!(Place::read(text), None, "{text}");
        }
    }
}
