//! Faces `lua/flow/submit.lua`. Repeatable: a draft takes the same piece twice, and a flow that is there is answered. So
//! whoever writes a flow may stop anywhere: who comes with the same idempotency key goes on, or it is given up.

use std::ops::Range;

use baton_core::{FlowId, OpId, Principal, Shard, TaskRef, limits};

use super::super::task::{NewTask, add_words, request_words};
use super::super::{Refused, bounded, digest};
use super::Work;
use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

/// Tasks that depend on each other, to be made all or not at all.
#[derive(Clone, Debug)]
pub struct NewFlow {
    pub id: FlowId,
    pub name: Option<TaskRef>,
    /// Parents first. The first is the task at position 1: `FlowId::task` says its id; those of the tasks do not count.
    pub tasks: Vec<NewTask>,
    /// Of each task, the positions of those it waits for: all before its own.
    pub parents: Vec<Vec<u32>>,
    pub by: Option<Principal>,
    pub op: Option<OpId>,
}

/// The answer to the submission of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowAnswer {
    Created {
        flow: FlowId,
    },
    /// The idempotency key belongs to this one, which is there.
    Replayed {
        flow: FlowId,
    },
    /// `unknown_flow`: its draft was given up meanwhile, and nothing of it is left.
    Refused(Refused),
}

/// How many calls pass ends on before we look whether the flow is laid out.
const CASCADES_PER_LOOK: usize = 8;

/// One list of edges of a task.
struct Edges<'a> {
    side: &'static str,
    position: u32,
    others: &'a [u32],
}

/// What one call carries.
#[derive(Default)]
struct Piece<'a> {
    tasks: Range<usize>,
    lists: Vec<Edges<'a>>,
    edges: usize,
    bytes: usize,
    weight: u64,
}

enum Written {
    Draft,
    Flow { all_laid_out: bool },
    Replayed { flow: FlowId, is_draft: bool },
    Refused(Refused),
}

impl NewFlow {
    fn check(&self) -> Result<(), Error> {
        bounded("tasks of a flow", self.tasks.len(), limits::FLOW_TASKS_MAX)?;
        bounded("edges of a flow", self.edges(), limits::FLOW_EDGES_MAX)?;
        if self.tasks.is_empty() || self.tasks.len() != self.parents.len() {
            return Err(Error::invalid("a flow", "it has no tasks, or not as many as lists of parents"));
        }
        let forward = |(at, parents): (usize, &Vec<u32>)| {
            parents.iter().any(|parent| *parent == 0 || *parent as usize > at)
        };
        if self.parents.iter().enumerate().any(forward) {
            return Err(Error::invalid("a flow", "a task comes before one of its parents"));
        }
        if self.names_a_parent_twice() {
            return Err(Error::invalid("a flow", "a task of it names a parent twice"));
        }
        if self.tasks.iter().any(|task| task.flow.is_some() || !task.parents.is_empty()) {
            return Err(Error::invalid("a flow", "a task of it names a flow or parents of its own"));
        }
        self.tasks.iter().try_for_each(NewTask::check)
    }

    fn names_a_parent_twice(&self) -> bool {
        let mut named_by = vec![usize::MAX; self.tasks.len()];
        self.parents.iter().enumerate().any(|(at, parents)| {
            parents.iter().any(|parent| std::mem::replace(&mut named_by[*parent as usize - 1], at) == at)
        })
    }

    fn edges(&self) -> usize {
        self.parents.iter().map(Vec::len).sum()
    }

    fn children(&self) -> Vec<Vec<u32>> {
        let mut children = vec![Vec::new(); self.tasks.len()];
        for (at, parents) in self.parents.iter().enumerate() {
            for parent in parents {
                children[*parent as usize - 1].push(at as u32 + 1);
            }
        }
        children
    }

    fn digest(&self) -> String {
        if self.op.is_none() {
            return String::new();
        }
        let name = self.name.as_ref().map_or("", TaskRef::as_str).as_bytes().to_vec();
        let each = self.tasks.iter().zip(&self.parents).flat_map(|(task, parents)| {
            let parents: Vec<u8> = parents.iter().flat_map(|parent| parent.to_be_bytes()).collect();
            request_words(task).into_iter().chain([parents])
        });
        let parts: Vec<Vec<u8>> = std::iter::once(name).chain(each).collect();
        digest(parts.iter().map(Vec::as_slice))
    }
}

/// Cuts a flow into calls, each of which keeps Redis for a few milliseconds.
fn pieces<'a>(flow: &'a NewFlow, children: &'a [Vec<u32>]) -> Vec<Piece<'a>> {
    let mut pieces = vec![Piece::default()];
    for (at, task) in flow.tasks.iter().enumerate() {
        let now = last(&mut pieces);
        let full = now.weight + task.weight() > limits::FLOW_CHUNK_TASKS
            || now.bytes + task.payload.len() > limits::CALL_BYTES_MAX as usize;
        if full {
            pieces.push(Piece { tasks: at..at, ..Piece::default() });
        }
        let now = last(&mut pieces);
        now.tasks.end = at + 1;
        now.bytes += task.payload.len();
        now.weight += task.weight();
        let position = at as u32 + 1;
        for (side, others) in [("parents", &flow.parents[at]), ("children", &children[at])] {
            for others in others.chunks(limits::FLOW_CHUNK_EDGES as usize) {
                add_list(&mut pieces, Edges { side, position, others }, at + 1);
            }
        }
    }
    pieces
}

fn add_list<'a>(pieces: &mut Vec<Piece<'a>>, list: Edges<'a>, next_task: usize) {
    if last(pieces).edges + list.others.len() > limits::FLOW_CHUNK_EDGES as usize {
        pieces.push(Piece { tasks: next_task..next_task, ..Piece::default() });
    }
    let now = last(pieces);
    now.edges += list.others.len();
    now.lists.push(list);
}

fn last<'p, 'a>(pieces: &'p mut Vec<Piece<'a>>) -> &'p mut Piece<'a> {
    if pieces.is_empty() {
        pieces.push(Piece::default());
    }
    let at = pieces.len() - 1;
    &mut pieces[at]
}

impl Store {
    /// Makes a flow. It is there as soon as this answers, also where another process had begun to write it.
    pub async fn submit_flow(&self, flow: &NewFlow) -> Result<FlowAnswer, Error> {
        flow.check()?;
        let (children, digest) = (flow.children(), flow.digest());
        let pieces = pieces(flow, &children);
        let (mut id, mut at) = (flow.id, 0);
        while let Some(piece) = pieces.get(at) {
            let is_last = at + 1 == pieces.len();
            match self.write_piece(flow, id, &children, &digest, piece, (at == 0, is_last)).await? {
                Written::Draft => at += 1,
                Written::Flow { all_laid_out } => {
                    // It is accepted: whatever happens from here on, whoever passes ends on lays it out.
                    if !all_laid_out && let Err(error) = self.see_laid_out(id).await {
                        tracing::warn!(flow = %id, %error, "a flow is not laid out by its submitter");
                    }
                    return Ok(FlowAnswer::Created { flow: id });
                }
                // Somebody began, under another id, and may have stopped: we write the whole of it again, as that.
                Written::Replayed { flow, is_draft: true } => (id, at) = (flow, 0),
                Written::Replayed { flow, is_draft: false } => {
                    self.see_laid_out(flow).await?;
                    return Ok(FlowAnswer::Replayed { flow });
                }
                Written::Refused(refused) => return Ok(FlowAnswer::Refused(refused)),
            }
        }
        Err(Error::invalid("a flow", "it has no tasks"))
    }

    async fn write_piece(
        &self,
        flow: &NewFlow,
        id: FlowId,
        children: &[Vec<u32>],
        digest: &str,
        piece: &Piece<'_>,
        (is_first, is_last): (bool, bool),
    ) -> Result<Written, Error> {
        let keys = self.keys(id.shard())?;
        let mut names = vec![keys.meta(), keys.events(), keys.queues(), keys.scheduled(), keys.flow(id)];
        names.extend([keys.flow_tasks(id), keys.flows(), keys.drafts(), keys.cascades()]);
        names.extend(flow.op.as_ref().map(|op| keys.op(op)));
        let mut call = Call::new("flow/submit", names);
        let flag = |yes: bool| if yes { "1" } else { "" };
        call.arg(self.now_argument()).arg(flow.by.as_ref().map_or("", Principal::as_str)).arg(digest);
        call.arg(id.to_string()).arg(flow.name.as_ref().map_or("", TaskRef::as_str));
        call.arg(flag(is_first)).arg(flag(is_last)).arg(flow.tasks.len()).arg(flow.edges());
        call.arg(piece.tasks.len());
        for at in piece.tasks.clone() {
            call.arg(at + 1).arg(flow.parents[at].len()).arg(children[at].len());
            add_words(&mut call, &flow.tasks[at], &flow.by);
        }
        call.arg(piece.lists.len());
        for list in &piece.lists {
            call.arg(list.side).arg(list.position).arg(list.others.len()).arg(list.others);
        }
        read_written(self.run(&call).await?)
    }

    /// A flow that is accepted is laid out by whoever passes ends on; its submitter does not wait for them to come.
    async fn see_laid_out(&self, flow: FlowId) -> Result<(), Error> {
        while let Some(found) = self.read_flow(flow).await?
            && found.doing == Some(Work::LayOut)
        {
            // Where nothing is left to pass on it is laid out, or a newer release does that.
            if !self.pass_pieces(flow.shard()).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Answers whether some is left.
    async fn pass_pieces(&self, shard: Shard) -> Result<bool, Error> {
        for _ in 0..CASCADES_PER_LOOK {
            if !self.cascade(shard).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn read_written(mut reply: Reply) -> Result<Written, Error> {
    Ok(match reply.text()?.as_str() {
        "drafted" => Written::Draft,
        "submitted" => Written::Flow { all_laid_out: !reply.flag()? },
        "replayed" => {
            let flow = reply.parse()?;
            match reply.text()?.as_str() {
                "draft" => Written::Replayed { flow, is_draft: true },
                "submitted" => Written::Replayed { flow, is_draft: false },
                other => return Err(reply.fault(format!("it answered {other:?} of the flow"))),
            }
        }
        "refused" => Written::Refused(Refused::read(&mut reply)?),
        other => return Err(reply.fault(format!("it answered {other:?}"))),
    })
}
