//! Pools on the command line: how they are printed, what is asked for, and how waiting ends.

use std::process::Stdio;

use baton_testkit::process::{Signal, command};
use baton_testkit::{PrivateRedis, Process};

use crate::fleet::{BATON, Fleet, run, until};
use crate::stub::{Stub, answer};

const DEGRADED: &str = r#"{"name":"default","state":"degraded","reasons":["the supervisor host-a-1 gave up on 1 worker"],
"desired":3,"running":true,"workers":{"total":3,"idle":1,"busy":1,"quiet":0,"offline":1},"configured":false,
"created_at":"2026-11-21T09:00:00.000Z","changed_at":"2026-11-21T10:00:00.000Z","changed_by":"user_alice",
"supervisors":[{"id":"host-a-1","state":"degraded","host":"host-a","pid":"77","version":"0.1.0","share":2,"most":64,
"live":2,"starting":0,"draining":0,"gave_up":1,"restarts":12,"reason":"signal 9","joined_at":"2026-11-21T09:00:00.000Z",
"heartbeat_age_ms":400},
{"id":"host-b-1","state":"silent","share":0,"most":8,"live":1,"starting":0,"draining":0,"gave_up":0,"restarts":0,
"joined_at":"2026-11-21T09:00:00.000Z","heartbeat_age_ms":42000}]}"#;

fn converging() -> String {
    DEGRADED
        .replace("\"degraded\",\"reasons\"", "\"converging\",\"reasons\"")
        .replace("gave up on 1", "starts 1")
}

fn stub(bodies: &[&str]) -> Stub {
    Stub::serve(
        bodies.iter().map(|body| answer("200 OK", "content-type: application/json\r\n", body)).collect(),
    )
}

/// What this prints of that answer.
fn printed(arguments: &[&str], body: &str) -> String {
    let stub = stub(&[body]);
    let ran = run(&[&["--url", &stub.url, "--absolute"], arguments].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.out
}

#[test]
fn one_pool_is_shown_with_its_supervisors() {
    let shown = "\
pool      default
state     degraded
desired   3
ready     2
workers   1 idle, 1 busy, 1 offline
created   2026-11-21T09:00:00.000Z
changed   2026-11-21T10:00:00.000Z by user_alice
note      the supervisor host-a-1 gave up on 1 worker

SUPERVISOR  STATE     HOST    PID  SHARE  READY  STARTING  ENDING  GAVE UP  RESTARTS  HEARTBEAT
host-a-1    degraded  host-a  77   2      2      0         0       1        12        400 ms ago
host-b-1    silent                 0      1      0         0       0        0         42 s ago
";
    assert_eq!(printed(&["pool", "get", "default"], DEGRADED), shown);
    assert_eq!(printed(&["pool", "get", "default", "-o", "name"], DEGRADED), "default\n");
    let wide = printed(&["pool", "get", "default", "-o", "wide"], DEGRADED);
    assert!(wide.contains("  64    0.1.0    2026-11-21T09:00:00.000Z  signal 9\n"), "{wide}");
    let json = printed(&["pool", "get", "default", "--json"], DEGRADED);
    assert!(json.contains("\n  \"state\": \"degraded\",\n"), "{json}");
}

#[test]
fn pools_are_rows() {
    let list = format!("{{\"pools\":[{DEGRADED}]}}");
    let table = "\
POOL     STATE     DESIRED  READY  SUPERVISORS  NOTE
default  degraded  3        2      1            the supervisor host-a-1 gave up on 1 worker
";
    assert_eq!(printed(&["pool", "ls"], &list), table);
    assert_eq!(printed(&["pool", "ls", "-o", "name"], &list), "default\n");
    let wide = printed(&["pool", "ls", "-o", "wide"], &list);
    let heads = "POOL     STATE     DESIRED  READY  SUPERVISORS  IDLE  BUSY  QUIET  RESTARTS  \
                 CHANGED                   BY          NOTE";
    assert_eq!(wide.lines().next(), Some(heads));
    assert!(
        wide.contains("1            1     1     0      12        2026-11-21T10:00:00.000Z  user_alice  the"),
        "{wide}"
    );
    let json = printed(&["pool", "ls", "--json"], &list);
    assert_eq!((json.lines().count(), json.starts_with("{\"name\":\"default\"")), (1, true), "{json}");
}

#[test]
fn what_is_typed_is_what_is_asked_for() {
    let check = |arguments: &[&str], path: &str, body: &str| {
        let stub = stub(&[DEGRADED]);
        let ran = run(&[&["--url", &stub.url], arguments].concat());
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        let (asked, _, sent) = stub.last();
        assert_eq!((asked.as_str(), sent.as_str()), (path, body), "{arguments:?}");
    };
    check(&["pool", "scale", "5"], "PUT /api/v1/pools/default", r#"{"desired":5}"#);
    check(&["pool", "scale", "media", "0"], "PUT /api/v1/pools/media", r#"{"desired":0}"#);
    check(&["pool", "scale", "5", "6"], "PUT /api/v1/pools/5", r#"{"desired":6}"#);
    check(&["pool", "start", "media"], "PUT /api/v1/pools/media", r#"{"running":true}"#);
    check(&["pool", "stop", "media"], "PUT /api/v1/pools/media", r#"{"running":false}"#);
    check(&["pool", "rm", "media"], "DELETE /api/v1/pools/media", "");
    for wrong in [
        &["scale"][..],
        &["scale", "1001"],
        &["scale", "media", "many"],
        &["scale", "1", "--wait-timeout", "1s"],
        &["start"],
        &["stop"],
        &["rm"],
        &["get"],
        &["sc", "1"],
    ] {
        assert_eq!(run(&[&["pool"], wrong].concat()).code, Some(2), "{wrong:?}");
    }
}

#[test]
fn waiting_ends_with_a_pool_that_will_not_come_to_it() {
    let waiting = stub(&[&converging(), &converging(), DEGRADED]);
    let ran = run(&["--url", &waiting.url, "pool", "scale", "3", "--wait"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.starts_with("pool      default\nstate     degraded\n"), "{ran:?}");
    assert_eq!(ran.err, "error: the pool default is degraded: the supervisor host-a-1 gave up on 1 worker\n");
    assert_eq!(waiting.asked().len(), 3);
    // Who does not wait is only told.
    let told = stub(&[DEGRADED]);
    assert_eq!(run(&["--url", &told.url, "pool", "scale", "3"]).code, Some(0));
}

#[test]
fn a_recovery_is_told() {
    let body = r#"{"reclaimed":2,"matured":1,"tasks":{"completed":0,"pending":3,"running":1},
"workers":{"total":2,"idle":1,"busy":1,"quiet":0,"offline":0},
"silent":[{"worker":"worker-007-default","holds":1,"lease_expires_at":"2026-11-21T10:00:00.000Z"}],"took_ms":3200}"#;
    let shown = "\
reclaimed  2 tasks of workers that were lost
matured    1 tasks whose time had come
tasks      3 pending, 1 running
workers    1 idle, 1 busy, 0 quiet, 0 offline
took       3.2 s

Silent, and still holding tasks; these come back when the lease is over:
WORKER              HOLDS  LEASE ENDS
worker-007-default  1      2026-11-21T10:00:00.000Z
";
    assert_eq!(printed(&["recover"], body), shown);
    assert_eq!(printed(&["recover", "-o", "name"], body), "worker-007-default\n");
    assert!(printed(&["recover", "--json"], body).contains("\n  \"reclaimed\": 2,\n"));
}

#[test]
fn who_is_offline_is_left_out_and_that_is_said() {
    let worker = |id: &str, state: &str| {
        format!(
            r#"{{"id":"{id}","state":"{state}","holds":0,"lease_ms":30000,"registered_at":"2026-11-21T09:00:00.000Z",
"heartbeat_age_ms":1500,"queues":["default"],"pool":"default"}}"#
        )
    };
    let (live, left) = (worker("worker-001-default", "idle"), worker("worker-002-default", "offline"));
    let list = format!("{{\"workers\":[{live},{left}]}}");
    let shown = |arguments: &[&str]| {
        let stub = stub(&[&list]);
        let ran = run(&[&["--url", &stub.url, "worker", "ls"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        (ran.out, ran.err, stub.last().0)
    };
    let head = "WORKER              STATE    HOLDS  SLOTS  HEARTBEAT  POOL     QUEUES\n";
    let row =
        |id: &str, state: &str| format!("{id}  {state:<7}  0             1.5 s ago  default  default\n");
    let (out, err, asked) = shown(&[]);
    assert_eq!(
        out,
        head.replace("STATE    ", "STATE  ")
            + &row("worker-001-default", "idle").replace("idle     ", "idle   ")
    );
    assert_eq!(err, "1 that is offline is left out; --all shows it\n");
    assert_eq!(asked, "GET /api/v1/workers");
    let (out, err, asked) = shown(&["--all", "--pool", "default"]);
    assert_eq!(
        out,
        format!("{head}{}{}", row("worker-001-default", "idle"), row("worker-002-default", "offline"))
    );
    assert_eq!((err.as_str(), asked.as_str()), ("", "GET /api/v1/workers?pool=default"));
}

#[test]
fn no_pools_are_no_rows_and_a_word() {
    let stub = stub(&[r#"{"pools":[]}"#]);
    let none = run(&["--url", &stub.url, "pool", "ls"]);
    assert_eq!((none.code, none.out.as_str()), (Some(0), ""));
    assert!(none.err.contains("`baton pool run`"), "{none:?}");
}

/// `baton pool run` beside a fleet.
fn supervisor(redis: &PrivateRedis, pool: &str) -> Process {
    let mut program = command(BATON);
    program.args(["pool", "run", "--redis-url", &redis.url(), "--pool", pool]);
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Process::spawn(program).unwrap()
}

#[tokio::test]
async fn a_pool_is_sized_stopped_and_started_where_a_supervisor_lives() {
    let redis = PrivateRedis::start().await;
    let fleet = Fleet::start(&["--redis", &redis.url(), "--workers", "1"]);
    let unknown = fleet.run(&["pool", "get", "media"]);
    assert_eq!((unknown.code, unknown.err.contains("unknown_pool")), (Some(3), true), "{unknown:?}");
    assert!(fleet.fine(&["pool", "scale", "media", "3"]).contains("state     unattended\n"));
    let early = fleet.run(&["pool", "scale", "media", "3", "--wait", "--wait-timeout", "300ms"]);
    assert_eq!(early.code, Some(124), "{early:?}");
    assert!(early.err.contains("no supervisor attends to it"), "{early:?}");

    let mut supervisor = supervisor(&redis, "media");
    let steady = |ready: u64| format!("state     steady\ndesired   {ready}\nready     {ready}\n");
    let wait = |verb: &[&str]| fleet.fine(&[&["pool"], verb, &["--wait", "--wait-timeout", "90s"]].concat());
    assert!(wait(&["scale", "media", "3"]).contains(&steady(3)));
    let own = fleet.fine(&["worker", "ls", "--pool", "media", "-o", "name"]);
    assert_eq!(own.lines().count(), 3, "{own}");
    let shown = fleet.fine(&["worker", "get", own.lines().next().unwrap()]);
    for part in
        ["state       idle\n", "pool        media\n", "holds       0\n", "pid         ", "lease ends  "]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(wait(&["scale", "media", "1"]).contains(&steady(1)));
    until("those that were too many have left", || {
        fleet.run(&["worker", "ls", "--pool", "media"]).err.contains("2 that are offline are left out")
    });
    assert!(wait(&["stop", "media"]).contains("state     stopped\n"));
    let all = fleet.fine(&["worker", "ls", "--pool", "media", "--all", "--json"]);
    assert!(
        all.lines().count() >= 3 && all.lines().all(|line| line.contains("\"state\":\"offline\"")),
        "{all}"
    );
    assert!(wait(&["start", "media"]).contains(&steady(1)));

    let attended = fleet.run(&["pool", "rm", "media"]);
    assert_eq!(attended.code, Some(5), "{attended:?}");
    assert!(attended.err.contains("Supervisors that attend to it: 1"), "{attended:?}");
    supervisor.signal(Signal::TERM);
    assert_eq!(supervisor.child().wait().unwrap().code(), Some(0));
    assert_eq!(fleet.run(&["pool", "rm", "media"]).code, Some(0));
    assert_eq!(fleet.run(&["pool", "rm", "media"]).code, Some(3));
}

#[tokio::test]
async fn the_guide_says_how_it_is() {
    let guide = include_str!("../../../../docs/guide.md");
    let (_, section) = guide.split_once("## Workers that look after themselves\n").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let redis = PrivateRedis::start().await;
    let fleet = Fleet::start(&["--redis", &redis.url()]);
    let _supervisor = supervisor(&redis, "default");
    fleet.fine(&["task", "submit", "noop", "--wait"]);
    let mut typed = 0;
    for line in block.lines() {
        let Some(line) = line.strip_prefix("baton ") else { continue };
        let words = line.split('#').next().unwrap_or_default();
        fleet.fine(&words.split_whitespace().collect::<Vec<_>>());
        typed += 1;
    }
    assert!(typed >= 6, "{block}");
}
