//! Carries a script out: EVALSHA, the script sent again when the server forgot it, and the call repeated, word for
//! word, when its outcome is not known. Every script is safe to repeat; its header or its call says why.

use std::future::Future;
use std::time::Duration;

use deadpool_redis::redis::{Cmd, ToRedisArgs, Value};

use crate::clock::monotonic;
use crate::error::{Error, Remedy, remedy};
use crate::meter;
use crate::reply::Reply;
use crate::script::{Script, script};
use crate::store::Store;

/// How often a call is sent at most, and how the waits between grow: 20, 80, 320, 1,280 ms.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(20);

/// The same of a step of a login, all within one short time.
const LOGIN_TRIES: u32 = 3;

/// A script with its keys and arguments.
pub(crate) struct Call {
    script: &'static Script,
    command: Cmd,
    keys: usize,
    arguments: usize,
}

impl Call {
    pub(crate) fn new<K: AsRef<str>>(name: &'static str, keys: impl IntoIterator<Item = K>) -> Call {
        let script = script(name);
        let keys: Vec<K> = keys.into_iter().collect();
        let mut command = Cmd::new();
        command.arg("EVALSHA").arg(&script.sha).arg(keys.len());
        for key in &keys {
            command.arg(key.as_ref());
        }
        Call { script, command, keys: keys.len(), arguments: 0 }
    }

    pub(crate) fn arg(&mut self, value: impl ToRedisArgs) -> &mut Call {
        self.command.arg(value);
        self.arguments += 1;
        self
    }

    /// An argument that is empty when there is nothing to say.
    pub(crate) fn optional(&mut self, value: Option<impl ToRedisArgs>) -> &mut Call {
        match value {
            Some(value) => self.arg(value),
            None => self.arg(""),
        }
    }

    /// Does the call keep the contract of the script's header? Checked wherever assertions are on, so by every test.
    fn keeps_contract(&self) -> bool {
        let (keys, more_keys) = self.script.declared_keys();
        let (arguments, more_arguments) = self.script.declared_arguments();
        let fits = |given: usize, named: usize, more: bool| given == named || (more && given > named);
        fits(self.keys, keys, more_keys) && fits(self.arguments, arguments, more_arguments)
    }
}

impl Store {
    pub(crate) async fn run(&self, call: &Call) -> Result<Reply, Error> {
        debug_assert!(
            call.keeps_contract(),
            "{} with {} keys, {} arguments",
            call.script.name,
            call.keys,
            call.arguments
        );
        self.run_often(call, TRIES).await
    }

    /// Carries out a step of a login: it succeeds soon, or not at all.
    pub(crate) async fn run_soon(&self, call: &Call) -> Result<Reply, Error> {
        debug_assert!(call.keeps_contract(), "{} with {} arguments", call.script.name, call.arguments);
        self.soon(self.run_often(call, LOGIN_TRIES)).await
    }

    /// Carries out a step that ends sessions: it counts once enough replicas have it, where that is wanted.
    pub(crate) async fn run_confirmed(&self, call: &Call) -> Result<Reply, Error> {
        let Some(confirm) = self.inner.options.confirm else { return self.run_soon(call).await };
        self.load(call.script).await?;
        let mut wait = Cmd::new();
        wait.arg("WAIT").arg(confirm.replicas).arg(confirm.within.as_millis() as u64);
        let sent = monotonic();
        let answers = self.inner.blocking.send_in_turn(&[&call.command, &wait], confirm.within).await;
        let unavailable = |source| Error::Unavailable { reason: "the connection failed", source };
        let mut answers = answers.map_err(unavailable)?.into_iter();
        meter::answered(&call.script.series, sent);
        match (answers.next(), answers.next()) {
            (Some(done), Some(Value::Int(replicas))) if replicas.max(0) as u64 >= confirm.replicas => {
                Reply::new(call.script.name, done)
            }
            _ => Err(Error::NotConfirmed),
        }
    }

    /// Sends a plain command of a login that is safe to repeat.
    pub(crate) async fn send_soon(&self, command: &Cmd) -> Result<Value, Error> {
        self.soon(self.send_often(command, None, LOGIN_TRIES)).await
    }

    /// A plain command that a repeat would spoil.
    pub(crate) async fn send_once_soon(&self, command: &Cmd) -> Result<Value, Error> {
        self.soon(self.send_often(command, None, 1)).await
    }

    async fn soon<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let late = |_| Error::Unavailable { reason: "no answer in time", source: None };
        tokio::time::timeout(self.inner.options.timeouts.login, answer).await.map_err(late)?
    }

    /// Carries a script out, and leaves repeating it to the caller.
    pub(crate) async fn run_once(&self, call: &Call) -> Result<Reply, Error> {
        self.run_often(call, 1).await
    }

    async fn run_often(&self, call: &Call, tries: u32) -> Result<Reply, Error> {
        let sent = monotonic();
        let value = self.send_often(&call.command, Some(call.script), tries).await?;
        meter::answered(&call.script.series, sent);
        Reply::new(call.script.name, value)
    }

    /// Sends a command that is safe to repeat.
    pub(crate) async fn send(&self, command: &Cmd, script: Option<&'static Script>) -> Result<Value, Error> {
        self.send_often(command, script, TRIES).await
    }

    async fn send_often(
        &self,
        command: &Cmd,
        script: Option<&'static Script>,
        tries: u32,
    ) -> Result<Value, Error> {
        let mut wait = FIRST_WAIT;
        let (mut tried, mut loaded) = (0, 0);
        let sent = monotonic();
        loop {
            let error = match self.inner.link.send(command).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let known = error.as_ref().map(remedy);
            meter::failed(known.map_or("no_connection", Remedy::kind));
            let reason = match (known, script) {
                // Counted by itself: the last try may be the first that reaches a server just promoted.
                (Some(Remedy::LoadScript), Some(script)) if loaded < TRIES => {
                    loaded += 1;
                    self.load(script).await?;
                    continue;
                }
                (Some(Remedy::LoadScript), Some(_)) => "it forgets scripts as they come",
                (Some(Remedy::Wait(reason) | Remedy::Reconnect(reason)), _) => reason.words,
                (None, _) => "no connection in time",
                (Some(Remedy::StorageFull), _) => return Err(Error::StorageFull),
                (Some(Remedy::GiveUp | Remedy::LoadScript), _) => return Err(fault(script, error)),
            };
            tried += 1;
            if tried == tries || sent.elapsed() > self.inner.options.timeouts.again {
                return Err(Error::Unavailable { reason, source: error });
            }
            tracing::debug!(script = script.map(|script| script.name), tried, reason, "asking Redis again");
            tokio::time::sleep(wait).await;
            wait *= 4;
        }
    }

    /// Sends the text of a script. The cache is volatile: gone after a restart, a failover, SCRIPT FLUSH.
    pub(crate) async fn load(&self, script: &'static Script) -> Result<(), Error> {
        let mut command = Cmd::new();
        command.arg("SCRIPT").arg("LOAD").arg(&script.text);
        Box::pin(self.send(&command, None)).await?;
        tracing::debug!(script = script.name, sha = %script.sha, "script loaded");
        Ok(())
    }
}

fn fault(script: Option<&'static Script>, error: Option<deadpool_redis::redis::RedisError>) -> Error {
    let what = script.map_or("Redis", |script| script.name);
    Error::fault(what, error.map_or("no connection".to_owned(), |error| error.to_string()))
}
