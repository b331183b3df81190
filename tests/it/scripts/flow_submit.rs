//! `flow/submit`: a flow is there as a whole or not at all, whoever writes it and wherever he stops.

mod draft;
mod given_up;
mod piece;
mod pieces;
mod resumed;
mod small;
