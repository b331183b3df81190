//! The files that run Baton somewhere say what they promise.

mod units;

use std::fs;
use std::time::Duration;

use baton_service::config::{KEYS, Span};
use serde_json::Value;

fn file(path: &str) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../");
    fs::read_to_string(format!("{root}{path}")).unwrap()
}

fn compose() -> Value {
    serde_saphyr::from_str(&file("docker-compose.yml")).unwrap()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn the_fleet_is_one_redis_two_gateways_and_three_workers() {
    let compose = compose();
    let services = compose["services"].as_object().unwrap();
    assert_eq!(services.keys().collect::<Vec<_>>(), ["gateway-1", "gateway-2", "redis", "worker"]);
    assert_eq!(services["worker"]["deploy"]["replicas"], 3);
    for (name, service) in services.iter().filter(|(name, _)| *name != "redis") {
        assert_eq!(service["depends_on"]["redis"]["condition"], "service_healthy", "{name}");
        assert_eq!(service["build"]["dockerfile"], "deploy/Dockerfile", "{name}");
        assert_eq!(service["read_only"], true, "{name}");
        assert!(!texts(&service["healthcheck"]["test"]).is_empty(), "{name}");
        assert_eq!(service["environment"]["BATON_REDIS_URL"], "redis://redis:6379", "{name}");
    }
}

#[test]
fn redis_keeps_its_data_and_is_waited_for() {
    let compose = compose();
    let redis = &compose["services"]["redis"];
    assert_eq!(texts(&redis["healthcheck"]["test"]), ["CMD", "redis-cli", "ping"]);
    assert!(texts(&redis["volumes"]).contains(&"redis-data:/data"));
    assert!(compose["volumes"].as_object().unwrap().contains_key("redis-data"));
    assert!(texts(&redis["volumes"]).contains(&"./deploy/redis/redis.conf:/etc/redis/redis.conf:ro"));
    assert!(redis["ports"].is_null(), "nobody outside needs it");
    let settings = file("deploy/redis/redis.conf");
    for line in ["appendonly yes", "appendfsync everysec", "maxmemory-policy noeviction"] {
        assert!(settings.lines().any(|found| found == line), "{line}");
    }
}

#[test]
fn a_gateway_without_logins_is_reached_from_this_host_only() {
    let compose = compose();
    for name in ["gateway-1", "gateway-2"] {
        let service = &compose["services"][name];
        let ports = texts(&service["ports"]);
        assert!(
            !ports.is_empty() && ports.iter().all(|port| port.starts_with("127.0.0.1:")),
            "{name}: {ports:?}"
        );
        assert_eq!(service["environment"]["BATON_ALLOW_INSECURE_BIND"], "true", "{name}");
        assert_eq!(service["environment"]["BATON_ALLOWED_HOSTS"], name);
    }
}

#[test]
fn a_container_is_one_worker_and_docker_waits_for_longer_than_it_drains() {
    let worker = &compose()["services"]["worker"];
    assert_eq!(worker["environment"]["BATON_SUPERVISOR_ENABLED"], "false");
    assert_eq!(worker["restart"], "unless-stopped", "somebody must replace it");
    assert_eq!(worker["init"], true, "and reap what its handlers leave");
    let span = |value: &Value| value.as_str().unwrap().parse::<Span>().unwrap().0;
    let drain = span(&worker["environment"]["BATON_WORKER_DRAIN_TIMEOUT"]);
    assert!(span(&worker["stop_grace_period"]) >= drain + Duration::from_secs(10));
}

#[test]
fn every_variable_is_one_that_the_programs_read() {
    let compose = compose();
    for (name, service) in compose["services"].as_object().unwrap() {
        for (variable, value) in service["environment"].as_object().into_iter().flatten() {
            assert!(KEYS.iter().any(|key| key.environment == variable), "{name}: {variable}");
            assert!(value.is_string(), "{name}: {variable} must be quoted to be a text");
        }
    }
}

#[test]
fn the_image_is_built_from_the_lock_file_and_runs_without_root_or_a_shell() {
    let text = file("deploy/Dockerfile");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let froms: Vec<&&str> = lines.iter().filter(|line| line.starts_with("FROM ")).collect();
    assert_eq!(froms.len(), 2, "{froms:?}");
    let toolchain = file("rust-toolchain.toml");
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = \"")).unwrap();
    let minor = channel.trim_end_matches('"').rsplit_once('.').unwrap().0;
    assert!(froms[0].starts_with(&format!("FROM rust:{minor}-")), "{froms:?}");
    assert!(froms[1].contains("distroless/cc-debian12:nonroot"), "{froms:?}");
    assert!(text.contains("cargo build --locked --release"));
    for program in ["baton", "baton-gateway", "baton-worker"] {
        assert!(text.contains(&format!("target/release/{program} ")), "{program}");
    }
    // Without a shell there is only the form of a list.
    for line in lines.iter().filter(|line| line.starts_with("CMD ") || line.starts_with("HEALTHCHECK ")) {
        assert!(line.ends_with(']'), "{line}");
    }
    assert!(lines.contains(&"USER nonroot"));
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("HEALTHCHECK ") && line.contains("\"baton\", \"healthcheck\""))
    );
}
