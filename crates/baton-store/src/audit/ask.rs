//! Plain questions, many at once and at a pace that Redis keeps.

use std::collections::BTreeMap;
use std::time::Duration;

use deadpool_redis::redis::{FromRedisValue, Pipeline, RedisError, Value};

use crate::clock::monotonic;
use crate::error::Error;
use crate::nodes::tag;
use crate::patience::{failed, failed_once, patiently};
use crate::store::Store;

/// Questions of one trip.
pub(super) const AT_ONCE: usize = 500;

/// A trip that takes longer than this is followed by a pause as long.
const SLOW: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_millis(500);

impl Store {
    /// Asks one after the other in one trip. An answer that is of another type than it should be is none: what has the wrong
    /// type is found by itself.
    pub(crate) async fn ask_all<'a>(
        &self,
        questions: impl IntoIterator<Item = Vec<&'a str>>,
    ) -> Result<Vec<Value>, Error> {
        if !self.inner.link.is_cluster() {
            return self.ask_node(questions).await;
        }
        // Of each slot in a trip of its own; those of one slot keep their order. What names no key, as `TIME` does, goes where
        // the question before it goes.
        let (mut slots, mut size) = (BTreeMap::<String, (Vec<usize>, Vec<Vec<&str>>)>::new(), 0);
        let mut slot_tag = String::new();
        for question in questions {
            let key = question.get(if question.first() == Some(&"XINFO") { 2 } else { 1 });
            slot_tag = key.map_or(slot_tag, |key| tag(key).to_owned());
            let slot = slots.entry(slot_tag.clone()).or_default();
            slot.0.push(size);
            slot.1.push(question);
            size += 1;
        }
        let mut answers = vec![Value::Nil; size];
        for (places, questions) in slots.into_values() {
            for (place, answer) in places.into_iter().zip(self.ask_node(questions).await?) {
                answers[place] = answer;
            }
        }
        Ok(answers)
    }

    async fn ask_node<'a>(
        &self,
        questions: impl IntoIterator<Item = Vec<&'a str>>,
    ) -> Result<Vec<Value>, Error> {
        let mut pipeline = Pipeline::new();
        let mut count = 0;
        for question in questions {
            let mut words = question.into_iter();
            if let Some(name) = words.next() {
                let command = pipeline.cmd(name);
                words.for_each(|word| {
                    command.arg(word);
                });
                count += 1;
            }
        }
        if count == 0 {
            return Ok(Vec::new());
        }
        patiently(|| self.trip(&pipeline, count)).await
    }

    async fn trip(&self, pipeline: &Pipeline, count: usize) -> Result<Vec<Value>, Error> {
        let sent = monotonic();
        let answers = self.inner.link.send_all(pipeline, count).await;
        let took = monotonic().saturating_duration_since(sent);
        if took > SLOW {
            tokio::time::sleep(took.min(PAUSE_MAX)).await;
        }
        let answers = answers.map_err(failed_once)?;
        answers.into_iter().map(answered).collect()
    }

    /// What time it is where this key lies: of a cluster each node has a clock of its own.
    pub(crate) async fn clock_beside(&self, key: &str) -> Result<u64, Error> {
        let answers = self.ask_all([vec!["EXISTS", key], vec!["TIME"]]).await?;
        time(answers.into_iter().nth(1).unwrap_or(Value::Nil))
    }

    /// One question.
    pub(super) async fn ask_one<T: FromRedisValue>(&self, question: Vec<&str>) -> Result<T, Error> {
        let answers = self.ask_all([question]).await?;
        read(answers.into_iter().next().unwrap_or(Value::Nil))
    }

    /// One question whose answer is taken as text, whatever bytes are in it.
    pub(super) async fn ask_text<T: FromRedisValue>(&self, question: Vec<&str>) -> Result<T, Error> {
        let answers = self.ask_all([question]).await?;
        read(lossy(answers.into_iter().next().unwrap_or(Value::Nil)))
    }
}

/// An answer as text, whatever bytes are in it: what is no text is shown by a sign that no name of Baton has.
pub(super) fn lossy(value: Value) -> Value {
    match value {
        Value::BulkString(bytes) => {
            Value::BulkString(String::from_utf8_lossy(&bytes).into_owned().into_bytes())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(lossy).collect()),
        Value::Set(values) => Value::Set(values.into_iter().map(lossy).collect()),
        Value::Map(pairs) => {
            Value::Map(pairs.into_iter().map(|(name, value)| (lossy(name), lossy(value))).collect())
        }
        value => value,
    }
}

/// Was something in it no text?
pub(super) fn is_odd(text: &str) -> bool {
    text.contains(char::REPLACEMENT_CHARACTER)
}

pub(super) fn read<T: FromRedisValue>(value: Value) -> Result<T, Error> {
    T::from_redis_value(value).map_err(|error| Error::fault("an answer of Redis", error.to_string()))
}

/// The answer to `TIME`, in ms.
pub(crate) fn time(value: Value) -> Result<u64, Error> {
    let (now_s, us): (u64, u64) = read(value)?;
    Ok(now_s * 1_000 + us / 1_000)
}

/// The same, where anything else is as good as none.
pub(super) fn some<T: FromRedisValue>(value: Value) -> Option<T> {
    T::from_redis_value(value).ok()
}

fn answered(value: Value) -> Result<Value, Error> {
    let Value::ServerError(error) = value else { return Ok(value) };
    let error = RedisError::from(error);
    match error.code() {
        Some("WRONGTYPE") => Ok(Value::Nil),
        Some("ERR") if error.to_string().contains("no such key") => Ok(Value::Nil),
        _ => Err(failed(error)),
    }
}
