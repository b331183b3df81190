//! A10: counters equal what they count.

use std::collections::BTreeMap;

use super::Violation;
use super::picture::{Picture, number, queue, status};
use baton_core::Status;

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
    check_groups(picture, found);
    let queues: Vec<String> = picture.sorted("queues").into_iter().map(|(name, _)| name).collect();
    for (queue, _) in counted.keys().filter(|(queue, _)| !queues.iter().any(|known| known == queue)) {
        found.push(Violation::new("A10", format!("queue {queue} has tasks and is in no list")));
    }
    check_flows(picture, found);
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

/// How many of each group run; and nobody waits for a place that is free.
fn check_groups(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let mut counted: BTreeMap<(&str, &str), [u64; 2]> = BTreeMap::new();
    for task in picture.tasks.values() {
        if let Some(group) = task.get("group") {
            let counts = counted.entry((queue(task), group)).or_default();
            counts[0] += u64::from(status(task) == "running");
            counts[1] += u64::from(status(task) == "pending");
        }
    }
    for (name, _) in picture.sorted("queues") {
        let running: BTreeMap<String, u64> = counted
            .iter()
            .filter(|((queue, _), counts)| *queue == name && counts[0] > 0)
            .map(|((_, group), counts)| ((*group).to_owned(), counts[0]))
            .collect();
        let record = picture.hash(&format!("queue:{name}:groups"));
        let said: BTreeMap<String, u64> =
            record.iter().filter_map(|(group, count)| Some((group.clone(), count.parse().ok()?))).collect();
        if said != running {
            found.push(Violation::new(
                "A10",
                format!("queue {name} counts {said:?} running by group, there are {running:?}"),
            ));
        }
        let rules = picture.hash(&format!("queue:{name}"));
        let Some(most) = number(&rules, "group_concurrency").filter(|_| !rules.contains_key("regroup"))
        else {
            continue;
        };
        let mut waiting: BTreeMap<String, u64> = BTreeMap::new();
        for (member, _) in picture.sorted(&format!("queue:{name}:waiting")) {
            *waiting.entry(member.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
        }
        for (group, waiting) in waiting {
            let counts = counted.get(&(name.as_str(), group.as_str())).copied().unwrap_or_default();
            if counts[0] + counts[1].saturating_sub(waiting) < most {
                let problem = format!("{waiting} of the group {group} wait in {name}, and there is a place");
                found.push(Violation::new("A10", problem));
            }
        }
    }
}

/// A flow counts its tasks by their status, and those that have not ended; a draft counts nothing.
fn check_flows(picture: &Picture<'_>, found: &mut Vec<Violation>) {
    let mut counted: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for task in picture.tasks.values() {
        if let Some(flow) = task.get("flow") {
            *counted.entry(flow).or_default().entry(status(task)).or_default() += 1;
        }
    }
    let nothing = BTreeMap::new();
    for key in picture.keys_with("flow:").filter(|key| key.matches(':').count() == 1) {
        let (flow, record) = (&key["flow:".len()..], picture.hash(key));
        let counts = counted.get(flow).unwrap_or(&nothing);
        let of = |status: Status| counts.get(status.as_str()).copied().unwrap_or_default();
        let live = Status::ALL.iter().filter(|status| !status.is_terminal()).map(|status| of(*status)).sum();
        let each = Status::ALL.iter().map(|status| (status.as_str(), of(*status)));
        for (field, actual) in each.chain([("live", live)]) {
            if number(&record, field).unwrap_or_default() != actual {
                let said = record.get(field);
                found.push(Violation::new(
                    "A10",
                    format!("flow {flow} counts {said:?} {field}, there are {actual}"),
                ));
            }
        }
        let ended = live == 0 && !counts.is_empty();
        if ended != record.contains_key("finished_ms") {
            found.push(Violation::new(
                "A10",
                format!("flow {flow} has {live} live tasks, and finished_ms is wrong"),
            ));
        }
        let listed = picture.sorted("flows").iter().any(|(name, _)| name == flow);
        if listed == record.contains_key("draft") {
            found.push(Violation::new("A1", format!("flow {flow} is in the wrong list")));
        }
    }
}
