//! A gateway that answers what it is told to, and remembers what it was asked.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const JSON: &str = "content-type: application/json\r\n";
const EVENTS: &str = "content-type: text/event-stream\r\n";

/// Requests, as text.
type Asked = Arc<Mutex<Vec<String>>>;

pub(crate) struct Stub {
    pub(crate) url: String,
    asked: Asked,
}

impl Stub {
    /// Answers one connection after the other, and closes it.
    pub(crate) fn serve(answers: Vec<String>) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Asked::default();
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let request = read(&mut stream);
                heard.lock().unwrap().push(request);
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        Stub { url, asked }
    }

    /// Answers by method and path, as `GET /api/v1/queues`, as often as it is asked; what it does not know is not there.
    /// A string is the text of an event stream, and `null` is nothing.
    pub(crate) fn knows(routes: &[(&str, &str)]) -> Stub {
        let own = |(route, body): &(&str, &str)| ((*route).to_owned(), fine(body));
        let routes: HashMap<String, String> = routes.iter().map(own).collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Asked::default();
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = read(&mut stream);
                let route = request.split([' ', '?']).take(2).collect::<Vec<_>>().join(" ");
                heard.lock().unwrap().push(request);
                let missing = || problem("404 Not Found", "not_found");
                let answer = routes.get(&route).cloned().unwrap_or_else(missing);
                // Whoever has seen enough may be gone.
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Stub { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The last request: its first line, its credential and its body.
    pub(crate) fn last(&self) -> (String, Option<String>, String) {
        let request = self.asked().pop().unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let bearer = head.lines().find_map(|line| line.strip_prefix("authorization: "));
        (head.split(" HTTP").next().unwrap().to_owned(), bearer.map(str::to_owned), body.to_owned())
    }
}

fn read(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut bytes = [0; 4_096];
    while !is_whole(&text) {
        let length = stream.read(&mut bytes).unwrap();
        assert_ne!(length, 0, "the client went away after {text:?}");
        text.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
    }
    text
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| body.len() >= length.parse().unwrap())
}

pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

fn fine(body: &str) -> String {
    match body {
        "null" => answer("204 No Content", "", ""),
        stream if stream.starts_with('"') => {
            answer("200 OK", EVENTS, &serde_json::from_str::<String>(stream).unwrap())
        }
        json => answer("200 OK", JSON, json),
    }
}

pub(crate) fn problem(status: &str, code: &str) -> String {
    let number = status.split(' ').next().unwrap();
    let body = format!(
        r#"{{"type":"t","title":"t","status":{number},"detail":"d","instance":"/","code":"{code}","request_id":"r"}}"#
    );
    answer(status, "", &body)
}
