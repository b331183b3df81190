//! Things that are carried, as the writes that make them.

use baton_core::limits;

use super::{Beside, Carried, CarriedKey, CarriedTask, Edge, EdgeState, OWN_OF_META, Pairs, Value};

/// Words of one write: a script takes no more at once.
const WORDS: usize = 2_000;

/// Counters that are counted anew.
const COUNTED: &[&str] =
    &["live", "scheduled", "blocked", "pending", "running", "completed", "failed", "timeout", "cancelled"];

/// One write, in the words of `shard/import`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) verb: &'static str,
    pub(crate) key: String,
    pub(crate) words: Vec<Vec<u8>>,
}

impl Write {
    pub(crate) fn new(verb: &'static str, key: &str, words: Vec<Vec<u8>>) -> Write {
        Write { verb, key: key.to_owned(), words }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.key.len() + self.words.iter().map(|word| word.len() + 8).sum::<usize>()
    }
}

/// What makes it; nothing for what has expired by then.
pub(super) fn of(carried: Carried, now_ms: u64) -> Vec<Write> {
    match carried {
        Carried::Key(key) => of_key(key, now_ms),
        Carried::Task(task) => of_task(*task, now_ms),
    }
}

fn of_key(key: CarriedKey, now_ms: u64) -> Vec<Write> {
    if key.expires_ms.is_some_and(|expires_ms| expires_ms <= now_ms) {
        return Vec::new();
    }
    let CarriedKey { name, value, expires_ms, .. } = key;
    let value = match value {
        Value::Hash(pairs) if name == "meta" => Value::Hash(without(pairs, OWN_OF_META)),
        Value::Hash(pairs) if is_counting(&name) => Value::Hash(counted_anew(pairs)),
        value => value,
    };
    let listed = listed(&name, &value);
    let mut writes = match value {
        // Of ends that are not passed on yet only those that came along.
        Value::Sorted(members) if name == "cascades" => sorted("cascade", &name, members),
        value => of_value(&name, value),
    };
    writes.extend(listed);
    if let Some(expires_ms) = expires_ms {
        writes.push(Write::new("expire", &name, vec![expires_ms.to_string().into_bytes()]));
    }
    writes
}

/// A flow, by when it was begun.
fn listed(name: &str, value: &Value) -> Option<Write> {
    let (Some(flow), Value::Hash(pairs)) = (name.strip_prefix("flow:"), value) else { return None };
    let (_, created_ms) = pairs.iter().find(|(field, _)| field == b"created_ms")?;
    let is_number = std::str::from_utf8(created_ms).is_ok_and(|ms| ms.parse::<u64>().is_ok());
    is_number.then(|| Write::new("listed", "flows", vec![created_ms.clone(), flow.as_bytes().to_vec()]))
}

/// The record of a queue or of a flow.
fn is_counting(name: &str) -> bool {
    name.starts_with("queue:") || name.starts_with("flow:")
}

fn without(pairs: Pairs, names: &[&str]) -> Pairs {
    pairs.into_iter().filter(|(field, _)| !names.iter().any(|name| name.as_bytes() == field)).collect()
}

fn counted_anew(pairs: Pairs) -> Pairs {
    let zero = |field: &[u8]| COUNTED.iter().any(|name| name.as_bytes() == field);
    pairs
        .into_iter()
        .map(|(field, value)| if zero(&field) { (field, b"0".to_vec()) } else { (field, value) })
        .collect()
}

fn of_value(key: &str, value: Value) -> Vec<Write> {
    match value {
        Value::Text(text) => vec![Write::new("string", key, vec![text])],
        Value::Hash(pairs) => {
            let words = pairs.into_iter().flat_map(|(field, value)| [field, value]).collect();
            in_pieces("hash", key, words)
        }
        Value::Sorted(members) => sorted("zset", key, members),
        Value::Stream(entries) => entries.into_iter().map(|(id, pairs)| entry(key, id, pairs)).collect(),
    }
}

fn sorted(verb: &'static str, key: &str, members: Vec<(Vec<u8>, String)>) -> Vec<Write> {
    let words = members.into_iter().flat_map(|(member, score)| [score.into_bytes(), member]).collect();
    in_pieces(verb, key, words)
}

fn entry(key: &str, id: String, pairs: Pairs) -> Write {
    let words = pairs.into_iter().flat_map(|(field, value)| [field, value]);
    Write::new("stream", key, std::iter::once(id.into_bytes()).chain(words).collect())
}

fn in_pieces(verb: &'static str, key: &str, words: Vec<Vec<u8>>) -> Vec<Write> {
    words.chunks(WORDS).map(|some| Write::new(verb, key, some.to_vec())).collect()
}

fn of_task(task: CarriedTask, now_ms: u64) -> Vec<Write> {
    let key = format!("task:{}", task.id);
    let until_ms = task.word("result_until_ms").and_then(|ms| ms.parse::<u64>().ok());
    let mut words: Vec<Vec<u8>> = vec![
        task.score.into_bytes(),
        if task.waits { b"1".to_vec() } else { Vec::new() },
        task.position.unwrap_or_default().into_bytes(),
    ];
    // How many children there are is counted as they come.
    let fields = task.fields.into_iter().filter(|(name, _)| name != "children");
    words.extend(fields.flat_map(|(name, value)| [name.into_bytes(), value]));
    let mut writes = vec![Write::new("task", &key, words)];
    writes.extend(task.parents.into_iter().map(|edge| of_edge(&key, edge)));
    for Beside { name, value } in task.beside {
        let until_ms = until_ms.filter(|_| name == "result");
        let key = format!("{key}:{name}");
        if until_ms.is_some_and(|until_ms| until_ms <= now_ms) {
            continue;
        }
        let value = if name == "refused" { latest(value) } else { value };
        writes.extend(of_value(&key, value));
        writes.extend(until_ms.map(|ms| Write::new("expire", &key, vec![ms.to_string().into_bytes()])));
    }
    writes
}

/// No more of what was refused than is kept of a task; what another hand added is no reason to refuse the task.
fn latest(value: Value) -> Value {
    let Value::Sorted(mut members) = value else { return value };
    members.sort_by(|one, other| ms(&other.1).total_cmp(&ms(&one.1)));
    members.truncate(limits::REFUSED_WRITES_MAX as usize);
    Value::Sorted(members)
}

fn ms(score: &str) -> f64 {
    score.parse().unwrap_or_default()
}

fn of_edge(child: &str, edge: Edge) -> Write {
    let (state, since) = match edge.state {
        EdgeState::Open(since) => ("open", since),
        EdgeState::Held(since) => ("held", since),
        EdgeState::Closed => ("closed", String::new()),
    };
    let words = [edge.parent.to_string(), edge.order, edge.child_order, state.to_owned(), since];
    Write::new("edge", child, words.map(String::into_bytes).to_vec())
}

impl CarriedTask {
    /// A field, as text.
    pub fn word(&self, name: &str) -> Option<String> {
        let field = self.fields.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }
}
