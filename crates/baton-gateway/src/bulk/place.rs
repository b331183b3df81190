//! How far an operation has looked for its tasks, as a word that is kept with it.

use std::fmt;
use std::str::FromStr;

use baton_core::{QueueName, Shard};
use baton_store::calls::task::{After, AfterRunning};

/// One index of one shard. `status` is its rank among those of the plan, and no queue means all: they share an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    pub(crate) status: usize,
    pub(crate) shard: Shard,
    pub(crate) queue: Option<QueueName>,
}

/// How far within a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    Start,
    After(After),
    Running(AfterRunning),
}

/// Where looking goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Start,
    /// Among the tasks that were named.
    Named(usize),
    /// Among the tasks of a flow.
    Flow(u64),
    Index(Segment, Within),
    /// There is nothing more to look for.
    End,
}

/// A word that is no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {0:?} as the place of an operation")]
pub(crate) struct NoPlace(String);

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (segment, within) = match self {
            Place::Start => return out.write_str("start"),
            Place::End => return out.write_str("end"),
            Place::Named(at) => return write!(out, "named {at}"),
            Place::Flow(at) => return write!(out, "flow {at}"),
            Place::Index(segment, within) => (segment, within),
        };
        let queue = segment.queue.as_ref().map_or("*", QueueName::as_str);
        write!(out, "index {} {} {queue} ", segment.status, segment.shard.number())?;
        match within {
            Within::Start => out.write_str("start"),
            Within::After(after) => write!(out, "after {after}"),
            Within::Running(after) => write!(out, "running {} {}", after.worker_rank, after.task_rank),
        }
    }
}

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Place, NoPlace> {
        let words: Vec<&str> = text.split(' ').collect();
        let place = match words[..] {
            ["start"] => Some(Place::Start),
            ["end"] => Some(Place::End),
            ["named", at] => at.parse().ok().map(Place::Named),
            ["flow", at] => at.parse().ok().map(Place::Flow),
            ["index", status, shard, queue, ref within @ ..] => index(status, shard, queue, within),
            _ => None,
        };
        place.ok_or_else(|| NoPlace(text.chars().take(200).collect()))
    }
}

fn index(status: &str, shard: &str, queue: &str, within: &[&str]) -> Option<Place> {
    let queue = if queue == "*" { None } else { Some(queue.parse().ok()?) };
    let segment =
        Segment { status: status.parse().ok()?, shard: Shard::new(shard.parse().ok()?).ok()?, queue };
    let within = match within {
        ["start"] => Within::Start,
        ["after", after] => Within::After(after.parse().ok()?),
        ["running", worker, task] => Within::Running(AfterRunning {
            worker_rank: worker.parse().ok()?,
            task_rank: task.parse().ok()?,
            skip: 0,
        }),
        _ => return None,
    };
    Some(Place::Index(segment, within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let id = "01a1fc29-8a56-7000-ba14-c38b1cfc4000".parse().unwrap();
        let queue = Some(QueueName::new("media:eu").unwrap());
        let one = Segment { status: 2, shard: Shard::FIRST, queue };
        let all = Segment { queue: None, ..one.clone() };
        let running = AfterRunning { worker_rank: 3, task_rank: 4, skip: 0 };
        for place in [
            Place::Start,
            Place::End,
            Place::Named(200),
            Place::Flow(7),
            Place::Index(one.clone(), Within::Start),
            Place::Index(one, Within::After(After { score: 7, id })),
            Place::Index(all, Within::Running(running)),
        ] {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for word in ["", "named", "named x", "index 0 0 *", "index 0 5000 * start", "index 0 0 {} start"] {
            assert!(word.parse::<Place>().is_err(), "{word}");
        }
    }
}
