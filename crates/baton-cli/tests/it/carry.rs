//! `baton export` and `baton import`, straight at Redis.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use baton_core::{Shard, Status, TaskId};
use baton_store::calls::task::{NewTask, Outcome};
use baton_testkit::snapshot::Content;
use baton_testkit::{Fixture, Launch, Life, Process, Snapshot, invariants};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::fleet::{Ran, of, typed, until};

/// Bytes that are no text, and a number that no double has.
const ODD: &[u8] = b"\0\xff\xfe12345678901234567890\r\n\"";
const NUMBER: &[u8] =
    b"{\"b\":12345678901234567890,\"a\":\"a long text, so that it lies beside its task and not in it\"}";

struct Place {
    runtime: Runtime,
    at: Fixture,
    directory: tempfile::TempDir,
    tasks: Vec<TaskId>,
}

/// A namespace with some tasks: one that completed, one that runs, one that waits for it, and one of a bad payload.
fn place() -> Place {
    let runtime = Runtime::new().unwrap();
    let (at, tasks) = runtime.block_on(async {
        let at = Fixture::start(Launch::default()).await;
        let life = Life::new(1, 1);
        let task = |payload: &[u8]| NewTask { payload: payload.to_vec(), ..at.new_task("noop") };
        let mut tasks = at.submit(&[task(NUMBER), task(b"1")]).await;
        let waits = NewTask { parents: vec![tasks[1]], ..task(ODD) };
        tasks.extend(at.submit(&[waits]).await);
        let grants = at.claim(&life, 2).await;
        at.report(&life, tasks[0], grants[0].fence, Outcome::Complete { result: NUMBER.to_vec() }).await;
        (at, tasks)
    });
    Place { runtime, at, directory: tempfile::tempdir().unwrap(), tasks }
}

impl Place {
    fn run(&self, arguments: &[&str]) -> Ran {
        of(&typed(arguments).env("BATON_REDIS_URL", self.at.redis.url()).output().unwrap())
    }

    fn file(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    fn exported(&self) -> String {
        let file = self.file("all.ndjson");
        if !Path::new(&file).exists() {
            let ran = self.run(&["export", &file]);
            assert_eq!(ran.code, Some(0), "{ran:?}");
            assert!(ran.out.is_empty() && ran.err.starts_with("exported 3 tasks and "), "{ran:?}");
        }
        file
    }

    fn keys(&self) -> Vec<String> {
        self.runtime.block_on(self.at.redis.say(&["KEYS", "copy:*"]))
    }

    /// The copy under the name of what it was made of.
    fn snapshot(&self, namespace: &str) -> Snapshot {
        let prefix = format!("{namespace}:");
        let taken = self
            .runtime
            .block_on(async { Snapshot::take(&mut self.at.redis.connection().await, &prefix).await });
        let mut keys = taken.0;
        keys.retain(|key, _| !key.contains("}:hints:"));
        let renamed = keys.into_iter().map(|(key, mut value)| {
            if let (true, Content::Hash(fields)) = (key.ends_with(":meta"), &mut value.content) {
                fields.remove(&b"created_ms"[..]);
            }
            (key.replacen(&prefix, "baton:", 1), value)
        });
        Snapshot(renamed.collect())
    }

    fn assert_whole(&self) {
        assert_eq!(Snapshot::diff(&self.snapshot("baton"), &self.snapshot("copy")), "");
        invariants::assert_hold(&self.snapshot("copy"), "baton:{0}:");
    }
}

#[test]
fn a_namespace_goes_through_a_file_and_is_the_same() {
    let place = place();
    let file = place.exported();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&lines[0]["baton_export"]["format"], &lines[0]["baton_export"]["shards"]),
        (&1.into(), &1.into())
    );
    let end = &lines.last().unwrap()["end"];
    assert_eq!((&end["tasks"], &end["shards"][0]["still"]), (&3.into(), &true.into()));
    let first = lines.iter().find(|line| line["task"]["id"] == place.tasks[0].to_string()).unwrap();
    assert_eq!(first["task"]["fields"]["status"], "completed");
    assert_eq!(first["task"]["beside"]["payload"]["string"], std::str::from_utf8(NUMBER).unwrap());
    let ran = place.run(&["import", &file, "--namespace", "copy"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.starts_with("imported 3 tasks and ") && ran.out.is_empty(), "{ran:?}");
    place.assert_whole();
    // Once more: there is something now.
    let ran = place.run(&["import", &file, "--namespace", "copy"]);
    assert!(ran.code == Some(5) && ran.err.contains("the namespace copy is not empty"), "{ran:?}");
    let ran = place.run(&["import", &file, "--namespace", "copy", "--start-over"]);
    assert_eq!(ran.code, Some(5), "what is whole is not taken away: {ran:?}");
    let ran = place.run(&["export", &file]);
    assert!(ran.code == Some(2) && ran.err.contains("is there already"), "{ran:?}");
}

#[test]
fn what_lies_in_the_place_of_the_file_is_not_written_into() {
    let place = place();
    let (other, part) = (place.file("other"), place.file("all.ndjson.part"));
    std::fs::write(&other, "mine").unwrap();
    std::os::unix::fs::symlink(&other, &part).unwrap();
    let file = place.exported();
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "mine");
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&part, "left").unwrap();
    std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o644)).unwrap();
    let file = place.exported();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_record_that_is_broken_is_named_and_the_rest_is_whole() {
    let place = place();
    let broken = place.tasks[0].to_string();
    let key = place.at.store.keys(Shard::FIRST).unwrap().task(place.tasks[0]);
    let _: u64 = place.runtime.block_on(place.at.redis.say(&["HDEL", &key, "status"]));
    let file = place.file("some.ndjson");
    let ran = place.run(&["export", &file]);
    assert_eq!(ran.code, Some(8), "{ran:?}");
    assert!(ran.err.contains(&format!("{broken} is left out: ")), "{ran:?}");
    let text = std::fs::read_to_string(&file).unwrap();
    let end: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(end["end"]["shards"][0]["broken"], 1);
    let ran = place.run(&["import", &file, "--namespace", "copy"]);
    assert!(ran.code == Some(0) && ran.err.starts_with("imported 2 tasks"), "{ran:?}");
}

#[test]
fn a_parent_that_is_missing_is_seen_before_anything_is_written() {
    let place = place();
    let text = std::fs::read_to_string(place.exported()).unwrap();
    let parent = place.tasks[1].to_string();
    let is_parent = |line: &&str| line.starts_with(&format!("{{\"task\":{{\"id\":\"{parent}\""));
    let mut lines: Vec<String> = text.lines().filter(|line| !is_parent(line)).map(str::to_owned).collect();
    assert_eq!(lines.len() + 1, text.lines().count());
    let mut end: Value = serde_json::from_str(&lines.pop().unwrap()).unwrap();
    end["end"]["lines"] = (lines.len() + 1).into();
    end["end"]["tasks"] = 2.into();
    lines.push(end.to_string());
    let file = place.file("less.ndjson");
    std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    for arguments in [&["import", &file, "--check"][..], &["import", &file, "--namespace", "copy"]] {
        let ran = place.run(arguments);
        assert!(ran.code == Some(2) && ran.err.contains(&format!("the parent {parent} of ")), "{ran:?}");
    }
    assert_eq!(place.keys(), Vec::<String>::new());
}

#[test]
fn what_goes_through_a_pipe_is_the_same() {
    let place = place();
    let ran = place.run(&["export"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let mut import = typed(&["import", "-", "--namespace", "copy"]);
    import.env("BATON_REDIS_URL", place.at.redis.url()).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = import.spawn().unwrap();
    child.stdin.take().unwrap().write_all(ran.out.as_bytes()).unwrap();
    let ran = of(&child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    place.assert_whole();
}

#[test]
fn a_reader_that_has_seen_enough_ends_an_export_quietly() {
    let place = place();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut export = typed(&["export"]);
    export.env("BATON_REDIS_URL", place.at.redis.url()).stdout(writer).stderr(Stdio::piped());
    let ran = of(&export.spawn().unwrap().wait_with_output().unwrap());
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
}

#[test]
fn what_nobody_exported_is_refused_with_its_line_and_nothing_is_written() {
    let place = place();
    let text = std::fs::read_to_string(place.exported()).unwrap();
    let all: Vec<&str> = text.lines().collect();
    let task = all.iter().position(|line| line.contains("\"task\":")).unwrap();
    let with = |at: usize, line: String| {
        let mut lines: Vec<String> = all.iter().map(|line| (*line).to_owned()).collect();
        lines[at] = line;
        lines.join("\n") + "\n"
    };
    let last = all.len() - 1;
    let other = |from: &str, to: &str| with(task, all[task].replacen(from, to, 1));
    let key = |name: &str, value: &str| {
        with(1, format!("{{\"key\":{{\"shard\":\"0\",\"name\":\"{name}\",\"value\":{value}}}}}"))
    };
    for (at, text, why) in [
        (1, String::new(), "an export begins"),
        (1, "\u{0}\n".to_owned(), "expected value"),
        (1, with(0, all[0].replace("\"format\":1", "\"format\":2")), "format 2"),
        (1, with(0, all[0].replace("\"shards\":1", "\"shards\":4")), "4 shards"),
        (1, with(0, all[0].replace("\"schema\":1,", "\"schema\":7,")), "newer release"),
        (task + 1, with(task, all[task][..40].to_owned()), "control character"),
        (task + 1, other("\"id\":\"", "\"id\":\"x"), "no id"),
        (task + 1, other("\"status\":\"", "\"status\":\"done"), "status"),
        (task + 1, other("\"score\":\"", "\"score\":\"x"), "score"),
        (task + 1, other("\"version\":\"", "\"version\":\"-"), "version"),
        (2, key("task:1", "{\"hash\":{\"a\":\"b\"}}"), "does not go along"),
        (2, key("what", "{\"hash\":{\"a\":\"b\"}}"), "no key of Baton"),
        (2, key("queues", "{\"hash\":{\"a\":\"b\"}}"), "is a zset"),
        (2, key("queues", "{\"zset\":[[\"a\",\"nan\"]]}"), "no score"),
        (2, key("op:1", "{\"string\":\"a\"}"), "expires"),
        (2, key("trail", "{\"stream\":[[\"0-0\",[[\"a\",\"b\"]]]]}"), "no stream"),
        (2, key("queues", "{\"zset\":[[{\"base64\":\"?\"},\"1\"]]}"), "base64"),
        (last + 1, with(last, all[last].replace("\"tasks\":3", "\"tasks\":4")), "it says"),
        (last, text[..text.len() - all[last].len() - 1].to_owned(), "without its last line"),
        (last + 2, format!("{text}{text}"), "behind the last line"),
        (last + 1, text.trim_end().to_owned(), "cut off"),
    ] {
        let file = place.file("bad.ndjson");
        std::fs::write(&file, text).unwrap();
        let ran = place.run(&["import", &file, "--namespace", "copy"]);
        assert_eq!(ran.code, Some(2), "{why}: {ran:?}");
        let line = format!("line {at}: ");
        assert!(ran.err.contains(&line) && ran.err.contains(why), "{line} {why}: {ran:?}");
        assert_eq!(place.keys(), Vec::<String>::new(), "{why}");
    }
}

#[test]
fn an_import_that_was_killed_is_seen_and_begun_anew() {
    let place = place();
    let text = std::fs::read_to_string(place.exported()).unwrap();
    let mut import = typed(&["import", "-", "--namespace", "copy"]);
    import.env("BATON_REDIS_URL", place.at.redis.url()).stdin(Stdio::piped()).stderr(Stdio::null());
    let mut process = Process::spawn(import).unwrap();
    let mut stdin = process.child().stdin.take().unwrap();
    stdin.write_all(&text.as_bytes()[..text.len() / 2]).unwrap();
    until("it begins", || place.keys().contains(&"copy:{0}:meta".to_owned()));
    process.kill();
    let mut gateway = typed(&["gateway"]);
    gateway.env("BATON_REDIS_URL", place.at.redis.url()).env("BATON_REDIS_NAMESPACE", "copy");
    let ran = of(&gateway.output().unwrap());
    assert!(ran.code != Some(0) && ran.err.contains("import"), "{ran:?}");
    let file = place.exported();
    let ran = place.run(&["import", &file, "--namespace", "copy"]);
    assert!(ran.code == Some(5) && ran.err.contains("--start-over"), "{ran:?}");
    let ran = place.run(&["export", "--namespace", "copy"]);
    assert!(ran.code == Some(2) && ran.out.is_empty(), "{ran:?}");
    let ran = place.run(&["import", &file, "--namespace", "copy", "--start-over"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    place.assert_whole();
}

#[test]
fn a_fleet_goes_on_with_what_was_imported() {
    let place = place();
    let file = place.exported();
    assert_eq!(place.run(&["import", &file, "--namespace", "copy"]).code, Some(0));
    let mut worker = typed(&["worker", "run"]);
    worker.env("BATON_REDIS_URL", place.at.redis.url()).env("BATON_REDIS_NAMESPACE", "copy");
    worker.stdout(Stdio::null()).stderr(Stdio::null());
    let _worker = Process::spawn(worker).unwrap();
    let mut options = baton_store::Options::new(place.at.redis.url().parse().unwrap());
    options.namespace = baton_core::Namespace::new("copy").unwrap();
    let store = place.runtime.block_on(baton_store::Store::open(options)).unwrap().0;
    let read = || {
        let one = |task: &TaskId| {
            let read = place.runtime.block_on(store.read_tasks(Shard::FIRST, &[*task], true));
            read.unwrap().remove(0)
        };
        // The first ended years ago, by the clock of its namespace, so it is pruned.
        place.tasks[1..].iter().map(one).collect::<Vec<_>>()
    };
    // The one that ran was lost with its worker: it comes back, runs, and lets the last one go.
    until("everything completes", || read().iter().flatten().all(|task| task.status() == Status::Completed));
    let all: Vec<_> = read().into_iter().flatten().collect();
    assert_eq!((all.len(), all[0].crashes, all[1].payload.as_deref()), (2, 1, Some(ODD)));
}

#[test]
fn where_nothing_is_there_is_nothing_to_export() {
    let place = place();
    let ran = place.run(&["export", "--namespace", "nowhere"]);
    assert!(ran.code == Some(2) && ran.err.contains("nobody has begun here"), "{ran:?}");
    let ran =
        of(&typed(&["export"]).env("BATON_REDIS_URL", "unix:/nonexistent/redis.sock").output().unwrap());
    assert_eq!(ran.code, Some(7), "{ran:?}");
}
