//! Faces `lua/namespace/open.lua`. Repeatable: what is founded is met the second time.

use crate::error::Error;
use crate::keys;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// What stands in the record of a namespace or shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub schema: u64,
    pub shards: u32,
    pub store_id: String,
}

impl Opened {
    pub(crate) fn read(mut reply: Reply) -> Result<Opened, Error> {
        match reply.text()?.as_str() {
            "opened" => {
                Ok(Opened { schema: reply.parse()?, shards: reply.parse()?, store_id: reply.text()? })
            }
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}

impl Store {
    pub(crate) async fn open_namespace(&self, store_id: &str) -> Result<Opened, Error> {
        let mut call = Call::new("namespace/open", [keys::namespace_meta(&self.inner.options.namespace)]);
        call.arg(self.now_argument()).arg(self.shards().get()).arg(store_id);
        Opened::read(self.run(&call).await?)
    }
}
