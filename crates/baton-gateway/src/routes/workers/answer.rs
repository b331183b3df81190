//! Grants as their holder gets them: with what the tasks that they waited for resulted in.

use baton_api::worker::Claimed;
use baton_store::Store;
use baton_store::calls::task::Grant;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::convert::claim::{claimed, with_parents};
use crate::problem::Fail;

/// Tasks whose parents are read at a time.
const READS_AT_A_TIME: usize = 8;
/// Results of parents that one answer carries, over all of its tasks: a client has room for as much as for one batch.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Should the reading fail, the tasks are held without being listed, and the next claim brings them.
pub(super) async fn granted(store: &Store, grant: Grant, lease_expires_ms: u64) -> Result<Claimed, Fail> {
    let (task, parents) = (grant.task, grant.parents);
    let claimed = claimed(grant, lease_expires_ms);
    match parents {
        0 => Ok(claimed),
        _ => Ok(with_parents(claimed, &store.parents(task).await?)),
    }
}

/// The same for many, in order. What goes beyond one answer comes with the next claim, as it would after a lost answer.
pub(super) async fn all_granted(
    store: &Store,
    grants: Vec<Grant>,
    lease_expires_ms: u64,
) -> Result<Vec<Claimed>, Fail> {
    let each = grants.into_iter().map(|grant| granted(store, grant, lease_expires_ms));
    let mut each = stream::iter(each).buffered(READS_AT_A_TIME);
    let (mut answered, mut bytes) = (Vec::new(), 0);
    while let Some(claimed) = each.try_next().await? {
        bytes += results(&claimed);
        if bytes > ANSWER_BYTES_MAX && !answered.is_empty() {
            break;
        }
        answered.push(claimed);
    }
    Ok(answered)
}

fn results(claimed: &Claimed) -> usize {
    let results = claimed.parents.values().filter_map(|parent| parent.result.as_ref());
    results.map(|result| result.get().len()).sum()
}
