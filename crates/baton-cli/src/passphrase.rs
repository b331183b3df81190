//! Passwords that are drawn, to be typed once by a person.

use anyhow::{Result, anyhow};
use baton::Secret;

/// Without those that look like others. 32 of them: each stands for five bits of chance.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS: usize = 6;
const GROUP: usize = 4;

/// 120 bits: nobody finds it by trying, also where only its hash is known.
pub(crate) fn draw() -> Result<Secret> {
    Ok(Secret(spell(&random()?)))
}

/// Chance from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("failed to draw random numbers: {error}"))?;
    Ok(bytes)
}

fn spell(bytes: &[u8; GROUPS * GROUP]) -> String {
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    letters.chunks(GROUP).map(String::from_iter).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_groups_of_letters_that_differ() {
        let (Secret(one), Secret(other)) = (draw().unwrap(), draw().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 29);
        assert!(
            one.split('-').all(|group| group.len() == 4 && group.bytes().all(|byte| LETTERS.contains(&byte)))
        );
        assert_eq!(spell(&[0; 24]), "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa");
        assert_eq!(spell(&[255; 24]), "9999-9999-9999-9999-9999-9999");
    }
}
