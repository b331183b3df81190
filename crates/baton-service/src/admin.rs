//! The listener by which probes and Prometheus look at a process that serves no HTTP otherwise: `/health`, `/ready`
//! and `/metrics`, GET only, one request per connection. No API comes through here.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// What a probe sends fits into this.
const REQUEST_BYTES_MAX: usize = 4_096;
/// And comes and goes within this time.
const PATIENCE: Duration = Duration::from_secs(5);
/// Probes at once; more wait.
const AT_ONCE: usize = 16;

/// What the process says of itself.
pub trait Inspect: Send + Sync + 'static {
    /// May work be expected of it? And a line that says why not.
    fn ready(&self) -> Result<String, String>;
    /// In the text format of Prometheus.
    fn metrics(&self) -> String;
}

/// A listener that is open for as long as this lives.
#[derive(Debug)]
pub struct Admin {
    pub address: SocketAddr,
    closed: CancellationToken,
}

impl Drop for Admin {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

struct Answer {
    status: &'static str,
    kind: &'static str,
    body: String,
}

/// Opens the listener.
pub async fn serve(address: SocketAddr, inspect: Arc<dyn Inspect>) -> io::Result<Admin> {
    let listener = TcpListener::bind(address).await?;
    let admin = Admin { address: listener.local_addr()?, closed: CancellationToken::new() };
    let closed = admin.closed.clone();
    tokio::spawn(async move { closed.run_until_cancelled(accept(listener, inspect)).await });
    Ok(admin)
}

async fn accept(listener: TcpListener, inspect: Arc<dyn Inspect>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let inspect = Arc::clone(&inspect);
                tokio::spawn(async move {
                    // A probe that goes away asks again.
                    let _ = tokio::time::timeout(PATIENCE, answer(stream, &*inspect)).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::debug!(%error, "a probe was not let in");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn answer(mut stream: TcpStream, inspect: &dyn Inspect) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < REQUEST_BYTES_MAX {
        if stream.read_buf(&mut request).await? == 0 {
            break;
        }
    }
    let Answer { status, kind, body } = respond(&request, inspect);
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

fn respond(request: &[u8], inspect: &dyn Inspect) -> Answer {
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let text = |status, body: String| Answer { status, kind: "text/plain; charset=utf-8", body: body + "\n" };
    match (method, target.split('?').next().unwrap_or_default()) {
        ("GET", "/health") => text("200 OK", "alive".to_owned()),
        ("GET", "/ready") => match inspect.ready() {
            Ok(why) => text("200 OK", why),
            Err(why) => text("503 Service Unavailable", why),
        },
        ("GET", "/metrics") => {
            Answer { status: "200 OK", kind: "text/plain; version=0.0.4", body: inspect.metrics() }
        }
        ("GET", _) => text("404 Not Found", "there are /health, /ready and /metrics".to_owned()),
        _ => text("405 Method Not Allowed", "only GET".to_owned()),
    }
}

impl fmt::Debug for dyn Inspect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Inspect")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ready(bool);

    impl Inspect for Ready {
        fn ready(&self) -> Result<String, String> {
            if self.0 { Ok("fine".to_owned()) } else { Err("no claim came through".to_owned()) }
        }

        fn metrics(&self) -> String {
            "a 1\n".to_owned()
        }
    }

    async fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn probes_get_their_answers_and_nothing_else_does() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let good = serve(any, Arc::new(Ready(true))).await.unwrap();
        let bad = serve(any, Arc::new(Ready(false))).await.unwrap();
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(ask(good.address, &get("/ready")).await.starts_with("HTTP/1.1 200"));
        let refused = ask(bad.address, &get("/ready?x")).await;
        assert!(
            refused.starts_with("HTTP/1.1 503") && refused.ends_with("no claim came through\n"),
            "{refused}"
        );
        assert!(ask(bad.address, &get("/health")).await.contains("alive"));
        assert!(ask(good.address, &get("/metrics")).await.ends_with("a 1\n"));
        assert!(ask(good.address, &get("/api/v1/tasks")).await.starts_with("HTTP/1.1 404"));
        assert!(ask(good.address, "POST /health HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 405"));
        assert!(ask(good.address, &"x".repeat(5_000)).await.starts_with("HTTP/1.1 405"));
    }

    #[tokio::test]
    async fn it_closes_with_its_handle() {
        let admin = serve("127.0.0.1:0".parse().unwrap(), Arc::new(Ready(true))).await.unwrap();
        let address = admin.address;
        drop(admin);
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}
