//! Plays a sequence to the model and to a shard, and stops where they differ.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use baton_core::{Refusal, Shard, Status, TaskId, limits};
use baton_store::{Options, State, Store};
use baton_testkit::fixture::START_MS;
use baton_testkit::snapshot::Content;
use baton_testkit::{Life, PrivateRedis, Snapshot, invariants};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{Cmd, cmd};

use super::coverage::Coverage;
use super::model::{Model, key_of};
use super::naming::Naming;
use super::operation::Operation;
use super::picture::{differences, of_shard};
use super::reads;
use super::request::{Answer, Request};
use baton_store::calls::shard::Ticked;
use baton_store::calls::task::Linked;

/// How many operations pass between two looks at the whole shard.
const LOOK_EVERY: usize = 15;

/// One server and one store, emptied for each sequence.
pub(super) struct Stage {
    _redis: PrivateRedis,
    store: Store,
    clock: Arc<AtomicU64>,
    connection: MultiplexedConnection,
    founded: Snapshot,
    pub coverage: Coverage,
    pub operations: u64,
}

impl Stage {
    pub(super) async fn build() -> Stage {
        let redis = PrivateRedis::start().await;
        let clock = Arc::new(AtomicU64::new(START_MS));
        let mut options = Options::new(redis.url().parse().expect("a URL"));
        options.injected_ms = Some(Arc::clone(&clock));
        let (store, _) = Store::open(options).await.expect("a store on a private Redis");
        let mut connection = redis.connection().await;
        let founded = Snapshot::take(&mut connection, "baton:").await;
        Stage {
            _redis: redis,
            store,
            clock,
            connection,
            founded,
            coverage: Coverage::default(),
            operations: 0,
        }
    }

    async fn by_hand(&mut self, command: &mut Cmd) {
        let done = command.exec_async(&mut self.connection).await;
        done.expect("a command on a private Redis");
    }

    /// Back to a namespace that was just founded; the scripts stay loaded.
    async fn clear(&mut self) {
        self.by_hand(&mut cmd("FLUSHALL")).await;
        self.clock.store(START_MS, Ordering::SeqCst);
        let mut found = Vec::new();
        for (key, value) in &self.founded.0 {
            if let Content::Hash(fields) = &value.content {
                let mut write = cmd("HSET");
                write.arg(key);
                for (field, value) in fields {
                    write.arg(field).arg(value);
                }
                found.push(write);
            }
        }
        for mut write in found {
            self.by_hand(&mut write).await;
        }
    }

    /// `Err` says in words where model and shard part.
    pub(super) async fn play(&mut self, sequence: &[Operation]) -> Result<(), String> {
        self.clear().await;
        let mut model = Model { now_ms: START_MS, ..Model::default() };
        let mut naming = Naming::default();
        let mut story = Vec::new();
        for (at, operation) in sequence.iter().enumerate() {
            let step = self.step(&mut model, &mut naming, operation, &mut story).await;
            let looked = match step {
                Ok(()) if at % LOOK_EVERY == LOOK_EVERY - 1 => self.look(&model).await.map(drop),
                other => other,
            };
            looked.map_err(|problem| told(&story, &problem))?;
            self.operations += 1;
        }
        let snapshot = self.look(&model).await.map_err(|problem| told(&story, &problem))?;
        reads::check(&self.store, &model).await.map_err(|problem| told(&story, &problem))?;
        self.coverage.note_events(&snapshot);
        Ok(())
    }

    async fn step(
        &mut self,
        model: &mut Model,
        naming: &mut Naming,
        operation: &Operation,
        story: &mut Vec<Told>,
    ) -> Result<(), String> {
        if let Operation::Newer(operation) = operation {
            let meta = "baton:{0}:meta";
            self.by_hand(cmd("HSET").arg(meta).arg("schema").arg(2)).await;
            let answered = match naming.resolve(model, operation) {
                Some(request) => {
                    story.push(Told::Newer(request.clone()));
                    let expected = Answer::too_new(&request);
                    let answer = request.ask(&self.store).await;
                    self.coverage.note(&request, &expected);
                    agree(&expected, &answer.map_err(|error| format!("{error:?}"))?)
                }
                None => Ok(()),
            };
            self.by_hand(cmd("HSET").arg(meta).arg("schema").arg(1)).await;
            return answered;
        }
        let Some(request) = naming.request(model, operation) else {
            if !matches!(operation, Operation::Pass(0)) {
                story.push(Told::ByHand(operation.clone()));
            }
            self.interfere(model, naming, operation).await;
            return Ok(());
        };
        story.push(Told::Asked(model.now_ms, request.clone()));
        let mut expected = model.answer(&request);
        let answer = request.ask(&self.store).await.map_err(|error| format!("{error:?}"))?;
        story.push(Told::Answered(answer.clone()));
        self.learn_waits(model).await?;
        if let Answer::Tick(Ticked::Worked { tick_ms, .. }) = &mut expected {
            *tick_ms = model.next_due_ms();
            if !model.blind_tick {
                model.tick_ms = Some(*tick_ms);
            }
        }
        self.coverage.note(&request, &answer);
        agree(&expected, &checked(model, &request, answer)?)
    }

    /// The wait of a retry is drawn in the shard: it must keep its bounds.
    async fn learn_waits(&mut self, model: &mut Model) -> Result<(), String> {
        for (id, range) in std::mem::take(&mut model.waits) {
            let read = self.store.read_tasks(Shard::FIRST, &[id], false).await;
            let tasks = read.map_err(|error| format!("{error:?}"))?;
            let state = tasks.first().and_then(|task| task.as_ref().map(|task| &task.state));
            match (state, model.tasks.get_mut(&id)) {
                (Some(State::Scheduled { run_at_ms }), Some(task)) if range.contains(run_at_ms) => {
                    task.run_at_ms = *run_at_ms;
                }
                (other, _) => return Err(format!("{id} should be due within {range:?}, but is {other:?}")),
            }
        }
        Ok(())
    }

    /// What is no request: time, and what people do by hand.
    async fn interfere(&mut self, model: &mut Model, naming: &mut Naming, operation: &Operation) {
        match operation {
            Operation::Pass(ms) => {
                model.now_ms = model.now_ms.saturating_add_signed(*ms);
                self.clock.store(model.now_ms, Ordering::SeqCst);
            }
            Operation::OpenParent { parent, child } => {
                if let Some((parent, child)) = naming.edge_by_hand(model, parent, child) {
                    self.open_parent(model, parent, child).await;
                }
            }
            Operation::LoseLease { worker, begun } => {
                let worker = Life::new(u32::from(*worker), 0).worker;
                let Some(boot) = model.current_boot(&worker).cloned() else { return };
                let life = Life { worker, boot };
                if model.held(&life).is_empty() {
                    return;
                }
                let key = self.store.keys(Shard::FIRST).expect("the first shard").leases();
                let holder = format!("{}:{}", life.worker, life.boot);
                if *begun {
                    model.leases.insert(key_of(&life), 0);
                    self.by_hand(cmd("ZADD").arg(key).arg(0).arg(holder)).await;
                } else {
                    model.leases.remove(&key_of(&life));
                    self.by_hand(cmd("ZREM").arg(key).arg(holder)).await;
                }
            }
            // The others are requests, or repeats of none.
            _ => {}
        }
    }

    /// As `link` would, but that the child stays where it is.
    async fn open_parent(&mut self, model: &mut Model, parent: TaskId, child: TaskId) {
        model.connect(parent, child);
        model.let_in.insert(child);
        let keys = self.store.keys(Shard::FIRST).expect("the first shard").clone();
        let (above, below) = (keys.task(parent), keys.task(child));
        let now_ms = model.now_ms;
        for (key, other) in [
            (format!("{below}:parents"), parent),
            (format!("{above}:children"), child),
            (format!("{above}:waiting"), child),
        ] {
            self.by_hand(cmd("ZADD").arg(key).arg(now_ms).arg(other.to_string())).await;
        }
        for (key, field) in [(&above, "children"), (&below, "parents"), (&below, "open_parents")] {
            self.by_hand(cmd("HINCRBY").arg(key).arg(field).arg(1)).await;
        }
        let flow_of = |id| model.tasks.get(&id).and_then(|task| task.spec.flow);
        if let Some(flow) = flow_of(child).filter(|flow| flow_of(parent) == Some(*flow)) {
            self.by_hand(cmd("HINCRBY").arg(keys.flow(flow)).arg("edges").arg(1)).await;
        }
    }

    async fn look(&mut self, model: &Model) -> Result<Snapshot, String> {
        let snapshot = Snapshot::take(&mut self.connection, "baton:").await;
        let mut problems = differences(&model.picture(), &of_shard(&snapshot));
        let broken = invariants::violations(&snapshot, "baton:{0}:");
        let orphaned = model.held_without_lease();
        let is_let_in = |found: &str| {
            let of = found.split_once(": claimable_with_open_parents").map(|(subject, _)| subject);
            of.and_then(|subject| subject.rsplit(' ').next()?.parse().ok())
                .is_some_and(|id| model.let_in.contains(&id))
        };
        problems.extend(
            broken
                .into_iter()
                .map(|violation| format!("{} {}", violation.check, violation.found))
                .filter(|found| !(orphaned && found.ends_with("holds tasks and has no lease")))
                .filter(|found| !is_let_in(found)),
        );
        if problems.is_empty() { Ok(snapshot) } else { Err(problems.join("\n")) }
    }
}

/// A refused edge names the circle that it would close, and of several any: it must be one.
fn checked(model: &Model, request: &Request, mut answer: Answer) -> Result<Answer, String> {
    let (Request::Link { parent, child, .. }, Answer::Link(Linked::Refused(refused))) =
        (request, &mut answer)
    else {
        return Ok(answer);
    };
    if refused.refusal == Refusal::DependencyCycle {
        let words = refused.detail.take().unwrap_or_default();
        let ids: Vec<TaskId> = words.split(' ').filter_map(|word| word.parse().ok()).collect();
        let cut = ids.len() as u64 == limits::CIRCLE_IDS_MAX;
        let ends = ids.first() == Some(child) && (cut || ids.last() == Some(parent));
        if !ends || !model.is_way(&ids) {
            return Err(format!("{words:?} is no way from {child} to {parent}"));
        }
    }
    Ok(answer)
}

fn agree(expected: &Answer, answer: &Answer) -> Result<(), String> {
    if expected == answer {
        Ok(())
    } else {
        Err(format!("the model says\n  {expected:?}\nand the shard\n  {answer:?}"))
    }
}

/// What happened, put into words only when somebody has to read it.
enum Told {
    Asked(u64, Request),
    Answered(Answer),
    Newer(Request),
    ByHand(Operation),
}

impl fmt::Display for Told {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Asked(now_ms, request) => write!(out, "at {now_ms}: {request:?}"),
            Told::Answered(answer) => write!(out, "    -> {answer:?}"),
            Told::Newer(request) => write!(out, "a newer release owns the shard: {request:?}"),
            Told::ByHand(operation) => write!(out, "{operation:?}"),
        }
    }
}

fn told(story: &[Told], problem: &str) -> String {
    let lines: Vec<String> = story.iter().map(ToString::to_string).collect();
    format!("{problem}\n\nafter\n{}", lines.join("\n"))
}

impl Model {
    /// Only after a lease was taken away by hand.
    fn held_without_lease(&self) -> bool {
        self.tasks
            .values()
            .filter(|task| task.status == Status::Running)
            .filter_map(|task| task.run.as_ref())
            .any(|(life, _)| !self.leases.contains_key(&key_of(life)))
    }
}
