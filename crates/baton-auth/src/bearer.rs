//! The header Authorization, as bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::secret::SecretText;
use crate::{api_key, one_shot, refresh};

/// Bytes of a credential at most.
pub const BYTES_MAX: usize = 4096;

/// What somebody brings.
#[derive(Clone, Debug)]
pub enum Presented {
    Bearer(SecretText),
    /// As it was sent: OAuth encodes both parts once more, as forms do.
    Basic {
        id: String,
        secret: SecretText,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// Two parties may read two of them differently: 400. All others are 401.
    #[error("read the header Authorization: it is there more than once")]
    Twice,
    #[error(
        "read the header Authorization: Bearer or Basic, one space, and a credential of at most {BYTES_MAX} bytes"
    )]
    Malformed,
    #[error("read the header Authorization: only Bearer and Basic are known")]
    Scheme,
}

/// Reads all values of the header that came.
pub fn read<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<Presented>, BearerError> {
    let mut values = values.into_iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(BearerError::Twice),
        (Some(value), None) => read_one(value).map(Some),
    }
}

fn read_one(value: &[u8]) -> Result<Presented, BearerError> {
    let end = value.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(value.len());
    let (scheme, rest) = value.split_at(end);
    let (bearer, basic) = (scheme.eq_ignore_ascii_case(b"bearer"), scheme.eq_ignore_ascii_case(b"basic"));
    if !bearer && !basic {
        return Err(BearerError::Scheme);
    }
    let credential = rest.strip_prefix(b" ").and_then(token68).ok_or(BearerError::Malformed)?;
    if bearer {
        return Ok(Presented::Bearer(SecretText::new(credential.to_owned())));
    }
    basic_pair(credential).ok_or(BearerError::Malformed)
}

/// The characters that a credential may have (RFC 9110, section 11.2): no space, no control character, no comma.
fn token68(credential: &[u8]) -> Option<&str> {
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    let good = (1..=BYTES_MAX).contains(&credential.len()) && credential.iter().all(fits);
    good.then(|| str::from_utf8(credential).ok())?
}

fn basic_pair(credential: &str) -> Option<Presented> {
    let bytes = Zeroizing::new(STANDARD.decode(credential).ok()?);
    let (id, secret) = str::from_utf8(&bytes).ok()?.split_once(':')?;
    if bytes.iter().any(u8::is_ascii_control) {
        return None;
    }
    Some(Presented::Basic { id: id.to_owned(), secret: SecretText::new(secret.to_owned()) })
}

/// What a credential seems to be, by its first characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A JWT, or rubbish.
    Access,
    ApiKey,
    /// Never good for a request.
    Refresh,
    /// Never good here either: codes go where they are spent.
    OneShot,
}

pub fn kind(credential: &str) -> Kind {
    if credential.starts_with(api_key::PREFIX) {
        Kind::ApiKey
    } else if credential.starts_with(refresh::PREFIX) {
        Kind::Refresh
    } else if one_shot::Purpose::ALL.iter().any(|purpose| credential.starts_with(purpose.prefix())) {
        Kind::OneShot
    } else {
        Kind::Access
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bearer(value: &[u8]) -> Result<String, BearerError> {
        match read([value])? {
            Some(Presented::Bearer(token)) => Ok(token.expose().clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn case_85_one_scheme_one_space_one_credential() {
        assert!(read([]).unwrap().is_none());
        assert_eq!(read([&b"Bearer a"[..], b"Bearer a"]).unwrap_err(), BearerError::Twice);
        for good in [&b"Bearer a.b-c_~+/="[..], b"bearer a.b-c_~+/=", b"BEARER a.b-c_~+/="] {
            assert_eq!(bearer(good).unwrap(), "a.b-c_~+/=");
        }
        for wrong in [
            &b"Bearer"[..],
            b"Bearer ",
            b"Bearer\ta",
            b"Bearer  a",
            b"Bearer a ",
            b"Bearer a b",
            b"Bearer a,b",
            b"Bearer \xc3\xa9",
            b"Bearer a\0",
            b"Bearer=a",
        ] {
            assert_eq!(bearer(wrong).unwrap_err(), BearerError::Malformed, "{wrong:?}");
        }
        for wrong in [&b""[..], b" Bearer a", b"Digest a", b"a.b.c", b"Bearers a", b"\xffearer a"] {
            assert_eq!(bearer(wrong).unwrap_err(), BearerError::Scheme, "{wrong:?}");
        }
        assert!(bearer(&[b"Bearer ".to_vec(), vec![b'a'; 4096]].concat()).is_ok());
        assert!(bearer(&[b"Bearer ".to_vec(), vec![b'a'; 4097]].concat()).is_err());
    }

    #[test]
    fn basic_is_an_id_and_a_secret() {
        let value = |text: &[u8]| format!("basic {}", STANDARD.encode(text)).into_bytes();
        match read([&value("a:b:ü".as_bytes())[..]]).unwrap() {
            Some(Presented::Basic { id, secret }) => {
                assert_eq!((&id[..], &secret.expose()[..]), ("a", "b:ü"))
            }
            other => panic!("{other:?}"),
        }
        for wrong in
            [value(b"ab"), value(b"a:\xff"), value(b"a:\n"), b"Basic YTpi=".to_vec(), b"Basic YTp".to_vec()]
        {
            assert_eq!(read([&wrong[..]]).unwrap_err(), BearerError::Malformed, "{wrong:?}");
        }
    }

    #[test]
    fn kinds_are_told_by_their_beginning() {
        let kinds = ["eyJ.a.b", "btk_a", "btr_a", "btt_a", "btj_a", "btp_a", ""].map(kind);
        use Kind::*;
        assert_eq!(kinds, [Access, ApiKey, Refresh, OneShot, OneShot, OneShot, Access]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, scheme in "(Bearer|Basic) ?") {
            let _ = read([&bytes[..]]);
            let value = [scheme.as_bytes(), &bytes].concat();
            if let Ok(Some(Presented::Bearer(token))) = read([&value[..]]) {
                prop_assert_eq!(token.expose().as_bytes(), &bytes[..]);
            }
        }
    }
}
