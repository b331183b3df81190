//! A10: counters equal what they count.

use std::collections::BTreeMap;

use super::Violation;
use super::picture::{Picture, number, queue, status};

pub(super) fn check(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let mut counted: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for task in picture.tasks.values() {
        *counted.entry((queue(task), status(task))).or_default() += 1;
    }
    for (name, _) in picture.sorted("queues") {
        let record = picture.hash(&format!("queue:{name}"));
        for status in ["running", "scheduled"] {
            let actual = counted.get(&(name.as_str(), status)).copied().unwrap_or_default();
            if number(&record, status).unwrap_or_default() != actual {
                let said = record.get(status);
                found.push(Violation::new(
                    "A10",
                    format!("queue {name} counts {said:?} {status}, there are {actual}"),
                ));
            }
        }
    }
    let queues: Vec<String> = picture.sorted("queues").into_iter().map(|(name, _)| name).collect();
    for (queue, _) in counted.keys().filter(|(queue, _)| !queues.iter().any(|known| known == queue)) {
        found.push(Violation::new("A10", format!("queue {queue} has tasks and is in no list")));
    }
    if !picture.trimmed {
        let said = number(&picture.hash("meta"), "events").unwrap_or_default();
        // Pauses and stalls count too: they take room in the stream.
        if said < picture.events.len() as u64 {
            found.push(Violation::new(
                "A10",
                format!("{said} events are counted, there are {}", picture.events.len()),
            ));
        }
    }
}
