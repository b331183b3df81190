//! Plain questions to Redis, asked once.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use deadpool_redis::redis::{Cmd, FromRedisValue, RedisError, Value};

use crate::error::{Error, remedy};
use crate::store::Store;

/// Why nothing was seen.
#[derive(Debug)]
pub(crate) enum Unseen {
    /// The user of the connection may not run this, or the server does not offer it.
    Denied(String),
    Away(String),
    /// It answered something else than is asked for.
    Odd(String),
}

pub(crate) type Seen<T> = Result<T, Unseen>;

impl From<Error> for Unseen {
    fn from(error: Error) -> Unseen {
        match error {
            Error::Unavailable { reason, .. } => Unseen::Away(reason.to_owned()),
            error => Unseen::Odd(format!("failed to {error}")),
        }
    }
}

impl Store {
    /// A command that only reads, sent once.
    pub(crate) async fn ask<T: FromRedisValue>(&self, words: &[impl AsRef<[u8]>]) -> Seen<T> {
        let mut command = Cmd::new();
        words.iter().for_each(|word| {
            command.arg(word.as_ref());
        });
        let name = words.first().map(|word| String::from_utf8_lossy(word.as_ref()).into_owned());
        let value = match self.inner.link.send(&command).await {
            Ok(value) => value,
            Err(error) => return Err(unseen(name.unwrap_or_default(), error)),
        };
        T::from_redis_value(value).map_err(|error| Unseen::Odd(error.to_string()))
    }
}

/// Asks at once: the connection sends one question behind the other, and waits for no answer in between. The first that
/// cannot be asked ends it.
pub(super) async fn together<T, F: Future<Output = Seen<T>>>(questions: Vec<F>) -> Seen<Vec<T>> {
    let mut open: Vec<(Pin<Box<F>>, Option<T>)> =
        questions.into_iter().map(|question| (Box::pin(question), None)).collect();
    poll_fn(|context| {
        let mut waits = false;
        for (question, answer) in open.iter_mut().filter(|(_, answer)| answer.is_none()) {
            match question.as_mut().poll(context) {
                Poll::Ready(Ok(told)) => *answer = Some(told),
                Poll::Ready(Err(unseen)) => return Poll::Ready(Err(unseen)),
                Poll::Pending => waits = true,
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(Ok(())) }
    })
    .await?;
    Ok(open.into_iter().filter_map(|(_, answer)| answer).collect())
}

fn unseen(command: String, error: Option<RedisError>) -> Unseen {
    let Some(error) = error else { return Unseen::Away("no connection in time".to_owned()) };
    match error.code() {
        Some("NOPERM") => Unseen::Denied(command),
        // Services that are managed leave commands out.
        Some("ERR") if error.to_string().contains("unknown command") => Unseen::Denied(command),
        _ => match remedy(&error).kind() {
            "fault" => Unseen::Odd(error.to_string()),
            kind => Unseen::Away(kind.replace('_', " ")),
        },
    }
}

/// Bytes as text, whatever they are.
pub(crate) fn words(value: &Value) -> String {
    match value {
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::SimpleString(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Okay => "OK".to_owned(),
        _ => String::new(),
    }
}
