"""What OpenAPI cannot say of the interface, told to schemathesis: a request that should succeed is made to keep to it.

Requests that should be refused are left as they are, so every check stays on.
"""

import datetime
import os
import uuid

import schemathesis

SEEN = set()

# Where logins are required: the user as whom all requests come, and the id of the key that they bring.
OURSELVES = {os.environ.get("BATON_FUZZ_USER"), *os.environ.get("BATON_FUZZ_KEY", "").split("_")[1:2]}


@schemathesis.hook
def before_call(context, case, kwargs):
    spare_ourselves(case)
    # A held request would outlive the patience of this run, whatever it is a test of.
    for waits in [case.query, case.headers]:
        shorten(waits)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        SEEN.add(key_of(case.headers))
        return
    query(case.query)
    if case.headers:
        case.headers.pop("Last-Event-ID", None)
    fresh_key(case.headers)
    if isinstance(case.body, dict):
        tokens(case.path, case.body)
        for body in [case.body, *listed(case.body.get("tasks"))]:
            members(body)


def spare_ourselves(case):
    """Lists of users and keys name our own, and whatever came after the end of it would be refused."""
    for name, value in (case.path_parameters or {}).items():
        if value in OURSELVES:
            case.path_parameters[name] = "user_nobody"


def shorten(waits):
    """Longest wait: 60 s."""
    if not waits:
        return
    if whole(waits.get("wait")) and 1 < int(waits["wait"]) <= 86_400:
        waits["wait"] = 1
    if "wait" in str(waits.get("Prefer", "")).lower():
        waits["Prefer"] = "wait=1"


def query(query):
    """Either a cursor or a numbered page; and a cursor is only what a list or the feed gave out."""
    if not query:
        return
    for name in ["cursor", "after", "last_event_id"]:
        query.pop(name, None)
    if "page" in query or "page_size" in query:
        query.pop("limit", None)
    if "include" in query and whole(query.get("limit")):
        query["limit"] = min(int(query["limit"]), 100)
    for name in ["created_after", "created_before"]:
        if name in query:
            query[name] = near(0)


def fresh_key(headers):
    """A key belongs to one request: another one with the same key is refused."""
    key = key_of(headers)
    if key and key in SEEN:
        headers["Idempotency-Key"] = str(uuid.uuid4())
    SEEN.add(key)


def key_of(headers):
    return str(headers.get("Idempotency-Key", "")).strip('"') if headers else ""


def members(body):
    """Members that exclude or bound each other."""
    if body.get("run_at") is not None:
        body["run_at"] = near(1)
        body.pop("delay_ms", None)
    if body.get("backoff_ms") is not None and body.get("backoff_cap_ms") is not None:
        body["backoff_cap_ms"] = max(body["backoff_ms"], body["backoff_cap_ms"])
    if body.get("permanent"):
        body["timed_out"] = False
    if body.get("permanent") or body.get("timed_out"):
        body.pop("retry_in_ms", None)


def tokens(path, body):
    """Only who sends a cookie may leave the token out."""
    if path == "/auth/refresh" and not body.get("refresh_token"):
        body["refresh_token"] = "btr_made_up"


def near(seconds):
    """Any time is a date-time; those that are taken lie between 1970 and ten years from now."""
    time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def whole(value):
    return isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdigit())


def listed(value):
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
