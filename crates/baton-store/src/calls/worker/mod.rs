mod deregister;
mod direct;
mod held;
mod list;
mod number;
mod register;
mod renew;

pub use deregister::Deregistered;
pub use direct::{Directed, Directive};
pub use list::{OneWorker, Worker, Workers};
pub use register::{Register, Registered};
pub use renew::{Renew, Renewal, Renewed};
