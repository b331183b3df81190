//! What a service tells the service manager that started it: ready, alive, stopping, and a line on how it is doing.
//!
//! The manager is asked for by its environment: without `NOTIFY_SOCKET` nothing is said, and without `WATCHDOG_USEC`
//! nobody waits for a sign of life. Child processes inherit both. The manager ignores what they say, and
//! `WATCHDOG_PID` tells them that the watchdog is not theirs.

use std::sync::Once;
use std::time::Duration;

use sd_notify::NotifyState;

/// The process does its work from now on.
pub fn ready() {
    tell(&NotifyState::Ready);
}

/// It finishes, and takes nothing new.
pub fn stopping() {
    tell(&NotifyState::Stopping);
}

/// How it is doing, in one line for `systemctl status`.
pub fn status(line: &str) {
    // The next line would be another message to the manager.
    let line = line.replace(char::is_control, " ");
    tell(&NotifyState::Status(&line));
}

/// How often [`alive`] must be called: twice as often as the manager looks. None when it does not look.
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|usec| usec / 2).filter(|every| !every.is_zero())
}

/// The process is not stuck. To be called by what would be.
pub fn alive() {
    tell(&NotifyState::Watchdog);
}

fn tell(state: &NotifyState<'_>) {
    static DEAF: Once = Once::new();
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        // Once is enough: a manager that waits for more than this will act by itself.
        DEAF.call_once(|| tracing::warn!(%error, "failed to tell the service manager `{state}`"));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;
    use std::path::PathBuf;
    use std::process::{Command, id};

    use super::*;

    /// What a process that runs `script` here, with these variables, tells its manager.
    fn told(script: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let path = std::env::temp_dir().join(format!("baton-notify-{}-{script}", id()));
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).unwrap();
        let path = Gone(path);
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args([&format!("notify::tests::{script}"), "--exact", "--include-ignored"]);
        child.env_remove("WATCHDOG_PID").env_remove("WATCHDOG_USEC").env("NOTIFY_SOCKET", &path.0);
        let output = child.envs(variables.iter().copied()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        socket.set_nonblocking(true).unwrap();
        let mut buffer = [0; 512];
        std::iter::from_fn(|| socket.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec()))
            .map(|message| String::from_utf8(message).unwrap())
            .collect()
    }

    struct Gone(PathBuf);

    impl Drop for Gone {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    /// Run by itself it talks to nobody, and must not mind.
    #[test]
    fn a_whole_life() {
        ready();
        status("2 of 3 workers\nREADY=0");
        if watchdog() == Some(Duration::from_secs(5)) {
            alive();
        }
        stopping();
    }

    #[test]
    fn the_manager_hears_each_thing_by_itself() {
        let told = told("a_whole_life", &[("WATCHDOG_USEC", "10000000")]);
        assert_eq!(
            told,
            ["READY=1\n", "STATUS=2 of 3 workers READY=0\n", "WATCHDOG=1\n", "STOPPING=1\n"],
            "in this order"
        );
    }

    /// Says `alive` if and only if it is asked for.
    #[test]
    fn a_sign_of_life_if_wanted() {
        if watchdog().is_some() {
            alive();
        }
    }

    #[test]
    fn nobody_waits_for_a_child_of_the_service_or_without_an_interval() {
        let told = |variables: &[_]| told("a_sign_of_life_if_wanted", variables);
        assert_eq!(told(&[("WATCHDOG_USEC", "2000000")]), ["WATCHDOG=1\n"]);
        for variables in [
            &[][..],
            &[("WATCHDOG_USEC", "2000000"), ("WATCHDOG_PID", "1")],
            &[("WATCHDOG_USEC", "0")],
            &[("WATCHDOG_USEC", "soon")],
        ] {
            assert_eq!(told(variables), Vec::<String>::new(), "{variables:?}");
        }
    }

    #[test]
    fn a_manager_that_is_gone_is_no_reason_to_fail() {
        let nobody = [("NOTIFY_SOCKET", "/nonexistent/socket")];
        assert_eq!(told("a_whole_life", &nobody), Vec::<String>::new());
    }
}
