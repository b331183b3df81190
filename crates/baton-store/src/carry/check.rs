//! Whether a line can be written: looked at by itself, before anything of it is.

use baton_core::{Shard, ShardCount, Status, TaskId};

use super::{CARRIED, CARRIED_LAST, Carried, CarriedKey, CarriedTask, Edge, EdgeState, Origin, Value};
use crate::boot::judge_schema;
use crate::families::{Family, Lives};
use crate::record::{Fields, State, Task};
use crate::store::Store;

/// Why a line is refused, as a fragment of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unsound(pub String);

fn unsound<T>(why: impl Into<String>) -> Result<T, Unsound> {
    Err(Unsound(why.into()))
}

/// Fields of a task at most, and bytes of one: what is longer lies beside it.
const FIELDS: usize = 2_000;
const FIELD_BYTES: usize = 4_096;
/// Words of an entry of a stream: a script takes no more at once.
const ENTRY_WORDS: usize = 2_000;

impl Origin {
    /// Whether this namespace can be made of it.
    pub fn check(&self, store: &Store) -> Result<(), Unsound> {
        if let Some(unfit) = judge_schema(self.schema) {
            return unsound(unfit.to_string());
        }
        let shards = store.shards().get();
        match self.shards == shards {
            true => Ok(()),
            false => unsound(format!(
                "it has {} shards and this namespace {shards}: ids of tasks name their shard, so set redis.shards to {}",
                self.shards, self.shards
            )),
        }
    }
}

impl Carried {
    /// Whether it can be written into a namespace with so many shards.
    pub fn check(&self, store: &Store) -> Result<(), Unsound> {
        match self {
            Carried::Key(key) => key.check(store),
            Carried::Task(task) => task.check(store.shards()),
        }
    }

    pub fn shard(&self) -> Shard {
        match self {
            Carried::Key(key) => key.shard,
            Carried::Task(task) => task.id.shard(),
        }
    }
}

impl CarriedKey {
    fn check(&self, store: &Store) -> Result<(), Unsound> {
        in_namespace(self.shard, store.shards())?;
        let Ok(keys) = store.keys(self.shard) else { return unsound("its shard is not here") };
        let key = format!("{}{}", keys.prefix(), self.name);
        let Some(known) = Family::of(store.namespace(), &key) else {
            return unsound(format!("{:?} is no key of Baton", self.name));
        };
        let family = known.family;
        let goes = CARRIED.contains(&family.pattern) || CARRIED_LAST.contains(&family.pattern);
        if !goes || self.name.len() > 1_024 {
            return unsound(format!("{:?} does not go along: it follows from tasks, or stays", self.name));
        }
        if self.value.kind() != family.kind {
            return unsound(format!("{} is a {}, not a {}", self.name, family.kind, self.value.kind()));
        }
        if (family.lives == Lives::Expires) != self.expires_ms.is_some() {
            return unsound(format!("{} expires: {}", self.name, family.lives.as_str()));
        }
        check_value(&self.name, &self.value)
    }
}

fn in_namespace(shard: Shard, shards: ShardCount) -> Result<(), Unsound> {
    match shards.all().any(|known| known == shard) {
        true => Ok(()),
        false => unsound(format!("there is no shard {shard}")),
    }
}

fn check_value(name: &str, value: &Value) -> Result<(), Unsound> {
    match value {
        Value::Sorted(members) => members.iter().try_for_each(|(_, score)| check_score(name, score)),
        Value::Stream(entries) => entries.iter().try_for_each(|(id, pairs)| {
            let place = crate::calls::task::stream_id(Some(id)).is_ok();
            match place && id != "0-0" && !pairs.is_empty() && 2 * pairs.len() < ENTRY_WORDS {
                true => Ok(()),
                false => unsound(format!("{name} has an entry {id:?} that no stream takes")),
            }
        }),
        Value::Hash(pairs) if pairs.is_empty() => unsound(format!("{name} has no fields")),
        Value::Hash(_) | Value::Text(_) => Ok(()),
    }
}

fn check_score(name: &str, score: &str) -> Result<(), Unsound> {
    match score.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(()),
        _ => unsound(format!("{score:?} is no score of {name}")),
    }
}

impl CarriedTask {
    pub(super) fn check(&self, shards: ShardCount) -> Result<(), Unsound> {
        in_namespace(self.id.shard(), shards)?;
        check_score("a task", &self.score)?;
        let large = |(name, value): &(String, Vec<u8>)| name.len() > 256 || value.len() > FIELD_BYTES;
        if self.fields.len() > FIELDS || self.fields.iter().any(large) {
            return unsound("it has more fields, or longer ones, than a task");
        }
        if self.word("draft").is_some() {
            return unsound("it is a draft");
        }
        let mut fields = Fields::new("the task", self.fields.clone());
        let task = Task::read(self.id, &mut fields).map_err(|error| Unsound(error.to_string()))?;
        self.check_state(&task)?;
        self.check_parents(&task)?;
        self.beside.iter().try_for_each(|beside| {
            let kind = match beside.name.as_str() {
                "payload" | "result" | "error" | "reason" | "tags" => "string",
                "history" | "refused" => "zset",
                "log" => "stream",
                other => return unsound(format!("nothing called {other:?} lies beside a task")),
            };
            match beside.value.kind() == kind {
                true => check_value(&beside.name, &beside.value),
                false => unsound(format!("its {} is no {kind}", beside.name)),
            }
        })
    }

    fn check_state(&self, task: &Task) -> Result<(), Unsound> {
        if matches!(task.state, State::Running { .. }) && task.run.is_none() {
            return unsound("it runs, and nobody holds it");
        }
        if self.waits && (task.status() != Status::Pending || task.group.is_none()) {
            return unsound("it waits for a place in a group that it is not of");
        }
        match (&task.family.flow, &self.position) {
            (None, None) => Ok(()),
            (Some(flow), Some(position)) if flow.shard() == self.id.shard() => {
                check_score("its flow", position)
            }
            _ => unsound("it has a flow without a position in it, or a position without a flow"),
        }
    }

    fn check_parents(&self, task: &Task) -> Result<(), Unsound> {
        let open = self.parents.iter().filter(|edge| edge.state != EdgeState::Closed).count() as u64;
        if task.family.parents != self.parents.len() as u64 || task.family.open_parents != open {
            return unsound(format!(
                "it counts {} parents, {} of them open, and names {} and {open}",
                task.family.parents,
                task.family.open_parents,
                self.parents.len()
            ));
        }
        let mut met: Vec<TaskId> = self.parents.iter().map(|edge| edge.parent).collect();
        met.sort_unstable();
        met.dedup();
        if met.len() != self.parents.len() || met.contains(&self.id) {
            return unsound("it names a parent twice, or itself");
        }
        self.parents.iter().try_for_each(|edge| self.check_edge(edge))
    }

    fn check_edge(&self, edge: &Edge) -> Result<(), Unsound> {
        if edge.parent.shard() != self.id.shard() {
            return unsound(format!("its parent {} is of another shard", edge.parent));
        }
        check_score("an edge", &edge.order)?;
        check_score("an edge", &edge.child_order)?;
        match &edge.state {
            EdgeState::Open(since) | EdgeState::Held(since) => check_score("an edge", since),
            EdgeState::Closed => Ok(()),
        }
    }
}
