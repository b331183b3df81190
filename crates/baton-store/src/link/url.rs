//! Addresses of Redis: one line says where, how and with which credentials.
//!
//! | form | what |
//! | --- | --- |
//! | `redis://[user:password@]host[:port][/db]`, `rediss://…` with TLS | one node |
//! | `unix:/path/to/redis.sock` | one node on this host |
//! | `redis+sentinel://[user:password@]host:port,host:port/primary-name[/db]`, `rediss+sentinel://…` | Sentinel |
//! | `redis+cluster://[user:password@]host:port,host:port`, `rediss+cluster://…` | Cluster |
//!
//! With TLS the server's certificate must come from a public authority, or from the one whose certificate lies in the
//! PEM file named at the end: `rediss://redis.internal:6379/0?ca=/etc/baton/ca.pem`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where Redis is. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    pub(super) place: Place,
    /// The PEM file of the one authority to trust.
    pub(super) ca: Option<PathBuf>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In the words of the library.
    Node(String),
    Sentinel {
        tls: bool,
        login: Option<Login>,
        hosts: Vec<(String, u16)>,
        primary: String,
        db: i64,
    },
    /// Each node in the words of the library.
    Cluster(Vec<String>),
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub user: String,
    pub password: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error(
        "read the address of Redis: it begins with {0:?}; use redis://, rediss://, unix:, redis+sentinel:// or redis+cluster://"
    )]
    Scheme(String),
    #[error("read the address of Redis: {0}")]
    Form(&'static str),
}

impl FromStr for RedisUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<RedisUrl, UrlError> {
        let (address, ca) = match text.rsplit_once("?ca=") {
            Some((address, path)) => (address, Some(path)),
            None => (text, None),
        };
        if ca.is_some() && !address.starts_with("rediss") {
            return Err(UrlError::Form("?ca= is for rediss:// only"));
        }
        if ca == Some("") {
            return Err(UrlError::Form("behind ?ca= stands the path of a PEM file"));
        }
        Ok(RedisUrl { place: place(address)?, ca: ca.map(PathBuf::from) })
    }
}

fn place(text: &str) -> Result<Place, UrlError> {
    if let Some(path) = text.strip_prefix("unix:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if !path.starts_with('/') {
            return Err(UrlError::Form("the path of a socket begins with /"));
        }
        return Ok(Place::Node(format!("unix://{path}")));
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(UrlError::Scheme(text.split(':').next().unwrap_or_default().to_owned()));
    };
    let tls = scheme.starts_with("rediss");
    match scheme {
        "redis" | "rediss" if !rest.is_empty() => Ok(Place::Node(text.to_owned())),
        "redis" | "rediss" => Err(UrlError::Form("it names no host")),
        "redis+sentinel" | "rediss+sentinel" => sentinel(rest, tls),
        "redis+cluster" | "rediss+cluster" => cluster(rest, tls),
        other => Err(UrlError::Scheme(other.to_owned())),
    }
}

fn split_login(rest: &str) -> Result<(Option<Login>, &str), UrlError> {
    let Some((login, hosts)) = rest.rsplit_once('@') else {
        return Ok((None, rest));
    };
    let (user, password) = login.split_once(':').ok_or(UrlError::Form("before @ stand user:password"))?;
    Ok((Some(Login { user: user.to_owned(), password: password.to_owned() }), hosts))
}

fn host_list(text: &str, default_port: u16) -> Result<Vec<(String, u16)>, UrlError> {
    text.split(',')
        .map(|host| match host.rsplit_once(':') {
            Some((name, port)) => {
                let port = port.parse().map_err(|_| UrlError::Form("a port is a number up to 65535"))?;
                Ok((name.to_owned(), port))
            }
            None if host.is_empty() => Err(UrlError::Form("it names no host")),
            None => Ok((host.to_owned(), default_port)),
        })
        .collect()
}

fn sentinel(rest: &str, tls: bool) -> Result<Place, UrlError> {
    let (login, rest) = split_login(rest)?;
    let (hosts, path) =
        rest.split_once('/').ok_or(UrlError::Form("after the sentinels stands /primary-name"))?;
    let (primary, db) = path.split_once('/').unwrap_or((path, "0"));
    if primary.is_empty() {
        return Err(UrlError::Form("after the sentinels stands /primary-name"));
    }
    let db = db.parse().map_err(|_| UrlError::Form("a database is a number"))?;
    Ok(Place::Sentinel { tls, login, hosts: host_list(hosts, 26_379)?, primary: primary.to_owned(), db })
}

fn cluster(rest: &str, tls: bool) -> Result<Place, UrlError> {
    let (login, rest) = split_login(rest)?;
    let scheme = if tls { "rediss" } else { "redis" };
    let login = login.map_or(String::new(), |login| format!("{}:{}@", login.user, login.password));
    let hosts = host_list(rest.trim_end_matches('/'), 6_379)?;
    Ok(Place::Cluster(hosts.iter().map(|(host, port)| format!("{scheme}://{login}{host}:{port}")).collect()))
}

fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}"),
        None => address.to_owned(),
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Node(address) => out.write_str(&without_password(address)),
            Place::Sentinel { tls, hosts, primary, .. } => {
                let scheme = if *tls { "rediss" } else { "redis" };
                let hosts: Vec<String> = hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
                write!(out, "{scheme}+sentinel://{}/{primary}", hosts.join(","))
            }
            Place::Cluster(nodes) => {
                let nodes: Vec<String> = nodes.iter().map(|node| without_password(node)).collect();
                write!(out, "cluster of {}", nodes.join(", "))
            }
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        text.parse::<RedisUrl>().unwrap().to_string()
    }

    #[test]
    fn passwords_are_never_shown() {
        for text in [
            "redis://baton:hunter2@host:6379/0",
            "rediss://:hunter2@host",
            "redis+sentinel://baton:hunter2@a:1,b:2/main",
            "redis+cluster://baton:hunter2@a:1,b:2",
            "redis://baton:hunt@er2@host",
        ] {
            let url: RedisUrl = text.parse().unwrap();
            assert!(
                !format!("{url} {url:?}").contains("er2@") && !format!("{url:?}").contains("hunter2"),
                "{text}"
            );
        }
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(shown("unix:/tmp/redis.sock"), "unix:///tmp/redis.sock");
        assert_eq!(shown("unix:///tmp/redis.sock"), "unix:///tmp/redis.sock");
        assert_eq!(shown("redis+sentinel://a,b:2/main/3"), "redis+sentinel://a:26379,b:2/main");
        assert_eq!(shown("rediss+sentinel://a/main"), "rediss+sentinel://a:26379/main");
        assert_eq!(shown("redis+cluster://a,b:2"), "cluster of redis://a:6379, redis://b:2");
    }

    #[test]
    fn an_authority_may_be_named_at_the_end() {
        let url: RedisUrl = "rediss+cluster://u:p@a,b:2?ca=/etc/baton/ca.pem".parse().unwrap();
        assert_eq!(url.ca, Some(PathBuf::from("/etc/baton/ca.pem")));
        assert_eq!(url.to_string(), "cluster of rediss://…@a:6379, rediss://…@b:2");
    }

    #[test]
    fn mistakes_are_named() {
        for text in [
            "",
            "http://host",
            "localhost:6379",
            "unix:relative",
            "redis://",
            "redis+sentinel://a:1",
            "redis+cluster://a:x",
            "redis://a?ca=/ca.pem",
            "rediss://a?ca=",
        ] {
            assert!(text.parse::<RedisUrl>().is_err(), "{text}");
        }
    }
}
