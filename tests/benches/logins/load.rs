//! What is asked of a gateway, on many connections at a time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::http::{Answer, Connection};
use crate::peer::{PASSWORD, USER};

/// How long each figure is taken.
const TAKEN: Duration = Duration::from_secs(5);
/// Connections that refresh and validate.
const CONNECTIONS: usize = 64;
/// Those that log in: passwords are what is waited for, and more would only stand in line.
const LOGINS: usize = 8;
/// Tokens that are replayed, and on how many connections at once.
const REPLAYED: usize = 200;
const AT_ONCE: usize = 16;

/// Requests that were answered with 200, and how long each took.
pub(crate) struct Load {
    pub(crate) took: Duration,
    pub(crate) waits: Vec<Duration>,
}

/// A connection, and the token that it sends next.
type Holder = (Connection, String);

/// Logins, each on a connection of its own.
pub(crate) async fn sessions(host: SocketAddr) -> Vec<Holder> {
    let mut holders = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = connect(host).await;
        let token = log_in(&mut connection).await.text("refresh_token");
        holders.push((connection, token));
    }
    holders
}

/// Each connection refreshes its session, always with the token that it got last.
pub(crate) async fn refreshes(holders: Vec<Holder>) -> Load {
    run(holders, async |(connection, token): &mut Holder| {
        *token = good(refresh(connection, token).await).text("refresh_token");
    })
    .await
}

/// Connections that all show the same access token.
pub(crate) async fn viewers(host: SocketAddr) -> Vec<Holder> {
    let token = log_in(&mut connect(host).await).await.text("access_token");
    let mut holders = Vec::new();
    for _ in 0..CONNECTIONS {
        holders.push((connect(host).await, token.clone()));
    }
    holders
}

pub(crate) async fn validations(holders: Vec<Holder>) -> Load {
    run(holders, async |(connection, token): &mut Holder| {
        good(connection.get("/auth/validate", token).await);
    })
    .await
}

pub(crate) async fn people(host: SocketAddr) -> Vec<Connection> {
    let mut connections = Vec::new();
    for _ in 0..LOGINS {
        connections.push(connect(host).await);
    }
    connections
}

pub(crate) async fn logins(connections: Vec<Connection>) -> Load {
    run(connections, async |connection: &mut Connection| {
        log_in(connection).await;
    })
    .await
}

/// How many tokens were accepted more than once, of [`REPLAYED`] that came on [`AT_ONCE`] connections at the same time.
pub(crate) async fn replays(host: SocketAddr) -> usize {
    let mut connections = Vec::new();
    for _ in 0..AT_ONCE {
        connections.push(connect(host).await);
    }
    let mut accepted_twice = 0;
    for _ in 0..REPLAYED {
        let token = log_in(&mut connections[0]).await.text("refresh_token");
        let all_ready = Barrier::new(AT_ONCE);
        let asking = connections.iter_mut().map(async |connection| {
            all_ready.wait().await;
            usize::from(refresh(connection, &token).await.status == 200)
        });
        let accepted: usize = futures_util::future::join_all(asking).await.into_iter().sum();
        assert!(accepted > 0, "a good token was refused");
        accepted_twice += usize::from(accepted > 1);
    }
    accepted_twice
}

/// The first connection to a gateway that is starting.
pub(crate) async fn connect(host: SocketAddr) -> Connection {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if let Ok(connection) = Connection::open(host).await {
            return connection;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing listens on {host}");
}

/// Waits until a gateway logs people in.
pub(crate) async fn ready(host: SocketAddr) {
    log_in(&mut connect(host).await).await;
}

async fn log_in(connection: &mut Connection) -> Answer<'_> {
    let body = format!(r#"{{"username":"{USER}","password":"{PASSWORD}"}}"#);
    good(connection.post("/auth/login", &body).await)
}

async fn refresh<'a>(connection: &'a mut Connection, token: &str) -> Answer<'a> {
    connection.post("/auth/refresh", &format!(r#"{{"refresh_token":"{token}"}}"#)).await
}

fn good(answer: Answer<'_>) -> Answer<'_> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

/// Does it again and again on every connection until the time is over.
async fn run<T: 'static>(connections: Vec<T>, once: impl AsyncFn(&mut T) + Copy + 'static) -> Load {
    let began = Instant::now();
    let mut running = JoinSet::new();
    for mut connection in connections {
        running.spawn_local(async move {
            let mut waits = Vec::new();
            while began.elapsed() < TAKEN {
                let asked = Instant::now();
                once(&mut connection).await;
                waits.push(asked.elapsed());
            }
            waits
        });
    }
    let waits = running.join_all().await.concat();
    Load { took: began.elapsed(), waits }
}
