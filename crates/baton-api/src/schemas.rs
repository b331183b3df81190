//! Schemas of members that are domain types in Rust and text or numbers in JSON.

use baton_core::{FlowState, OnParentFailure, Status, limits};
use utoipa::openapi::schema::{ArrayBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, SchemaFormat};

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn name(max: usize, pattern: &str, example: &str) -> Schema {
    let pattern = Some(pattern.to_owned());
    text().min_length(Some(1)).max_length(Some(max)).pattern(pattern).examples([example]).into()
}

/// The same where null says as little as no member at all.
fn or_null(schema: Schema) -> Schema {
    match schema {
        Schema::Object(mut object) => {
            object.schema_type = SchemaType::from_iter([Type::String, Type::Null]);
            if let Some(words) = &mut object.enum_values {
                words.push(serde_json::Value::Null);
            }
            Schema::Object(object)
        }
        other => other,
    }
}

macro_rules! or_null {
    ($($name:ident = $schema:ident;)*) => {$(
        pub(crate) fn $name() -> Schema {
            or_null($schema())
        }
    )*};
}

or_null! {
    queue_or_null = queue;
    key_or_null = key;
    boot_or_null = boot;
    worker_or_null = worker;
    time_or_null = time;
    flow_or_null = flow;
    name_or_null = ref_name;
    on_parent_failure_or_null = on_parent_failure;
}

const WORD: &str = "^[A-Za-z0-9._:-]+$";
const LOWER: &str = "^[a-z0-9._-]+$";

pub fn kind() -> Schema {
    name(128, WORD, "report.build")
}

pub fn queue() -> Schema {
    name(128, WORD, "default")
}

pub fn key() -> Schema {
    name(128, WORD, "invoice-7")
}

pub fn boot() -> Schema {
    name(32, LOWER, "5f0c9a31")
}

pub fn worker() -> Schema {
    name(64, "^worker-[0-9]{3,}-[a-z0-9][a-z0-9-]*$", "worker-001-default")
}

const ID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";

pub fn task() -> Schema {
    name(36, ID, "01a1fc29-8a56-7000-ba14-c38b1cfc4000")
}

pub fn flow() -> Schema {
    name(36, ID, "01a1fc29-8a56-7000-ba14-c38b1c000000")
}

/// What a task is called within its flow, and what a flow is called.
pub fn ref_name() -> Schema {
    name(128, WORD, "extract")
}

pub fn tag() -> Schema {
    name(64, WORD, "nightly")
}

/// What a client chose to make a request safe to repeat.
pub fn idempotency_key() -> Schema {
    name(255, "^[!-~]+$", "5f0c9a31-invoice-7")
}

pub fn tags() -> Schema {
    ArrayBuilder::new().items(RefOr::T(tag())).max_items(Some(limits::TAGS_MAX as usize)).into()
}

/// The tasks that one task names as its parents.
pub fn parents() -> Schema {
    ArrayBuilder::new().items(RefOr::T(task())).max_items(Some(limits::PARENTS_MAX as usize)).into()
}

pub fn refs() -> Schema {
    each(ref_name())
}

pub fn names() -> Schema {
    ArrayBuilder::new().items(RefOr::T(queue())).max_items(Some(limits::CLAIM_QUEUES_MAX as usize)).into()
}

pub fn kinds() -> Schema {
    ArrayBuilder::new().items(RefOr::T(kind())).into()
}

pub fn status() -> Schema {
    let words: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
    word(&words)
}

pub fn on_parent_failure() -> Schema {
    let words: Vec<&str> = OnParentFailure::ALL.iter().map(|policy| policy.as_str()).collect();
    word(&words)
}

pub fn flow_state() -> Schema {
    let words: Vec<&str> = FlowState::ALL.iter().map(|state| state.as_str()).collect();
    word(&words)
}

/// One of a few words.
pub fn word(words: &[&str]) -> Schema {
    text().enum_values(Some(words.to_vec())).into()
}

pub fn fence() -> Schema {
    let number = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0))
        .examples([1_763_717_400_000_000_u64]);
    number.format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64))).into()
}

pub fn time() -> Schema {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    text().format(Some(format)).examples(["2026-11-21T09:30:00.000Z"]).into()
}

/// For filters that may be repeated.
pub fn each(schema: Schema) -> Schema {
    ArrayBuilder::new().items(RefOr::T(schema)).into()
}
