//! Pools of workers and the supervisors that attend to them. All of it lives in the first shard.

mod attend;
mod leave;
mod list;
mod remove;
mod set;

pub use attend::{Attend, Attendance, Attendant, Attended};
pub use leave::Left;
pub use list::{OnePool, Pool, Pools, Supervisor};
pub use remove::Removed;
pub use set::{PoolSet, SetPool};
