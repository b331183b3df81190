//! What the texts promise: headers against calls, the table of moves against Redis, one assembler against the other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use baton_core::{Move, Refusal, Status};
use baton_store::Script;
use baton_testkit::{Launch, PrivateRedis};
use deadpool_redis::redis::cmd;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

fn call_of(script: &Script) -> String {
    let path = root().join(format!("crates/baton-store/src/calls/{}.rs", script.name));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_script_of_the_folder_is_compiled_in() {
    let mut found = BTreeSet::new();
    for noun in std::fs::read_dir(root().join("lua")).unwrap() {
        let noun = noun.unwrap();
        let name = noun.file_name().into_string().unwrap();
        for verb in std::fs::read_dir(noun.path()).unwrap().filter(|_| name != "lib") {
            let verb = verb.unwrap().file_name().into_string().unwrap();
            found.insert(format!("{name}/{}", verb.trim_end_matches(".lua")));
        }
    }
    let compiled: BTreeSet<String> = Script::all().iter().map(|script| script.name.to_owned()).collect();
    assert_eq!(found, compiled);
}

/// The words in quotes of the REPLY section of a header.
fn reply_words(script: &Script) -> BTreeSet<String> {
    let lines = script.source.lines().skip_while(|line| *line != "-- REPLY").skip(1);
    let lines: Vec<&str> = lines.take_while(|line| line.starts_with("--   ")).collect();
    let text = lines.join(" ");
    text.split('\'').skip(1).step_by(2).filter(|word| word.len() > 1).map(str::to_owned).collect()
}

#[test]
fn every_word_of_a_reply_is_known_to_its_call_or_is_a_refusal() {
    let shared = std::fs::read_to_string(root().join("crates/baton-store/src/calls/mod.rs")).unwrap();
    let opened =
        std::fs::read_to_string(root().join("crates/baton-store/src/calls/namespace/open.rs")).unwrap();
    let claim = std::fs::read_to_string(root().join("crates/baton-store/src/calls/task/claim.rs")).unwrap();
    let edges = std::fs::read_to_string(root().join("crates/baton-store/src/calls/task/edges.rs")).unwrap();
    for script in Script::all() {
        let call = call_of(script);
        for word in reply_words(script) {
            let quoted = format!("\"{word}\"");
            let known = [&call, &shared, &opened, &claim, &edges].iter().any(|text| text.contains(&quoted));
            assert!(known || word.parse::<Refusal>().is_ok(), "{} answers {word:?}", script.name);
        }
    }
}

#[test]
fn every_refusal_is_said_by_some_script() {
    let said: BTreeSet<String> = Script::all().iter().flat_map(reply_words).collect();
    // A script never sees a task of another shard, so its call says this one.
    let link = call_of(Script::all().iter().find(|script| script.name == "task/link").unwrap());
    assert!(link.contains("Refusal::CrossShardLink"));
    for refusal in Refusal::ALL.iter().filter(|refusal| **refusal != Refusal::CrossShardLink) {
        assert!(said.contains(refusal.code()), "{refusal}");
    }
}

#[tokio::test]
async fn redis_knows_the_same_moves() {
    let redis = PrivateRedis::start().await;
    let table = std::fs::read_to_string(root().join("lua/lib/lifecycle.lua")).unwrap();
    let text = format!("{table}\nreturn AFTER[ARGV[1] .. ' ' .. ARGV[2]] or ''");
    let mut connection = redis.connection().await;
    for step in Move::ALL {
        for from in Status::ALL {
            let mut ask = cmd("EVAL");
            ask.arg(&text).arg(0).arg(step.as_str()).arg(from.as_str());
            let answer: String = ask.query_async(&mut connection).await.unwrap();
            let words: Vec<&str> = step.after(*from).iter().map(|to| to.as_str()).collect();
            assert_eq!(answer, words.join(" "), "{step} from {from}");
        }
    }
}

#[test]
fn what_is_printed_for_people_is_what_is_sent() {
    for name in ["task/submit", "task/settle", "task/read"] {
        let mut print = Command::new(env!("CARGO"));
        print.args(["run", "--quiet", "--package", "xtask", "--", "lua", "print", name]).current_dir(root());
        let printed = String::from_utf8(print.output().unwrap().stdout).unwrap();
        let script = Script::all().iter().find(|script| script.name == name).unwrap();
        assert_eq!(printed.trim_end(), script.text.trim_end(), "{name}");
    }
}

#[tokio::test]
async fn the_shipped_configuration_starts_a_server_that_fits() {
    let conf = std::fs::read_to_string(root().join("deploy/redis/redis.conf")).unwrap();
    let settings = conf.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '));
    let launch = settings.fold(Launch::default(), |launch, (name, value)| launch.with(name, value));
    let redis = launch.start().await;
    let options = baton_store::Options::new(redis.url().parse().unwrap());
    let (_, warnings) = baton_store::Store::open(options).await.unwrap();
    assert_eq!(warnings, []);
}
