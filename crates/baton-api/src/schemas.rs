//! Schemas of members that are domain types in Rust and text or numbers in JSON.

use baton_core::{Status, limits};
use utoipa::openapi::schema::{ArrayBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, SchemaFormat};

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn name(max: usize, pattern: &str, example: &str) -> Schema {
    let pattern = Some(pattern.to_owned());
    text().min_length(Some(1)).max_length(Some(max)).pattern(pattern).examples([example]).into()
}

const WORD: &str = "^[A-Za-z0-9._:-]+$";
const LOWER: &str = "^[a-z0-9._-]+$";

pub(crate) fn kind() -> Schema {
    name(128, WORD, "report.build")
}

pub(crate) fn queue() -> Schema {
    name(128, WORD, "default")
}

pub(crate) fn key() -> Schema {
    name(128, WORD, "invoice-7")
}

pub(crate) fn boot() -> Schema {
    name(32, LOWER, "5f0c9a31")
}

pub(crate) fn worker() -> Schema {
    name(64, "^worker-[0-9]{3,}-[a-z0-9][a-z0-9-]*$", "worker-001-default")
}

pub(crate) fn task() -> Schema {
    let form = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
    name(36, form, "01a1fc29-8a56-7000-ba14-c38b1cfc4000")
}

pub(crate) fn tags() -> Schema {
    let each = name(64, WORD, "nightly");
    ArrayBuilder::new().items(RefOr::T(each)).max_items(Some(limits::TAGS_MAX as usize)).into()
}

pub(crate) fn names() -> Schema {
    ArrayBuilder::new().items(RefOr::T(queue())).max_items(Some(limits::CLAIM_QUEUES_MAX as usize)).into()
}

pub(crate) fn status() -> Schema {
    let words: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
    text().enum_values(Some(words)).into()
}

pub(crate) fn fence() -> Schema {
    let number = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .examples([1_763_717_400_000_000_u64]);
    number.format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64))).into()
}

pub(crate) fn time() -> Schema {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    text().format(Some(format)).examples(["2026-11-21T09:30:00.000Z"]).into()
}
