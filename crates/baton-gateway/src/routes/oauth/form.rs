//! Bodies as forms send them: `a=b&c=d+e`.

/// The parameters of a form, each at most once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form(Vec<(String, String)>);

/// What is wrong with a form, as `error_description`.
pub(crate) type Odd = &'static str;

impl Form {
    pub(super) fn read(body: &[u8]) -> Result<Form, Odd> {
        let mut form = Form::default();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let (name, value) = (decoded(&pair[..at])?, decoded(pair.get(at + 1..).unwrap_or_default())?);
            if form.0.iter().any(|(known, _)| *known == name) {
                return Err("a parameter is there twice");
            }
            form.0.push((name, value));
        }
        Ok(form)
    }

    /// A parameter without a value is as good as none (RFC 6749, 3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }
}

/// One name or value, as forms and the parts of Basic credentials write it.
pub(crate) fn decoded(text: &[u8]) -> Result<String, Odd> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let (Some(digits), true) = (rest.get(..2), rest.len() >= 2) else {
                    return Err("a % is not followed by two hex digits");
                };
                rest = &rest[2..];
                16 * hex(digits[0])? + hex(digits[1])?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8")
}

fn hex(digit: u8) -> Result<u8, Odd> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err("a % is not followed by two hex digits"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_browsers_write_them() {
        let form = Form::read(b"grant_type=refresh_token&scope=tasks%3Aread+admin&empty=&&bare").unwrap();
        assert_eq!(form.get("grant_type"), Some("refresh_token"));
        assert_eq!(form.get("scope"), Some("tasks:read admin"));
        assert_eq!((form.get("empty"), form.get("bare"), form.get("other")), (None, None, None));
        assert_eq!(decoded("caf%C3%A9".as_bytes()).as_deref(), Ok("café"));
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for wrong in [&b"a=1&a=2"[..], b"a=%", b"a=%4", b"a=%zz", b"%ff=1", b"a=1&%61=2"] {
            assert!(Form::read(wrong).is_err(), "{}", String::from_utf8_lossy(wrong));
        }
    }
}
