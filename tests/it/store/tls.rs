//! TLS: a certificate is believed if its authority is, and only then.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use baton_store::{Error, OpenError};
use baton_testkit::{PrivateRedis, process};
use deadpool_redis::redis::cmd;

use super::{open, options, submit};

fn openssl(directory: &Path, line: &str) {
    let output = Command::new("openssl").args(line.split(' ')).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority, and a certificate of it for 127.0.0.1.
fn certify(directory: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(directory, &format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=authority -days 2"));
    openssl(directory, &format!("req {key} -keyout server.key -out server.csr -subj /CN=redis"));
    std::fs::write(directory.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    openssl(
        directory,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names",
    );
}

/// Lets the server listen with TLS too, and answers where.
async fn listen(redis: &PrivateRedis) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let file = |name: &str| redis.directory().join(name).display().to_string();
    let mut set = cmd("CONFIG");
    set.arg("SET").arg("tls-cert-file").arg(file("server.pem")).arg("tls-key-file").arg(file("server.key"));
    set.arg("tls-ca-cert-file").arg(file("ca.pem")).arg("tls-auth-clients").arg("no");
    set.arg("tls-port").arg(port);
    set.exec_async(&mut redis.connection().await).await.unwrap();
    port
}

#[tokio::test]
async fn a_private_authority_is_believed_when_it_is_named() {
    if process::find("openssl").is_none() {
        println!("skipped: there is no openssl");
        return;
    }
    let redis = PrivateRedis::start().await;
    certify(redis.directory());
    let port = listen(&redis).await;
    let ca = redis.directory().join("ca.pem");
    let url = format!("rediss://127.0.0.1:{port}");
    let store = open(options(&format!("{url}?ca={}", ca.display()))).await.unwrap();
    submit(&store).await.unwrap();

    let stranger = open(options(&url)).await;
    assert!(matches!(stranger, Err(OpenError::Store(_))), "{stranger:?}");
    let missing = open(options(&format!("{url}?ca=/nowhere/ca.pem"))).await;
    match missing {
        Err(OpenError::Store(Error::Fault { problem, .. })) => {
            assert!(problem.contains("/nowhere"), "{problem}")
        }
        other => panic!("{other:?}"),
    }
}
