mod begin;
mod kinds;
mod list;
mod open;
mod submit;
mod tasks;

pub use begin::{Begin, Begun, Work};
pub use kinds::{FlowKinds, Sort};
pub use list::{FlowsPage, ListFlows};
pub use open::FirstOpen;
pub use submit::{FlowAnswer, NewFlow};
pub use tasks::{FlowTask, FlowTasks};
