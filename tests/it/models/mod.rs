//! Exhaustive models of the protocols.
mod edges;
mod lease;
