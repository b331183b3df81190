//! Passwords of people, under argon2id.
//!
//! A hash takes some 20 ms and 19 MiB by intention. Whoever calls keeps it off the threads that serve others, and
//! counts how many run.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

/// Bytes of a password at most: more is somebody who wants us to work.
pub const BYTES_MAX: usize = 1024;

/// How dear a hash is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// 19 MiB, twice over.
    #[default]
    Standard,
    /// 64 MiB, three times over, in four lanes.
    High,
}

/// What the store may make us spend on a hash that it holds: a tampered one must not eat the memory.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
const PASSES_MAX: u32 = 8;
const LANES_MAX: u32 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("take an empty password")]
    Empty,
    #[error("take a password of {chars} characters: it has {min} or more")]
    Short { chars: usize, min: usize },
    #[error("take a password of {0} bytes: it has {BYTES_MAX} at most")]
    Long(usize),
    #[error("take a password with a NUL in it")]
    Nul,
    #[error("hash a password")]
    Hash,
}

impl Profile {
    fn costs(self) -> (u32, u32, u32) {
        match self {
            Profile::Standard => (19_456, 2, 1),
            Profile::High => (65_536, 3, 4),
        }
    }
}

/// Hashes a password, which is taken as it is, with this random salt. The text says how it was made.
pub fn hash(password: &str, salt: [u8; 16], profile: Profile) -> Result<String, PasswordError> {
    check(password)?;
    let (memory, passes, lanes) = profile.costs();
    let params = Params::new(memory, passes, lanes, None).map_err(|_| PasswordError::Hash)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2.hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Whether this password was hashed to this. What is no such hash, or one of unheard cost, is of no password.
pub fn verify(password: &str, hash: &str) -> bool {
    if check(password).is_err() {
        return false;
    }
    let Some((parsed, _)) = parse(hash) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok()
}

/// A hash of no password that costs as much as a true one: for users who do not exist, or have none.
pub fn dummy(profile: Profile) -> &'static str {
    match profile {
        Profile::Standard => {
            "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        }
        Profile::High => {
            "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        }
    }
}

/// Whether a hash was made at another cost than is asked for now.
pub fn needs_rehash(hash: &str, profile: Profile) -> bool {
    parse(hash).is_none_or(|(_, params)| costs(&params) != profile.costs())
}

/// Whether a password may be set. Its length counts in characters, as its owner counts.
pub fn check_new(password: &str, min: usize) -> Result<(), PasswordError> {
    check(password)?;
    let chars = password.chars().count();
    if chars < min { Err(PasswordError::Short { chars, min }) } else { Ok(()) }
}

fn check(password: &str) -> Result<(), PasswordError> {
    match password.len() {
        0 => Err(PasswordError::Empty),
        1..=BYTES_MAX if password.contains('\0') => Err(PasswordError::Nul),
        1..=BYTES_MAX => Ok(()),
        more => Err(PasswordError::Long(more)),
    }
}

/// A hash in our form, of a cost that we pay.
fn parse(hash: &str) -> Option<(PasswordHash, Params)> {
    let parsed = PasswordHash::new(hash).ok()?;
    let ours = parsed.algorithm.as_str() == "argon2id" && parsed.version == Some(0x13);
    let whole = parsed.salt.is_some() && parsed.hash.as_ref().is_some_and(|hash| hash.len() == 32);
    let params = Params::try_from(&parsed).ok()?;
    let (memory, passes, lanes) = costs(&params);
    let affordable = memory <= MEMORY_KIB_MAX && passes <= PASSES_MAX && lanes <= LANES_MAX;
    (ours && whole && affordable).then_some((parsed, params))
}

fn costs(params: &Params) -> (u32, u32, u32) {
    (params.m_cost(), params.t_cost(), params.p_cost())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again() {
        let made = hash("correct horse é", [7; 16], Profile::Standard).unwrap();
        assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"), "{made}");
        assert!(verify("correct horse é", &made));
        for wrong in ["correct horse e", "correct horse é ", "", "correct horse é\0"] {
            assert!(!verify(wrong, &made), "{wrong:?}");
        }
        assert_ne!(hash("correct horse é", [8; 16], Profile::Standard).unwrap(), made);
        assert!(!needs_rehash(&made, Profile::Standard) && needs_rehash(&made, Profile::High));
    }

    // From the reference implementation, by way of argon2-cffi: low_level.hash_secret(b"password", b"\7" * 16, …).
    #[test]
    fn hashes_are_those_of_everyone_else() {
        let known = "$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$uVsQl64ujLFpwoMChntRkvA3JnLpuf7kCZ6je2dGqXw";
        assert_eq!(hash("password", [7; 16], Profile::Standard).unwrap(), known);
    }

    #[test]
    fn case_92_a_stand_in_costs_as_much_and_fits_nothing() {
        for profile in [Profile::Standard, Profile::High] {
            let (memory, passes, lanes) = profile.costs();
            assert!(dummy(profile).contains(&format!("$m={memory},t={passes},p={lanes}$")));
            assert!(parse(dummy(profile)).is_some() && !needs_rehash(dummy(profile), profile));
            assert!(!verify("password", dummy(profile)));
        }
        let high = hash("password", [1; 16], Profile::High).unwrap();
        assert!(verify("password", &high));
    }

    #[test]
    fn what_the_store_holds_cannot_make_us_spend() {
        let made = hash("password", [7; 16], Profile::Standard).unwrap();
        let high = made.replace("m=19456", "m=4194304");
        for odd in [
            "",
            "password",
            &high,
            &made.replace("t=2", "t=4294967295"),
            &made.replace("p=1", "p=64"),
            &made.replace("argon2id", "argon2i"),
            &made.replace("v=19", "v=16"),
            &made.replace("$v=19", ""),
            &made[..made.len() - 43],
            &made[..made.len() - 20],
            "$2b$10$abcdefghijklmnopqrstuv",
        ] {
            // Refused before anything is spent on it.
            assert!(parse(odd).is_none() && !verify("password", odd), "{odd}");
        }
        assert!(needs_rehash("", Profile::Standard));
    }

    #[test]
    fn new_passwords_have_a_length_in_characters() {
        assert_eq!(check_new("ééééééé", 8), Err(PasswordError::Short { chars: 7, min: 8 }));
        assert_eq!(check_new("éééééééé", 8), Ok(()));
        assert_eq!(check_new("", 0), Err(PasswordError::Empty));
        assert_eq!(check_new("abcdefgh\0", 8), Err(PasswordError::Nul));
        assert_eq!(check_new(&"x".repeat(1024), 8), Ok(()));
        assert_eq!(check_new(&"x".repeat(1025), 8), Err(PasswordError::Long(1025)));
        assert_eq!(hash("a\0", [1; 16], Profile::Standard), Err(PasswordError::Nul));
    }
}
