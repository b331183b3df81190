//! shard/tick: the chores of a shard, by whoever comes.

mod due;
mod prune;
mod prune_edges;
mod reap;
mod stall;
