//! Pools of workers: how large they are, how they do, and what brings a fleet back.

use baton_api::pool::{Pool, Pools, PutPool, Recovery};

use super::Client;
use super::call::Call;
use super::read::{paged, segment};
use super::submit::body;
use super::wait::HELD_FOR;
use crate::error::Error;

impl Client {
    pub async fn pools(&self) -> Result<Vec<Pool>, Error> {
        let mut pools = Vec::new();
        let mut cursor = None;
        loop {
            let page: Pools = self.call(paged("/api/v1/pools", cursor)).await?;
            pools.extend(page.pools);
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(pools);
            }
        }
    }

    pub async fn pool(&self, name: &str) -> Result<Pool, Error> {
        self.call(Call::get(path(name)?)).await
    }

    /// Says how many workers a pool is to have, or whether it is to run. Its supervisors follow within a second or two; a
    /// pool that is new gets them when they come.
    pub async fn set_pool(&self, name: &str, put: &PutPool) -> Result<Pool, Error> {
        self.call(Call::put(path(name)?, body(put)?)).await
    }

    /// Forgets a pool to which nobody attends.
    pub async fn remove_pool(&self, name: &str) -> Result<(), Error> {
        self.tell(Call::delete(path(name)?)).await
    }

    /// Does now what is due: takes tasks back whose holders lost their lease, and lets scheduled ones begin. It takes a few
    /// seconds.
    pub async fn recover(&self) -> Result<Recovery, Error> {
        let call = Call::post("/api/v1/recover", b"{}".to_vec(), None);
        self.call(call.held_for(HELD_FOR)).await
    }
}

fn path(name: &str) -> Result<String, Error> {
    Ok(format!("/api/v1/pools/{}", segment(name)?))
}
