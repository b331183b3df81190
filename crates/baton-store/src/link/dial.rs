//! Dialling: a node by its address, the primary that Sentinel names, or a cluster.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use deadpool_redis::redis::cluster::ClusterClient;
use deadpool_redis::redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use deadpool_redis::redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, RedisError, RedisResult, TlsCertificates,
    TlsMode,
};
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
        let certificates = url.ca.as_deref().map(authority).transpose()?;
        let to = match &url.place {
            Place::Node(address) => To::Node(Box::new(match certificates {
                Some(certificates) => Client::build_with_tls(address.as_str(), certificates)?,
                None => Client::open(address.as_str())?,
            })),
            Place::Sentinel { .. } => {
                To::Sentinel(Box::new(Mutex::new(sentinel(&url.place, certificates)?.build()?)))
            }
            Place::Cluster(nodes) => {
                // Redirects count as retries here, and a few must be followed. That the library also repeats what
                // failed is safe for our calls, and bounded.
                let mut builder =
                    ClusterClient::builder(nodes.clone()).connection_timeout(connect).retries(3);
                if let Some(response) = response {
                    builder = builder.response_timeout(response);
                }
                if let Some(certificates) = certificates {
                    builder = builder.certs(certificates);
                }
                To::Cluster(Box::new(builder.build()?))
            }
        };
        Ok(Dialer { to, config, shown: url.to_string() })
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.to, To::Cluster(_))
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

/// The one authority to trust, in the place of the public ones.
fn authority(path: &Path) -> RedisResult<TlsCertificates> {
    let pem = std::fs::read(path).map_err(|error| {
        let problem = format!("{}: {error}", path.display());
        RedisError::from((ErrorKind::InvalidClientConfig, "read the certificate of the authority", problem))
    })?;
    Ok(TlsCertificates { client_tls: None, root_cert: Some(pem) })
}

fn sentinel(place: &Place, certificates: Option<TlsCertificates>) -> RedisResult<SentinelClientBuilder> {
    let Place::Sentinel { tls, login, hosts, primary, db } = place else {
        return Err(RedisError::from((ErrorKind::InvalidClientConfig, "this is no Sentinel")));
    };
    let addresses = hosts.iter().map(|(host, port)| match tls {
        true => ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None },
        false => ConnectionAddr::Tcp(host.clone(), *port),
    });
    let mut builder = SentinelClientBuilder::new(addresses, primary, SentinelServerType::Master)?
        .set_client_to_redis_db(*db);
    if *tls {
        builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
    }
    if let Some(certificates) = certificates {
        builder = builder
            .set_client_to_redis_certificates(certificates.clone())
            .set_client_to_sentinel_certificates(certificates);
    }
    if let Some(Login { user, password }) = login {
        builder = builder.set_client_to_redis_password(password);
        // An empty name means the default user, who has none.
        if !user.is_empty() {
            builder = builder.set_client_to_redis_username(user);
        }
    }
    Ok(builder)
}
