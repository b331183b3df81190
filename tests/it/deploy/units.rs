//! The units of systemd: what systemd itself says of them, and what they must agree on with our own limits.

use std::fs;
use std::io::{self, Write};
use std::process::{Command, Output};
use std::time::Duration;

use baton_service::config::{KEYS, Span};
use baton_testkit::process::find;

use super::file;

const UNITS: [&str; 3] = ["baton-gateway.service", "baton-worker.service", "baton-worker@.service"];

/// What `systemd-analyze security` may say of a service, in tenths: 25 is the last that it calls good.
const EXPOSURE_MAX: u32 = 25;

fn unit(name: &str) -> String {
    file(&format!("deploy/systemd/{name}"))
}

/// The values of a setting, in the order in which they stand.
fn settings<'a>(unit: &'a str, name: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('=')).collect()
}

fn seconds(unit: &str, name: &str) -> Duration {
    match settings(unit, name)[..] {
        [value] => value.parse::<Span>().unwrap().0,
        ref other => panic!("{name} stands {} times", other.len()),
    }
}

fn default_of(key: &str) -> Duration {
    KEYS.iter().find(|found| found.name == key).unwrap().default.parse::<Span>().unwrap().0
}

/// Asks systemd about a unit whose program is there, by `arguments` and the file. None where there is no systemd.
fn analyzed(name: &str, text: &str, arguments: &[&str]) -> Option<Output> {
    if !cfg!(target_os = "linux") {
        let _ = writeln!(io::stderr(), "SKIPPED: the units are for Linux, and nobody else can judge {name}");
        return None;
    }
    let analyze = find("systemd-analyze")
        .expect("there is no systemd-analyze on PATH; install it: apt-get install -y systemd");
    let directory = tempfile::tempdir().unwrap();
    let here = std::env::current_exe().unwrap();
    let there = settings(text, "ExecStart");
    let [program] = there[..] else { panic!("{name} starts {there:?}") };
    let path = directory.path().join(name);
    fs::write(&path, text.replace(program, here.to_str().unwrap())).unwrap();
    Some(Command::new(analyze).args(arguments).arg(&path).output().unwrap())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let verify = ["verify", "--man=no"];
    for name in UNITS {
        if let Some(output) = analyzed(name, &unit(name), &verify) {
            assert!(output.status.success() && said(&output).is_empty(), "{name}: {}", said(&output));
        }
    }
    // The judge sees something.
    let wrong = unit(UNITS[0]).replace("ProtectClock=yes", "ProtectClok=yes");
    if let Some(output) = analyzed(UNITS[0], &wrong, &verify) {
        assert!(said(&output).contains("ProtectClok"), "{}", said(&output));
    }
}

#[test]
fn a_service_that_is_taken_over_reaches_little() {
    let threshold = format!("--threshold={EXPOSURE_MAX}");
    let security = ["security", "--offline=true", "--no-pager", &threshold];
    for name in UNITS {
        let text = unit(name);
        if let Some(output) = analyzed(name, &text, &security) {
            assert!(output.status.success(), "{name}: {}", said(&output));
        }
        for line in ["DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes"] {
            assert!(text.lines().any(|found| found == line), "{name}: {line}");
        }
    }
    let bare = "[Service]\nExecStart=/usr/local/bin/baton-worker\n";
    if let Some(output) = analyzed(UNITS[1], bare, &security) {
        assert!(!output.status.success(), "a unit without any of it passes too");
    }
}

#[test]
fn the_manager_waits_for_longer_than_we_drain() {
    let gateway = unit("baton-gateway.service");
    let enough = default_of("gateway.drain_timeout") + Duration::from_secs(10);
    assert!(seconds(&gateway, "TimeoutStopSec") >= enough);
    let worker = unit("baton-worker.service");
    // The supervisor tells its workers a second time after 5 s more, and kills them after another 5 s.
    let enough = default_of("worker.drain_timeout") + Duration::from_secs(5 + 5 + 10);
    assert!(seconds(&worker, "TimeoutStopSec") >= enough);
    for name in UNITS {
        let text = unit(name);
        assert_eq!(
            settings(&text, "KillMode"),
            ["mixed"],
            "{name}: the supervisor ends its workers in order"
        );
        assert!(seconds(&text, "WatchdogSec") >= Duration::from_secs(10), "{name}: a stall is no death");
        assert_eq!(settings(&text, "Restart"), ["on-failure"], "{name}");
        assert_eq!(settings(&text, "RestartPreventExitStatus"), ["2 78"], "{name}");
        assert_eq!(settings(&text, "Type"), ["notify"], "{name}");
    }
    assert_eq!(settings(&worker, "OOMPolicy"), ["continue"], "one worker's memory is not the end of all");
}

#[test]
fn every_variable_of_a_unit_is_one_that_the_programs_read_and_each_secret_is_handed_over() {
    for name in UNITS {
        let text = unit(name);
        let handed: Vec<&str> = settings(&text, "LoadCredential")
            .into_iter()
            .map(|credential| credential.split_once(":/etc/baton/").unwrap().0)
            .collect();
        for setting in settings(&text, "Environment") {
            let (variable, value) = setting.split_once('=').unwrap();
            let known = KEYS.iter().any(|key| key.environment == variable);
            assert!(known || variable == "BATON_CONFIG", "{name}: {variable}");
            if let Some(credential) = value.strip_prefix("%d/") {
                assert!(handed.contains(&credential), "{name}: nobody hands over {credential}");
            }
        }
        let files = settings(&text, "EnvironmentFile");
        assert!(!files.is_empty() && files.iter().all(|file| file.starts_with("-/etc/baton/")), "{name}");
    }
}

#[test]
fn the_unit_of_a_named_pool_differs_in_its_pool_only() {
    let lines = |text: String| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(str::to_owned).collect()
    };
    let (one, named) = (lines(unit("baton-worker.service")), lines(unit("baton-worker@.service")));
    let differing: Vec<&String> = named.iter().filter(|line| !one.contains(line)).collect();
    assert_eq!(
        differing,
        [
            "Description=Baton workers of the pool %i",
            "EnvironmentFile=-/etc/baton/worker-%i.env",
            "Environment=BATON_SUPERVISOR_POOL=%i",
            "LoadCredential=worker.toml:/etc/baton/worker-%i.toml",
        ]
    );
    assert_eq!(one.iter().filter(|line| !named.contains(line)).count(), 3);
}
