//! A scan of everything: of a server, or of each node of a cluster, one after the other.
//!
//! A cursor is good for the process alone that gave it, and keys go where their slot goes. So who has which slots stands in each
//! place, as a mark: where that has changed since, the scan is refused instead of passing over keys.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use deadpool_redis::redis::{Cmd, FromRedisValue, Value};

use crate::error::Error;
use crate::patience::{failed_once, patiently};
use crate::server::{field, infos};
use crate::store::Store;

/// Where a scan begins, and what its last step answers.
pub(crate) const START: &str = "0";

impl Store {
    /// A step of a scan: where it goes on, and what it named. On a cluster a place is a mark, a node and a cursor, `5fc1.2.17`.
    pub(crate) async fn scan_step(
        &self,
        place: &str,
        pattern: &str,
        count: &str,
    ) -> Result<(String, Vec<Vec<u8>>), Error> {
        if !self.inner.link.is_cluster() {
            return read(self.send_to(0, &scan(place, pattern, count)).await?);
        }
        let layout = self.layout().await?;
        let (node, cursor) = layout.find(place)?;
        let slot = *layout.slots.get(node).ok_or_else(changed)?;
        let (next, keys) = read(self.send_to(slot, &scan(cursor, pattern, count)).await?)?;
        Ok((layout.behind(node, &next), keys))
    }

    async fn layout(&self) -> Result<Layout, Error> {
        let mut command = Cmd::new();
        command.arg("CLUSTER").arg("SLOTS");
        let ranges: Vec<Vec<Value>> = take(self.send(&command, None).await?)?;
        let mut owned = Vec::new();
        for range in ranges {
            let [from, to, primary, ..] = &range[..] else { continue };
            let primary: Vec<Value> = take(primary.clone())?;
            // Address, port, id.
            let id = primary.into_iter().nth(2).ok_or_else(|| Error::fault("CLUSTER SLOTS", "no id"))?;
            owned.push((take(id)?, take(from.clone())?, take(to.clone())?));
        }
        Ok(Layout::new(owned))
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
        let link = &self.inner.link;
        patiently(|| async { link.send_to(slot, command).await.map_err(failed_once) }).await
    }
}

/// Who has which slots.
#[derive(Debug)]
struct Layout {
    /// The first slot of each primary, by its id.
    slots: Vec<u16>,
    mark: u64,
}

impl Layout {
    /// Of ranges of slots: whose each is, its first and its last.
    fn new(mut owned: Vec<(String, u16, u16)>) -> Layout {
        owned.sort_unstable();
        let (mut first, mut mark) = (BTreeMap::new(), DefaultHasher::new());
        owned.hash(&mut mark);
        for (id, from, _) in owned {
            first.entry(id).or_insert(from);
        }
        Layout { slots: first.into_values().collect(), mark: mark.finish() }
    }

    /// A node and a cursor.
    fn find<'a>(&self, place: &'a str) -> Result<(usize, &'a str), Error> {
        let Some((mark, rest)) = place.split_once('.') else { return Ok((0, place)) };
        let (node, cursor) = rest.split_once('.').ok_or_else(changed)?;
        match mark == format!("{:x}", self.mark) {
            true => Ok((node.parse().map_err(|_| changed())?, cursor)),
            false => Err(changed()),
        }
    }

    fn behind(&self, node: usize, cursor: &str) -> String {
        match cursor {
            START if node + 1 >= self.slots.len() => START.to_owned(),
            START => format!("{:x}.{}.{START}", self.mark, node + 1),
            cursor => format!("{:x}.{node}.{cursor}", self.mark),
        }
    }
}

fn changed() -> Error {
    Error::fault("the cluster", "its nodes or their slots changed meanwhile: begin again")
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

    #[test]
    fn a_scan_goes_from_node_to_node_while_these_stay_what_they_are() {
        let owned =
            |id: &str| vec![(id.to_owned(), 0, 99), ("b".to_owned(), 100, 199), (id.to_owned(), 200, 299)];
        let layout = Layout::new(owned("c"));
        assert_eq!((&layout.slots[..], layout.find(START).ok()), (&[100, 0][..], Some((0, START))));
        let place = layout.behind(0, "17");
        assert_eq!(layout.find(&place).ok(), Some((0, "17")));
        let second = layout.behind(0, START);
        assert_eq!(layout.find(&second).ok(), Some((1, START)));
        assert_eq!(layout.behind(1, START), START);
        // Another in its place, other slots, fewer nodes, none at all.
        let fewer = vec![("b".to_owned(), 0, 299)];
        for other in [owned("d"), owned("c")[..2].to_vec(), fewer, Vec::new()].map(Layout::new) {
            let refused = other.find(&second).expect_err("they changed").to_string();
            assert!(refused.contains("begin again"), "{refused}");
        }
    }
}
