//! The live feed: what happens in the store, as it happens, for any number of listeners.
//!
//! One reader per shard and process follows the shard's event stream and puts what it reads into a ring of bounded
//! size. Listeners read the ring at their own pace; one that falls behind is told so (`reset`) and goes on from now, and
//! neither the readers nor other listeners ever wait for it. One that comes back with the id of its last event reads
//! the stream itself until it has caught up with the ring.

mod counts;
mod filter;
mod history;
mod place;
mod reader;
mod ring;
mod source;
mod sse;
mod stream;
mod subscription;
mod told;
mod watch;
mod ws;

use std::sync::Arc;

use baton_core::{Code, TaskId};
use baton_store::Store;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::problem::Fail;
use reader::Reader;
pub use watch::Watch;

/// Pages of streams that are read at once for listeners who catch up.
const READERS_MAX: usize = 8;

/// The handle that routes hold.
#[derive(Clone, Debug)]
pub struct Feed {
    store: Store,
    ring: Arc<ring::Ring>,
    watches: watch::Watches,
    board: counts::Board,
    readers: Arc<Semaphore>,
    /// WebSockets live on after the connection that asked for them.
    talks: TaskTracker,
}

impl Feed {
    /// Starts the readers; they end when the gateway drains, and so does every listener.
    pub fn start(store: &Store, draining: &CancellationToken) -> Feed {
        let (board, dirty) = counts::Board::start(store, draining);
        let feed = Feed {
            store: store.clone(),
            ring: ring::Ring::new(usize::from(store.shards().get()), ring::EVENTS_MAX),
            watches: watch::Watches::default(),
            board,
            readers: Arc::new(Semaphore::new(READERS_MAX)),
            talks: TaskTracker::new(),
        };
        for shard in store.shards().all() {
            let (store, ring, watches) = (store.clone(), Arc::clone(&feed.ring), feed.watches.clone());
            let reader = Reader { store, shard, ring, watches, dirty: dirty.clone() };
            tokio::spawn(reader.run(draining.clone()));
        }
        feed
    }

    /// How many listen now.
    pub fn listeners(&self) -> usize {
        self.ring.listeners()
    }

    /// Returns when every WebSocket has been told that the gateway ends.
    pub(crate) async fn ended(&self) {
        self.talks.close();
        self.talks.wait().await;
    }

    /// Interest in one task. Take it before the task is read, then read and `changed().await` in turn.
    pub fn watch(&self, task: TaskId) -> Watch {
        self.watches.watch(task)
    }
}

/// `GET /events`, `GET /events/history` and `GET /ws`, below `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sse::events))
        .routes(routes!(history::list_events))
        .routes(routes!(ws::frames))
}

/// A listener costs as much as any other request that is held.
fn admit(app: &App) -> Result<OwnedSemaphorePermit, Fail> {
    if app.draining.is_cancelled() {
        return Err(draining());
    }
    Arc::clone(&app.held).try_acquire_owned().map_err(|_| Fail::new(Code::Overloaded))
}

fn draining() -> Fail {
    Fail::new(Code::Draining)
}
