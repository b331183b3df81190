//! Faces `lua/token/gate.lua`. A repeat after a lost answer charges twice, which harms only whoever was at his limit.

use baton_core::login::{SessionId, UserTag};

use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub enum GateKey<'a> {
    /// Tries to log in from an address, by its pseudonym.
    Address(&'a str),
    /// Those of a device that has a token of the user.
    Device(UserTag, SessionId),
}

/// So many at once, and then one every so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    pub every_ms: u64,
    pub burst: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gated {
    Ok,
    /// In so many ms there is room.
    Wait(u64),
}

impl Store {
    /// Lets one more in, or says how long it must wait.
    pub async fn charge(&self, key: GateKey<'_>, gate: Gate) -> Result<Gated, Error> {
        self.gate(key, gate, "charge").await
    }

    /// Takes back that one was let in.
    pub async fn refund(&self, key: GateKey<'_>, gate: Gate) -> Result<(), Error> {
        self.gate(key, gate, "refund").await.map(|_| ())
    }

    async fn gate(&self, key: GateKey<'_>, gate: Gate, what: &str) -> Result<Gated, Error> {
        let cell = match key {
            GateKey::Address(pseudonym) => self.logins().address_gate(pseudonym),
            GateKey::Device(tag, session) => self.logins().of_user(tag).device_gate(session),
        };
        let mut call = Call::new("token/gate", [cell]);
        call.arg(what).arg(gate.every_ms).arg(gate.burst).arg(self.now_argument());
        read(self.run_soon(&call).await?)
    }
}

pub(super) fn read(mut reply: Reply) -> Result<Gated, Error> {
    match reply.text()?.as_str() {
        "ok" => Ok(Gated::Ok),
        "wait" => Ok(Gated::Wait(reply.parse()?)),
        other => Err(reply.fault(format!("it answered {other:?}"))),
    }
}
