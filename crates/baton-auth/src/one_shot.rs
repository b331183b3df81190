//! Codes that count once: tickets for the live feed, join codes of workers, codes that reset a password.
//!
//! 32 random bytes behind a prefix. Redis holds a hash of purpose and code, so a code brought for another purpose
//! finds nothing.

use crate::secret::SecretText;
use crate::text;

/// What a code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Opens the live feed.
    Ticket,
    /// Lets a worker join.
    Join,
    /// Sets a password.
    Reset,
}

impl Purpose {
    pub const ALL: [Purpose; 3] = [Purpose::Ticket, Purpose::Join, Purpose::Reset];

    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Ticket => "ticket",
            Purpose::Join => "join",
            Purpose::Reset => "reset",
        }
    }

    pub fn prefix(self) -> &'static str {
        match self {
            Purpose::Ticket => "btt_",
            Purpose::Join => "btj_",
            Purpose::Reset => "btp_",
        }
    }
}

/// A code of these random bytes.
pub fn new(purpose: Purpose, chance: [u8; 32]) -> SecretText {
    SecretText::new(format!("{}{}", purpose.prefix(), text::encode(&chance)))
}

/// What Redis knows a code by, 43 characters. `None`: no code of this purpose looks like this.
pub fn digest(purpose: Purpose, code: &str) -> Option<String> {
    let random = code.strip_prefix(purpose.prefix()).filter(|random| random.len() == 43)?;
    text::decode(random)?;
    Some(text::encode(&text::sha256(&[purpose.as_str().as_bytes(), &[0], code.as_bytes()])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_106_a_code_is_for_one_purpose() {
        for purpose in Purpose::ALL {
            let code = new(purpose, [3; 32]);
            assert_eq!(digest(purpose, code.expose()).unwrap().len(), 43);
            for other in Purpose::ALL {
                assert_eq!(digest(other, code.expose()).is_some(), other == purpose);
            }
            // The same bytes for something else have another digest.
            let renamed = code.expose().replacen(purpose.prefix(), "btt_", 1);
            let ticket = digest(Purpose::Ticket, &renamed);
            assert_eq!(ticket == digest(purpose, code.expose()), purpose == Purpose::Ticket);
        }
    }

    #[test]
    fn a_code_has_one_text() {
        let code = new(Purpose::Join, [0xff; 32]).expose().clone();
        let spare = code[..46].to_owned() + "9";
        for wrong in ["", "btj_", &code[..46], &format!("{code}A"), &format!("{}=", &code[..46]), &spare] {
            assert_eq!(digest(Purpose::Join, wrong), None, "{wrong}");
        }
    }
}
