//! The feed of revocations, as gateways follow it.

use std::collections::HashMap;
use std::time::Duration;

use deadpool_redis::redis::{Cmd, FromRedisValue, Value};

use crate::calls::token::Revocation;
use crate::error::Error;
use crate::event::{StreamId, only_stream};
use crate::store::Store;

/// An entry of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub id: StreamId,
    /// `None`: of a kind that only a later release knows.
    pub revocation: Option<Revocation>,
}

/// Entries that one call answers.
const FEED_PAGE: u64 = 1_000;

impl Store {
    /// Entries behind this one, at once.
    pub async fn revocations(&self, after: StreamId) -> Result<Vec<Heard>, Error> {
        let mut command = Cmd::new();
        command.arg("XRANGE").arg(self.logins().revoked()).arg(format!("({after}")).arg("+");
        command.arg("COUNT").arg(FEED_PAGE);
        entries(self.send_soon(&command).await?)
    }

    /// The oldest entry that there is still.
    pub async fn first_revocation(&self) -> Result<Option<StreamId>, Error> {
        let mut command = Cmd::new();
        command.arg("XRANGE").arg(self.logins().revoked()).arg("-").arg("+").arg("COUNT").arg(1);
        Ok(entries(self.send_soon(&command).await?)?.first().map(|heard| heard.id))
    }

    /// Waits for entries behind this one. Meanwhile it has a connection to itself.
    pub async fn follow_revocations(&self, after: StreamId, wait: Duration) -> Result<Vec<Heard>, Error> {
        let mut command = Cmd::new();
        command.arg("XREAD").arg("COUNT").arg(FEED_PAGE).arg("BLOCK").arg(wait.as_millis().max(1) as u64);
        command.arg("STREAMS").arg(self.logins().revoked()).arg(after.to_string());
        let answer = self.inner.revocations.follow(&command, wait).await;
        let unavailable = |source| Error::Unavailable { reason: "the connection failed", source };
        only_stream(answer.map_err(unavailable)?)?.map_or(Ok(Vec::new()), entries)
    }

    /// Redis's clock.
    pub async fn clock_ms(&self) -> Result<u64, Error> {
        let mut command = Cmd::new();
        command.arg("TIME");
        let (seconds, micros): (u64, u64) = read(self.send_soon(&command).await?)?;
        Ok(seconds * 1_000 + micros / 1_000)
    }
}

fn read<T: FromRedisValue>(value: Value) -> Result<T, Error> {
    T::from_redis_value(value).map_err(|error| Error::fault("the feed of revocations", error.to_string()))
}

fn entries(value: Value) -> Result<Vec<Heard>, Error> {
    let rows: Vec<(String, HashMap<String, String>)> = read(value)?;
    let heard = rows.into_iter().map(|(id, fields)| {
        let id = id
            .parse()
            .map_err(|_| Error::fault("the feed of revocations", format!("it has the id {id:?}")))?;
        let word = |name: &str| fields.get(name).map_or("", String::as_str);
        let revocation = Revocation::read(word("kind"), word("id"), word("epoch"), word("until"));
        Ok(Heard { id, revocation })
    });
    heard.collect()
}
