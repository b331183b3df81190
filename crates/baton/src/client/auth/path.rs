//! Names in paths.

use crate::error::Error;

/// One segment of a path, whatever is in the name: a user may be called `a/b`.
pub(super) fn segment(name: &str) -> Result<String, Error> {
    if matches!(name, "" | "." | "..") {
        return Err(Error::Invalid(format!("ask for {name:?}: it is no id")));
    }
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(segment("user_alice").unwrap(), "user_alice");
        assert_eq!(segment("user_../a b?é#%").unwrap(), "user_..%2Fa%20b%3F%C3%A9%23%25");
        for wrong in ["", ".", ".."] {
            assert_eq!(segment(wrong).unwrap_err().code(), "invalid", "{wrong}");
        }
    }
}
