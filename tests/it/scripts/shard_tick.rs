//! shard/tick: the chores of a shard, by whoever comes.

mod due;
mod prune;
mod reap;
mod stall;
