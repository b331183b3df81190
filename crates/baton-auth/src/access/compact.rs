//! The outside of a token: three parts, and a header that says almost nothing.
//!
//! A header is written by whoever sends the token. So it may name a key that we know, and that is all: keys inside of
//! it, addresses of keys, extensions and compression are refused with everything else that we did not write.

use serde::Deserialize;

use super::AccessError;
use crate::text;

/// Bytes of a token at most.
pub const TOKEN_BYTES_MAX: usize = 4096;
/// Bytes of the JSON of its header at most.
pub const HEADER_BYTES_MAX: usize = 512;

const KID_MAX: usize = 64;

/// What a header may say. Strings are borrowed: one with an escape in it, which we never write, does not fit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

/// How a token says it was signed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signed {
    pub(super) alg: String,
    pub(super) kid: String,
}

/// Looks at a token before any key is touched.
pub(super) fn read(token: &str) -> Result<Signed, AccessError> {
    let [header, payload, signature] = parts(token).ok_or(AccessError::Malformed)?;
    let header = json(header, HEADER_BYTES_MAX).ok_or(AccessError::Malformed)?;
    if json(payload, TOKEN_BYTES_MAX).is_none() || text::decode(signature).is_none() {
        return Err(AccessError::Malformed);
    }
    let Header { alg, typ, kid } = serde_json::from_slice(&header).map_err(|_| AccessError::Malformed)?;
    let named = (1..=KID_MAX).contains(&kid.len()) && kid.bytes().all(text::is_base64url);
    if typ != "at+jwt" || !named {
        return Err(AccessError::Malformed);
    }
    Ok(Signed { alg: alg.to_owned(), kid: kid.to_owned() })
}

fn parts(token: &str) -> Option<[&str; 3]> {
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let mut parts = token.split('.');
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

/// The bytes of a part that is an object. An array would do for serde, which reads its elements as members.
fn json(part: &str, bytes_max: usize) -> Option<Vec<u8>> {
    if part.len() > bytes_max.div_ceil(3) * 4 {
        return None;
    }
    text::decode(part).filter(|bytes| bytes.len() <= bytes_max && bytes.first() == Some(&b'{'))
}
