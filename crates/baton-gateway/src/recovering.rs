//! Recovery, one at a time: who asks for one while one is under way gets what that comes to. It goes on when those who asked
//! for it have gone.

use std::sync::{Arc, Mutex, PoisonError};

use baton_core::Code;
use baton_store::Store;
use baton_store::ticker::{Recovered, Recovery};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use crate::problem::Fail;

type Running = Shared<BoxFuture<'static, Result<Recovered, Fail>>>;

/// The recovery that is under way, if one is.
#[derive(Clone, Default)]
pub(crate) struct Recovering(Arc<Mutex<Option<Running>>>);

impl Recovering {
    pub(crate) async fn recover(&self, store: &Store) -> Result<Recovered, Fail> {
        self.join(store).await
    }

    fn join(&self, store: &Store) -> Running {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = current.as_ref().filter(|running| running.peek().is_none()) {
            return running.clone();
        }
        let task = tokio::spawn(recover(store.clone()));
        let running = async move { task.await.unwrap_or_else(|_| Err(Fail::new(Code::Internal))) };
        let running = running.boxed().shared();
        *current = Some(running.clone());
        running
    }
}

impl std::fmt::Debug for Recovering {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Recovering")
    }
}

async fn recover(store: Store) -> Result<Recovered, Fail> {
    metrics::counter!("baton_recoveries_total").increment(1);
    match store.recover().await? {
        Recovery::Done(recovered) => Ok(recovered),
        Recovery::Refused(refused) => Err(refused.into()),
    }
}
