//! Tasks that are posted, and a server that answers what it is told.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use baton_worker::handlers::HttpPush;
use baton_worker::{End, Handler};
use ring::digest::{SHA256, digest};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::{grant, in_a, parents, parents_as_json, run};

/// One request, as it came.
#[derive(Debug)]
struct Request {
    first_line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }
}

/// Answers each request with these bytes and closes; without any, it never answers.
struct Receiver {
    address: SocketAddr,
    requests: mpsc::UnboundedReceiver<Request>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    async fn answering(answer: impl Into<Vec<u8>>) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, requests) = mpsc::unbounded_channel();
        let answer = answer.into();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = BufReader::new(stream);
                let Some(request) = read_request(&mut stream).await else { continue };
                let _ = seen.send(request);
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        });
        Receiver { address, requests, task }
    }

    fn push(&self) -> HttpPush {
        HttpPush::new(&format!("http://{}/run?x=1", self.address)).unwrap().allow_private(true)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read_request(stream: &mut BufReader<tokio::net::TcpStream>) -> Option<Request> {
    let mut first_line = String::new();
    stream.read_line(&mut first_line).await.ok()?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { first_line: first_line.trim_end().to_owned(), headers, body })
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
}

async fn end_after(answer: impl Into<Vec<u8>>) -> End {
    Receiver::answering(answer).await.push().run(run("{}").0).await
}

/// HMAC by its definition, from nothing but SHA-256.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let padded = |pad: u8| {
        let mut block = [pad; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = digest(&SHA256, &[&padded(0x36), message].concat());
    digest(&SHA256, &[&padded(0x5c), inner.as_ref()].concat()).as_ref().to_vec()
}

#[tokio::test]
async fn a_task_is_posted_whole_and_signed() {
    let mut receiver = Receiver::answering(answer("200 OK", "", r#"{"pages": 3}"#)).await;
    let (old, new) = ([7_u8; 24], [9_u8; 64]);
    let secret = |key: &[u8]| format!("whsec_{}", STANDARD.encode(key));
    let push = receiver.push().secret(&secret(&old)).unwrap().secret(&secret(&new)).unwrap();
    let payload = r#"{"b":1,"a":12345678901234567890}"#;
    let (mut child, _heard) = run(payload);
    child.parents = parents();
    assert_eq!(push.run(child).await, End::Complete(br#"{"pages": 3}"#.to_vec()));

    let request = receiver.requests.recv().await.unwrap();
    assert_eq!(request.first_line, "POST /run?x=1 HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("traceparent"), grant("").traceparent.as_deref());
    let body = str::from_utf8(&request.body).unwrap();
    assert!(body.contains(&format!(r#""payload":{payload},"parents":{}}}"#, parents_as_json())), "{body}");

    let id = format!("{}.42", grant("").task);
    assert_eq!(request.header("webhook-id"), Some(id.as_str()));
    let timestamp = request.header("webhook-timestamp").unwrap();
    let age = jiff::Timestamp::now().as_second() - timestamp.parse::<i64>().unwrap();
    assert!((0..60).contains(&age), "{timestamp}");
    let message = format!("{id}.{timestamp}.{body}");
    let expected = [&old[..], &new[..]].map(|key| STANDARD.encode(hmac_sha256(key, message.as_bytes())));
    let signatures = format!("v1,{} v1,{}", expected[0], expected[1]);
    assert_eq!(request.header("webhook-signature"), Some(signatures.as_str()));
}

#[tokio::test]
async fn a_repeat_has_the_same_id_and_no_secret_means_no_signature() {
    let mut receiver = Receiver::answering(answer("500 Oops", "", "")).await;
    let push = receiver.push();
    push.run(run("{}").0).await;
    push.run(run("{}").0).await;
    let (first, second) = (receiver.requests.recv().await.unwrap(), receiver.requests.recv().await.unwrap());
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert_eq!(first.header("webhook-signature"), None);
}

#[tokio::test]
async fn the_status_decides() {
    let complete = |result: &str| End::Complete(result.into());
    let later = |reason: &str, delay_ms| End::Release { reason: reason.to_owned(), delay_ms: Some(delay_ms) };
    let fail = |error: &str, reason: &str| End::Fail { error: error.to_owned(), reason: reason.to_owned() };
    let retry = |error: &str, reason: &str| End::Retry {
        error: error.to_owned(),
        reason: reason.to_owned(),
        in_ms: None,
    };
    for (status, headers, body, expected) in [
        ("200 OK", "", "[1, 2]", complete("[1, 2]")),
        ("200 OK", "", " 12345678901234567890\n", complete("12345678901234567890")),
        ("200 OK", "", "", complete("null")),
        ("204 No Content", "", "", complete("null")),
        ("202 Accepted", "", "see you", End::Elsewhere),
        ("429 Too Many Requests", "Retry-After: 30\r\n", "", later("http 429", 30_000)),
        ("503 Service Unavailable", "Retry-After: 999999999\r\n", "", later("http 503", 86_400_000)),
        (
            "503 Service Unavailable",
            "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
            "",
            later("http 503", 0),
        ),
        ("429 Slow", "", "", retry("the receiver answered 429 Too Many Requests", "http 429")),
        ("410 Gone", "", "", fail("the receiver answered 410 Gone", "http 410")),
        (
            "422 Unprocessable",
            "",
            "no such invoice\n",
            fail("the receiver answered 422 Unprocessable Entity: no such invoice", "http 422"),
        ),
        ("400 Bad", "", "", retry("the receiver answered 400 Bad Request", "http 400")),
        (
            "500 Oops",
            "",
            "trace",
            retry("the receiver answered 500 Internal Server Error: trace", "http 500"),
        ),
    ] {
        assert_eq!(end_after(answer(status, headers, body)).await, expected, "{status} {headers}");
    }
}

#[tokio::test]
async fn a_result_must_be_json_and_fit() {
    let End::Fail { reason, .. } = end_after(answer("200 OK", "", "done")).await else {
        panic!("it is not JSON")
    };
    assert_eq!(reason, "bad_result");
    let fits = format!("\"{}\"", "x".repeat(1_048_574));
    assert_eq!(end_after(answer("200 OK", "", &fits)).await, End::Complete(fits.clone().into_bytes()));
    let End::Fail { reason, .. } = end_after(answer("200 OK", "", &format!("{fits} "))).await else {
        panic!("it is too long")
    };
    assert_eq!(reason, "result_too_large");
    let long = format!("{}é", "x".repeat(1_023)).repeat(2_000);
    let End::Retry { error, .. } = end_after(answer("500 Oops", "", &long)).await else {
        panic!("it failed")
    };
    assert!(error.len() < 1_200, "{}", error.len());
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let mut other = Receiver::answering(answer("200 OK", "", "1")).await;
    let location = format!("Location: http://{}/\r\n", other.address);
    let end = end_after(answer("307 Temporary Redirect", &location, "")).await;
    assert!(matches!(&end, End::Retry { reason, .. } if reason == "http 307"), "{end:?}");
    assert!(other.requests.try_recv().is_err());
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_unless_allowed() {
    let mut receiver = Receiver::answering(answer("200 OK", "", "1")).await;
    let port = receiver.address.port();
    for host in
        ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "169.254.169.254"]
    {
        let push = HttpPush::new(&format!("http://{host}:{port}/")).unwrap();
        let end = push.run(run("{}").0).await;
        assert!(matches!(&end, End::Retry { reason, .. } if reason == "address_refused"), "{host}: {end:?}");
    }
    assert!(receiver.requests.try_recv().is_err());
    let allowed = HttpPush::new(&format!("http://localhost:{port}/")).unwrap().allow_private(true);
    assert_eq!(allowed.run(run("{}").0).await, End::Complete(b"1".to_vec()));
}

#[tokio::test]
async fn a_receiver_that_is_silent_gets_no_more_than_its_time() {
    let receiver = Receiver::answering("").await;
    let timed = receiver.push().timeout(Duration::from_millis(50));
    assert!(matches!(timed.run(run("{}").0).await, End::TimeOut { .. }));

    let (mut late, _heard) = run("{}");
    late.deadline = in_a(Duration::from_millis(50));
    assert!(matches!(receiver.push().run(late).await, End::TimeOut { .. }));
}

#[tokio::test]
async fn a_cancelled_post_is_given_up() {
    let mut receiver = Receiver::answering("").await;
    let (run, _heard) = run("{}");
    let cancel = run.cancel.clone();
    let (end, ()) = tokio::join!(receiver.push().run(run), async {
        receiver.requests.recv().await.unwrap();
        cancel.cancel();
    });
    assert_eq!(end, End::Release { reason: "stopped".to_owned(), delay_ms: None });
}

#[tokio::test]
async fn a_receiver_that_breaks_off_is_tried_again() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":";
    for answer in [cut, "nonsense\r\n\r\n"] {
        let end = end_after(answer).await;
        assert!(matches!(&end, End::Retry { reason, .. } if reason == "unreachable"), "{end:?}");
    }
}

#[tokio::test]
async fn a_failed_tls_handshake_is_a_failed_attempt_and_no_panic() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let push = HttpPush::new(&format!("https://{address}/")).unwrap().allow_private(true);
    let (end, greeting) = tokio::join!(push.run(run("{}").0), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut first = [0; 3];
        stream.read_exact(&mut first).await.unwrap();
        first
    });
    // A handshake was begun: record type 22, version 3.1.
    assert_eq!(greeting, [22, 3, 1]);
    assert!(matches!(&end, End::Retry { reason, .. } if reason == "unreachable"), "{end:?}");
}

#[test]
fn what_cannot_be_a_receiver_is_said_at_once() {
    for url in ["", "books.internal/run", "ftp://example.com/", "http://"] {
        assert!(HttpPush::new(url).is_err(), "{url}");
    }
    let push = HttpPush::new("https://user:pass@example.com/run?token=1").unwrap();
    assert_eq!(format!("{push:?}"), r#"HttpPush { host: "example.com", path: "/run", .. }"#);
    assert!(push.secret("secret").is_err());
}
