//! Just enough HTTP to set up a fleet for those that speak it well.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, bail};

/// The body of an answer.
pub(crate) struct Answer(String);

/// What is not answered with success is an error.
pub(crate) fn get(address: &str, path: &str) -> Result<Answer> {
    send("GET", address, path, None, "")
}

/// Sends JSON; what is not answered with success is an error.
pub(crate) fn post(address: &str, path: &str, bearer: Option<&str>, body: &str) -> Result<Answer> {
    send("POST", address, path, bearer, body)
}

fn send(method: &str, address: &str, path: &str, bearer: Option<&str>, body: &str) -> Result<Answer> {
    let bearer = bearer.map_or_else(String::new, |token| format!("authorization: Bearer {token}\r\n"));
    let mut stream = TcpStream::connect(address).with_context(|| format!("failed to reach {address}"))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{bearer}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    read(&answer).with_context(|| format!("failed to {method} {path}"))
}

fn read(answer: &str) -> Result<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n").context("this is no answer")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        bail!("the answer is {status}: {body}");
    }
    Ok(Answer(body.to_owned()))
}

impl Answer {
    /// A member that is a text without escapes, as tokens and keys are.
    pub(crate) fn text(&self, name: &str) -> Result<String> {
        let after = self.0.split_once(&format!("\"{name}\":\"")).map(|(_, after)| after);
        let text = after.and_then(|after| after.split_once('"')).map(|(text, _)| text.to_owned());
        text.with_context(|| format!("the answer has no {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_in_a_good_answer() {
        let answer = read("HTTP/1.1 201 Created\r\na: b\r\n\r\n{\"id\":\"x\",\"secret\":\"btk_1\"}").unwrap();
        assert_eq!(answer.text("secret").unwrap(), "btk_1");
        assert!(answer.text("token").is_err());
    }

    #[test]
    fn a_refusal_is_told() {
        for (answer, told) in [("HTTP/1.1 403 Forbidden\r\n\r\n{}", "403"), ("", "no answer")] {
            assert!(read(answer).err().unwrap().to_string().contains(told));
        }
    }
}
