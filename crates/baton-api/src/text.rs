//! Domain types as the text they are written as: `#[serde(with = "text")]`. Core derives no formats.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

pub(crate) fn serialize<T: Display, S: Serializer>(value: &T, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(value)
}

pub(crate) fn deserialize<'de, T, D>(input: D) -> Result<T, D::Error>
where
    T: FromStr<Err: Display>,
    D: Deserializer<'de>,
{
    let text = String::deserialize(input)?;
    text.parse().map_err(|error| D::Error::custom(format!("failed to {error}")))
}

/// The same for a member that may be absent or null.
pub(crate) mod option {
    use super::*;

    pub(crate) fn serialize<T: Display, S: Serializer>(value: &Option<T>, out: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => out.collect_str(value),
            None => out.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T, D>(input: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = Option::<String>::deserialize(input)?;
        let parse =
            |text: String| text.parse().map_err(|error| D::Error::custom(format!("failed to {error}")));
        text.map(parse).transpose()
    }
}

/// The same for an array. Each item is read by itself, so that a mistake is found where it is.
pub(crate) mod list {
    use super::*;

    struct Item<T>(T);

    impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Item<T> {
        fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Item<T>, D::Error> {
            super::deserialize(input).map(Item)
        }
    }

    pub(crate) fn serialize<T: Display, S: Serializer>(values: &[T], out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(values.iter().map(ToString::to_string))
    }

    pub(crate) fn deserialize<'de, T, D>(input: D) -> Result<Vec<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<Item<T>>::deserialize(input)?.into_iter().map(|Item(value)| value).collect())
    }
}

/// An array that may be absent or null.
pub(crate) mod list_or_null {
    use super::*;

    #[derive(Deserialize)]
    #[serde(bound = "T: FromStr<Err: Display>")]
    struct List<T>(#[serde(with = "super::list")] Vec<T>);

    pub(crate) fn serialize<T: Display, S: Serializer>(
        values: &Option<Vec<T>>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match values {
            Some(values) => super::list::serialize(values, out),
            None => out.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T, D>(input: D) -> Result<Option<Vec<T>>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        Ok(Option::<List<T>>::deserialize(input)?.map(|List(values)| values))
    }
}

/// The same for the values of an object.
pub(crate) mod map {
    use std::collections::BTreeMap;

    use super::*;

    pub(crate) fn serialize<T: Display, S: Serializer>(
        values: &BTreeMap<String, T>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        out.collect_map(values.iter().map(|(name, value)| (name, value.to_string())))
    }

    pub(crate) fn deserialize<'de, T, D>(input: D) -> Result<BTreeMap<String, T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let parse = |(name, text): (String, String)| match text.parse() {
            Ok(value) => Ok((name, value)),
            Err(error) => Err(D::Error::custom(format!("failed to {error}"))),
        };
        BTreeMap::<String, String>::deserialize(input)?.into_iter().map(parse).collect()
    }
}
