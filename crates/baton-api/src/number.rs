//! Whole numbers as JSON has them: `5.0` is one. JSON Schema says so, and some languages write them like that.

use std::fmt;

use baton_core::Fence;
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A whole number that fits into this type.
struct Whole<T>(T);

struct Digits;

impl Visitor<'_> for Digits {
    type Value = i128;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a whole number")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i128, E> {
        Ok(number.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i128, E> {
        Ok(number.into())
    }

    /// Beyond 2^53 a fraction is no longer told from none, and what was meant is not known.
    fn visit_f64<E: Error>(self, number: f64) -> Result<i128, E> {
        match number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
            true => Ok(number as i128),
            false => Err(E::invalid_value(Unexpected::Float(number), &self)),
        }
    }
}

impl<'de, T: TryFrom<i128>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Whole<T>, D::Error> {
        let number = input.deserialize_any(Digits)?;
        let out_of_range = |_| D::Error::custom(format!("{number} is out of range"));
        T::try_from(number).map(Whole).map_err(out_of_range)
    }
}

pub(crate) fn whole<'de, T: TryFrom<i128>, D: Deserializer<'de>>(input: D) -> Result<T, D::Error> {
    Whole::deserialize(input).map(|Whole(number)| number)
}

/// The same for a member that may be absent or null.
pub(crate) fn whole_or_null<'de, T, D>(input: D) -> Result<Option<T>, D::Error>
where
    T: TryFrom<i128>,
    D: Deserializer<'de>,
{
    Ok(Option::<Whole<T>>::deserialize(input)?.map(|Whole(number)| number))
}

/// The same where absent and null differ: null takes away what there is.
pub(crate) fn change<'de, T, D>(input: D) -> Result<Option<Option<T>>, D::Error>
where
    T: TryFrom<i128>,
    D: Deserializer<'de>,
{
    whole_or_null(input).map(Some)
}

/// Where 0 says as little as no member at all.
pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Fences are numbers in JSON.
pub(crate) mod fence {
    use super::*;

    pub(crate) fn serialize<S: serde::Serializer>(fence: &Fence, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_u64(fence.0)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Fence, D::Error> {
        whole(input).map(Fence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_may_have_a_point() {
        let read = |text: &str| whole::<u8, _>(&mut serde_json::Deserializer::from_str(text)).ok();
        assert_eq!(
            ["5", "5.0", "2e2", "0.0", "-0.0"].map(read),
            [Some(5), Some(5), Some(200), Some(0), Some(0)]
        );
        assert_eq!(["5.5", "-1", "256", "1e30", "\"5\"", "null", "true", "[5]"].map(read), [None; 8]);
        let large = |text: &str| whole::<u64, _>(&mut serde_json::Deserializer::from_str(text)).ok();
        assert_eq!(large("18446744073709551615"), Some(u64::MAX));
        assert_eq!(large("18446744073709551616"), None);
    }
}
