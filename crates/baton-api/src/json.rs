//! A JSON value that is passed through byte for byte: payloads and results.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::value::RawValue;

/// Any JSON value, as the bytes that were sent: `12345678901234567890` stays that number, and members keep their order.
#[derive(Clone)]
pub struct Json(Box<RawValue>);

/// Why bytes are no JSON value that we carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonError {
    NotJson(String),
    TooDeep,
}

impl fmt::Display for JsonError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JsonError::NotJson(why) => write!(out, "read a JSON value: {why}"),
            JsonError::TooDeep => {
                write!(out, "take a JSON value nested deeper than {} levels", Json::DEPTH_MAX)
            }
        }
    }
}

impl std::error::Error for JsonError {}

impl Json {
    /// What common parsers read without a setting of their own: we do not pass on what their users cannot open.
    pub const DEPTH_MAX: usize = 100;

    pub fn null() -> Json {
        Json(RawValue::NULL.to_owned())
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Json, JsonError> {
        let raw: Box<RawValue> =
            serde_json::from_slice(bytes).map_err(|error| JsonError::NotJson(error.to_string()))?;
        Json::checked(raw)
    }

    /// A value of a type that knows how to write itself.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Json, JsonError> {
        let raw = serde_json::value::to_raw_value(value);
        Json::checked(raw.map_err(|error| JsonError::NotJson(error.to_string()))?)
    }

    /// What a task carries: JSON as it is; anything else, which only `redis-cli` can have put there, as a string.
    pub fn of_stored(bytes: &[u8]) -> Json {
        Json::from_bytes(bytes)
            .or_else(|_| Json::of(&String::from_utf8_lossy(bytes)))
            .unwrap_or_else(|_| Json::null())
    }

    fn checked(raw: Box<RawValue>) -> Result<Json, JsonError> {
        if depth(raw.get().as_bytes()) > Self::DEPTH_MAX { Err(JsonError::TooDeep) } else { Ok(Json(raw)) }
    }

    pub fn get(&self) -> &str {
        self.0.get()
    }

    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0.get())
    }
}

/// How deep arrays and objects of a valid JSON text are nested.
fn depth(json: &[u8]) -> usize {
    let (mut now, mut most, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                now += 1;
                most = most.max(now);
            }
            b']' | b'}' if !in_string => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

impl fmt::Debug for Json {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.get())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Json) -> bool {
        self.get() == other.get()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(out)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Json, D::Error> {
        let raw = Box::<RawValue>::deserialize(input)?;
        Json::checked(raw).map_err(|error| D::Error::custom(format!("failed to {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_pass_unchanged() {
        for text in ["12345678901234567890", r#"{"b":1,"a":2}"#, r#"[1.0, 1e400 ]"#, r#""\u0000""#, "null"] {
            assert_eq!(Json::from_bytes(text.as_bytes()).unwrap().get(), text);
        }
    }

    #[test]
    fn depth_has_an_end_and_strings_do_not_count() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(Json::from_bytes(nested(100).as_bytes()).is_ok());
        assert_eq!(Json::from_bytes(nested(101).as_bytes()), Err(JsonError::TooDeep));
        let text = format!("\"{}\\\"[\"", "[".repeat(500));
        assert!(Json::from_bytes(text.as_bytes()).is_ok());
        assert!(matches!(Json::from_bytes(b"[1,"), Err(JsonError::NotJson(_))));
    }
}
