//! flow/submit: one call of it, word for word, and a process that dies between two of them.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use baton_core::Shard;
use baton_store::calls::flow::NewFlow;
use baton_store::{Options, Script, Store};
use baton_testkit::{FaultProxy, Fixture, Loss, Then};
use deadpool_redis::redis::Cmd;

/// A piece of a flow. The tasks of the flow have nothing but a payload; no idempotency key belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Piece<'a> {
    pub(super) flow: &'a NewFlow,
    pub(super) tasks: RangeInclusive<u32>,
    /// With the edges of these tasks.
    pub(super) edges: bool,
    pub(super) first: bool,
    pub(super) last: bool,
}

impl Piece<'_> {
    fn words(&self, at: &Fixture) -> Vec<String> {
        let flow = self.flow;
        let flag = |yes: bool| if yes { "1" } else { "" }.to_owned();
        let edges: usize = flow.parents.iter().map(Vec::len).sum();
        let mut words = vec![at.now_ms().to_string(), String::new(), String::new(), flow.id.to_string()];
        words.extend([String::new(), flag(self.first), flag(self.last)]);
        words.extend([flow.tasks.len(), edges, self.tasks.clone().count()].map(|number| number.to_string()));
        let mut lists = Vec::new();
        for position in self.tasks.clone() {
            let parents = flow.parents[position as usize - 1].clone();
            let children: Vec<u32> = (1..=flow.tasks.len() as u32)
                .filter(|other| flow.parents[*other as usize - 1].contains(&position))
                .collect();
            words.extend([position.to_string(), parents.len().to_string(), children.len().to_string()]);
            let payload = String::from_utf8_lossy(&flow.tasks[position as usize - 1].payload).into_owned();
            let rest = ["default", "5", "", "", &payload, "1", "kind", "noop"];
            words.extend(rest.map(str::to_owned));
            lists.extend([("parents", position, parents), ("children", position, children)]);
        }
        lists.retain(|(_, _, others)| self.edges && !others.is_empty());
        words.push(lists.len().to_string());
        for (side, position, others) in lists {
            words.extend([side.to_owned(), position.to_string(), others.len().to_string()]);
            words.extend(others.iter().map(u32::to_string));
        }
        words
    }

    /// What the script answers.
    pub(super) async fn send(&self, at: &Fixture) -> Vec<String> {
        let keys = at.store.keys(Shard::FIRST).expect("its shard");
        let flow = self.flow.id;
        let names = [
            keys.meta(),
            keys.events(),
            keys.queues(),
            keys.scheduled(),
            keys.flow(flow),
            keys.flow_tasks(flow),
            keys.flows(),
            keys.drafts(),
            keys.cascades(),
        ];
        let script = Script::all().iter().find(|script| script.name == "flow/submit").expect("the script");
        let mut command = Cmd::new();
        command.arg("EVAL").arg(&script.text).arg(names.len()).arg(&names[..]).arg(self.words(at));
        command.query_async(&mut at.redis.connection().await).await.expect("words")
    }
}

/// Another process, whose answers can be lost.
pub(super) async fn behind_proxy(at: &Fixture) -> (FaultProxy, Store) {
    let proxy = FaultProxy::start(at.redis.socket()).await;
    let mut options = Options::new(proxy.url().parse().expect("a URL"));
    options.injected_ms = Some(Arc::new(AtomicU64::new(at.now_ms())));
    let (store, _) = Store::open(options).await.expect("a store behind a proxy");
    (proxy, store)
}

/// Another process begins to write a flow, and dies when the piece with these words in it has been carried out.
pub(super) async fn die_behind(at: &Fixture, flow: &NewFlow, words: &[u8]) {
    let (proxy, store) = behind_proxy(at).await;
    proxy.lose(Loss::to(words, Then::StaySilent));
    tokio::select! {
        answer = store.submit_flow(flow) => panic!("it lived to hear {answer:?}"),
        _ = proxy.lost() => {}
    }
}

/// The words behind which it dies.
pub(super) const HERE: &[u8] = b"it-dies-behind-this";

/// Marks the piece that has this position in it.
pub(super) fn mark(mut flow: NewFlow, position: u32) -> NewFlow {
    flow.tasks[position as usize - 1].payload = HERE.to_vec();
    flow
}
