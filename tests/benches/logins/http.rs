//! A client that costs little: it shares the machine with what it measures. One connection, one request at a time, bodies
//! of a known length.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Connection {
    stream: TcpStream,
    host: SocketAddr,
    request: Vec<u8>,
    answer: Vec<u8>,
}

/// What came back.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a str,
}

impl Connection {
    pub(crate) async fn open(host: SocketAddr) -> std::io::Result<Connection> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, host, request: Vec::new(), answer: Vec::new() })
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Answer<'_> {
        let line = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.ask(&line).await
    }

    pub(crate) async fn get(&mut self, path: &str, token: &str) -> Answer<'_> {
        let line =
            format!("GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n", self.host);
        self.ask(&line).await
    }

    async fn ask(&mut self, request: &str) -> Answer<'_> {
        self.request.clear();
        self.request.extend_from_slice(request.as_bytes());
        self.stream.write_all(&self.request).await.unwrap();
        self.answer.clear();
        let (head, length) = loop {
            let read = self.stream.read_buf(&mut self.answer).await.unwrap();
            assert!(read > 0, "the gateway hung up");
            if let Some(end) = self.answer.windows(4).position(|four| four == b"\r\n\r\n") {
                break (end + 4, content_length(&self.answer[..end]));
            }
        };
        while self.answer.len() < head + length {
            assert!(self.stream.read_buf(&mut self.answer).await.unwrap() > 0, "the gateway hung up");
        }
        let status = std::str::from_utf8(&self.answer[9..12]).unwrap().parse().unwrap();
        Answer { status, body: std::str::from_utf8(&self.answer[head..]).unwrap() }
    }
}

fn content_length(head: &[u8]) -> usize {
    let lines = std::str::from_utf8(head).unwrap().lines();
    let mut headers = lines.filter_map(|line| line.split_once(": "));
    let length = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    length.map_or(0, |(_, length)| length.parse().unwrap())
}

impl Answer<'_> {
    /// A member of the body that is a text without escapes, as tokens are.
    pub(crate) fn text(&self, name: &str) -> String {
        let after = self.body.split_once(&format!("\"{name}\":\"")).map(|(_, after)| after);
        let text = after.and_then(|after| after.split_once('"'));
        text.unwrap_or_else(|| panic!("no {name} in {} {}", self.status, self.body)).0.to_owned()
    }
}
