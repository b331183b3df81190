//! Exhaustive models of the protocols.
mod lease;
