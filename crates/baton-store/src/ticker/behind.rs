//! Writes down what has happened, beside the ticks: a ticker that waited for this could not bear witness of a stall.

use std::sync::Arc;

use baton_core::Shard;
use tokio::sync::Notify;

use crate::behind::Step;
use crate::store::Store;

/// Each time it is told that a tick worked, it writes down all there is, unless somebody else is at it.
pub(super) async fn keep(store: Store, shard: Shard, ticked: Arc<Notify>) {
    loop {
        ticked.notified().await;
        let mut joins = true;
        while write_piece(&store, shard, joins).await {
            joins = false;
        }
    }
}

/// Answers whether there is more. What fails is read again after the next tick.
async fn write_piece(store: &Store, shard: Shard, joins: bool) -> bool {
    match store.write_behind(shard, joins).await {
        Ok(step) => matches!(step, Step::Wrote { more: true, .. }),
        Err(error) => {
            tracing::debug!(%shard, %error, "what has happened could not be written down");
            false
        }
    }
}
