//! `baton conformance`: the worker in the documents passes, and workers with a fault each fail where it is.

use std::path::Path;

use serde_json::Value;

use crate::fleet::{Ran, run};

/// The worker of `docs/examples`, with one thing changed.
fn worker(old: &str, new: &str) -> (tempfile::TempDir, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join("docs/examples/worker.py")).unwrap();
    assert!(old.is_empty() || text.matches(old).count() == 1, "{old:?} is there once");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("worker.py");
    std::fs::write(&path, text.replacen(old, new, 1)).unwrap();
    (directory, format!("python3 {}", path.display()))
}

fn graded(ran: &Ran) -> Vec<(String, String)> {
    let lines = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    lines.map(|line| (word(&line, "case"), word(&line, "verdict"))).collect()
}

#[test]
fn the_worker_of_the_documents_passes_every_case() {
    let (_directory, command) = worker("", "");
    let ran = run(&["conformance", "--cmd", &command, "--json"]);
    let graded = graded(&ran);
    assert!(graded.len() >= 18, "{graded:?}");
    assert!(graded.iter().all(|(_, verdict)| verdict == "pass"), "{ran:?}");
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// Slips that somebody could make: the case that finds each, and what is changed.
const SLIPS: &[(&str, &str, &str)] = &[
    ("register", "claim?wait=5", "claim?wait=0"),
    (
        "claim-again",
        "        except (OSError, http.client.HTTPException):\n            if over():\n",
        "        except (OSError, http.client.HTTPException):\n            if True:\n",
    ),
    ("complete-again", "said, over=self.lost.is_set)", "said, over=lambda: True)"),
    (
        "unknown-kind",
        "return task.report(\"release\", delay_ms=5000, reason=\"no handler\")",
        "return task.report(\"fail\", error=\"no handler\")",
    ),
    ("heartbeat", "        threading.Thread(target=self.beat, daemon=True).start()\n", ""),
    (
        "lease-lost",
        "            task.check()\n            time.sleep(0.05)\n",
        "            time.sleep(0.05)\n",
    ),
    ("storm", "        time.sleep(after)\n", "        time.sleep(0.01)\n"),
    (
        "cancel",
        "            if task and any(gone[\"task\"] == task.id for gone in answer[\"gone\"]):\n                task.lost.set()\n",
        "",
    ),
    ("quiet", "            if self.quiet:\n", "            if False:\n"),
    ("drain", "signal.signal(signal.SIGTERM, lambda *_: self.stop())", "pass"),
    (
        "retry-after",
        "            after = float(told) if told.isdecimal() else wait  # a proxy may name a date\n",
        "            after = wait\n",
    ),
    (
        "integers",
        "        return task.payload\n",
        "        return json.loads(json.dumps(task.payload), parse_int=float)\n",
    ),
    ("fenced", "if error.code not in AGAIN or over():", "if over():"),
    ("stop", "            if \"stop\" in answer[\"directives\"]:\n", "            if False:\n"),
    ("rate-limit", "AGAIN = (429, 502, 503, 504)", "AGAIN = (502, 503, 504)"),
    // Only the first try counts: the lease seems to be over after an outage.
    ("storm", "self.alive = sent[-1]", "self.alive = sent[0]"),
    (
        "unicode",
        "json.dumps(body).encode()",
        "json.dumps(body, ensure_ascii=False).encode(\"ascii\", \"replace\")",
    ),
    ("large", "parsed(answer.read())", "parsed(answer.read(65536))"),
    (
        "clock",
        "            self.alive = sent[-1]\n",
        "            end = __import__(\"datetime\").datetime.fromisoformat(claimed[\"lease_expires_at\"].replace(\"Z\", \"+00:00\"))\n            self.alive = sent[-1] + end.timestamp() - time.time() - self.lease\n",
    ),
];

#[test]
fn a_slip_is_found_by_its_case() {
    let found = |(case, old, new): &(&str, &str, &str)| {
        let (_directory, command) = worker(old, new);
        let ran = run(&["conformance", "--cmd", &command, "--case", case, "--json"]);
        assert_eq!(graded(&ran), [((*case).to_owned(), "fail".to_owned())], "{ran:?}");
        assert_eq!(ran.code, Some(1), "{ran:?}");
    };
    std::thread::scope(|scope| {
        SLIPS.iter().for_each(|slip| drop(scope.spawn(move || found(slip))));
    });
}

/// A shell reads the command; signals reach what it starts, and how that ended is told.
#[test]
fn a_command_is_read_as_a_shell_reads_it() {
    let (_directory, command) = worker("", "");
    let command = format!("X=1 {command}");
    let ran = run(&["conformance", "--cmd", &command, "--case", "register", "--case", "drain", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = run(&["conformance", "--cmd", "true; exit 3", "--case", "register"]);
    assert!(ran.code == Some(1) && ran.out.contains("exit status: 3"), "{ran:?}");
}

/// An answer of a proxy, in words of its own, ends no thread of the worker.
#[test]
fn the_worker_of_the_documents_survives_the_words_of_a_proxy() {
    for (old, new) in [
        ("error.headers.get(\"Retry-After\", \"\")", "\"Sun, 06 Nov 1994 08:49:37 GMT\""),
        ("parsed(answer.read())", "parsed(answer.read() if secrets.randbelow(3) else b\"<html>\")"),
    ] {
        let (_directory, command) = worker(old, new);
        let ran =
            run(&["conformance", "--cmd", &command, "--case", "storm", "--case", "heartbeat", "--json"]);
        assert!(!ran.out.contains("it ended"), "{ran:?}");
        assert!(!ran.out.contains("Traceback"), "{ran:?}");
    }
}

#[test]
fn where_nothing_was_graded_nothing_is_well() {
    let (_directory, command) = worker("@worker.handler(\"draw\")", "@worker.handler(\"other\")");
    let ran = run(&["conformance", "--cmd", &command, "--case", "claim-again"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("handlers for the kinds `echo`, `sleep` and `draw`"), "{ran:?}");
}

#[test]
fn what_is_no_worker_and_no_case_is_told_so() {
    let ran = run(&["conformance", "--cmd", "sh -c 'echo hello; exit 3'", "--case", "register"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("register  fail") && ran.out.contains("it ended by itself"), "{ran:?}");
    assert!(ran.err.contains("the last that it wrote:\nhello\n"), "{ran:?}");
    let ran = run(&["conformance", "--cmd", "true", "--case", "nosuch"]);
    assert!(ran.code == Some(2) && ran.err.contains("there are register, claim-again"), "{ran:?}");
    assert_eq!(run(&["conformance"]).code, Some(2));
}

/// What a worker has no handler for is not seen, and is no failure.
#[test]
fn a_case_that_does_not_come_about_is_not_seen() {
    let (_directory, command) = worker("@worker.handler(\"draw\")", "@worker.handler(\"other\")");
    let ran =
        run(&["conformance", "--cmd", &command, "--case", "claim-again", "--case", "register", "--json"]);
    let expected = [("register", "pass"), ("claim-again", "not_seen")];
    assert_eq!(
        graded(&ran),
        expected.map(|(case, verdict)| (case.to_owned(), verdict.to_owned())),
        "{ran:?}"
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
}
