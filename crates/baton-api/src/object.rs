//! Objects and words, and nothing else that the derived code would also take for one: it reads `["a"]` as a structure
//! whose first member is `"a"`, and `{"return": null}` as the word `return`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// A structure, from a JSON object.
pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(input: D) -> Result<T, D::Error> {
    input.deserialize_map(Members(PhantomData))
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

/// The same for an array.
pub(crate) mod list {
    use super::*;

    pub(crate) fn deserialize<'de, T, D>(input: D) -> Result<Vec<T>, D::Error>
    where
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        struct Item<T>(T);

        impl<'de, T: Deserialize<'de>> Deserialize<'de> for Item<T> {
            fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Item<T>, D::Error> {
                super::deserialize(input).map(Item)
            }
        }

        Ok(Vec::<Item<T>>::deserialize(input)?.into_iter().map(|Item(item)| item).collect())
    }
}

/// One word of a few, from a JSON string.
pub(crate) fn word<'de, T: Deserialize<'de>, D: Deserializer<'de>>(input: D) -> Result<T, D::Error> {
    T::deserialize(StringDeserializer::new(String::deserialize(input)?))
}

/// The same for a member that may be absent or null.
pub(crate) fn word_or_null<'de, T, D>(input: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let text = Option::<String>::deserialize(input)?;
    text.map(|text| T::deserialize(StringDeserializer::new(text))).transpose()
}
