//! Free ports on this machine.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::Result;

use crate::exit::{Exit, Stop};

/// How far we look.
const SPAN: u16 = 200;

/// Ports that nobody listens on, from this one on. Somebody may take one before its gateway does; the gateway then ends
/// and says so.
pub(super) fn free(from: u16, count: usize) -> Result<Vec<u16>> {
    let candidates = from..=from.saturating_add(SPAN);
    let ports: Vec<u16> = candidates.filter(|port| is_free(*port)).take(count).collect();
    if ports.len() == count {
        return Ok(ports);
    }
    let sentence = format!("there are not {count} free ports from {from} on: choose another with --port");
    Err(Stop::new(Exit::Failure, sentence).into())
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_passed_over() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        if port < u16::MAX - 3 {
            let ports = free(port, 2).unwrap();
            assert!(!ports.contains(&port) && ports[0] < ports[1], "{ports:?}");
        }
    }
}
