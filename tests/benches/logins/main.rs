//! How fast tokens are refreshed and looked at, and people log in: our gateway beside the one that one writes first.
//!
//! `cargo build --release --bin baton-gateway && cargo bench --bench logins` prints two tables for a Redis that writes nothing
//! to disk and two for one that does; `-- naive` measures only gateways of that name. The naive gateway needs `python3`,
//! and is installed the first time. Gateways, their Redis and the client share this machine, and take turns: compare within
//! one run, on a machine that does nothing else.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, reads the clock, and ends when something fails"
)]

mod figures;
mod http;
mod load;
mod peer;

use baton_testkit::Launch;

use figures::{Figures, measure, median};
use peer::Peer;

/// The machine's speed changes within minutes: gateways take turns, and the middle figure counts.
const ROUNDS: usize = 3;

fn main() {
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(tokio::task::LocalSet::new().run_until(async {
        for aof in ["no", "yes"] {
            println!("\nappendonly {aof}{}\n", if aof == "yes" { ", fsync every second" } else { "" });
            tables(start(&wanted, aof).await).await;
        }
    }));
}

async fn start(wanted: &str, aof: &str) -> Vec<Peer> {
    let launch = || Launch::default().with("appendonly", aof);
    let mut peers = Vec::new();
    if "baton".contains(wanted) {
        peers.push(peer::baton(launch()).await);
    }
    if !"naive".contains(wanted) {
        return peers;
    }
    let Some(python) = peer::python() else {
        println!(
            "the naive gateway is left out: it needs python3 with its modules venv and pip, and the network"
        );
        return peers;
    };
    for workers in [1, 2] {
        peers.push(peer::naive(launch(), &python, workers).await);
    }
    peers
}

async fn tables(mut peers: Vec<Peer>) {
    let mut refreshes: Vec<Vec<Figures>> = vec![Vec::new(); peers.len()];
    let mut validations = refreshes.clone();
    let mut logins = refreshes.clone();
    for _ in 0..ROUNDS {
        for (at, peer) in peers.iter_mut().enumerate() {
            let host = peer.address;
            // Connected just before they ask: an idle connection is closed.
            let sessions = load::sessions(host).await;
            refreshes[at].push(measure(peer, load::refreshes(sessions)).await);
            let viewers = load::viewers(host).await;
            validations[at].push(measure(peer, load::validations(viewers)).await);
            let people = load::people(host).await;
            logins[at].push(measure(peer, load::logins(people)).await);
        }
    }
    println!("{}", figures::REFRESHES);
    for (peer, of) in peers.iter().zip(&refreshes) {
        println!("{}", figures::refreshes_row(&peer.name, median(of)));
    }
    println!("\n{}", figures::OTHERS);
    for ((peer, validations), logins) in peers.iter().zip(&validations).zip(&logins) {
        let twice = load::replays(peer.address).await;
        println!("{}", figures::others_row(&peer.name, median(validations), median(logins), twice));
    }
}
