//! Faces `lua/shard/open.lua`. Repeatable: what is founded is met the second time.

use baton_core::Shard;

use crate::calls::namespace::Opened;
use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

impl Store {
    pub(crate) async fn open_shard(&self, shard: Shard, store_id: &str) -> Result<Opened, Error> {
        let mut call = Call::new("shard/open", [self.keys(shard)?.meta()]);
        call.arg(self.now_argument()).arg(self.shards().get()).arg(store_id);
        Opened::read(self.run(&call).await?)
    }
}
