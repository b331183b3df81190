//! The handle that the other rooms hold.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use baton_core::{DedupeKey, FlowId, Namespace, OpId, Shard, ShardCount, TaskId};
use tokio::sync::Notify;

use crate::boot::{self, OpenError, Warning};
use crate::clock::{Ids, random};
use crate::error::Error;
use crate::keys::{LoginKeys, ShardKeys};
use crate::link::{Lines, Link, RedisUrl, Timeouts};

/// How many replicas must have an end of a session before it counts, and how long that may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirm {
    pub replicas: u64,
    pub within: Duration,
}

/// How to open a store.
#[derive(Clone, Debug)]
pub struct Options {
    pub url: RedisUrl,
    pub namespace: Namespace,
    /// How many shards the namespace has; one that exists with another number is refused.
    pub shards: ShardCount,
    pub timeouts: Timeouts,
    /// Whether logins are kept through this store, which takes rights that only gateways have.
    pub logins: bool,
    /// `None`: what the primary has done counts.
    pub confirm: Option<Confirm>,
    /// Tests give the scripts a time of their own. In production Redis's clock decides.
    pub injected_ms: Option<Arc<AtomicU64>>,
}

impl Options {
    /// The defaults: the namespace `baton` with one shard.
    pub fn new(url: RedisUrl) -> Options {
        Options {
            url,
            namespace: Namespace::default(),
            shards: ShardCount::ONE,
            timeouts: Timeouts::default(),
            logins: false,
            confirm: None,
            injected_ms: None,
        }
    }
}

/// When a shard wants to be ticked next.
#[derive(Debug, Default)]
struct Due {
    /// As the newest answer says; 0 while nobody said.
    at_ms: AtomicU64,
    /// That is sooner than it was.
    sooner: Notify,
}

pub(crate) struct Inner {
    pub(crate) link: Link,
    /// For calls that block on purpose.
    pub(crate) blocking: Lines,
    /// For the feed of revocations alone: whoever follows it hears when its connection has ended.
    pub(crate) revocations: Lines,
    pub(crate) options: Options,
    pub(crate) ids: Arc<Ids>,
    dues: Arc<[Due]>,
    shards: Vec<ShardKeys>,
    pub(crate) logins: LoginKeys,
}

/// A namespace in Redis, opened and checked. Cheap to clone; clones share one connection.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

impl fmt::Debug for Store {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Store").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Store {
    /// Connects, checks the server, founds or meets the namespace, and loads the scripts. What should be looked at, but
    /// does not prevent work, comes back beside the store.
    pub async fn open(options: Options) -> Result<(Store, Vec<Warning>), OpenError> {
        let store = Store::connect(options)?;
        let warnings = boot::open(&store).await?;
        Ok((store, warnings))
    }

    pub(crate) fn connect(options: Options) -> Result<Store, Error> {
        let dues = options.shards.all().map(|_| Due::default()).collect();
        Store::assemble(options, Arc::default(), dues)
    }

    fn assemble(options: Options, ids: Arc<Ids>, dues: Arc<[Due]>) -> Result<Store, Error> {
        let Options { url, namespace, shards, timeouts, .. } = &options;
        let inner = Inner {
            link: Link::new(url, timeouts)?,
            blocking: Lines::new(url, timeouts)?,
            revocations: Lines::new(url, timeouts)?,
            ids,
            dues,
            shards: shards.all().map(|shard| ShardKeys::new(namespace, shard)).collect(),
            logins: LoginKeys::new(namespace),
            options,
        };
        Ok(Store { inner: Arc::new(inner) })
    }

    pub fn shards(&self) -> ShardCount {
        self.inner.options.shards
    }

    /// Another handle to the same namespace with connections of its own: for another runtime, which must not wait for
    /// what this one does. Ids that the two draw never meet, and what one hears of ticks the other knows.
    pub fn apart(&self) -> Result<Store, Error> {
        let Inner { options, ids, dues, .. } = &*self.inner;
        Store::assemble(options.clone(), Arc::clone(ids), Arc::clone(dues))
    }

    /// The keys of a shard, if this namespace has it.
    pub fn keys(&self, shard: Shard) -> Result<&ShardKeys, Error> {
        let keys = self.inner.shards.get(usize::from(shard.number()));
        keys.ok_or_else(|| Error::invalid("a task or shard", format!("this namespace has no shard {shard}")))
    }

    /// The shard for something new. What must meet again, meets: tasks of one key, repeats of one call.
    pub fn place(&self, key: Option<&DedupeKey>, op: Option<&OpId>) -> Shard {
        match (key.map(DedupeKey::as_str), op.map(OpId::as_str)) {
            (Some(name), _) | (None, Some(name)) => self.shards().of(name),
            (None, None) => self.shards().of(&random().to_string()),
        }
    }

    /// A new task id in this shard. Whoever submits draws it first and repeats it in a retry.
    pub fn draw(&self, shard: Shard) -> TaskId {
        self.inner.ids.task(shard)
    }

    /// A new flow id in this shard.
    pub fn draw_flow(&self, shard: Shard) -> FlowId {
        self.inner.ids.flow(shard)
    }

    /// A name for one call of an operator that brought none.
    pub fn draw_op(&self) -> OpId {
        self.inner.ids.op()
    }

    fn due(&self, shard: Shard) -> Option<&Due> {
        self.inner.dues.get(usize::from(shard.number()))
    }

    /// When this shard wants to be ticked next, by Redis's clock.
    pub(crate) fn due_ms(&self, shard: Shard) -> Option<u64> {
        let due_ms = self.due(shard)?.at_ms.load(Ordering::Relaxed);
        (due_ms > 0).then_some(due_ms)
    }

    pub(crate) fn note_due(&self, shard: Shard, due_ms: Option<u64>) {
        if let (Some(due_ms), Some(due)) = (due_ms, self.due(shard))
            && due.at_ms.swap(due_ms, Ordering::Relaxed) > due_ms
        {
            due.sooner.notify_one();
        }
    }

    /// Ends wait to be passed on: the ticker of this process need not wait to hear of it.
    pub(crate) fn cascade_soon(&self, shard: Shard) {
        self.note_due(shard, Some(1));
    }

    /// Ends when the shard wants to be ticked sooner than was known.
    pub(crate) async fn due_sooner(&self, shard: Shard) {
        match self.due(shard) {
            Some(due) => due.sooner.notified().await,
            None => std::future::pending().await,
        }
    }

    /// The argument by which tests tell a script the time; empty in production.
    pub(crate) fn now_argument(&self) -> String {
        let injected = self.inner.options.injected_ms.as_ref();
        injected.map_or(String::new(), |now| now.load(Ordering::SeqCst).to_string())
    }
}
