//! Faces `lua/shard/export.lua`. It only reads.

use baton_core::{Shard, TaskId, limits};

use crate::carry::{Beside, CarriedTask, Edge, EdgeState, Value};
use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// A task, or the id of one of which the record cannot be read.
pub(crate) type ReadTask = Result<CarriedTask, TaskId>;

impl Store {
    /// The first of these tasks, as many as fit, and how many of those that were named were looked at: at least one. Drafts,
    /// and what is gone, are left out.
    pub(crate) async fn export_tasks(
        &self,
        shard: Shard,
        tasks: &[TaskId],
    ) -> Result<(usize, Vec<ReadTask>), Error> {
        let mut call = Call::new("shard/export", [self.keys(shard)?.meta()]);
        call.arg(limits::EXPORT_PIECE_BYTES).arg(tasks.len());
        for task in tasks {
            call.arg(task.to_string());
        }
        let mut reply = self.run(&call).await?;
        match reply.text()?.as_str() {
            "tasks" => {}
            other => return Err(reply.fault(format!("it answered {other:?}"))),
        }
        let looked = reply.parse()?;
        let mut found = Vec::new();
        while !reply.is_empty() {
            found.push(task(&mut reply)?);
        }
        Ok((looked, found))
    }
}

fn task(reply: &mut Reply) -> Result<ReadTask, Error> {
    let (id, fields) = (reply.parse()?, reply.fields()?);
    if fields.is_empty() {
        return Ok(Err(id));
    }
    Ok(Ok(CarriedTask {
        id,
        fields,
        score: reply.text()?,
        waits: reply.flag()?,
        position: Some(reply.text()?).filter(|position| !position.is_empty()),
        parents: (0..reply.parse()?).map(|_: u64| edge(reply)).collect::<Result<_, Error>>()?,
        beside: (0..reply.parse()?).map(|_: u64| beside(reply)).collect::<Result<_, Error>>()?,
    }))
}

fn edge(reply: &mut Reply) -> Result<Edge, Error> {
    let (parent, order, child_order) = (reply.parse()?, reply.text()?, reply.text()?);
    let (state, since) = (reply.text()?, reply.text()?);
    let state = match state.as_str() {
        "open" => EdgeState::Open(since),
        "held" => EdgeState::Held(since),
        "closed" => EdgeState::Closed,
        other => return Err(reply.fault(format!("it answered {other:?} of an edge"))),
    };
    Ok(Edge { parent, order, child_order, state })
}

fn beside(reply: &mut Reply) -> Result<Beside, Error> {
    let (name, kind, words) = (reply.text()?, reply.text()?, reply.parse::<usize>()?);
    let value = match kind.as_str() {
        "string" => Value::Text(reply.bytes()?),
        "zset" => {
            let member = |_| Ok((reply.bytes()?, reply.text()?));
            Value::Sorted((0..words / 2).map(member).collect::<Result<_, Error>>()?)
        }
        "stream" => Value::Stream(entries(reply, words)?),
        other => return Err(reply.fault(format!("it answered {other:?} of a value"))),
    };
    Ok(Beside { name, value })
}

fn entries(reply: &mut Reply, words: usize) -> Result<Vec<crate::carry::Entry>, Error> {
    let (mut read, mut entries) = (0, Vec::new());
    while read < words {
        let (id, size) = (reply.text()?, reply.parse::<usize>()?);
        let field = |_| Ok((reply.bytes()?, reply.bytes()?));
        entries.push((id, (0..size / 2).map(field).collect::<Result<_, Error>>()?));
        read += 2 + size;
    }
    Ok(entries)
}
