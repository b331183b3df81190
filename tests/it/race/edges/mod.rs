//! The gate under fire: tasks that can be claimed are made to wait while others claim them, by every way into the pending
//! index; and edges are made, removed and passed on at the same time.

mod chase;
mod cycles;
mod drafts;
mod ends;
mod fan;
mod hands;
mod mutants;
mod paths;
mod record;
mod reruns;
