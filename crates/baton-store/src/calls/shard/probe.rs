//! Faces `lua/shard/probe.lua`. It only asks.

use baton_core::Shard;

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

impl Store {
    /// Which of these commands, given with arguments, the user of the connection may not run.
    pub(crate) async fn probe(&self, shard: Shard, commands: &[Vec<String>]) -> Result<Vec<String>, Error> {
        let mut call = Call::new("shard/probe", [self.keys(shard)?.meta()]);
        call.arg(commands.len());
        for command in commands {
            call.arg(command.len());
            command.iter().for_each(|word| {
                call.arg(word);
            });
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "probed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let mut denied = Vec::new();
        while !reply.is_empty() {
            denied.push(reply.text()?);
        }
        Ok(denied)
    }
}
