//! A scan of everything: of a server, or of each node of a cluster, one after the other.
//!
//! Nodes are known by the first slot that each has: that stays the same when a replica takes over. Where slots are moved from node
//! to node meanwhile, keys may be met twice, or not at all.

use std::collections::BTreeMap;

use deadpool_redis::redis::{Cmd, FromRedisValue, Value};

use crate::audit::{FIRST_WAIT, TRIES, failed_once};
use crate::error::Error;
use crate::server::{field, infos};
use crate::store::Store;

/// Where a scan begins, and what its last step answers.
pub(crate) const START: &str = "0";

impl Store {
    /// A step of a scan: where it goes on, and what it named. On a cluster a place is a node and a cursor, `2.17`.
    pub(crate) async fn scan_step(
        &self,
        place: &str,
        pattern: &str,
        count: &str,
    ) -> Result<(String, Vec<Vec<u8>>), Error> {
        if !self.inner.link.is_cluster() {
            return read(self.send_to(0, &scan(place, pattern, count)).await?);
        }
        let (node, cursor) = place.split_once('.').unwrap_or(("0", place));
        let node: usize = node.parse().unwrap_or_default();
        let slots = self.first_slots().await?;
        let Some(slot) = slots.get(node).copied() else { return Ok((START.to_owned(), Vec::new())) };
        let (next, keys) = read(self.send_to(slot, &scan(cursor, pattern, count)).await?)?;
        let next = match next.as_str() {
            START if node + 1 >= slots.len() => START.to_owned(),
            START => format!("{}.0", node + 1),
            cursor => format!("{node}.{cursor}"),
        };
        Ok((next, keys))
    }

    /// The first slot of each primary.
    async fn first_slots(&self) -> Result<Vec<u16>, Error> {
        let mut command = Cmd::new();
        command.arg("CLUSTER").arg("SLOTS");
        let ranges: Vec<Vec<Value>> = take(self.send(&command, None).await?)?;
        let mut first: BTreeMap<String, u16> = BTreeMap::new();
        for range in ranges {
            let [from, _, primary, ..] = &range[..] else { continue };
            let (from, primary): (u16, Vec<Value>) = (take(from.clone())?, take(primary.clone())?);
            // Address, port, id.
            let id: String = primary.into_iter().nth(2).map(take).transpose()?.unwrap_or_default();
            let slot = first.entry(id).or_insert(from);
            *slot = from.min(*slot);
        }
        let mut slots: Vec<u16> = first.into_values().collect();
        slots.sort_unstable();
        Ok(slots)
    }

    /// Refuses an address that is that of one node of a cluster: most keys are elsewhere.
    pub(crate) async fn must_see_all(&self) -> Result<(), Error> {
        let of_cluster = |info: &String| field(info, "cluster_enabled") == Some("1");
        if self.inner.link.is_cluster() || !infos(self).await?.iter().any(of_cluster) {
            return Ok(());
        }
        let why = "this is one node of it, and most keys are on others: name the cluster, as in redis+cluster://host:port";
        Err(Error::invalid("a cluster", why))
    }

    async fn send_to(&self, slot: u16, command: &Cmd) -> Result<Value, Error> {
        let mut wait = FIRST_WAIT;
        for _ in 1..TRIES {
            match self.inner.link.send_to(slot, command).await.map_err(failed_once) {
                Err(Error::Unavailable { .. }) => tokio::time::sleep(wait).await,
                answer => return answer,
            }
            wait *= 3;
        }
        self.inner.link.send_to(slot, command).await.map_err(failed_once)
    }
}

/// What lies in one slot: by it questions are put together that go to one node.
pub(crate) fn tag(key: &str) -> &str {
    let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(tag, _)| tag);
    tag.filter(|tag| !tag.is_empty()).unwrap_or(key)
}

fn scan(cursor: &str, pattern: &str, count: &str) -> Cmd {
    let mut command = Cmd::new();
    command.arg("SCAN").arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(count);
    command
}

fn read(value: Value) -> Result<(String, Vec<Vec<u8>>), Error> {
    take(value)
}

fn take<T: FromRedisValue>(value: Value) -> Result<T, Error> {
    T::from_redis_value(value).map_err(|error| Error::fault("an answer of Redis", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shares_a_slot_shares_a_tag() {
        assert_eq!(tag("baton:{0}:events"), "0");
        assert_eq!(tag("baton:{u:k:x}:key"), "u:k:x");
        assert_eq!((tag("baton:meta"), tag("odd{}x")), ("baton:meta", "odd{}x"));
    }
}
