//! What a plain word of YAML is as JSON, by the core schema of YAML 1.2.

/// A word that could be read in two ways, or that JSON has no word for. What to do about it.
type Unclear = String;

/// The JSON of a word that stands without quotes. Numbers keep the digits that were written, however many.
pub(super) fn plain(text: &str) -> Result<String, Unclear> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Ok("null".to_owned()),
        "true" | "True" | "TRUE" => Ok("true".to_owned()),
        "false" | "False" | "FALSE" => Ok("false".to_owned()),
        _ if is_beyond_json(text) => Err(format!("JSON has no number {text}; quote it if it is a text")),
        _ => number(text).unwrap_or_else(|| Ok(quoted(text))),
    }
}

pub(super) fn quoted(text: &str) -> String {
    // As a value, because it has no way to fail.
    serde_json::Value::from(text).to_string()
}

fn is_beyond_json(text: &str) -> bool {
    let word = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    matches!(word.as_str(), ".inf" | ".nan")
}

/// None where it is no number.
fn number(text: &str) -> Option<Result<String, Unclear>> {
    let (minus, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    if let Some((base, digits)) = based(text) {
        let large = || format!("the number {text} is too large; write it with decimal digits");
        return Some(
            u128::from_str_radix(digits, base).map(|number| number.to_string()).map_err(|_| large()),
        );
    }
    let (mantissa, exponent) = digits.find(['e', 'E']).map_or((digits, ""), |at| digits.split_at(at));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let fraction_digits = fraction.unwrap_or_default();
    if !are_digits(whole) || !are_digits(fraction_digits) || !is_exponent(exponent) {
        return None;
    }
    match (whole, fraction) {
        ("", None | Some("")) => None,
        (zero, _) if zero.len() > 1 && zero.starts_with('0') => Some(Err(format!(
            "{text} begins with a zero: quote it if it is a text, drop the zero if it is a number"
        ))),
        _ => {
            let whole = if whole.is_empty() { "0" } else { whole };
            let point = if fraction.is_some() { "." } else { "" };
            let fraction = if fraction == Some("") { "0" } else { fraction_digits };
            Some(Ok(format!("{minus}{whole}{point}{fraction}{exponent}")))
        }
    }
}

/// `0x1f` and `0o17`.
fn based(text: &str) -> Option<(u32, &str)> {
    let (base, digits) = match text.get(..2)? {
        "0x" => (16, &text[2..]),
        "0o" => (8, &text[2..]),
        _ => return None,
    };
    (!digits.is_empty() && digits.chars().all(|digit| digit.is_digit(base))).then_some((base, digits))
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_exponent(text: &str) -> bool {
    let Some(digits) = text.get(1..) else { return true };
    let digits = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    !digits.is_empty() && are_digits(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        for text in [
            "12345678901234567890",
            "-0",
            "1.10",
            "1e400",
            "-12.5E-3",
            "0.1",
            "123456789012345678901234567890.5",
        ] {
            assert_eq!(plain(text).unwrap(), text);
        }
        for (text, json) in
            [("+7", "7"), (".5", "0.5"), ("1.", "1.0"), ("-.5e1", "-0.5e1"), ("0x1f", "31"), ("0o17", "15")]
        {
            assert_eq!(plain(text).unwrap(), json);
        }
    }

    #[test]
    fn words_are_texts_unless_yaml_1_2_knows_them() {
        for text in [
            "no", "yes", "on", "2026-11", "1.2.3", "1_000", "12:30", "-", ".", "e5", "1e", "0x", "0xg", "+",
            "ünï",
        ] {
            assert_eq!(plain(text).unwrap(), format!("\"{text}\""));
        }
        assert_eq!(
            (plain("True").unwrap(), plain("~").unwrap(), plain("").unwrap()),
            ("true".into(), "null".into(), "null".into())
        );
        assert_eq!(quoted("a\"b\n\u{1}"), r#""a\"b\n\u0001""#);
    }

    #[test]
    fn what_is_unclear_is_asked_back() {
        for text in ["01234", "-007", "00.5", ".inf", "-.Inf", ".NaN"] {
            assert!(plain(text).unwrap_err().contains("quote it"), "{text}");
        }
        assert!(plain(&format!("0x{}", "f".repeat(40))).unwrap_err().contains("too large"));
    }
}
