//! Looking straight at Redis, for when no gateway answers. Nothing is changed there.

use std::path::PathBuf;

use anyhow::Result;
use baton_gateway::config::{Config, Flags};
use baton_store::Store;
use clap::Args;

use crate::serve::{sources, unusable};

#[derive(Args)]
pub(crate) struct Direct {
    /// Look straight at the Redis of BATON_REDIS_URL or of the configuration, instead of asking a gateway
    #[arg(long)]
    direct: bool,
    /// The configuration file of a gateway [env: BATON_CONFIG]
    #[arg(long, value_name = "FILE", requires = "direct")]
    config: Option<PathBuf>,
}

impl Direct {
    /// Where to look; `None`: a gateway is to be asked.
    pub(crate) fn store(&self) -> Result<Option<Store>> {
        if !self.direct {
            return Ok(None);
        }
        let sources = sources(self.config.as_deref(), Flags::default().given())?;
        let config = Config::resolve(&sources).map_err(unusable)?;
        Ok(Some(Store::unopened(config.store)?))
    }
}
