//! Hints: how an idle claimer learns at once that a queue has work. Redis hands a hint to one waiter, so one new task
//! wakes one claimer. A hint may be lost, with the claimer that took it or with the server: whoever waits also looks by
//! itself every second or so, and correctness never depends on a hint.

use std::time::Duration;

use baton_core::{QueueName, Shard, limits};
use deadpool_redis::redis::{Cmd, FromRedisValue, Value};

use crate::calls::bounded;
use crate::error::Error;
use crate::store::Store;

/// Redis takes no wait at all for one without end.
const WAIT_MIN: Duration = Duration::from_millis(1);

impl Store {
    /// Waits until one of these queues has a hint, and takes it; the queues named first come first. Meanwhile it has a
    /// connection to itself. Who leaves while it waits may take a hint along.
    pub async fn wait_for_hint(
        &self,
        shard: Shard,
        queues: &[QueueName],
        wait: Duration,
    ) -> Result<Option<QueueName>, Error> {
        bounded("queues of one wait", queues.len(), limits::CLAIM_QUEUES_MAX)?;
        if queues.is_empty() {
            return Err(Error::invalid("queues of one wait", "there are none"));
        }
        let (keys, wait) = (self.keys(shard)?, wait.max(WAIT_MIN));
        let names: Vec<String> = queues.iter().map(|queue| keys.hints(queue)).collect();
        let mut command = Cmd::new();
        command.arg("BLPOP").arg(&names).arg(wait.as_secs_f64());
        let answer = self.inner.blocking.send(&command, wait).await;
        let unavailable = |source| Error::Unavailable { reason: "the connection failed", source };
        match answer.map_err(unavailable)? {
            Value::Nil => Ok(None),
            hint => {
                let (name, _): (String, String) = FromRedisValue::from_redis_value(hint)
                    .map_err(|error| Error::fault("hints", error.to_string()))?;
                Ok(names.iter().position(|known| *known == name).and_then(|at| queues.get(at)).cloned())
            }
        }
    }
}
