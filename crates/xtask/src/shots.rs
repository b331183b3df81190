//! `cargo xtask shots`: a picture of every page, light, dark and as wide as a telephone, of a fleet that runs. Somebody must
//! look at them: no test says what is ugly.

use std::fs;
use std::path::{Path, PathBuf};

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
    Ok(true)
}

/// Name and path of each page. Those of one thing are of a thing that is made for it.
fn pages(fleet: &str) -> Result<Vec<(&'static str, String)>> {
    let task =
        http::post(fleet, "/api/v1/tasks", None, r#"{"kind":"echo","queue":"shots","payload":{"hi":1}}"#)?;
    let task = format!("/ui/tasks/{}", task.text("id")?);
    let fixed = [
        ("overview", "/"),
        ("tasks", "/ui/tasks"),
        ("search", "/ui/tasks?q=kind:echo"),
        ("queues", "/ui/queues"),
        ("queue", "/ui/queues/shots"),
        ("purge", "/ui/queues/shots/purge"),
        ("workers", "/ui/workers"),
        ("login", "/ui/login"),
        ("nowhere", "/ui/nowhere"),
    ];
    let mut pages: Vec<(&str, String)> = fixed.map(|(page, path)| (page, path.to_owned())).to_vec();
    pages.push(("cancel", format!("{task}/cancel")));
    pages.push(("task", task));
    Ok(pages)
}
