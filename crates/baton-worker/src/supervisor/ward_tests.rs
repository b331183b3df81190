//! The loop with real processes and no Redis: shells that report like workers, and times that are short.

use std::path::Path;

use baton_service::config::{Sources, resolve};
use tempfile::TempDir;

use super::super::following::Wish;
use super::super::rules::Rules;
use super::*;

/// No test waits this long: it only turns a hang into a failure.
const LONG: Duration = Duration::from_secs(60);

/// A shell function that reports until the process ends.
const REPORT: &str = r#"report() { while :; do echo '{"worker":"worker-001-default","ready":true}'; sleep 0.02; done; }
"#;

struct Yard {
    place: TempDir,
    record: watch::Receiver<Record>,
    answers: watch::Sender<Option<Answer>>,
    shutdown: Shutdown,
    ended: JoinHandle<Option<RunError>>,
}

fn rules() -> Rules {
    Rules { silent_ms: 400, drain_ms: 50, patience_ms: 50, ..Rules::default() }
}

impl Yard {
    /// A supervisor with a share of one worker, which is this script; `$PLACE` is a directory of its own.
    fn open(rules: Rules, script: &str) -> Yard {
        let place = TempDir::new().unwrap();
        let program = Program {
            file: "/bin/sh".into(),
            name: "sh".into(),
            arguments: ["-c", &format!("{REPORT}{script}"), "sh"].map(OsString::from).into(),
            hidden: Vec::new(),
            environment: vec![("PLACE", place.path().display().to_string())],
        };
        Yard::of(place, rules, program)
    }

    fn of(place: TempDir, rules: Rules, program: Program) -> Yard {
        let settings = Settings { rules, ..Settings::read(&mut resolve(&Sources::default())) };
        let (record, written) = watch::channel(Record::new());
        let (answers, heard) = watch::channel(None);
        let shutdown = Shutdown::default();
        let told = shutdown.clone();
        let mut ward = Ward::of(&settings, draw_id().unwrap(), program, Board::default(), record);
        let ended = tokio::spawn(async move {
            let mut beat = tokio::spawn(std::future::pending());
            ward.keep(heard, &mut beat, &told).await
        });
        let yard = Yard { place, record: written, answers, shutdown, ended };
        yard.want(1, 0);
        yard
    }

    fn want(&self, desired: u64, generation: u64) {
        let wish = Wish { desired, running: true, generation };
        self.answers.send_replace(Some(Answer { wish, share: desired, sure: false }));
    }

    fn file(&self, name: &str) -> bool {
        Path::new(self.place.path()).join(name).exists()
    }

    async fn until_said(&mut self, fields: &[(&str, &str)]) {
        let says = |record: &Record| {
            fields
                .iter()
                .all(|(name, value)| record.iter().any(|(field, said)| field == name && said == value))
        };
        let said = tokio::time::timeout(LONG, self.record.wait_for(says)).await;
        assert!(said.is_ok(), "never said {fields:?}");
    }

    async fn until_ended(self) -> Option<RunError> {
        tokio::time::timeout(LONG, self.ended).await.expect("it hangs").unwrap()
    }
}

#[tokio::test]
async fn a_worker_that_stands_still_is_replaced() {
    let script = r#"if [ ! -e "$PLACE/first" ]; then touch "$PLACE/first"; kill -STOP $$; fi; report"#;
    let mut yard = Yard::open(rules(), script);
    yard.until_said(&[("restarts", "1"), ("live", "1"), ("state", "steady")]).await;
    yard.shutdown.drain.cancel();
    assert!(yard.until_ended().await.is_none());
}

#[tokio::test]
async fn a_worker_that_will_not_end_is_ended() {
    let mut yard = Yard::open(rules(), "trap '' TERM; report");
    yard.until_said(&[("live", "1")]).await;
    yard.shutdown.drain.cancel();
    yard.until_said(&[("state", "draining"), ("most", "0")]).await;
    assert!(yard.until_ended().await.is_none());
}

#[tokio::test]
async fn a_second_signal_is_passed_on_at_once() {
    let script = r#"trap 'if [ -e "$PLACE/told" ]; then touch "$PLACE/twice"; exit 0; fi; touch "$PLACE/told"' TERM
report & while :; do wait; done"#;
    let patient = Rules { drain_ms: 3_600_000, patience_ms: 60_000, ..rules() };
    let mut yard = Yard::open(patient, script);
    yard.until_said(&[("live", "1")]).await;
    yard.shutdown.drain.cancel();
    while !yard.file("told") {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    yard.shutdown.now.cancel();
    while !yard.file("twice") {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(yard.until_ended().await.is_none());
}

#[tokio::test]
async fn what_cannot_be_started_is_given_up_and_begun_anew_when_told() {
    let program = Program {
        file: "/nonexistent/worker".into(),
        name: "worker".into(),
        arguments: Vec::new(),
        hidden: Vec::new(),
        environment: Vec::new(),
    };
    let rules = Rules { max_restarts: 2, ..rules() };
    let mut yard = Yard::of(TempDir::new().unwrap(), rules, program);
    yard.until_said(&[("state", "degraded"), ("gave_up", "1"), ("restarts", "1")]).await;
    let reason = yard.record.borrow().iter().find(|(name, _)| *name == "reason").unwrap().1.clone();
    assert!(reason.starts_with("cannot start: "), "{reason}");
    yard.want(1, 1);
    yard.until_said(&[("state", "degraded"), ("restarts", "2")]).await;
    yard.shutdown.drain.cancel();
    assert!(yard.until_ended().await.is_none());
}

#[tokio::test]
async fn workers_of_a_supervisor_that_cannot_use_redis_end_with_it() {
    let settings = Settings { rules: rules(), ..Settings::read(&mut resolve(&Sources::default())) };
    let (record, _written) = watch::channel(Record::new());
    let (answers, heard) = watch::channel(None);
    let program = Program {
        file: "/bin/sh".into(),
        name: "sh".into(),
        arguments: ["-c", "sleep 600"].map(OsString::from).into(),
        hidden: Vec::new(),
        environment: Vec::new(),
    };
    let wish = Wish { desired: 1, running: true, generation: 0 };
    answers.send_replace(Some(Answer { wish, share: 1, sure: false }));
    let mut ward = Ward::of(&settings, draw_id().unwrap(), program, Board::default(), record);
    let mut beat = tokio::spawn(async { Err(RunError::Beat) });
    let shutdown = Shutdown::default();
    let keep = ward.keep(heard, &mut beat, &shutdown);
    let ended = tokio::time::timeout(LONG, keep).await.expect("it hangs");
    assert!(matches!(ended, Some(RunError::Beat)), "{ended:?}");
    assert!(ward.processes.is_empty());
}
