//! Sentinel: the store goes where the primary is.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use baton_testkit::{Launch, PrivateRedis, Process, process, server};
use deadpool_redis::redis::{Client, cmd};

use super::{LONG, open, options, submit_at_last};

fn port(redis: &PrivateRedis) -> String {
    redis.tcp_url().unwrap().rsplit_once(':').unwrap().1.to_owned()
}

/// A sentinel that watches this primary, and its own port.
fn sentinel(primary: &PrivateRedis) -> (Process, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let own = listener.local_addr().unwrap().port();
    drop(listener);
    let conf = primary.directory().join("sentinel.conf");
    let watched = port(primary);
    let text = format!(
        "port {own}\nbind 127.0.0.1\ndir {}\nsentinel monitor main 127.0.0.1 {watched} 1\n\
         sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 2000\n",
        primary.directory().display()
    );
    fs::write(&conf, text).unwrap();
    let mut command = process::command(server::program());
    let log = fs::File::create(primary.directory().join("sentinel.log")).unwrap();
    command.arg(conf).arg("--sentinel").stdout(log);
    (Process::spawn(command).unwrap(), own)
}

async fn replicas_known(own: u16) -> usize {
    let client = Client::open(format!("redis://127.0.0.1:{own}")).unwrap();
    let Ok(mut connection) = client.get_multiplexed_async_connection().await else { return 0 };
    let known: Vec<deadpool_redis::redis::Value> =
        cmd("SENTINEL").arg("REPLICAS").arg("main").query_async(&mut connection).await.unwrap_or_default();
    known.len()
}

#[tokio::test]
async fn a_failover_is_followed() {
    let mut primary = Launch::default().tcp(0).start().await;
    let replica = Launch::default().tcp(0).start().await;
    let mut connection = replica.connection().await;
    cmd("REPLICAOF").arg("127.0.0.1").arg(port(&primary)).exec_async(&mut connection).await.unwrap();
    let linked = async {
        loop {
            let info: String = cmd("INFO").arg("replication").query_async(&mut connection).await.unwrap();
            if info.contains("master_link_status:up") {
                return;
            }
        }
    };
    tokio::time::timeout(LONG, linked).await.unwrap();
    let (_sentinel, own) = sentinel(&primary);
    let found = async { while replicas_known(own).await == 0 {} };
    tokio::time::timeout(LONG, found).await.unwrap();

    let store = open(options(&format!("redis+sentinel://127.0.0.1:{own}/main"))).await.unwrap();
    submit_at_last(&store).await;
    primary.kill();
    submit_at_last(&store).await;
    // The promotion has closed the connection from before.
    let mut connection = replica.connection().await;
    let role: String = cmd("INFO").arg("replication").query_async(&mut connection).await.unwrap();
    assert!(role.contains("role:master"), "{role}");
}

#[tokio::test]
async fn an_unknown_name_is_an_outage() {
    let primary = Launch::default().tcp(0).start().await;
    let (_sentinel, own) = sentinel(&primary);
    let answering = async {
        let client = Client::open(format!("redis://127.0.0.1:{own}")).unwrap();
        while client.get_multiplexed_async_connection().await.is_err() {}
    };
    tokio::time::timeout(LONG, answering).await.unwrap();
    let open = open(options(&format!("redis+sentinel://127.0.0.1:{own}/other")));
    let answer = tokio::time::timeout(LONG, open).await.expect("in bounded time");
    assert!(
        matches!(answer, Err(baton_store::OpenError::Store(baton_store::Error::Unavailable { .. }))),
        "{answer:?}"
    );
}
