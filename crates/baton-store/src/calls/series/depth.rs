//! Faces `lua/series/depth.lua`. It only reads.

use baton_core::series::{Depth, Look, Looks, Plan};
use baton_core::{QueueName, Shard, limits};

use crate::error::Error;
use crate::reply::Reply;
use crate::run::Call;
use crate::store::Store;

impl Store {
    /// How deep a queue was in this shard while that plan lasts. A long row of buckets is read in pieces.
    pub async fn depth(&self, shard: Shard, queue: &QueueName, plan: &Plan) -> Result<Looks, Error> {
        let step_ms = plan.resolution.step_ms();
        let (mut first_ms, mut looks) = (plan.from_ms, Looks::default());
        while first_ms < plan.to_ms {
            let buckets = (plan.to_ms - first_ms).div_ceil(step_ms).min(limits::DEPTH_BUCKETS_MAX);
            let mut call = Call::new("series/depth", [self.keys(shard)?.meta()]);
            call.arg(plan.resolution.as_str()).arg(step_ms).arg(first_ms).arg(buckets).arg(queue.as_str());
            read(&mut self.run(&call).await?, &mut looks)?;
            first_ms += buckets * step_ms;
        }
        Ok(looks)
    }
}

fn read(reply: &mut Reply, looks: &mut Looks) -> Result<(), Error> {
    match reply.text()?.as_str() {
        "read" => {}
        other => return Err(reply.fault(format!("it answered {other:?}"))),
    }
    let last = reply.text()?;
    if let Some((at_ms, seen)) = last.split_once(' ') {
        let at_ms = at_ms.parse().map_err(|_| reply.fault(format!("{last:?} is no look")))?;
        looks.last = depth(seen, reply)?.map(|depth| (at_ms, depth));
    }
    while !reply.is_empty() {
        let (bucket_ms, last, before) = (reply.parse()?, reply.text()?, reply.text()?);
        let look =
            depth(&last, reply)?.map(|last| Ok::<_, Error>(Look { last, before: depth(&before, reply)? }));
        looks.buckets.extend(look.transpose()?.map(|look| (bucket_ms, look)));
    }
    Ok(())
}

/// Its counts, in the order of [`Depth::STATUSES`].
fn depth(text: &str, reply: &Reply) -> Result<Option<Depth>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let counts: Option<Vec<u64>> = text.split(' ').map(|count| count.parse().ok()).collect();
    let counts = counts.and_then(|counts| counts.try_into().ok());
    counts.map(Depth::new).map(Some).ok_or_else(|| reply.fault(format!("{text:?} is no depth")))
}
