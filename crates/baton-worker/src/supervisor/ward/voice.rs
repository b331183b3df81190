//! What the supervisor says of itself: to Redis, to probes, and to the service manager.

use baton_core::SupervisorId;
use baton_service::notify;

use super::super::attend::Record;
use super::super::crew::Tally;
use super::super::machine;
use super::Ward;

/// The service manager is told that we are ready after this long even where Redis is away: that is no failure of ours.
const READY_AFTER_MS: u64 = 5_000;

impl Ward {
    /// For Redis, and for probes.
    pub(super) fn publish(&mut self) {
        let Tally { live, starting, draining, gave_up } = self.crew.tally();
        let share = self.crew.wanted();
        self.board.show(share, live);
        let fields = [
            ("most", self.crew.most().to_string()),
            ("share", share.to_string()),
            ("live", live.to_string()),
            ("starting", starting.to_string()),
            ("draining", draining.to_string()),
            ("gave_up", gave_up.to_string()),
            ("restarts", self.crew.restarts().to_string()),
            ("reason", self.crew.reason().unwrap_or_default().to_owned()),
            ("state", self.crew.state().to_owned()),
        ];
        self.record.send_replace(self.identity.iter().cloned().chain(fields).collect());
    }

    pub(super) fn tell_manager(&mut self) {
        if !self.told_ready && (self.heard_ms.is_some() || self.now_ms >= READY_AFTER_MS) {
            self.told_ready = true;
            notify::ready();
        }
        if notify::watchdog().is_some() {
            notify::alive();
        }
        let status = format!(
            "{} of {} workers ready, {}",
            self.crew.tally().live,
            self.crew.wanted(),
            self.crew.state()
        );
        if status != self.told_status {
            notify::status(&status);
            self.told_status = status;
        }
    }
}

/// The part of the record that does not change.
pub(super) fn identity(machine: &str) -> Record {
    let own = std::process::id();
    vec![
        ("host", rustix::system::uname().nodename().to_string_lossy().into_owned()),
        ("machine", machine.to_owned()),
        ("pid", own.to_string()),
        ("pid_start", machine::start_of(own).unwrap_or_default()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ]
}

/// The host, so that people know where to look, and chance, because a host may have several.
pub(super) fn draw_id() -> std::io::Result<SupervisorId> {
    let chance = getrandom::u32().map_err(std::io::Error::other)?;
    let host = rustix::system::uname().nodename().to_string_lossy().to_lowercase();
    let host: String =
        host.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let host: String = host.trim_matches('-').chars().take(40).collect();
    let host = if host.is_empty() { "host".to_owned() } else { host };
    SupervisorId::new(&format!("{host}-{chance:08x}")).map_err(std::io::Error::other)
}
