//! Replies of scripts: a flat array of strings, read from front to back.

use std::str::FromStr;

use deadpool_redis::redis::Value;

use crate::error::Error;

/// The words of a reply that have not been read yet.
#[derive(Debug)]
pub(crate) struct Reply {
    script: &'static str,
    words: std::vec::IntoIter<Value>,
}

impl Reply {
    pub(crate) fn new(script: &'static str, value: Value) -> Result<Reply, Error> {
        match value {
            Value::Array(words) => Ok(Reply { script, words: words.into_iter() }),
            other => Err(Error::fault(script, format!("it answered {other:?} instead of words"))),
        }
    }

    pub(crate) fn fault(&self, problem: impl Into<String>) -> Error {
        Error::fault(self.script, problem)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.len() == 0
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, Error> {
        match self.words.next() {
            Some(Value::BulkString(bytes)) => Ok(bytes),
            Some(Value::SimpleString(text)) => Ok(text.into_bytes()),
            Some(Value::Int(number)) => Ok(number.to_string().into_bytes()),
            Some(Value::Okay) => Ok(b"OK".to_vec()),
            Some(other) => Err(self.fault(format!("it answered {other:?} where a word belongs"))),
            None => Err(self.fault("its answer ended early")),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, Error> {
        let bytes = self.bytes()?;
        String::from_utf8(bytes).map_err(|_| self.fault("it answered bytes where a word belongs"))
    }

    /// A word that may be anything at all.
    pub(crate) fn lossy(&mut self) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.bytes()?).into_owned())
    }

    pub(crate) fn parse<T: FromStr>(&mut self) -> Result<T, Error> {
        let text = self.text()?;
        text.parse().map_err(|_| self.fault(format!("it answered {text:?}, which cannot be read")))
    }

    /// A word that may be empty.
    pub(crate) fn optional<T: FromStr>(&mut self) -> Result<Option<T>, Error> {
        let text = self.text()?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| self.fault(format!("it answered {text:?}, which cannot be read")))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Error> {
        Ok(self.text()? == "1")
    }

    /// A record as text, whatever is in it.
    pub(crate) fn record(&mut self) -> Result<baton_core::audit::Fields, Error> {
        let words: usize = self.parse()?;
        (0..words / 2).map(|_| Ok((self.lossy()?, self.lossy()?))).collect()
    }

    /// Pairs of field and value, behind the number of words they take.
    pub(crate) fn fields(&mut self) -> Result<Vec<(String, Vec<u8>)>, Error> {
        let words: usize = self.parse()?;
        (0..words / 2).map(|_| Ok((self.text()?, self.bytes()?))).collect()
    }
}
