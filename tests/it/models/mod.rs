//! Models of the protocols: leases and edges searched exhaustively, logins played at random.
mod edges;
mod lease;
mod login;
