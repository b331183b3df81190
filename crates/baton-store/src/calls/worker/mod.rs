mod deregister;
mod direct;
mod list;
mod register;
mod renew;

pub use deregister::Deregistered;
pub use direct::{Directed, Directive};
pub use list::{Worker, Workers};
pub use register::{Register, Registered};
pub use renew::{Renew, Renewal, Renewed};
