//! Each gateway writes down that it is there, for people who look at the fleet. Nothing else depends on it, no request waits
//! for it, and a Redis that is away only makes the gateway look silent.

use std::net::SocketAddr;
use std::time::Duration;

use baton_core::{GatewayId, limits};
use baton_store::Script;
use baton_store::calls::gateway::{Seen, WasSeen};
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::app::App;
use crate::clock;

/// For one beat. The next one says it anew.
const PATIENCE: Duration = Duration::from_secs(3);
/// A gateway that ends does not wait longer for Redis than this to take its leave.
const LEAVE_WITHIN: Duration = Duration::from_secs(1);

type Words = Vec<(&'static str, String)>;

/// The beats of this gateway.
pub(crate) struct Presence {
    app: App,
    beats: AbortOnDropHandle<()>,
}

/// What is known of this gateway once Redis has answered it.
#[derive(Clone, Copy, Debug)]
struct Measured {
    began_ms: u64,
    ahead_ms: i64,
    within_ms: u64,
}

impl Presence {
    pub(crate) fn start(app: App, address: SocketAddr) -> Presence {
        let beats = AbortOnDropHandle::new(tokio::spawn(keep(app.clone(), address)));
        Presence { app, beats }
    }

    /// It ends in good order, so nobody has to look for it.
    pub(crate) async fn leave(self) {
        drop(self.beats);
        match timeout(LEAVE_WITHIN, self.app.store.leave_gateway(&self.app.id)).await {
            Ok(Ok(left)) => tracing::debug!(?left, "took leave"),
            Ok(Err(error)) => tracing::debug!(%error, "could not take leave; it will look silent"),
            Err(_) => tracing::debug!("Redis does not answer; it will look silent"),
        }
    }
}

async fn keep(app: App, address: SocketAddr) {
    let (begun, identity) = (clock::instant(), identity(&app, address));
    let mut known: Option<Measured> = None;
    loop {
        let is_ending = app.draining.is_cancelled();
        let report = report(&identity, known, is_ending);
        let measured = timeout(PATIENCE, beat(&app, &report, begun)).await.ok().flatten();
        let is_first = known.is_none() && measured.is_some();
        known = measured
            .map(|now| Measured { began_ms: known.map_or(now.began_ms, |old| old.began_ms), ..now })
            .or(known);
        // What the first answer told is said at once.
        if is_first {
            continue;
        }
        let jitter_ms = clock::random() % (limits::GATEWAY_BEAT_MS / 10);
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(limits::GATEWAY_BEAT_MS - jitter_ms)) => {}
            () = app.draining.cancelled(), if !is_ending => {}
        }
    }
}

/// Says that it is there; answers what the answer tells, if there was one.
async fn beat(app: &App, report: &[(&str, String)], begun: Instant) -> Option<Measured> {
    let (before_ms, sent) = (clock::now_ms(), clock::instant());
    match app.store.see_gateway(&Seen { gateway: &app.id, report }).await {
        Ok(WasSeen::At { now_ms }) => {
            let ours_ms = before_ms.midpoint(clock::now_ms());
            Some(Measured {
                began_ms: now_ms.saturating_sub(begun.elapsed().as_millis() as u64),
                ahead_ms: ours_ms as i64 - now_ms as i64,
                within_ms: (sent.elapsed().as_millis() as u64).div_ceil(2),
            })
        }
        Ok(WasSeen::Refused(refused)) => {
            tracing::debug!(refusal = %refused.refusal, "this gateway could not be written down");
            None
        }
        Err(error) => {
            tracing::debug!(%error, "failed to write down that this gateway is there");
            None
        }
    }
}

/// The part that does not change.
fn identity(app: &App, address: SocketAddr) -> Words {
    vec![
        ("host", host()),
        ("pid", std::process::id().to_string()),
        ("address", address.to_string()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("revision", option_env!("BATON_REVISION").unwrap_or_default().to_owned()),
        ("scripts", Script::digest_of_all()),
        ("auth", if app.settings.open { "none" } else { "required" }.to_owned()),
    ]
}

fn report(identity: &Words, known: Option<Measured>, is_ending: bool) -> Words {
    let mut report = identity.clone();
    report.push(("draining", if is_ending { "1" } else { "" }.to_owned()));
    if let Some(Measured { began_ms, ahead_ms, within_ms }) = known {
        report.push(("began_ms", began_ms.to_string()));
        report.push(("ahead_ms", ahead_ms.to_string()));
        report.push(("within_ms", within_ms.to_string()));
    }
    report
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The host, so that people know where to look, and chance, because a host may have several.
pub(crate) fn draw_id() -> GatewayId {
    let chance = clock::random() as u32;
    named(&host(), chance)
}

#[expect(clippy::expect_used, reason = "letters, digits and dashes are always a name")]
fn named(host: &str, chance: u32) -> GatewayId {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let host: String = host.to_lowercase().chars().map(plain).collect();
    let host: String = host.trim_matches('-').chars().take(40).collect();
    let host = if host.is_empty() { "host" } else { &host };
    GatewayId::new(&format!("{host}-{chance:08x}")).expect("letters, digits and dashes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_host_makes_a_name() {
        for (host, name) in [
            ("web-1.example", "web-1-example-0000002a"),
            ("", "host-0000002a"),
            ("<script>\u{202e}ü", "script-0000002a"),
            ("---", "host-0000002a"),
        ] {
            assert_eq!(named(host, 42).as_str(), name);
        }
        assert!(named(&"x".repeat(300), u32::MAX).as_str().len() <= 64);
    }

    #[test]
    fn a_report_says_what_is_known() {
        let of = |known, is_ending| report(&vec![("pid", "7".to_owned())], known, is_ending);
        assert_eq!(of(None, false), [("pid", "7".to_owned()), ("draining", String::new())]);
        let known = Measured { began_ms: 5, ahead_ms: -3, within_ms: 1 };
        let told = of(Some(known), true);
        assert_eq!(told[1], ("draining", "1".to_owned()));
        assert_eq!(told[3], ("ahead_ms", "-3".to_owned()));
    }
}
