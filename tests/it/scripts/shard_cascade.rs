//! `shard/cascade`: what the end of a task means for those that wait for it, a bounded piece at a time.

mod beside;
mod fan;
mod policies;
mod rerun;
mod silence;
