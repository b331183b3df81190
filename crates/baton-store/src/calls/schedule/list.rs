//! Faces `lua/schedule/list.lua`. It only reads.

use baton_core::schedule::{Cron, Denied, Missed, Overlap, Timing, Zone};
use baton_core::{Backoff, Kind, Principal, Priority, QueueName, ScheduleName, Shard, Tag, TaskId, limits};

use super::super::page;
use super::super::task::{Insists, NewTask};
use super::Owner;
use crate::error::Error;
use crate::record::{Fields, priority, tags};
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// What the tasks of a schedule are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub kind: Kind,
    pub queue: QueueName,
    pub priority: Priority,
    pub payload: Vec<u8>,
    pub timeout_ms: u64,
    pub max_attempts: u64,
    pub max_crashes: u64,
    pub backoff: Backoff,
    pub insists: Insists,
    pub tags: Vec<Tag>,
}

impl Template {
    /// With every default.
    pub fn new(kind: Kind, payload: impl Into<Vec<u8>>) -> Template {
        Template {
            kind,
            queue: QueueName::default(),
            priority: Priority::default(),
            payload: payload.into(),
            timeout_ms: limits::TIMEOUT_MS,
            max_attempts: limits::MAX_ATTEMPTS,
            max_crashes: limits::MAX_CRASHES,
            backoff: Backoff::default(),
            insists: Insists::default(),
            tags: Vec::new(),
        }
    }

    /// What is its own word, be it what is usual: in the rest the kind has a say.
    pub fn says(&self) -> Insists {
        let (insists, usual) = (self.insists, Template::new(self.kind.clone(), Vec::new()));
        Insists {
            priority: insists.priority || self.priority != usual.priority,
            timeout: insists.timeout || self.timeout_ms != usual.timeout_ms,
            max_attempts: insists.max_attempts || self.max_attempts != usual.max_attempts,
            max_crashes: insists.max_crashes || self.max_crashes != usual.max_crashes,
            backoff: insists.backoff || self.backoff != usual.backoff,
        }
    }

    /// One of its tasks, so that there is one rule for what a task may be.
    fn task(&self, id: TaskId) -> NewTask {
        NewTask {
            queue: self.queue.clone(),
            priority: self.priority,
            timeout_ms: self.timeout_ms,
            max_attempts: self.max_attempts,
            max_crashes: self.max_crashes,
            backoff: self.backoff,
            insists: self.insists,
            tags: self.tags.clone(),
            ..NewTask::new(id, self.kind.clone(), self.payload.clone())
        }
    }

    fn sample(&self) -> NewTask {
        let draw = baton_core::id::Draw { now_ms: 0, counter: 0, random: 0 };
        self.task(TaskId::draw(draw, Shard::FIRST))
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        self.sample().check()
    }

    /// What differs from the defaults, or what it insists on: nothing else is stored.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = self.sample().fields(&None);
        if self.queue != QueueName::default() {
            fields.push(("queue", self.queue.to_string()));
        }
        if self.insists.priority || self.priority != Priority::default() {
            fields.push(("priority", self.priority.to_string()));
        }
        fields
    }

    /// What is usual is stored only where it is insisted on.
    fn insists(fields: &Fields) -> Insists {
        let usual = |name: &str, usual: u64| fields.is(name, &usual.to_string());
        Insists {
            priority: usual("priority", Priority::default().get().into()),
            timeout: usual("timeout_ms", limits::TIMEOUT_MS),
            max_attempts: usual("max_attempts", limits::MAX_ATTEMPTS),
            max_crashes: usual("max_crashes", limits::MAX_CRASHES),
            backoff: usual("backoff_ms", limits::BACKOFF_MS)
                && usual("backoff_cap_ms", limits::BACKOFF_CAP_MS),
        }
    }

    fn read(fields: &mut Fields) -> Result<Template, Error> {
        let insists = Template::insists(fields);
        let (base, cap) = (
            fields.or("backoff_ms", limits::BACKOFF_MS)?,
            fields.or("backoff_cap_ms", limits::BACKOFF_CAP_MS)?,
        );
        Ok(Template {
            kind: fields.required("kind")?,
            queue: fields.or("queue", QueueName::default())?,
            priority: priority(fields)?,
            payload: fields.bytes("payload").unwrap_or_default(),
            timeout_ms: fields.or("timeout_ms", limits::TIMEOUT_MS)?,
            max_attempts: fields.or("max_attempts", limits::MAX_ATTEMPTS)?,
            max_crashes: fields.or("max_crashes", limits::MAX_CRASHES)?,
            backoff: Backoff::new(base, cap)
                .map_err(|error| Error::fault("a schedule", error.to_string()))?,
            insists,
            tags: tags(fields)?,
        })
    }
}

/// A schedule, as its record has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub name: ScheduleName,
    pub timing: Timing,
    pub missed: Missed,
    pub overlap: Overlap,
    pub task: Template,
    /// Rises with every change, but not when it makes tasks.
    pub version: u64,
    /// When it is due next; `None` while it rests, or if it never is again.
    pub next_ms: Option<u64>,
    pub paused_ms: Option<u64>,
    /// The last of the times that were seen to.
    pub last_due_ms: Option<u64>,
    /// When it last made a task, and which.
    pub last_fired_ms: Option<u64>,
    pub last_task: Option<TaskId>,
    /// Tasks that it made, and times for which it made none.
    pub fired: u64,
    pub skipped: u64,
    /// Why its last time was skipped, and when; gone as soon as a time is seen to again.
    pub denied: Option<(Denied, u64)>,
    pub owner: Option<Owner>,
    pub created_ms: u64,
    pub created_by: Option<Principal>,
    pub changed_ms: Option<u64>,
    pub changed_by: Option<Principal>,
}

/// What it takes to see to a schedule that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub name: ScheduleName,
    pub timing: Timing,
    pub missed: Missed,
    pub version: u64,
    pub due_ms: u64,
    /// Of its tasks.
    pub queue: QueueName,
    pub owner: Option<Owner>,
}

/// Schedules that are due.
#[derive(Debug)]
pub struct AllDue {
    /// Redis's clock.
    pub now_ms: u64,
    /// When the first of those that wait is due, or was.
    pub first_ms: Option<u64>,
    /// One that cannot be read does not hide the others.
    pub due: Vec<Result<Due, Error>>,
    /// Names that wait, though there is no such schedule, or it is never due.
    pub astray: Vec<ScheduleName>,
}

impl AllDue {
    /// How many names the page has.
    pub fn looked_at(&self) -> u64 {
        (self.due.len() + self.astray.len()) as u64
    }
}

/// A page of the schedules of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedules {
    /// Redis's clock.
    pub now_ms: u64,
    /// How many the shard has.
    pub total: u64,
    pub schedules: Vec<Schedule>,
}

/// What is known of one schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneSchedule {
    /// Redis's clock.
    pub now_ms: u64,
    pub schedule: Option<Schedule>,
}

fn timing(fields: &mut Fields) -> Result<Timing, Error> {
    let fault = |error: String| Error::fault("a schedule", error);
    let aligned_ms = fields.or("aligned_ms", 0)?;
    if let Some(every_ms) = fields.optional("every_ms")? {
        return Ok(Timing::Every { every_ms, aligned_ms });
    }
    let (cron, zone): (String, String) = (fields.required("cron")?, fields.required("zone")?);
    Ok(Timing::Cron {
        cron: Cron::new(&cron).map_err(|error| fault(error.to_string()))?,
        zone: Zone::new(&zone).map_err(|error| fault(error.to_string()))?,
    })
}

fn denied(fields: &mut Fields) -> Result<Option<(Denied, u64)>, Error> {
    Ok(match (fields.optional("denied")?, fields.optional("denied_ms")?) {
        (Some(denied), Some(at_ms)) => Some((denied, at_ms)),
        _ => None,
    })
}

fn schedule(name: ScheduleName, fields: &mut Fields) -> Result<Schedule, Error> {
    Ok(Schedule {
        timing: timing(fields)?,
        missed: fields.or("missed", Missed::default())?,
        overlap: fields.or("overlap", Overlap::default())?,
        task: Template::read(fields)?,
        version: fields.required("version")?,
        next_ms: fields.optional("next_ms")?,
        paused_ms: fields.optional("paused_ms")?,
        last_due_ms: fields.optional("last_due_ms")?,
        last_fired_ms: fields.optional("last_fired_ms")?,
        last_task: fields.optional("last_task")?,
        fired: fields.or("fired", 0)?,
        skipped: fields.or("skipped", 0)?,
        denied: denied(fields)?,
        owner: Owner::read(fields)?,
        created_ms: fields.required("created_ms")?,
        created_by: fields.optional("created_by")?,
        changed_ms: fields.optional("changed_ms")?,
        changed_by: fields.optional("changed_by")?,
        name,
    })
}

/// `None` where the record does not say when; `Err` where it says what this release cannot read.
fn due(name: ScheduleName, fields: &mut Fields) -> Result<Option<Due>, Error> {
    let Some(due_ms) = fields.optional("next_ms")? else { return Ok(None) };
    Ok(Some(Due {
        timing: timing(fields)?,
        missed: fields.or("missed", Missed::default())?,
        version: fields.required("version")?,
        due_ms,
        queue: fields.or("queue", QueueName::default())?,
        owner: Owner::read(fields)?,
        name,
    }))
}

/// What the script answers.
struct Records {
    now_ms: u64,
    total: u64,
    first_ms: Option<u64>,
    each: Vec<(ScheduleName, Fields)>,
}

impl Store {
    /// A page of the schedules of a shard, in the order of the alphabet.
    pub async fn schedules(
        &self,
        shard: Shard,
        after: Option<&ScheduleName>,
        limit: u64,
    ) -> Result<Schedules, Error> {
        page(0, limit)?;
        let after = after.map_or("", ScheduleName::as_str);
        let Records { now_ms, total, each, .. } = self.read_schedules(shard, "after", after, limit).await?;
        let each = each.into_iter().map(|(name, mut fields)| schedule(name, &mut fields));
        Ok(Schedules { now_ms, total, schedules: each.collect::<Result<_, _>>()? })
    }

    pub async fn schedule(&self, name: &ScheduleName) -> Result<OneSchedule, Error> {
        let shard = self.place_schedule(name);
        let Records { now_ms, each, .. } = self.read_schedules(shard, "only", name.as_str(), 1).await?;
        let first = each.into_iter().next();
        let schedule = first.map(|(name, mut fields)| schedule(name, &mut fields)).transpose()?;
        Ok(OneSchedule { now_ms, schedule })
    }

    /// Schedules that are due and that nobody owns, those that have waited longest first.
    pub async fn due_schedules(&self, shard: Shard, limit: u64) -> Result<AllDue, Error> {
        self.read_due(shard, "due", 0, limit).await
    }

    /// The same of those that somebody owns.
    pub async fn owned_schedules(&self, shard: Shard, limit: u64) -> Result<AllDue, Error> {
        self.owned_schedules_behind(shard, 0, limit).await
    }

    /// Of those that somebody owns, without so many that have waited longer.
    pub(crate) async fn owned_schedules_behind(
        &self,
        shard: Shard,
        first: u64,
        limit: u64,
    ) -> Result<AllDue, Error> {
        self.read_due(shard, "owned", first, limit).await
    }

    async fn read_due(&self, shard: Shard, which: &str, first: u64, limit: u64) -> Result<AllDue, Error> {
        page(first, limit)?;
        let records = self.read_schedules(shard, which, &first.to_string(), limit).await?;
        let Records { now_ms, first_ms, each, .. } = records;
        let mut all = AllDue { now_ms, first_ms, due: Vec::new(), astray: Vec::new() };
        for (name, mut fields) in each {
            match due(name.clone(), &mut fields) {
                Ok(None) => all.astray.push(name),
                Ok(Some(due)) => all.due.push(Ok(due)),
                Err(error) => all.due.push(Err(error)),
            }
        }
        Ok(all)
    }

    async fn read_schedules(
        &self,
        shard: Shard,
        which: &str,
        name: &str,
        limit: u64,
    ) -> Result<Records, Error> {
        let keys = self.keys(shard)?;
        let names = [keys.meta(), keys.schedules(), keys.schedules_due(), keys.schedules_owned()];
        let mut call = Call::new("schedule/list", names);
        call.arg(self.now_argument()).arg(which).arg(name).arg(limit);
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "listed" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let (now_ms, total, first_ms) = (reply.parse()?, reply.parse()?, reply.optional()?);
        let mut each = Vec::new();
        while !reply.is_empty() {
            each.push(read_record(&mut reply)?);
        }
        Ok(Records { now_ms, total, first_ms, each })
    }
}

fn read_record(reply: &mut Reply) -> Result<(ScheduleName, Fields), Error> {
    let name: ScheduleName = reply.parse()?;
    let fields = Fields::new(format!("schedule {name}"), reply.fields()?);
    Ok((name, fields))
}
