//! Supervisors and their workers as real processes: started, killed, stopped, scaled.

mod accidents;
mod deaths;
mod limits;
mod loops;
mod manager;
mod probes;
mod programs;
mod shares;
mod strangers;
mod support;
mod surroundings;
