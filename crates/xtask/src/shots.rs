//! `cargo xtask shots`: a picture of every page, light, dark and as wide as a telephone, of a fleet that runs; those of people
//! who have logged in, of a gateway of its own. Somebody must look at them: no test says what is ugly.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{apt, command, http};

/// Where the fleet is, and what is wanted of it.
#[derive(clap::Args)]
pub(crate) struct Shots {
    /// Where a gateway without logins answers; start one with `cargo xtask demo`
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "ADDRESS")]
    fleet: String,
    /// Where to write the pictures [default: target/shots]
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
}

/// Name, width, height, and the colours that the system is said to like.
const LOOKS: [(&str, u32, u32, &str); 3] = [
    ("light", 1440, 1100, "--blink-settings=preferredColorScheme=1"),
    ("dark", 1440, 1100, "--blink-settings=preferredColorScheme=0"),
    ("narrow", 390, 1400, "--blink-settings=preferredColorScheme=1"),
];

/// Two sources, what is made of them, and a report.
const FLOW: &str = r#"{"name":"nightly","tasks":[
    {"ref":"extract-orders","kind":"echo"},{"ref":"extract-users","kind":"echo"},
    {"ref":"clean-orders","kind":"echo","parents":["extract-orders"]},
    {"ref":"clean-users","kind":"echo","parents":["extract-users"]},
    {"ref":"join","kind":"echo","parents":["clean-orders","clean-users"]},
    {"ref":"count","kind":"echo","parents":["clean-orders"]},
    {"ref":"report","kind":"echo","queue":"shots","parents":["join","count"]}]}"#;

pub(crate) fn run(root: &Path, shots: &Shots) -> Result<bool> {
    if command::answer("chromium", &["--version"]).is_none() {
        bail!("this needs chromium; to install it, type:\n\n    {}\n", apt::line("chromium"));
    }
    let into = shots.into.clone().unwrap_or_else(|| command::target(root).join("shots"));
    fs::create_dir_all(&into).with_context(|| format!("failed to make {}", into.display()))?;
    let profile = into.join("profile");
    for (page, path) in pages(&shots.fleet)? {
        for (look, width, height, colours) in LOOKS {
            let file = into.join(format!("{page}-{look}.png"));
            let arguments = [
                "--headless=new".to_owned(),
                "--no-sandbox".to_owned(),
                "--disable-gpu".to_owned(),
                "--no-first-run".to_owned(),
                "--disable-background-networking".to_owned(),
                "--disable-component-update".to_owned(),
                "--disable-sync".to_owned(),
                "--hide-scrollbars".to_owned(),
                "--virtual-time-budget=3000".to_owned(),
                colours.to_owned(),
                format!("--user-data-dir={}", profile.display()),
                format!("--window-size={width},{height}"),
                format!("--screenshot={}", file.display()),
                format!("http://{}{path}", shots.fleet),
            ];
            if command::answer("chromium", &arguments).is_none() || !file.exists() {
                bail!("chromium took no picture of {path}");
            }
            println!("{}", file.display());
        }
    }
    // It is written by the browser alone, and only while it ran.
    fs::remove_dir_all(&profile).context("failed to remove the profile of the browser")?;
    of_people(root, &into)
}

/// Those of people who have logged in are taken by the test that looks at them: it has a gateway with logins.
fn of_people(root: &Path, into: &Path) -> Result<bool> {
    let into = into.canonicalize().context("failed to find the pictures")?;
    let test = ["test", "-p", "baton-gateway", "--test", "browser", "pages_of_people"];
    let status = Command::new("cargo").args(test).current_dir(root).env("BATON_SHOTS", into).status();
    Ok(status.context("failed to run cargo")?.success())
}

/// Name and path of each page. Those of one thing are of a thing that is made for it.
fn pages(fleet: &str) -> Result<Vec<(&'static str, String)>> {
    let task =
        http::post(fleet, "/api/v1/tasks", None, r#"{"kind":"echo","queue":"shots","payload":{"hi":1}}"#)?;
    let task = format!("/ui/tasks/{}", task.text("id")?);
    let task_id = task.trim_start_matches("/ui/tasks/").to_owned();
    // One that is there already is as good.
    let nightly = r#"{"name":"shots","cron":"0 3 * * 1-5","zone":"Europe/Berlin","kind":"echo","queue":"shots","payload":{}}"#;
    http::post(fleet, "/api/v1/schedules", None, nightly)?;
    let fixed = [
        ("overview", "/"),
        ("tasks", "/ui/tasks"),
        ("search", "/ui/tasks?q=kind:echo"),
        ("flows", "/ui/flows"),
        ("queues", "/ui/queues"),
        ("queue", "/ui/queues/shots"),
        ("purge", "/ui/queues/shots/purge"),
        ("workers", "/ui/workers"),
        ("schedules", "/ui/schedules"),
        ("schedule", "/ui/schedules/shots"),
        ("schedule-form", "/ui/new/schedule"),
        ("schedule-edit", "/ui/schedules/shots/edit"),
        ("errors", "/ui/errors"),
        ("dead", "/ui/tasks?status=failed%2Ctimeout"),
        ("all", "/ui/actions?all=reprioritise&queue=shots"),
        ("columns", "/ui/tasks?columns=kind,priority,tags,created,age"),
        ("submit", "/ui/submit"),
        ("limits", "/ui/queues/shots/limits"),
        ("webhooks", "/ui/webhooks"),
        ("webhook-form", "/ui/new/webhook"),
        ("system", "/ui/system"),
        ("system-check", "/ui/system?check=1"),
        ("redis-keys", "/ui/system/keys"),
        ("key", "/ui/system/keys?key=baton:%7B0%7D:leases"),
        ("sessions", "/ui/sessions"),
        ("users", "/ui/users"),
        ("keys", "/ui/keys"),
        ("events", "/ui/events"),
        ("audit", "/ui/audit"),
        ("settings", "/ui/settings"),
        ("about", "/ui/about"),
        ("login", "/ui/login"),
        ("nowhere", "/ui/nowhere"),
    ];
    let flow = http::post(fleet, "/api/v1/flows", None, FLOW)?;
    let flow = format!("/ui/flows/{}", flow.text("id")?);
    let mut pages: Vec<(&str, String)> = fixed.map(|(page, path)| (page, path.to_owned())).to_vec();
    pages.push(("cancel", format!("{task}/cancel")));
    pages.push(("clone", format!("/ui/submit?from={task_id}")));
    // Where nothing has failed yet there is no group to look at.
    if let Ok(group) = http::get(fleet, "/api/v1/errors?limit=1")?.text("fingerprint") {
        pages.push(("error", format!("/ui/errors/{group}")));
        pages.push(("rerun", format!("/ui/errors/{group}/rerun")));
    }
    pages.push(("key-of-task", format!("/ui/system/keys?task={}", task_id)));
    pages.push(("task", task));
    pages.push(("flow-timeline", format!("{flow}?view=timeline")));
    pages.push(("flow-table", format!("{flow}?view=table")));
    pages.push(("flow-cancel", format!("{flow}/cancel")));
    pages.push(("flow", flow));
    Ok(pages)
}
