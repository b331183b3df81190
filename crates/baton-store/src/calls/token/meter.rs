//! Faces `lua/token/meter.lua`. A repeat after a lost answer counts twice, which harms only whoever was at his limit.

use baton_core::Principal;

use crate::error::Error;
use crate::run::Call;
use crate::store::Store;

/// So many in so long a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meter {
    pub most: u64,
    pub window_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metered {
    /// So many more may come before the time is over.
    Ok { left: u64, reset_ms: u64 },
    /// All have come; the time is over in so many ms.
    Wait(u64),
}

impl Store {
    /// Counts a request of somebody, whichever gateway it came to.
    pub async fn meter(&self, who: &Principal, meter: Meter) -> Result<Metered, Error> {
        let mut call = Call::new("token/meter", [self.logins().meter(who)]);
        call.arg(meter.most).arg(meter.window_ms);
        let mut reply = self.run_soon(&call).await?;
        match reply.text()?.as_str() {
            "ok" => Ok(Metered::Ok { left: reply.parse()?, reset_ms: reply.parse()? }),
            "wait" => Ok(Metered::Wait(reply.parse()?)),
            other => Err(reply.fault(format!("it answered {other:?}"))),
        }
    }
}
