//! "Did you mean": the known word that a mistyped one is nearest to.

/// The nearest known word, if it is near enough to be what was meant.
pub(super) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, word) = known.map(|word| (distance(given, word), word)).min()?;
    (distance <= 1 + given.len() / 5).then_some(word)
}

/// How many letters must be added, removed or changed to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.bytes().enumerate() {
        let mut left_above = row[0];
        row[0] = at + 1;
        for (column, same) in other.bytes().map(|byte| byte == letter).enumerate() {
            let above = row[column + 1];
            row[column + 1] = (left_above + usize::from(!same)).min(above + 1).min(row[column] + 1);
            left_above = above;
        }
    }
    row[other.len()]
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
