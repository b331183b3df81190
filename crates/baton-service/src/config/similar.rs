//! "Did you mean": the known word that a mistyped one is nearest to.

/// The nearest known word, if it is near enough to be what was meant.
pub fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, word) = known.map(|word| (strsim::levenshtein(given, word), word)).min()?;
    (distance <= 1 + given.len() / 5).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = || ["gateway.listen", "gateway.auth", "redis.url"].into_iter();
        assert_eq!(nearest("gatway.lisen", known()), Some("gateway.listen"));
        assert_eq!(nearest("redis.uri", known()), Some("redis.url"));
        assert_eq!(nearest("worker.colour", known()), None);
    }
}
