//! Schemas of members that are domain types in Rust and text or numbers in JSON.

use baton_core::login::{Role, UserKind};
use baton_core::operation::{Act, OperationState};
use baton_core::schedule::Denied;
use baton_core::series::Metric;
use baton_core::webhook::{ENDS, WebhookState};
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
        Schema::Array(mut array) => {
            array.schema_type = SchemaType::from_iter([Type::Array, Type::Null]);
            Schema::Array(array)
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
    group_or_null = group;
    boot_or_null = boot;
    worker_or_null = worker;
    time_or_null = time;
    flow_or_null = flow;
    name_or_null = ref_name;
    on_parent_failure_or_null = on_parent_failure;
    plain_or_null = plain;
    password_or_null = password;
    new_password_or_null = new_password;
    scopes_or_null = scopes;
    scope_text_or_null = scope_text;
    request_id_or_null = request_id;
    roles_or_null = roles;
    user_kind_or_null = user_kind;
    key_name_or_null = key_name;
    rotation_or_null = rotation;
    kind_or_null = kind;
    tags_or_null = tags;
    cron_or_null = cron;
    zone_or_null = zone;
    missed_or_null = missed;
    overlap_or_null = overlap;
    ids_or_null = ids;
}

const WORD: &str = "^[A-Za-z0-9._:-]+$";
const LOWER: &str = "^[a-z0-9._-]+$";

pub fn kind() -> Schema {
    name(128, WORD, "report.build")
}

/// Reasons of failures: one, or with a star at its end all that begin so.
pub fn reasons() -> Schema {
    let reason = name(limits::REASON_BYTES_MAX as usize, r"^[^*\u0000-\u001f\u007f-\u009f]*\*?$", "http 4*");
    ArrayBuilder::new().items(RefOr::T(reason)).max_items(Some(limits::NON_RETRYABLE_MAX as usize)).into()
}

pub fn queue() -> Schema {
    name(128, WORD, "default")
}

pub fn key() -> Schema {
    name(128, WORD, "invoice-7")
}

pub fn group() -> Schema {
    name(128, WORD, "customer-7")
}

pub fn boot() -> Schema {
    name(32, LOWER, "5f0c9a31")
}

pub fn worker() -> Schema {
    name(64, "^worker-[0-9]{3,}-[a-z0-9][a-z0-9-]*$", "worker-001-default")
}

pub fn schedule() -> Schema {
    name(48, LOWER, "nightly")
}

pub fn webhook() -> Schema {
    name(48, LOWER, "ops")
}

pub fn webhook_state() -> Schema {
    let words: Vec<&str> = WebhookState::ALL.iter().map(|state| state.as_str()).collect();
    word(&words)
}

/// Names, or with a star at their end all that begin so.
pub fn patterns() -> Schema {
    let pattern = name(128, r"^[A-Za-z0-9._:-]*\*?$", "img-*");
    let most = limits::WEBHOOK_PATTERNS_MAX as usize;
    ArrayBuilder::new().items(RefOr::T(pattern)).max_items(Some(most)).into()
}

pub fn ends() -> Schema {
    let words: Vec<&str> = ENDS.iter().map(|status| status.as_str()).collect();
    each(word(&words))
}

pub fn cron() -> Schema {
    name(limits::CRON_BYTES_MAX as usize, "^[ -~]+$", "0 3 * * *")
}

pub fn zone() -> Schema {
    name(64, "^[A-Za-z0-9_+/-]+$", "Europe/Berlin")
}

pub fn missed() -> Schema {
    word(&["skip", "once", "all"])
}

pub fn overlap() -> Schema {
    word(&["allow", "skip"])
}

pub fn denied() -> Schema {
    let words: Vec<&str> = Denied::ALL.iter().map(|denied| denied.as_str()).collect();
    word(&words)
}

pub fn act() -> Schema {
    let words: Vec<&str> = Act::ALL.iter().map(|act| act.as_str()).collect();
    word(&words)
}

pub fn operation_state() -> Schema {
    let words: Vec<&str> = OperationState::ALL.iter().map(|state| state.as_str()).collect();
    word(&words)
}

pub fn operation() -> Schema {
    name(36, LOWER, "01a1fc29-8a56-7000-ba14-c38b1cfc4000")
}

/// The tasks of one action.
pub fn ids() -> Schema {
    let most = Some(limits::OPERATION_IDS_MAX as usize);
    ArrayBuilder::new().items(RefOr::T(task())).min_items(Some(1)).max_items(most).into()
}

pub fn statuses() -> Schema {
    each(status())
}

pub fn queues() -> Schema {
    each(queue())
}

pub fn workers() -> Schema {
    each(worker())
}

pub fn keys() -> Schema {
    each(key())
}

pub fn tags_of_filter() -> Schema {
    each(tag())
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

const NO_CONTROL: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// What people choose to call something of theirs.
pub fn plain() -> Schema {
    text().max_length(Some(256)).pattern(Some(NO_CONTROL)).into()
}

pub fn username() -> Schema {
    name(256, NO_CONTROL, "alice")
}

pub fn key_name() -> Schema {
    name(64, NO_CONTROL, "ci")
}

fn secret() -> ObjectBuilder {
    text().min_length(Some(1)).format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
}

/// A password that there is already, right or wrong.
pub fn password() -> Schema {
    secret().max_length(Some(1024)).into()
}

/// A password to be. How short it may be is a setting; this is what it is if nobody changes that.
pub fn new_password() -> Schema {
    secret().min_length(Some(12)).max_length(Some(1024)).pattern(Some(r"^[^\u0000]*$")).into()
}

/// A code that somebody was handed.
pub fn code() -> Schema {
    text().min_length(Some(1)).into()
}

const BY_QUEUE: &str = "tasks:write|tasks:read|tasks:cancel|tasks:claim|queues:admin";
const EVERYWHERE: &str =
    "workers:register|workers:read|workers:admin|metrics:read|auth:introspect|admin:users|admin:keys|admin";
const QUEUES: &str = r"([A-Za-z0-9._:-]{1,128}|[A-Za-z0-9._:-]{0,127}\*)";

fn scope_pattern() -> String {
    format!("(({BY_QUEUE})(@{QUEUES})?|{EVERYWHERE})")
}

fn scope() -> Schema {
    text().pattern(Some(format!("^{}$", scope_pattern()))).examples(["tasks:write@emails"]).into()
}

pub fn scopes() -> Schema {
    ArrayBuilder::new().items(RefOr::T(scope())).max_items(Some(64)).into()
}

/// Scopes between spaces, as OAuth writes them.
pub fn scope_text() -> Schema {
    let scope = scope_pattern();
    text()
        .pattern(Some(format!("^({scope}( {scope}){{0,63}})?$")))
        .examples(["tasks:read tasks:write"])
        .into()
}

/// Queues as scopes say them: names, and beginnings with a star.
pub fn queues_of_scopes() -> Schema {
    let queue: Schema = text().pattern(Some(format!("^{QUEUES}$"))).examples(["emails"]).into();
    ArrayBuilder::new().items(RefOr::T(queue)).max_items(Some(63)).into()
}

pub fn request_id() -> Schema {
    text().max_length(Some(255)).pattern(Some("^[!-~]*$")).into()
}

pub fn roles() -> Schema {
    let words: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
    each(word(&words))
}

pub fn user_kind() -> Schema {
    let words: Vec<&str> = UserKind::ALL.iter().map(|kind| kind.as_str()).collect();
    word(&words)
}

/// A step of a key from one secret to the next.
pub fn rotation() -> Schema {
    word(&["begin", "finish"])
}

pub fn ticket_purpose() -> Schema {
    word(&["sse"])
}

pub fn worker_state() -> Schema {
    word(&["idle", "busy", "quiet", "offline"])
}

pub fn metric() -> Schema {
    let words: Vec<&str> = Metric::ALL.iter().map(|metric| metric.as_str()).collect();
    word(&words)
}

/// A length of time: a number and its unit.
pub fn length() -> Schema {
    text().pattern(Some("^[1-9][0-9]{0,8}(ms|s|m|h|d)$".to_owned())).examples(["24h"]).into()
}

pub fn fingerprint() -> Schema {
    text().pattern(Some("^[0-9a-f]{16}$".to_owned())).examples(["8f3a1c0b9d2e4f67"]).into()
}

pub fn pool() -> Schema {
    name(32, "^[a-z0-9][a-z0-9-]*$", "default")
}

pub fn supervisor() -> Schema {
    name(64, LOWER, "host-a-5f0c9a31")
}

pub fn gateway() -> Schema {
    name(64, LOWER, "host-a-5f0c9a31")
}

/// What stands behind the number in a worker's id.
pub fn worker_kind() -> Schema {
    name(53, "^[a-z0-9][a-z0-9-]*$", "default")
}
