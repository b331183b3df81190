//! How long something is kept: a number of ms, or `forever`.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep(pub baton_core::queue::Keep);

impl Serialize for Keep {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            baton_core::queue::Keep::Ms(ms) => output.serialize_u64(ms),
            baton_core::queue::Keep::Forever => output.serialize_str("forever"),
        }
    }
}

struct Words;

impl Visitor<'_> for Words {
    type Value = Keep;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a number of ms, or \"forever\"")
    }

    fn visit_u64<E: de::Error>(self, ms: u64) -> Result<Keep, E> {
        Ok(Keep(baton_core::queue::Keep::Ms(ms)))
    }

    fn visit_f64<E: de::Error>(self, ms: f64) -> Result<Keep, E> {
        match ms.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&ms) {
            true => self.visit_u64(ms as u64),
            false => Err(E::invalid_value(de::Unexpected::Float(ms), &self)),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Keep, E> {
        match text {
            "forever" => Ok(Keep(baton_core::queue::Keep::Forever)),
            other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
        }
    }
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Keep, D::Error> {
        input.deserialize_any(Words)
    }
}

impl PartialSchema for Keep {
    fn schema() -> RefOr<Schema> {
        let ms = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(0))
            .maximum(Some(315_360_000_000_u64));
        let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["forever"]));
        OneOfBuilder::new().item(ms).item(word).into()
    }
}

impl ToSchema for Keep {}
