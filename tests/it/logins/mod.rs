//! Logins through gateways that are processes: races, faults, and what must never be seen.

mod canary;
mod cases;
mod killed;
mod outages;
mod owners;
mod races;
mod rights;
mod support;
