//! Dialling: a node by its address, the primary that Sentinel names, or a cluster.

use std::fmt;
use std::time::Duration;

use deadpool_redis::redis::cluster::ClusterClient;
use deadpool_redis::redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use deadpool_redis::redis::{AsyncConnectionConfig, Client, ConnectionAddr, RedisResult, TlsMode};
use tokio::sync::Mutex;

use super::Live;
use super::url::{Login, Place, RedisUrl};

pub(super) struct Dialer {
    to: To,
    config: AsyncConnectionConfig,
    shown: String,
}

enum To {
    Node(Box<Client>),
    Sentinel(Box<Mutex<SentinelClient>>),
    Cluster(Box<ClusterClient>),
}

impl fmt::Debug for Dialer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.shown)
    }
}

impl Dialer {
    pub(super) fn new(url: &RedisUrl, connect: Duration, response: Option<Duration>) -> RedisResult<Dialer> {
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(connect)).set_response_timeout(response);
        let to = match &url.0 {
            Place::Node(address) => To::Node(Box::new(Client::open(address.as_str())?)),
            Place::Sentinel { tls, login, hosts, primary, db } => {
                To::Sentinel(Box::new(Mutex::new(sentinel(*tls, login.as_ref(), hosts, primary, *db)?)))
            }
            Place::Cluster(nodes) => {
                // Redirects count as retries here, and a few must be followed. That the library also repeats what
                // failed is safe for our calls, and bounded.
                let mut builder =
                    ClusterClient::builder(nodes.clone()).connection_timeout(connect).retries(3);
                if let Some(response) = response {
                    builder = builder.response_timeout(response);
                }
                To::Cluster(Box::new(builder.build()?))
            }
        };
        Ok(Dialer { to, config, shown: url.to_string() })
    }

    pub(super) async fn dial(&self) -> RedisResult<Live> {
        match &self.to {
            To::Node(client) => {
                client.get_multiplexed_async_connection_with_config(&self.config).await.map(Live::Node)
            }
            To::Sentinel(client) => {
                client.lock().await.get_async_connection_with_config(&self.config).await.map(Live::Node)
            }
            To::Cluster(client) => client.get_async_connection().await.map(Live::Cluster),
        }
    }
}

fn sentinel(
    tls: bool,
    login: Option<&Login>,
    hosts: &[(String, u16)],
    primary: &str,
    db: i64,
) -> RedisResult<SentinelClient> {
    let addresses = hosts.iter().map(|(host, port)| match tls {
        true => ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None },
        false => ConnectionAddr::Tcp(host.clone(), *port),
    });
    let mut builder = SentinelClientBuilder::new(addresses, primary, SentinelServerType::Master)?
        .set_client_to_redis_db(db);
    if tls {
        builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
    }
    if let Some(login) = login {
        builder =
            builder.set_client_to_redis_username(&login.user).set_client_to_redis_password(&login.password);
    }
    builder.build()
}
